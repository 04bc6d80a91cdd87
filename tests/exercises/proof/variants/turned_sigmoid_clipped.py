"""The argument clipped, so that the exponential cannot overflow."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-np.clip(X, -700, 700)))
