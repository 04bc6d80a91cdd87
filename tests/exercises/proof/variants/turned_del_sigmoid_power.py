"""h - h**2."""


def del_sigmoid(h):
    return h - h**2
