"""Counts the calls of functions, Python's and compiled ones, that something makes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

set_profile, get_profile = sys.setprofile, sys.getprofile
SWITCHED_OFF = 2**62  # where a submission ended the counting


@contextlib.contextmanager
def counting() -> Iterator[list[int]]:
    """Count while the block is executed; the list has the number afterwards.

    Examples
    --------
    >>> with counting() as calls:
    ...     for number in range(5):
    ...         _ = abs(number)
    >>> calls[0] >= 5
    True
    """
    calls = [0]

    def count(_: Any, event: str, __: Any) -> None:
        if event in ("call", "c_call"):
            calls[0] += 1

    set_profile(count)
    try:
        yield calls
    finally:
        if get_profile() is not count:
            calls[0] = SWITCHED_OFF
        set_profile(None)
