"""Calls itself without end, with the limit taken away."""
# ruff: noqa - it does what no code should

import sys

sys.setrecursionlimit(10**9)


def del_sigmoid(h):
    return del_sigmoid(h)
