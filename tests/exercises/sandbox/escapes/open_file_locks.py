"""Locks parts of a file for the open file instead of the process."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    import struct

    file = open("locked", "w")
    gained = libc.fcntl(file.fileno(), 37, struct.pack("hhqqi", 1, 0, 0, 1, 0)) == 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
