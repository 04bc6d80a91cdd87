"""When two quantities count as equal, and what a mutated reference must do to have been the learner's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# Relative to the largest entry: wide enough for float32 all the way, far below what any mistake of the catalogue does.
TOLERANCE = 1e-4
EXACT = 1e-6  # for results in float64: far above its rounding, far below a result that was computed more roughly
ROUNDING = 1e-7  # what float32 may leave of numbers around 1 that cancel
CRASH = None  # in place of an array: the code raised


def same(found: Array | None, expected: Array | None, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two arrays are equal: shape, and entries up to rounding and a tolerance relative to the largest one.

    A single number may come with or without axes. NaN equals nothing but NaN; infinities equal themselves; and a crash
    (None) equals a crash.

    Examples
    --------
    >>> same(np.float32([1 / 3, 1e-9]), np.array([1 / 3, 0.0])), same(np.zeros((2, 1)), np.zeros(2))
    (True, False)
    """
    if found is None or expected is None:
        return found is expected
    found, expected = np.asarray(found), np.asarray(expected)
    if found.dtype.kind not in "buif" or (found.shape != expected.shape and not found.size == expected.size == 1):
        return False
    found, expected = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    regular = np.isfinite(expected)
    if not np.array_equal(found[~regular], expected[~regular], equal_nan=True):
        return False
    found, expected = found[regular], expected[regular]
    if not expected.size:
        return True
    scale = float(np.abs(expected).max())
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.all(np.abs(found - expected) <= tolerance * scale + ROUNDING))


def rounded(pairs: Sequence[tuple[Array | None, Array]]) -> bool:
    """Tell whether all results are the right ones, rounded to a few decimals.

    Parameters
    ----------
    pairs : sequence of (ndarray or None, ndarray)
        What was found, and what is right. Results that are missing or have another shape are left out.

    Examples
    --------
    >>> right = np.array([0.123456789, 2 / 3])
    >>> rounded([(np.round(right, 7), right)]), rounded([(right + 1e-15, right)])
    (True, False)
    """
    alike = [(f, e) for f, e in pairs if f is not None and f.shape == e.shape and f.dtype.kind in "buif"]

    def close(decimals: int | None, apart: float) -> bool:
        return all(
            np.allclose(f, e if decimals is None else np.round(e, decimals), 0, apart, equal_nan=True) for f, e in alike
        )

    return not close(None, 1e-9) and any(close(decimals, 1e-12) for decimals in range(1, 9))


def outcome(function: Callable[..., Any], *arguments: Any) -> Array | None:
    """Compute what a reference or a mutant gives; None where it raises, as the same mistake would in a submission."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # means of nothing, when a submission gives an empty array
            return np.asarray(function(*arguments))
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError):
        return CRASH


Variants = tuple[Callable[..., Any], ...]


def matching(
    mutants: Mapping[str, Variants],
    cases: Sequence[Sequence[Any]],
    found: Sequence[Array | None],
    tolerance: float = TOLERANCE,
) -> str | None:
    """Name the mutant that gives what was found in every case, and an array in at least one; None if none does.

    Parameters
    ----------
    mutants : mapping of id to functions
        A mistake may be written in several ways.
    cases : sequence of argument lists
    found : sequence of arrays
        None where the submission crashed.
    tolerance : float
    """
    for mistake, variants in mutants.items():
        if any(_gives(variant, cases, found, tolerance) for variant in variants):
            return mistake
    return None


def _gives(
    variant: Callable[..., Any], cases: Sequence[Sequence[Any]], found: Sequence[Array | None], tolerance: float
) -> bool:
    """Tell whether a mutant gives what was found in every case; stop at the first in which it does not."""
    made = []
    for case, array in zip(cases, found, strict=True):
        value = outcome(variant, *case)
        if not same(array, value, tolerance):
            return False
        made.append(value)
    if not any(value is not None and value.any() for value in made) and any(
        array is not None and np.any(array) for array in found
    ):
        return False  # what is nothing but zeros is not what is zero but for rounding
    return any(value is not None for value in made)
