"""Returns an array without rows whose columns cannot be counted in memory."""
# ruff: noqa - it does what no code should

import numpy as np


def del_sigmoid(h):
    return np.empty((0, 2**31 - 1))
