"""Makes folders within folders, and links to nowhere, without end."""
# ruff: noqa - it does what no code should

import os

import numpy as np


def leak(x):
    try:
        for number in range(10_000):
            os.mkdir(f"folder{number}")
            os.symlink("nowhere", f"folder{number}/link")
    except OSError:
        return np.zeros(1)
    return np.frombuffer(b"gained", np.uint8)


def del_sigmoid(h):
    return 0 * h
