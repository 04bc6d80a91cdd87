"""Ends the program in the middle of a call, as if all were well."""
# ruff: noqa - it does what no code should

import sys


def del_sigmoid(h):
    sys.exit(0)
