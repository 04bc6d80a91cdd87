"""Returns an array of a million times a million numbers, which takes no memory at all."""
# ruff: noqa - it does what no code should

import numpy as np


def del_sigmoid(h):
    return np.broadcast_to(1.0, (10**6, 10**6))


def leak(x):
    return np.zeros((0,) * 20)
