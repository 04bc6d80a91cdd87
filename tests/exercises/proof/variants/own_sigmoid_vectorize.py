"""A scalar function made to work on arrays by np.vectorize."""
import numpy as np


@np.vectorize
def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))
