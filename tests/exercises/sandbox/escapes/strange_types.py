"""Returns texts, complex numbers, dates and records."""
# ruff: noqa - it does what no code should

import numpy as np

answers = [
    np.array(["right"]),
    np.array([1j]),
    np.array(["2000-01-01"], "M8[D]"),
    np.zeros(2, [("a", "f8")]),
    b"right",
    {},
    [],
]


def del_sigmoid(h):
    return answers.pop()
