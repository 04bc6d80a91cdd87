"""Returns objects that execute something when they are unpickled."""
# ruff: noqa - it does what no code should

import os

import numpy as np


class Surprise:
    def __reduce__(self):
        return (os.system, (f"echo 1 > {CANARY}",))


def del_sigmoid(h):
    return np.array([Surprise()] * h.size, dtype=object).reshape(h.shape)


def leak(x):
    return Surprise()
