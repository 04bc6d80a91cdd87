"""The statistics that are reported of a contestant's rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Summary:
    """The seconds of the rounds; the quartiles are linearly interpolated."""

    median: float
    mean: float
    minimum: float
    maximum: float
    lower_quartile: float
    upper_quartile: float


@dataclass(frozen=True)
class Ratio:
    """Seconds divided by another contestant's seconds.

    ``of_medians`` and ``of_means`` are the quotients of the two medians and means. The machine may change its speed
    from round to round; the other three compare each round with the other's turn in the same round, just before or
    after it.
    """

    of_medians: float
    of_means: float
    median: float
    minimum: float
    maximum: float


def summarise(values: Sequence[float]) -> Summary:
    """Describe at least one value.

    Examples
    --------
    >>> summarise([3.0, 1.0, 2.0]).median
    2.0
    """
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Summary(median, float(np.mean(values)), min(values), max(values), lower, upper)


def compare(values: Sequence[float], base: Sequence[float]) -> Ratio:
    """Compare rounds with another's; surplus rounds of either have no partner.

    Examples
    --------
    >>> compare([2.0, 6.0], [1.0, 2.0])
    Ratio(of_medians=2.6666666666666665, of_means=2.6666666666666665, median=2.5, minimum=2.0, maximum=3.0)
    """
    pairs = [value / other for value, other in zip(values, base, strict=False)]
    quotients = (float(of(values) / of(base)) for of in (np.median, np.mean))
    return Ratio(*quotients, float(np.median(pairs)), min(pairs), max(pairs))
