"""Puts our numbers into an object of a submission, wherever it keeps its own.

A network may also keep its weights in a dictionary, a list or one long vector. So numbers are written into the existing
arrays; if that is impossible, new arrays take the place of the old ones everywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from numpy import array_equal, ndarray
from numpy.typing import NDArray


def put(made: Any, name: str, value: Any) -> None:
    """Give an attribute a value.

    Examples
    --------
    >>> import types
    >>> import numpy as np
    >>> weights = {"W": np.zeros(2)}
    >>> network = types.SimpleNamespace(W=weights["W"], weights=weights)
    >>> put(network, "W", np.ones(2))
    >>> weights["W"]
    array([1., 1.])
    """
    here = None
    with contextlib.suppress(Exception):
        here = getattr(made, name)
    if type(here) is ndarray and type(value) is ndarray:
        if here.shape == value.shape and here.dtype == value.dtype and here.flags.writeable:
            here[...] = value
            return
        for container, key in places(made, here):
            container[key] = value
    setattr(made, name, value)


def places(made: Any, array: NDArray[Any]) -> Iterator[tuple[Any, Any]]:
    """Find the dictionaries and lists of an object that hold an array, each with the key or index."""
    for container in list(getattr(made, "__dict__", {}).values()):
        if type(container) is dict:
            yield from ((container, key) for key, held in list(container.items()) if held is array)
        elif type(container) is list:
            yield from ((container, index) for index, held in enumerate(container) if held is array)


def separate(made: Any, given: Mapping[str, Any]) -> None:
    """Give new arrays to attributes that share theirs with another attribute, which has overwritten their numbers."""
    for name, value in given.items():
        if type(value) is ndarray and not array_equal(getattr(made, name), value, equal_nan=value.dtype.kind == "f"):
            setattr(made, name, value.copy())
