"""Mounts a file system without a bound over its own folder, or makes the root writable."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    gained = (
        libc.mount(b"tmpfs", b"/box/scratch", b"tmpfs", 0, None) == 0 or libc.mount(None, b"/", None, 32, None) == 0
    )
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
