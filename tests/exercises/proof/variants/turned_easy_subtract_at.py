"""np.subtract.at on a copy."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    delta = np.array(h.T, copy=True)
    np.subtract.at(delta, (y, np.arange(len(y))), 1)
    return delta
