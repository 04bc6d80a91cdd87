"""The one-hot target as columns of the identity."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    return h.T - np.eye(h.shape[1])[:, y]
