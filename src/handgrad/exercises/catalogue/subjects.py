"""The tasks that are functions: the reference, and the arrays on which submissions and mistakes are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import TOLERANCE, Array

Rng = np.random.Generator
Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Subject:
    """One function and how it is judged.

    Attributes
    ----------
    draw : callable
        Draws the arguments of all regular probes. Among them is one of equal sizes, on which mistakes show that
        otherwise only crash; one with a single row, and one with many rows and columns, as some go wrong only there;
        and pairs that differ in one argument only. What is computed number by number is also tried on an array without
        columns, which a submission need not accept.
    example : tuple
        Two worked rows, for the picture.
    reference : callable
    extremes : mapping of id to callable
        Each draws arguments on which the sheet's own formula, computed literally, overflows: failing there costs
        nothing, and earns a remark with this id, if none before it has failed.
    tolerance : float
        Up to which a mistake of the catalogue is recognised.
    guarded : callable or None
        The reference with as much as may be added, or clipped, against log 0 or 0 / 0: by twice what that changes
        may anybody's result differ.
    """

    draw: Callable[[Rng], tuple[Arguments, ...]]
    example: Arguments
    reference: Callable[..., Any]
    extremes: Mapping[str, Callable[[Rng], Arguments]] = field(default_factory=dict)
    tolerance: float = TOLERANCE
    guarded: Callable[..., Any] | None = None


def _labels(rng: Rng, n: int, k: int) -> Array:
    """Draw labels: every class occurs where n allows it, else all are different and none is the last class."""
    if n < k:
        return rng.permutation(k - 1)[:n]
    return rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n - k)]))


def _probabilities(rng: Rng, n: int, k: int, spread: float = 1.0) -> Array:
    return handout.softmax(spread * rng.standard_normal((n, k)))


MANY = (1511, 3)  # more rows than the sheet's 1438


def _sizes(rng: Rng) -> Iterator[tuple[int, int]]:
    """Draw rows and columns: more rows, more columns, as many; a single row; many of both; the first ones again.

    They are primes that are unlikely as a constant in somebody's code, and no sum, product or quotient of each other.
    """
    a, b, c, d, e, f = (int(size) for size in rng.permutation([7, 11, 13, 17, 19, 23]))
    yield from ((max(a, b), min(a, b)), (min(c, d), max(c, d)), (e, e), (1, f), (97, 31), (max(a, b), min(a, b)))


def _single(array: Array) -> Array:
    """Round to float32, so that a computation in float32 is off by no more than its own rounding."""
    return array.astype(np.float32).astype(np.float64)


# sigmoid


def _draw_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(100, 300, (3, 4)) * rng.choice([-1, 1], (3, 4))
    flat = _single(2 * rng.standard_normal(13))
    mixed = 2 * rng.standard_normal((4, 5))
    mixed[0, :2] = rng.uniform(25, 300, 2) * rng.choice([-1, 1], 2)  # beside which the others are what they are
    several = (*(2 * rng.standard_normal(size) for size in _sizes(rng)), large, mixed)
    return (*((_single(X),) for X in several), (flat,))


def _extreme_sigmoid(rng: Rng) -> Arguments:
    X = rng.uniform(800, 5000, (3, 4))
    X[:, ::2] *= -1
    return (X,)


# softmax


def _draw_softmax(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(-300, -100, (4, 6))  # some rows far up, some far down
    large[:2] *= -1
    large[:, :2] = large[:, :1] + rng.uniform(-1, 1, (4, 2))
    return (*((_single(2 * rng.standard_normal(size)),) for size in (*_sizes(rng), MANY)), (_single(large),))


def _large_logits(rng: Rng) -> Arguments:
    """Draw rows with a large spread, whose largest entries lie beyond what exp can compute, all near each other.

    They are the largest in magnitude too: subtracting the largest magnitude goes wrong for negative rows alone.
    """
    X = rng.uniform(-1100, -800, (4, 3))
    X[np.arange(4), rng.integers(0, 3, 4)] = 1200 + rng.random(4)
    return (X,)


def _negative_logits(rng: Rng) -> Arguments:
    """Draw rows near each other whose exponentials are all too small to be told from zero."""
    return (rng.uniform(-2, 2, (4, 3)) - 1200,)


def _distant_logits(rng: Rng) -> Arguments:
    """Draw rows of which some lie so far below the others that one shift cannot serve all."""
    return (rng.uniform(-2, 2, (4, 3)) - rng.permutation([0, 0, 1200, 1200])[:, None],)


# fcc_one_layer


def _draw_layer(rng: Rng) -> tuple[Arguments, ...]:
    def probe(n: int, d: int, units: int) -> Arguments:
        weights, bias = rng.standard_normal((d, units)) / np.sqrt(d), rng.standard_normal(units)
        return _single(rng.standard_normal((n, d))), _single(weights), _single(bias)

    arrays = [probe(*size, units) for size, units in zip((*_sizes(rng), MANY), (5, 29, 0, 5, 29, 5, 4), strict=True)]
    n = len(arrays[2][0])
    arrays[2] = probe(n, n, n)
    X, weights, bias = arrays[3]
    arrays[3] = X, _single(weights * (1.5 / np.abs(weights).max())), bias  # of which whole numbers are not all 0
    return tuple((*given, (np.tanh, np.exp)[i % 2]) for i, given in enumerate(arrays))


# cross_entropy and accuracy


def _draw_labelled(rng: Rng) -> tuple[Arguments, ...]:
    """Draw probabilities and labels; then the first ones with other labels, and with other probabilities."""
    cases = [(_probabilities(rng, *size), _labels(rng, *size)) for size in list(_sizes(rng))[:-1]]
    h, y = cases[0]
    many = _probabilities(rng, *MANY), _labels(rng, *MANY)
    return (*cases, (h, (y + 1) % h.shape[1]), (_probabilities(rng, *h.shape), y), many)


def _draw_losses(rng: Rng) -> tuple[Arguments, ...]:
    sure = _probabilities(rng, 29, 3), _labels(rng, 29, 3)
    sure[0][np.arange(29), sure[1]] += rng.uniform(1, 9, 29)
    sure = sure[0] / sure[0].sum(axis=1, keepdims=True), sure[1]
    return (*_draw_labelled(rng), sure, _ruled_out(rng, 1.5e-5, 5e-5))


def _clipped(probabilities: Array) -> Array:
    """Keep probabilities away from 0 and 1, as some do who fear a logarithm of 0."""
    return np.clip(probabilities, 1e-6, 1 - 1e-6)


def _ruled_out(rng: Rng, low: float, high: float) -> Arguments:
    """Draw probabilities of which each true class's is between two small ones, as in a badly trained network."""
    h, y = _probabilities(rng, 4, 6), _labels(rng, 4, 6)
    h[np.arange(4), y] = 0
    h /= h.sum(axis=1, keepdims=True)
    h[np.arange(4), y] = np.exp(rng.uniform(np.log(low), np.log(high), 4))
    return h, y


