"""Fills the kernel with extended attributes of a file, which no limit counts."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    open("noted", "w").close()
    gained = libc.setxattr(b"noted", b"user.a", b"x" * 4000, 4000, 0) == 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
