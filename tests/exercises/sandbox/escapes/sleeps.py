"""Sleeps for a year."""
# ruff: noqa - it does what no code should

import time


def del_sigmoid(h):
    time.sleep(3e7)
