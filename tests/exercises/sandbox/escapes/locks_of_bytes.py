"""Locks every second byte of a file: the kernel remembers each of them."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    import struct

    file = open("locked", "w")
    gained = any(libc.fcntl(file.fileno(), 6, struct.pack("hhqqi", 1, 0, 2 * i, 1, 0)) == 0 for i in range(100))
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
