"""Recognises sums and averages of measurements, from which each measurement is found again.

Moving averages have windows, or forget little by little. A sum may go on for ever, begin anew with each epoch, or after
each row of the table, and so may the count by which it is divided, not necessarily together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.catalogue.records import Measured

RUNNING = 1e-7  # to which a measurement comes out of averages
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)  # of what was before, in moving averages
MOST = 100  # measurements in a window, and by which a sum since the last row may be divided
Array = NDArray[np.float64]


def averaged(
    column: Sequence[float], measured: Sequence[Measured], steps: int, sizes: Mapping[str, int]
) -> list[float] | None:
    """Find the measurements in whose place sums or averages of several stand; None if there are none.

    Parameters
    ----------
    column : sequence of float
    measured : sequence of Measured
        Of the kind and part that belong in the column, in their order.
    steps : int
        How many updates there were.
    sizes : mapping
        Numbers of examples with their names; "b" is the size of a mini-batch, and "n" that of the training set.

    Examples
    --------
    >>> values = (1.0, 4.0, 2.0, 5.0)
    >>> measured = [Measured("cross_entropy", "batch", i, value) for i, value in enumerate(values)]
    >>> sizes = {"n": 4, "b": 2}
    >>> averaged([1.0, 5 / 2, 2 / 3, 7 / 4], measured, 4, sizes)  # sums begin with each epoch, and counts go on
    [1.0, 4.0, 2.0, 5.0]
    >>> averaged([1.0, 4.0, 2.0, 5.5], measured, 4, sizes)
    """
    if len(column) < 2 or len(measured) < 2 or any(number != number for number in column):
        return None
    values = np.array([one.value for one in measured])
    times = np.array([one.step for one in measured])
    for candidate in _candidates(values, times, steps, sizes):
        places = _found(column, candidate)
        if places and any(abs(values[place] - number) > RUNNING for place, number in zip(places, column, strict=True)):
            return [float(values[place]) for place in places]
    for epochs, _ in _epochs(times, steps, sizes):
        places = _since_the_last_row(column, values, epochs)
        if places and any(abs(values[place] - number) > RUNNING for place, number in zip(places, column, strict=True)):
            return [float(values[place]) for place in places]
    return None


def _found(column: Sequence[float], candidate: Array) -> list[int]:
    """Find where the numbers of a column stand in a row of numbers, one behind the other; empty if they do not."""
    places: list[int] = []
    for number in column:
        begin = places[-1] + 1 if places else 0
        near = np.flatnonzero(np.abs(candidate[begin:] - number) <= RUNNING)
        if not len(near):
            return []
        places.append(begin + int(near[0]))
    return places


def _epochs(times: Array, steps: int, sizes: Mapping[str, int]) -> list[tuple[Array, int]]:
    """Give the number of each measurement's epoch, and the updates of an epoch, in each way that there may be."""
    ways = [(np.zeros(len(times)), steps)]
    if "b" in sizes:
        lengths = {sizes["n"] // sizes["b"], -(-sizes["n"] // sizes["b"])}
        ways += [(times // length, length) for length in lengths if length and steps % length == 0]
    return ways


def _candidates(values: Array, times: Array, steps: int, sizes: Mapping[str, int]) -> Iterator[Array]:
    """Give what may have been entered instead of each measurement."""
    weights = [np.ones(len(values))]
    rest = sizes["n"] % sizes["b"] if "b" in sizes else 0
    if rest:  # an incomplete batch counts less
        last = -(-sizes["n"] // sizes["b"]) - 1
        weights.append(np.where(times % (last + 1) == last, rest, sizes["b"]).astype(np.float64))
    for weight in weights:
        for epochs, length in _epochs(times, steps, sizes):
            counts = [_sums(weight, epochs), np.cumsum(weight), times + 1.0, times - epochs * length + 1.0]
            fixed = [1.0, float(length), *map(float, sizes.values())]
            for sums in (_sums(values * weight, epochs), np.cumsum(values * weight)):
                yield from (sums / count for count in counts)
                yield from (sums / number for number in fixed)
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(total))
    for window in range(2, min(MOST, len(values))):
        starts = np.maximum(ends - window, 0)
        yield (total[ends] - total[starts]) / (ends - starts)
    for share in SHARES:
        for moving in (0.0, float(values[0])):
            smooth = []
            for value in values.tolist():
                moving = share * moving + (1 - share) * value
                smooth.append(moving)
            yield np.array(smooth)


def _sums(values: Array, epochs: Array) -> Array:
    """Add up, from the beginning of each epoch."""
    total = np.cumsum(values)
    before = np.concatenate([[0.0], total])[np.searchsorted(epochs, epochs)]
    return np.asarray(total - before)


def _since_the_last_row(column: Sequence[float], values: Array, epochs: Array) -> list[int]:
    """Find the measurements up to which sums were taken that begin after each row, and perhaps with each epoch."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    for number in range(MOST):  # 0 for the count
        places: list[int] = []
        for entry in column:
            begin = places[-1] + 1 if places else 0
            ends = np.arange(begin, len(values))
            starts = np.maximum(begin, np.searchsorted(epochs, epochs[begin:]))
            made = (total[ends + 1] - total[starts]) / (number or ends + 1 - starts)
            near = np.flatnonzero(np.abs(made - entry) <= RUNNING)
            if not len(near):
                break
            places.append(begin + int(near[0]))
        if len(places) == len(column):
            return places
    return []
