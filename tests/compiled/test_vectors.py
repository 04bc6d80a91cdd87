"""Arrays without reference counters."""

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

numba = pytest.importorskip("numba", reason="numba is not installed")

from handgrad.compiled.vectors import borrowed  # noqa: E402 - after the check


class Inner(NamedTuple):
    """A part of a tuple."""

    numbers: Any
    factor: float


class Alike(NamedTuple):
    """A part whose fields have one type, for which numba has a type of its own."""

    first: Any
    second: Any


class Outer(NamedTuple):
    """A tuple with parts."""

    inner: Inner
    alike: Alike


@numba.njit
def scale(outer: Any) -> Any:
    """Change an array through a borrowed tuple."""
    taken = borrowed(outer)
    taken.inner.numbers[:] *= taken.inner.factor
    taken.alike.second[:] += 1
    return taken.inner.numbers.sum()


def test_a_borrowed_tuple_is_the_same_memory() -> None:
    """What compiled code writes through it is in the caller's array, at any depth of the tuple."""
    numbers, second = np.arange(4.0), np.zeros(1)
    assert scale(Outer(Inner(numbers, 2.0), Alike(np.zeros(1), second))) == 12
    np.testing.assert_array_equal(numbers, [0, 2, 4, 6])
    np.testing.assert_array_equal(second, [1])


def test_the_caller_still_owns_its_arrays() -> None:
    """A call leaves the number of references as it was, so nothing is freed too early or never."""
    arrays = [np.arange(4.0), np.zeros(1), np.zeros(1)]
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(10):
        scale(Outer(Inner(arrays[0], 1.0), Alike(arrays[1], arrays[2])))
    assert [sys.getrefcount(array) for array in arrays] == before
