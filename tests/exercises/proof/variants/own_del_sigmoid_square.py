"""h - h^2."""
import numpy as np


def del_sigmoid(h):
    return h - np.square(h)
