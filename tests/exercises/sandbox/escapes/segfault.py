"""Reads from an address that is none."""
# ruff: noqa - it does what no code should

import ctypes


def del_sigmoid(h):
    return ctypes.string_at(1)
