"""The one-hot target by comparing with all class numbers, already transposed."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    classes = np.arange(h.shape[1]).reshape(-1, 1)
    return h.T - (classes == y)
