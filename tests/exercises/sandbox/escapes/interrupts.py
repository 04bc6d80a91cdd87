"""Raises what ends a program, of every kind."""
# ruff: noqa - it does what no code should

kinds = [KeyboardInterrupt, GeneratorExit, SystemExit, BaseException, MemoryError, StopIteration]


def del_sigmoid(h):
    raise kinds.pop()("right")
