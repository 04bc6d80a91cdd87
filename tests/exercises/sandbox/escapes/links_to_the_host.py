"""Reaches the checker's files through symbolic and hard links, and through ever more dots."""
# ruff: noqa - it does what no code should

import os

import numpy as np


def leak(x):
    found = b"-"
    roads = [CANARY, "/.." * 20 + CANARY, os.path.relpath(CANARY), "symbolic", "hard", "/dev/shm/../.." + CANARY]
    for make in (os.symlink, os.link):
        try:
            make(CANARY, make.__name__)
        except OSError:
            pass
    for road in (*roads, "symlink", "link"):
        try:
            found += open(road, "rb").read()
            open(road, "w").write("right")
        except OSError:
            pass
    return np.frombuffer(found, np.uint8)


def del_sigmoid(h):
    return 0 * h