def _impossible(rng: Rng) -> Arguments:
    """Draw probabilities of which one in each row is exactly zero, but not the true class's."""
    h, y = _probabilities(rng, 6, 4), _labels(rng, 6, 4)
    h[np.arange(6), (y + 1) % 4] = 0
    return h / h.sum(axis=1, keepdims=True), y


def _draw_accuracy(rng: Rng) -> tuple[Arguments, ...]:
    """Draw rows of which some are right, and of which some have a largest entry that is the label itself.

    In every other case the last row is right: who counts only the last ones then does not always get 0. One case has
    negative entries only, and the rows of the last one are probabilities.
    """

    def probe(n: int, k: int, right: int, last: bool = False) -> Arguments:
        logits, y = rng.uniform(-1, 0.5, (n, k)), _labels(rng, n, k)
        shift = rng.permuted(np.resize(np.arange(1, k), n))  # how far the largest entry lies from the true class
        shift[:right] = 0
        largest = np.where((y > 0) & (rng.random(n) < 0.3), y, rng.uniform(0.6, 0.95, n))
        logits[np.arange(n), (y + shift) % k] = largest
        order = rng.permutation(n)
        if last:
            order = np.append(order[order != 0], 0)
        return logits[order], y[order]

    sizes = [*list(_sizes(rng))[:-1], MANY]
    cases = [probe(n, k, 1 + 2 * n // (3 + i), last=i % 2 == 0) for i, (n, k) in enumerate(sizes)]
    cases[1] = cases[1][0] / 2, cases[1][1]  # where no class has more than half
    logits, y = cases[0]
    n, k = logits.shape
    negative, sure = (logits - k, y), (_probabilities(rng, n, k), y)
    others = (logits, (y + 1) % k), (rng.uniform(0, 1, (n, k)), y), probe(12, 6, 12), probe(9, 5, 0)
    worse = (-logits, y), (rng.uniform(0, 1, (n, k)), y)  # the same labels once more: nothing may be left of before
    return (*cases, *others, negative, sure, _close(rng, 12, 5), *worse)


def _close(rng: Rng, n: int, k: int) -> Arguments:
    """Draw rows in which the true class wins or loses, in turn, by so little that float32 can just tell."""
    logits, y, rows = rng.uniform(-1, 0.5, (n, k)), _labels(rng, n, k), np.arange(n)
    logits[rows, y] = 0.75
    logits[rows, (y + 1) % k] = 0.75 + np.resize([-1, 1], n) * 2.0**-18
    return logits, y


# delta_last_layer in both forms, and del_sigmoid


def _draw_delta(rng: Rng) -> tuple[Arguments, ...]:
    return (*_draw_labelled(rng), (_probabilities(rng, 11, 3, spread=4), _labels(rng, 11, 3)))


def _underflowed(rng: Rng) -> Arguments:
    """Draw probabilities of which one true class's is exactly zero."""
    h, y = _impossible(rng)
    h[0] = np.eye(4)[(y[0] + 2) % 4]
    return h, y


def _draw_del_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    saturated = handout.sigmoid(12 * rng.standard_normal((4, 3)))
    saturated[0, 0], saturated[1, 1] = 0, 1
    flat = handout.sigmoid(2 * rng.standard_normal(13))
    return (*((handout.sigmoid(2 * rng.standard_normal(size)),) for size in _sizes(rng)), (saturated,), (flat,))


_ROWS = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]])
_H = np.array([[0.25, 0.5, 0.25], [0.6, 0.1, 0.3]])

