"""The tasks that are functions: the reference, and the arrays on which submissions and mistakes are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        Draws the arguments of all regular probes. No two are of one shape, n is never 1, and among them is one of equal
        sizes, on which mistakes show that otherwise only crash.
    example : tuple
        Two worked rows, for the picture.
    reference : callable
    extremes : mapping of id to callable
        Each draws arguments on which the sheet's own formula, computed literally, overflows: failing there costs
        nothing, and earns a remark with this id.
    tolerance : float
    """

    draw: Callable[[Rng], tuple[Arguments, ...]]
    example: Arguments
    reference: Callable[..., Any]
    extremes: Mapping[str, Callable[[Rng], Arguments]] = field(default_factory=dict)
    tolerance: float = TOLERANCE


def _labels(rng: Rng, n: int, k: int) -> Array:
    """Draw labels: every class occurs where n allows it, else all are different and none is the last class."""
    if n < k:
        return rng.permutation(k - 1)[:n]
    return rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n - k)]))


def _probabilities(rng: Rng, n: int, k: int, spread: float = 1.0) -> Array:
    return handout.softmax(spread * rng.standard_normal((n, k)))


# sigmoid


def _draw_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(100, 300, (3, 4)) * rng.choice([-1, 1], (3, 4))
    return (2 * rng.standard_normal((4, 7)),), (rng.standard_normal((6, 3)),), (large,)


def _extreme_sigmoid(rng: Rng) -> Arguments:
    X = rng.uniform(800, 5000, (3, 4))
    X[:, ::2] *= -1
    return (X,)


# softmax


def _draw_softmax(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(-300, -100, (4, 6))  # some rows far up, some far down
    large[:2] *= -1
    large[:, :2] = large[:, :1] + rng.uniform(-1, 1, (4, 2))
    return (2 * rng.standard_normal((5, 7)),), (rng.standard_normal((6, 3)),), (rng.standard_normal((4, 4)),), (large,)


def _extreme_softmax(rng: Rng) -> Arguments:
    X = rng.uniform(800, 2000, (4, 3))
    X[2:] *= -1
    return (X,)


# fcc_one_layer

Activation = Callable[[Array], Array]


def _draw_layer(rng: Rng) -> tuple[Arguments, ...]:
    def probe(n: int, d: int, units: int, activation: Activation) -> Arguments:
        weights, bias = rng.standard_normal((d, units)) / np.sqrt(d), rng.standard_normal(units)
        return rng.standard_normal((n, d)), weights, bias, activation

    return probe(5, 4, 3, np.tanh), probe(6, 3, 7, np.exp), probe(4, 4, 4, np.tanh)


# cross_entropy and accuracy


def _draw_losses(rng: Rng) -> tuple[Arguments, ...]:
    return (
        (_probabilities(rng, 9, 4), _labels(rng, 9, 4)),
        (_probabilities(rng, 5, 7), _labels(rng, 5, 7)),
        (_probabilities(rng, 5, 5), _labels(rng, 5, 5)),
        _ruled_out(rng, 1.5e-5, 5e-5),
    )


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
    """Draw rows of which some are right; in the last probe all are, and the largest entry of all is in row 0."""

    def probe(n: int, k: int, right: int) -> Arguments:
        logits, y = rng.standard_normal((n, k)), _labels(rng, n, k)
        shift = rng.permuted(np.resize(np.arange(1, k), n))  # how far the largest entry lies from the true class
        shift[:right] = 0
        logits[np.arange(n), (y + shift) % k] = logits.max(axis=1) + rng.uniform(0.1, 1, n)
        order = rng.permutation(n)
        return logits[order], y[order]

    logits, y = probe(7, 5, 7)
    logits[0, y[0]] = 9
    return probe(11, 4, 4), probe(6, 7, 2), probe(5, 5, 3), probe(12, 6, 7), (logits, y)


# delta_last_layer in both forms, and del_sigmoid


def _draw_delta(rng: Rng) -> tuple[Arguments, ...]:
    return (
        (_probabilities(rng, 8, 5), _labels(rng, 8, 5)),
        (_probabilities(rng, 4, 6), _labels(rng, 4, 6)),
        (_probabilities(rng, 5, 5), _labels(rng, 5, 5)),
        (_probabilities(rng, 7, 3, spread=4), _labels(rng, 7, 3)),
    )


def _underflowed(rng: Rng) -> Arguments:
    """Draw probabilities of which one true class's is exactly zero."""
    h, y = _impossible(rng)
    h[0] = np.eye(4)[(y[0] + 2) % 4]
    return h, y


def _draw_del_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    saturated = handout.sigmoid(12 * rng.standard_normal((4, 3)))
    saturated[0, 0], saturated[1, 1] = 0, 1
    return (*((handout.sigmoid(2 * rng.standard_normal(shape)),) for shape in ((5, 7), (6, 3), (4, 4))), (saturated,))


_ROWS = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]])
_H = np.array([[0.25, 0.5, 0.25], [0.6, 0.1, 0.3]])

SUBJECTS: dict[str, Subject] = {
    "sigmoid": Subject(
        _draw_sigmoid, (np.array([[-1.0, 0.0, 2.0], [3.0, -2.0, 0.5]]),), handout.sigmoid,
        {"sigmoid_overflows": _extreme_sigmoid},
    ),
    "softmax": Subject(
        _draw_softmax, (_ROWS,), handout.softmax, {"softmax_overflows": _extreme_softmax}
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
        tolerance=1e-3,  # who adds 1e-7 before the logarithm is right
    ),
    "accuracy": Subject(_draw_accuracy, (_H, np.array([1, 2])), handout.accuracy),
    "delta_last_layer": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer,
        {"delta_zero_by_zero": _underflowed},
    ),
    "delta_last_layer_easy_approach": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer_easy_approach,
        {"delta_zero_by_zero": _underflowed},
    ),
    "del_sigmoid": Subject(
        _draw_del_sigmoid, (np.array([[0.5, 0.75], [0.2, 1.0]]),), handout.del_sigmoid
    ),
}  # fmt: skip
