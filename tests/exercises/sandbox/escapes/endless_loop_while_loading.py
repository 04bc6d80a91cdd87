"""Never gets as far as to be asked."""
# ruff: noqa - it does what no code should

while True:
    pass


def del_sigmoid(h):
    return 0 * h
