"""Recognises an unknown number in a mistake: how often something was added to what is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.exercises.catalogue.comparing import TOLERANCE, Array, same

SEEN = 1e-6  # of what is right: smaller amounts tell nothing of the number
LEAST = 1e-3  # the smallest number that is told apart from none


def multiple(found: Sequence[Array | None], right: Sequence[Array | None], added: Sequence[Array]) -> float | None:
    """Find the number, the same in all trials, by which something was multiplied and then added to what is right.

    Parameters
    ----------
    found, right : sequence of ndarray
        One for each trial.
    added : sequence of ndarray
        What may have been added; at least in two trials it must be large enough to tell.

    Returns
    -------
    float or None
        None if there is no such number.

    Examples
    --------
    >>> right, weights = np.array([1.0, 3.0]), np.array([2.0, -1.0])
    >>> multiple([right + 0.25 * weights, right - 0.25 * weights], [right, right], [weights, -weights])
    0.25
    >>> multiple([right + 0.25 * weights, right], [right, right], [weights, -weights])
    """
    with np.errstate(all="ignore"):
        return _multiple(found, right, added)


def _multiple(found: Sequence[Array | None], right: Sequence[Array | None], added: Sequence[Array]) -> float | None:
    numbers = []
    for f, r, a in zip(found, right, added, strict=True):
        if f is None or r is None or not f.shape == r.shape == a.shape or f.dtype.kind not in "buif":
            return None
        size = float(np.abs(a).max(initial=0))
        if size > SEEN * float(np.abs(r).max(initial=0)):
            numbers.append(float(((f - r) * (a / size)).sum() / ((a / size) ** 2).sum()) / size)
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return None
    number = float(np.median(numbers))
    if abs(number) < LEAST or np.ptp(numbers) > 10 * TOLERANCE * abs(number):
        return None
    together = zip(found, right, added, strict=True)
    return number if all(r is not None and same(f, r + number * a) for f, r, a in together) else None
