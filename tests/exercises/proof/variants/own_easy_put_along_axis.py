"""The one-hot target by put_along_axis."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    target = np.zeros_like(h)
    np.put_along_axis(target, np.expand_dims(y, 1), 1, axis=1)
    return np.transpose(h - target)
