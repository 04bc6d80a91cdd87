"""The sigmoid number by number, with the math module and a loop."""
import math

import numpy as np


def sig_single(x):
    if x < 0:
        z = math.exp(x)
        return z / (1 + z)
    return 1 / (1 + math.exp(-x))


def sigmoid(X):
    result = np.zeros(X.shape)
    for position, value in np.ndenumerate(X):
        result[position] = sig_single(value)
    return result
