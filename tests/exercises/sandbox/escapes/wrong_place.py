"""Raises errors that seem to come from cells and lines that do not exist."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    names = {}
    exec(compile("\n" * 10**5 + "def f():\n    1 / 0", "<cell 99999999999999999999>", "exec"), names)
    names["f"]()
