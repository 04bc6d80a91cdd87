"""Prints without end."""
# ruff: noqa - it does what no code should

import sys


def del_sigmoid(h):
    while True:
        print("right" * 10000)
        print("right" * 10000, file=sys.stderr)
