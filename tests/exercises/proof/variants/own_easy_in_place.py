"""A copy of the probabilities, one subtracted at the true class."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    d = h.copy()
    d[np.arange(d.shape[0]), y] -= 1
    return d.T
