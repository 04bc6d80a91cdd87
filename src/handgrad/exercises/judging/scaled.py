"""Names what was done to a result besides: a fixed number multiplied or added, also to what a known mistake gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.exercises.catalogue.comparing import Variants, outcome, same
from handgrad.exercises.catalogue.subjects import Arguments
from handgrad.exercises.judging.diagnosis import Trial, factors, multiples
from handgrad.exercises.results import Note

LEAST = 1e-3  # a number nearer to none cannot be told from it
ROUGH = 1e-4  # to what part of itself a number must be the same in all trials


@dataclass(frozen=True)
class Scaled:
    """A mistake, the number that its message says if it says one, and what was done to its result besides."""

    mistake: str
    number: float = 0.0
    besides: tuple[Note, ...] = ()


def with_a_number(trials: Sequence[Trial]) -> Scaled | None:
    """Find the one number by which every right result was multiplied, or that was added to it.

    Examples
    --------
    >>> right = [np.array([1.0, 4.0]), np.array([2.0, 3.0, 5.0])]
    >>> with_a_number([Trial(2.5 * array, array, {"n": len(array)}) for array in right])
    Scaled(mistake='result_times_a_number', number=2.5, besides=())
    >>> with_a_number([Trial(array - 0.5, array, {"n": len(array)}) for array in right])
    Scaled(mistake='result_plus_a_number', number=-0.5, besides=())
    >>> with_a_number([Trial(len(array) * array, array, {"n": len(array)}) for array in right])
    """
    with np.errstate(all="ignore"):
        times = factors(_telling(trials))
        if times and _fixed(times) and abs(times[0] - 1) > LEAST:
            return Scaled("result_times_a_number", times[0])
        if (plus := _offset(trials)) is not None:
            return Scaled("result_plus_a_number", plus)
    return None


def besides(mutants: Mapping[str, Variants], cases: Sequence[Arguments], trials: Sequence[Trial]) -> Scaled | None:
    """Find the mistake whose result, multiplied by a number or transposed, was found in all trials.

    The number may be fixed, or a power of a size. A fixed one is preferred, and needed if the results are the right
    ones times a number that depends on the sizes. Nothing is said of results that are the same in all trials.

    Examples
    --------
    >>> mutants = {"derivative_plus": (lambda h: h * (1 + h),)}
    >>> cases = [(np.array([[0.1, 0.2]]),), (np.array([[0.5], [0.3]]),)]
    >>> trials = [Trial(-h * (1 + h), h * (1 - h), {"n": len(h), "k": h.shape[1]}) for (h,) in cases]
    >>> found = besides(mutants, cases, trials)
    >>> found.mistake, found.besides[0].id, found.besides[0].facts["factor"]
    ('derivative_plus', 'besides_factor', -1.0)
    """
    arrays = [trial.found for trial in trials]
    if any(
        array is None or array.dtype.kind not in "buif" or not array.size or not np.isfinite(array).all()
        for array in arrays
    ):
        return None
    first = np.asarray(arrays[0])
    with np.errstate(all="ignore"):
        times = factors(_telling(trials))
        # A multiple of what is right is one of many a mistake, too; only that by which the number is fixed is meant.
        right = times is not None and (
            first.size > 1 or bool(multiples(times, [one.sizes for one in _telling(trials)]))
        )
        nearly_right = times is not None and _fixed(times) and abs(times[0] - 1) <= LEAST  # -1 times the opposite
        if nearly_right or all(np.all(array == first.flat[:1]) for array in arrays):
            return None
        by_size = None
        for mistake, against in _tried(mutants, cases, trials):
            telling = _telling(against)
            times = factors(telling)
            if times is None:
                if not right and all(same(np.asarray(one.found).T, one.expected) for one in against):
                    return Scaled(mistake, besides=(Note("besides_transposed"),))
            elif _fixed(times):
                return Scaled(mistake, besides=(Note("besides_factor", {"factor": times[0], "named": ""}),))
            elif (
                by_size is None
                and not right
                and isinstance(told := multiples(times, [one.sizes for one in telling]), Note)
            ):
                by_size = Scaled(mistake, besides=(Note("besides_factor", {"factor": times[0], "named": told}),))
    return by_size


def _tried(
    mutants: Mapping[str, Variants], cases: Sequence[Arguments], trials: Sequence[Trial]
) -> Iterator[tuple[str, list[Trial]]]:
    """Set what was found beside what each mistake gives, if that is something in every trial."""
    for mistake, variants in mutants.items():
        for variant in variants:
            against: list[Trial] = []
            for trial, case in zip(trials, cases, strict=True):
                value = outcome(variant, *case)
                if (
                    value is None
                    or not np.isfinite(value).all()
                    or sorted(value.shape) != sorted(np.asarray(trial.found).shape)
                ):
                    break
                against.append(Trial(trial.found, value.astype(np.float64), trial.sizes))
            if len(against) == len(trials):
                yield mistake, against


def _telling(trials: Sequence[Trial]) -> list[Trial]:
    """Leave out the trials in which both are zero, which have any factor."""
    return [one for one in trials if one.found is None or np.any(one.found) or np.any(one.expected)]


def _fixed(numbers: Sequence[float]) -> bool:
    """Tell whether numbers are the same in all trials."""
    return bool(np.ptp(numbers) <= ROUGH * abs(numbers[0]))


def _offset(trials: Sequence[Trial]) -> float | None:
    """Find the number that was added to every right result."""
    if any(one.found is None or one.found.shape != one.expected.shape for one in trials):
        return None
    pairs = [(np.asarray(one.found, dtype=np.float64), one.expected) for one in trials]
    plus = float(np.median(np.concatenate([(found - right).ravel() for found, right in pairs])))
    told = np.isfinite(plus) and abs(plus) > LEAST and all(same(found - plus, right) for found, right in pairs)
    return plus if told else None
