"""Uses names that are no names: of a million letters, of another type, with the characters that terminals obey."""
# ruff: noqa - it does what no code should


class Meta(type):
    __name__ = property(lambda self: 1 / 0)


class Named(metaclass=Meta):
    pass


def del_sigmoid(h):
    return type("right\x1b[2J" * 10**5, (), {})()


def leak(x):
    return Named()
