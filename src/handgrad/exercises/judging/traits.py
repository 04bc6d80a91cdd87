"""Recognises how a function was computed by traits of its results: a rounded constant, a factor, straight pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import Array
from handgrad.exercises.catalogue.subjects import Arguments
from handgrad.exercises.judging.diagnosis import Trial

COARSE = 1e-7  # relative; a constant in single precision is nearer
SHARED = 7e-8  # the same, for a factor
SLIGHT = 1e-3  # more than what rounding to three digits does to e or ln 2; beyond, it is another number
ALIKE = 0.05  # how well one number explains all that results are off by; rounding leaves no such order
POINTS = 300  # of a curve
STRAIGHT = 1e-6
MOSTLY = 0.9  # of the neighbouring pieces of a curve that is made of a few lines


def _sigmoid(X: Array) -> Array:
    s = handout.sigmoid(X)
    return X * s * (1 - s)


def _softmax(X: Array) -> Array:
    p = handout.softmax(X)
    return np.asarray(p * (X - (p * X).sum(axis=1, keepdims=True)))


# How a result changes where e is another number, or the logarithm has another base.
DIRECTIONS: Mapping[str, Callable[..., Array]] = {
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "cross_entropy": lambda h, y: np.asarray(handout.cross_entropy(h, y)),
}


def off_by_a_constant(task: str, trials: Sequence[Trial], cases: Sequence[Arguments]) -> float:
    """Find by which share e, or ln 2, is off, if that alone explains right results in double precision; else 0.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((30, 4))
    >>> right = handout.sigmoid(X)
    >>> for found in (1 / (1 + 2.71828**-X), 1 / (1 + 2.71828183**-X), right.astype(np.float32).astype(float)):
    ...     print(f"{off_by_a_constant('sigmoid', [Trial(found, right, {})], [(X,)]):.1e}")
    -6.7e-07
    5.7e-10
    0.0e+00
    """
    if task not in DIRECTIONS or any(one.found is None or one.found.dtype != np.float64 for one in trials):
        return 0.0
    if any(np.asarray(one.found).shape != one.expected.shape for one in trials):
        return 0.0
    with np.errstate(all="ignore"):
        off = np.concatenate([np.ravel(np.asarray(one.found) - one.expected) for one in trials])
        way = np.concatenate([np.ravel(DIRECTIONS[task](*case)) for case in cases])
        number = float(off @ way / (way @ way))
        return number if np.abs(off - number * way).max() < ALIKE * np.abs(off).max() else 0.0


def rounded_constant(share: float) -> bool:
    """Tell whether a constant that is off by this share has a few digits only: fewer than in single precision.

    Examples
    --------
    >>> rounded_constant(-6.7e-07), rounded_constant(5.7e-10)
    (True, False)
    """
    return COARSE < abs(share) < SLIGHT


def slightly_scaled(trials: Sequence[Trial]) -> bool:
    """Tell whether all results, in double precision, are too large or too small by the same tiny share.

    Rounding leaves no such order, and what keeps a logarithm or a quotient finite does not change all results alike.

    Examples
    --------
    >>> right = np.random.default_rng(0).random((9, 4))
    >>> for found in (right * (1 - 2e-7), right + 1e-7, right.astype(np.float32).astype(float)):
    ...     slightly_scaled([Trial(found, right, {}), Trial(found, right, {})])
    True
    False
    False
    """
    pairs = [(one.found, one.expected) for one in trials if np.any(one.expected)]
    if not pairs or any(f is None or f.dtype != np.float64 or f.shape != e.shape for f, e in pairs):
        return False
    found, right = (np.concatenate([np.ravel(np.asarray(one)) for one in side]) for side in zip(*pairs, strict=True))
    if not (np.isfinite(found).all() and np.isfinite(right).all()):
        return False
    share = float((found - right) @ right / (right @ right))
    scale = float(np.abs(right).max())
    return SHARED < abs(share) < SLIGHT and bool(np.abs(found - right - share * right).max() < ALIKE * SHARED * scale)


def in_straight_pieces(trials: Sequence[Trial], cases: Sequence[Arguments]) -> bool:
    """Tell whether a rising curve of a single variable is made of several straight pieces.

    Examples
    --------
    >>> X = np.linspace(-5, 5, 900)
    >>> for curve in (np.clip(0.2 * X + 0.5, 0, 1), handout.sigmoid(X), 0.2 * X + 0.5):
    ...     in_straight_pieces([Trial(curve, handout.sigmoid(X), {})], [(X,)])
    True
    False
    False
    """
    if any(one.found is None or one.found.dtype.kind != "f" for one in trials):
        return False
    if any(np.asarray(one.found).shape != one.expected.shape for one in trials):
        return False
    x, where = np.unique(np.concatenate([np.ravel(case[0]) for case in cases]), return_index=True)
    curve = np.concatenate([np.ravel(np.asarray(one.found)) for one in trials])[where]
    every = max(1, len(x) // POINTS)
    with np.errstate(all="ignore"):
        slopes = np.diff(curve[::every]) / np.diff(x[::every])
        bends = np.abs(np.diff(slopes)) > STRAIGHT
    return bool((slopes > -STRAIGHT).all() and 0 < np.count_nonzero(bends) < (1 - MOSTLY) * len(bends))
