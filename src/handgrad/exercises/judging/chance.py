"""Tells whether weights can be what they should be: drawn one by one from N(0, 1).

They come from a network of the sheet's size, which has enough of them to rule out chance: each check is meant to
accuse an honest draw less than once in a billion times.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from handgrad.exercises.catalogue.comparing import Array

ENOUGH = 100_000  # entries of a matrix, to judge their distribution
SOME = 400  # to judge how widely they are spread
DECIMALS = range(1, 8)
EXACTLY = 1e-12  # of a mean that is meant to be 0
DIFFERENT = 0.9  # of the entries; in float32, over 99 in 100 are
UNLIKELY = 10.0  # standard deviations
AS_WIDE = (0.9, 1.1)  # as N(0, 1). Another width, and with it another distribution, is only remarked on.
PARTS = 64  # of the range, equally likely
MOST = 200.0  # of chi-square with 63 degrees of freedom
FEW_PARTS, MOST_OF_FEW = 16, 100.0  # the same for some hundred numbers; with 15 degrees of freedom
LARGEST = (4.0, 8.0)  # the largest entry among this many draws
TAILS = 7.0  # standard deviations of the mean fourth power, which sums of few other numbers do not have right


def not_by_chance(
    weights: Mapping[str, Array], biases: Mapping[str, Array] | None = None
) -> tuple[str, tuple[str, ...]] | None:
    """Name the mistake that shows, if there is one, and the arrays that show it.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Of a new network. A matrix of equal entries is not judged, and of a small one, only how it is related to others.
    biases : mapping of str to ndarray, optional
        Of the same network; of these, only whether they are made of the weights or of each other.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> W, V = rng.randn(400, 400), rng.randn(400, 300)
    >>> not_by_chance({"W": W, "V": V}), not_by_chance({"W": W.round(3), "V": V})
    (None, ('weights_rounded', ('W',)))
    >>> not_by_chance({"W": W, "V": -W[:, 100:]}), not_by_chance({"W": rng.uniform(-3**0.5, 3**0.5, W.shape)})
    (('weights_repeated', ('W', 'V')), ('weights_not_normal', ('W',)))
    >>> not_by_chance({"W": W - W.mean()}), not_by_chance({"W": W}, {"b": -W[7]})
    (('weights_standardised', ('W',)), ('weights_repeated', ('b',)))
    """
    drawn = {name: np.sort(W, axis=None) for name, W in weights.items() if np.isfinite(W).all() and np.ptp(W)}
    many = {name: W for name, W in drawn.items() if W.size >= ENOUGH}
    if names := tuple(name for name, W in many.items() if _rounded(W)):
        return "weights_rounded", names
    sizes = np.sort(np.abs(np.concatenate([np.empty(0), *drawn.values()])), kind="stable")  # quick: they are sorted
    if many and (_few(sizes) or _related([weights[name] for name in drawn])):
        return "weights_repeated", tuple(drawn)
    if names := tuple(name for name, W in many.items() if _not_normal(W)):
        return "weights_not_normal", names
    if names := tuple(name for name in many if _standardised(weights[name])):
        return "weights_standardised", names
    finite = {name: array for name, array in {**weights, **(biases or {})}.items() if np.isfinite(array).all()}
    if names := tuple(name for name in biases or {} if name in finite and _copied(name, finite, sizes)):
        return "weights_repeated", names
    return None


def another_width(numbers: Array) -> bool:
    """Tell whether numbers that differ are spread more widely, or less, than chance makes those of N(0, 1).

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> another_width(rng.randn(400)), another_width(rng.randn(400) / 20), another_width(rng.randn(9) / 20)
    (False, True, False)
    """
    if numbers.size < SOME or not np.isfinite(numbers).all() or not np.ptp(numbers):
        return False
    doubt = UNLIKELY / np.sqrt(2 * numbers.size)
    return not 1 - doubt < np.sqrt(np.mean(numbers**2)) < 1 + doubt


def normal(numbers: Array) -> bool:
    """Tell whether numbers of any width may be from a normal distribution around zero; too few of them may always be.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> normal(rng.randn(400, 400) / 20), normal(rng.uniform(-1, 1, (400, 400))), normal(rng.uniform(-1, 1, 400))
    (True, False, True)
    """
    W = np.sort(numbers, axis=None)
    return W.size < ENOUGH or not _not_normal(W / np.sqrt(np.mean(W**2)))


def strange(numbers: Array) -> bool:
    """Tell whether some hundred numbers, as widely spread as those of N(0, 1), clearly have another distribution.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> strange(rng.randn(900)), strange(rng.uniform(-(3**0.5), 3**0.5, 900)), strange(rng.randn(900) / 9)
    (False, True, False)
    """
    W = np.sort(numbers, axis=None)
    width = float(np.sqrt(np.mean(W**2)))
    return W.size >= SOME and AS_WIDE[0] < width < AS_WIDE[1] and _uneven(W, width, FEW_PARTS) > MOST_OF_FEW


def _standardised(W: Array) -> bool:
    """Tell whether all numbers, or those of each row or column, were shifted so that their mean is 0.

    Only those that are as widely spread as N(0, 1): whoever chooses another width does not claim to draw from that.
    """
    if not AS_WIDE[0] < np.sqrt(np.mean(W**2)) < AS_WIDE[1]:
        return False
    return any(bool((np.abs(W.mean(axis=axis)) < EXACTLY).all()) for axis in (None, 0, 1))


def _copied(name: str, finite: Mapping[str, Array], sizes: Array) -> bool:
    """Tell whether a vector consists of numbers that occur elsewhere, or goes with a row, a column or their mean.

    The sorted sizes are those of all matrices.
    """
    b = finite[name]
    if not np.ptp(b):
        return False
    others = [array for other, array in finite.items() if other != name]
    vectors = np.concatenate([np.empty(0), *(np.abs(array) for array in others if array.ndim == 1)])
    at = np.searchsorted(sizes, np.abs(b)) % max(sizes.size, 1)
    occurs = np.isin(np.abs(b), vectors) | (sizes[at] == np.abs(b) if sizes.size else False)
    if occurs.mean() > DIFFERENT:
        return True
    matrices = [np.atleast_2d(array) for array in others]
    lines = [side for W in matrices for side in (W, W.T) if side.shape[1] == b.size]
    if not lines:
        return False
    rows = np.concatenate([np.vstack([side, side.mean(axis=0)]) for side in lines])
    with np.errstate(all="ignore"):
        rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    together = np.abs(rows @ (b - b.mean())) / (b.std() * b.size)
    return bool((together > min(UNLIKELY / np.sqrt(b.size), 1 - 1e-6)).any())


def _rounded(W: Array) -> bool:
    """Tell whether all numbers have few decimals; a few of them tell where none has."""
    few = W[:9]
    return any(
        np.array_equal(np.round(few, decimals), few) and np.array_equal(np.round(W, decimals), W)
        for decimals in DECIMALS
    )


def _few(sizes: Array) -> bool:
    """Tell from the sorted sizes whether many of the numbers occur more than once, perhaps with another sign."""
    return bool(np.count_nonzero(np.diff(sizes)) < DIFFERENT * sizes.size)


def _related(parts: list[Array]) -> bool:
    """Tell whether numbers, or their sizes, go together with those some places further on, however far."""
    for numbers in (parts, [np.abs(part) for part in parts]):
        with np.errstate(all="ignore"):
            row = np.concatenate([((part - part.mean()) / part.std()).ravel() for part in numbers])
        spectrum = np.fft.rfft(row, 1 << (len(row) - 1).bit_length())
        sums = np.fft.irfft(np.abs(spectrum) ** 2)[1:]
        if np.abs(sums).max() > UNLIKELY * np.sqrt(len(row)):
            return True
    return False


def _not_normal(W: Array) -> bool:
    """Tell whether sorted numbers, as widely spread as those of N(0, 1), have another distribution."""
    width = float(np.sqrt(np.mean(W**2)))
    if not AS_WIDE[0] < width < AS_WIDE[1]:
        return False
    largest = max(-W[0], W[-1])
    fourth = abs(float(np.mean(np.square(np.square(W / width)))) - 3)
    if fourth > TAILS * np.sqrt(24 / W.size):
        return True
    return _uneven(W, width, PARTS) > MOST or not LARGEST[0] < largest < LARGEST[1]


def _uneven(W: Array, width: float, parts: int) -> float:
    """Compute chi-square of sorted numbers in parts of the range that are equally likely."""
    edges = [NormalDist(0, width).inv_cdf(i / parts) for i in range(1, parts)]
    counts = np.diff(np.searchsorted(W, edges), prepend=0, append=W.size)
    expected = W.size / parts
    return float(((counts - expected) ** 2).sum() / expected)
