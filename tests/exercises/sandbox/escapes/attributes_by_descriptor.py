"""Sets extended attributes on an open file, and on a link itself."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    file = open("open", "w")
    gained = (
        libc.fsetxattr(file.fileno(), b"user.a", b"x", 1, 0) == 0 or libc.lsetxattr(b"open", b"user.a", b"x", 1, 0) == 0
    )
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
