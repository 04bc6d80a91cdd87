"""Recognises results that were measured from a loss at slightly changed values instead of computed.

Losses are stored as multiples of a tiny number, the distance between neighbouring floating-point numbers of their size.
A quotient of differences is therefore a whole multiple of that number, divided by the change. What was computed by
formulas is not, however near the two may be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.exercises.catalogue.comparing import Array

CHANGES = (*(10.0**-i for i in range(2, 11)), float(np.sqrt(np.finfo(float).eps)), float(np.cbrt(np.finfo(float).eps)))
SPACINGS = (2.0**-54, 2.0**-58)  # of losses from 1/4 and from 1/64 on; those of larger ones are multiples of these
MOST = 2.0**44  # of larger numbers too few digits are left to see whether they are whole ones
ENOUGH = 50  # entries of each result
LEAST = 12  # this many distinct whole numbers cannot be a coincidence


def measured(results: Sequence[tuple[Array, int]]) -> bool:
    """Tell whether results are quotients of differences, all with the same one of the usual changes.

    Parameters
    ----------
    results : sequence of pairs
        Derivatives of a loss, and by what they may have been divided afterwards: the number of examples.

    Examples
    --------
    >>> points, change = np.linspace(0.5, 1, 20), 1e-6
    >>> measured([((np.sqrt(points + change) - np.sqrt(points - change)) / (2 * change), 7)])
    True
    >>> measured([(0.5 / np.sqrt(points), 7)])
    False
    """
    few = [(np.ravel(found)[:ENOUGH], n) for found, n in results]
    if not all(found.dtype == np.float64 and np.isfinite(found).all() for found, _ in few):
        return False
    with np.errstate(over="ignore"):
        once, by_number = np.hstack([np.empty((2, 0)), *(np.stack([found, n * found]) for found, n in few)])
        if np.array_equal(once.astype(np.float32), once):  # short numbers are whole multiples of many others
            return False
        return any(
            _whole(numbers * (step / spacing))
            for numbers in (once, by_number)
            for change in CHANGES
            for step in (change, 2 * change)
            for spacing in SPACINGS
        )


def bent(off: Array, h: Array) -> bool:
    """Tell whether what an error of the last layer is off by is a multiple of the loss's second or third derivative.

    This is what a quotient of differences is off by, unless the change is tiny.

    Parameters
    ----------
    off, h : ndarray
        The deviations, and the probabilities that they belong to.

    Examples
    --------
    >>> h = np.linspace(0.1, 0.8, 20)
    >>> bent(1e-7 * h * (1 - h), h), bent(1e-7 * h, h), bent(np.zeros(20), h)
    (True, False, False)
    """
    if np.abs(off).max() < 1e-13:  # rounding
        return False
    for derivative in (h * (1 - h), h * (1 - h) * (1 - 2 * h)):
        scale = float((off * derivative).sum() / (derivative**2).sum())
        if np.abs(off - scale * derivative).max() < 0.1 * np.abs(off).max():
            return True
    return False


def _whole(numbers: Array) -> bool:
    """Tell whether all nonzero numbers are integers, within the precision that is left."""
    numbers = np.abs(numbers[numbers != 0])
    seen = numbers[(numbers > 1) & (numbers < MOST)]
    if len(seen) < max(LEAST, 0.9 * len(numbers)) or (np.abs(seen - np.rint(seen)) > 0.05).any():
        return False
    return len(np.unique(seen)) >= LEAST
