"""Recognises gradients whose examples were taken in parts: means of means, or means that were divided once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.exercises.catalogue.comparing import Array, outcome, same
from handgrad.exercises.catalogue.edits import formula
from handgrad.exercises.catalogue.layers import LAYERS


def mean_of_parts(name: str, states: Sequence[dict[str, Any]], found: Sequence[Array | None]) -> bool:
    """Tell whether a gradient is the mean of those of parts of some size, of which the last one may be shorter.

    Parameters
    ----------
    name : str
        Of a gradient.
    states : sequence of mapping
        What it was computed from, pass by pass.
    found : sequence of ndarray

    Examples
    --------
    >>> delta = np.array([[1.0, 2.0, 6.0]])
    >>> state = {"delta_out": delta, "h2": np.ones((3, 2)), "n": 3, "y": np.zeros(3)}
    >>> [mean_of_parts("db_out", [state], [np.array([mean])]) for mean in ((1.5 + 6) / 2, 3.0)]
    [True, False]
    """
    layer = next(layer for layer in LAYERS if name in (layer.dW, layer.db))

    def mean(state: dict[str, Any], size: int) -> Array:
        parts = [slice(start, start + size) for start in range(0, state["n"], size)]
        own = [
            {**state, layer.delta: state[layer.delta][:, part], layer.below: state[layer.below][part]} for part in parts
        ]
        numbers = (len(state["y"][part]) for part in parts)
        gradients = [formula(name)({**one, "n": n}) for one, n in zip(own, numbers, strict=True)]
        return np.asarray(np.mean(gradients, axis=0))

    sizes = range(2, max(state["n"] for state in states))
    return any(
        all(same(array, outcome(mean, state, size)) for array, state in zip(found, states, strict=True))
        for size in sizes
    )


def divided_by_parts(numbers: Sequence[float], sizes: Sequence[int]) -> bool:
    """Tell whether means were divided once more, by the number of parts into which the examples can be split.

    There may be a certain number of parts, but not more than examples, or parts of a certain size.

    Parameters
    ----------
    numbers : sequence of float
        What the sums over the examples were divided by.
    sizes : sequence of int
        How many examples there were.

    Examples
    --------
    >>> sizes = [7, 1, 3, 11]
    >>> divided_by_parts([14, 1, 6, 22], sizes), divided_by_parts([14, 1, 3, 33], sizes)
    (True, True)
    >>> divided_by_parts([14, 1, 6, 33], sizes), divided_by_parts([14, 2, 6, 22], sizes)
    (False, False)
    """
    if len(set(sizes)) < 3:
        return False  # of few numbers, many a way is true
    counts = [number / size for number, size in zip(numbers, sizes, strict=True)]
    splits = [[min(parts, n) for n in sizes] for parts in range(2, max(sizes))]
    splits += [[-(-n // size) for n in sizes] for size in range(2, max(sizes))]
    splits += [[max(n // size, 1) for n in sizes] for size in range(2, max(sizes))]
    return any(np.allclose(counts, split, rtol=1e-3, atol=0) for split in splits)
