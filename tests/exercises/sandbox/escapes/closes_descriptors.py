"""Closes every file the process has open."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    os.closerange(0, 64)
    return 0 * h
