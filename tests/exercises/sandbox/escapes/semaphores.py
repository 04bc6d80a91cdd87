"""Leaves semaphores of System V behind."""
# ruff: noqa - it does what no code should

import ctypes

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    gained = libc.semget(0, 1000, 0o1600) >= 0
    return np.frombuffer(b"gained" if gained else b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
