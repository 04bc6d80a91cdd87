"""Computes one huge number, during which no other thread and no signal handler gets its turn."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    return len(str(7 ** (10**8)))
