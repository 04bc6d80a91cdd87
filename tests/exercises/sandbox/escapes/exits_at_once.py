"""Ends the process in the middle of a call, without any cleaning up."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    os._exit(0)
