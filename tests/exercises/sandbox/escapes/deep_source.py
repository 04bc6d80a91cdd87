"""Is written so deeply nested that Python itself fails to read a part of it."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    return eval("(" * 10**5 + "h" + ")" * 10**5)


def leak(x):
    return eval("-" * 10**6 + "1")