SUBJECTS: dict[str, Subject] = {
    "sigmoid": Subject(
        _draw_sigmoid, (np.array([[-1.0, 0.0, 2.0], [3.0, -2.0, 0.5]]),), handout.sigmoid,
        {"sigmoid_overflows": _extreme_sigmoid},
        guarded=lambda X: _clipped(handout.sigmoid(X)),
    ),
    "softmax": Subject(
        _draw_softmax, (_ROWS,), handout.softmax,
        {"softmax_overflows": _large_logits, "softmax_underflows": _negative_logits,
         "softmax_rows_far_apart": _distant_logits},
        guarded=lambda X: handout.softmax(X) * (1 - 1e-8),
    ),
    "fcc_one_layer": Subject(
        _draw_layer,
        (np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[0.5, -1.0, 0.0], [0.25, 0.5, 1.0]]),
         np.array([0.1, 0.2, -0.3]), np.tanh),
        handout.fcc_one_layer,
    ),
    "cross_entropy": Subject(
        _draw_losses, (_H, np.array([1, 0])), handout.cross_entropy,
        {"cross_entropy_zero_times_infinity": _impossible,
         "cross_entropy_clipped": lambda rng: _ruled_out(rng, 1e-11, 1e-10)},
        tolerance=1e-3,
        guarded=lambda h, y: handout.cross_entropy(h + 1e-7, y),
    ),
    "accuracy": Subject(_draw_accuracy, (_H, np.array([1, 2])), handout.accuracy),
    "delta_last_layer": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer,
        {"delta_zero_by_zero": _underflowed},
        guarded=lambda h, y: handout.delta_last_layer(_clipped(h), y) / (1 + 1e-7 / h[np.arange(len(y)), y]),
    ),
    "delta_last_layer_easy_approach": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer_easy_approach,
        {"delta_zero_by_zero": _underflowed},
        guarded=lambda h, y: handout.delta_last_layer_easy_approach(_clipped(h), y),
    ),
    "del_sigmoid": Subject(
        _draw_del_sigmoid, (np.array([[0.5, 0.75], [0.2, 1.0]]),), handout.del_sigmoid
    ),
}  # fmt: skip
