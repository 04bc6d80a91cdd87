"""Makes rules of a sandbox of its own without end, which the kernel keeps."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    import struct

    gained = libc.syscall(444, struct.pack("Q", 1), 8, 0) >= 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
