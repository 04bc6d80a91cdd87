"""Never returns."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    while True:
        pass
