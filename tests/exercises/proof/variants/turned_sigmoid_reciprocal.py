"""np.reciprocal for 1 / ..."""
import numpy as np


def sigmoid(X):
    return np.reciprocal(1.0 + np.exp(np.negative(X)))
