"""Makes files that lie in memory only."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    gained = libc.memfd_create(b"left", 0) >= 0 or libc.syscall(447, 0) >= 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
