"""Names a mistake that contains an unknown number, by finding the number that gives all results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from handgrad.exercises.catalogue.comparing import EXACT, Array, Variants, outcome, same
from handgrad.exercises.judging.diagnosis import Trial
from handgrad.exercises.judging.scaled import Scaled

COUNTS = np.arange(2.0, 65.0)  # sizes of batches, and whatever else one counts
_POSITIVE = np.geomspace(1e-16, 300.0, 180)
NUMBERS = np.concatenate([-_POSITIVE[::-1], _POSITIVE])
ENOUGH = 5  # trials that tell a mistake, where others overflowed or took too long
HALVINGS = 60  # as many as a float64 has digits


def with_an_unknown(
    numbered: Mapping[str, Variants], cases: Sequence[Sequence[Any]], trials: Sequence[Trial]
) -> Scaled | None:
    """Find the mistake that gives all results with one and the same number, and that number.

    Parameters
    ----------
    numbered : mapping of id to functions
        Each takes the arguments of a case and then the number.
    cases : sequence of argument lists
    trials : sequence of Trial
        One for each case.

    Returns
    -------
    Scaled or None

    Examples
    --------
    >>> numbered = {"sigmoid_scaled_argument": (lambda X, number: 1 / (1 + np.exp(-number * X)),)}
    >>> cases = [(np.array([0.5, -1.0]),), (np.array([2.0]),)]
    >>> trials = [Trial(1 / (1 + np.exp(-5 * X)), 1 / (1 + np.exp(-X)), {}) for (X,) in cases]
    >>> with_an_unknown(numbered, cases, trials)
    Scaled(mistake='sigmoid_scaled_argument', number=5.0, besides=())
    """
    finite = without_overflow(cases, trials)  # where the number makes some results overflow, the others suffice
    if finite is None:
        return None
    cases, trials = finite
    found = [np.asarray(trial.found) for trial in trials]
    tables = [array for array in found if array.size > 1] or [np.array([array.item() for array in found])]
    if all(same(array, np.full(array.shape, array.flat[0]), EXACT) for array in tables):
        return None  # a constant is what many a mistake makes with an extreme number
    telling = max(range(len(trials)), key=lambda i: _deviations(trials[i]).max())
    with np.errstate(all="ignore"):
        for mistake, variants in numbered.items():
            for variant in variants:
                for number in _candidates(variant, cases[telling], trials[telling]):
                    if all(
                        same(f, outcome(variant, *case, number), EXACT) for case, f in zip(cases, found, strict=True)
                    ):
                        return Scaled(mistake, float(f"{number:.6g}"))
    return None


def without_overflow(
    cases: Sequence[Sequence[Any]], trials: Sequence[Trial]
) -> tuple[Sequence[Sequence[Any]], Sequence[Trial]] | None:
    """Leave out the trials whose result is not finite; None if too few are left, or any result is no number."""
    if any(one.found is None or one.found.dtype.kind not in "buif" or not one.found.size for one in trials):
        return None
    pairs = [pair for pair in zip(cases, trials, strict=True) if np.isfinite(np.asarray(pair[1].found)).all()]
    if not pairs or (len(pairs) < len(trials) and len(pairs) < ENOUGH):
        return None
    return [case for case, _ in pairs], [trial for _, trial in pairs]


def _deviations(trial: Trial) -> Array:
    """Give how far a result is from the right one, entry by entry; if the two have other shapes, how large it is."""
    found = np.asarray(trial.found, dtype=np.float64)
    return np.nan_to_num(np.abs(found - trial.expected if found.shape == trial.expected.shape else found), posinf=0.0)


def _candidates(variant: Callable[..., Any], case: Sequence[Any], trial: Trial) -> Iterator[float]:
    """Give the counts, and the numbers with which the entry comes out that deviates most."""
    yield from COUNTS
    found, place = np.asarray(trial.found), int(np.argmax(_deviations(trial)))
    target = float(found.flat[place])

    def excess(number: float) -> float:
        value = outcome(variant, *case, number)
        return float(value.flat[place]) - target if value is not None and value.shape == found.shape else np.nan

    differences = [excess(number) for number in NUMBERS]
    for i, (one, other) in enumerate(pairwise(differences)):
        if one == 0:
            yield float(NUMBERS[i])
        elif one * other < 0:
            yield _root(excess, float(NUMBERS[i]), float(NUMBERS[i + 1]), one)


def _root(excess: Callable[[float], float], low: float, high: float, at_low: float) -> float:
    """Halve an interval at whose ends a function has different signs."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) * at_low > 0 else (low, middle)
    return (low + high) / 2
