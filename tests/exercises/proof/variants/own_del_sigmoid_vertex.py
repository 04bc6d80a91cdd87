"""The parabola h (1 - h) by its vertex: 1/4 - (h - 1/2)^2."""


def del_sigmoid(h):
    # Scheitelpunktform
    return 0.25 - (h - 0.5) ** 2
