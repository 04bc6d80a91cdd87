"""Tells how exact a function's results must be: as exact as the type allows in which it computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import EXACT, ROUNDING, Array, same
from handgrad.exercises.catalogue.subjects import Arguments, Subject
from handgrad.exercises.judging.diagnosis import Trial

DOUBLE = 1e-9  # for results in float64 that were computed in float64
NUDGE = 2.0**-30  # too little for float32


def right(
    trial: Trial, subject: Subject, case: Arguments, tolerance: float = EXACT, rounding: float = ROUNDING
) -> bool:
    """Tell whether a result is as exact as its type and a guard against log 0 allow."""
    if is_single(trial.found):
        return same(trial.found, trial.expected, subject.tolerance)
    guarded = trial.expected if subject.guarded is None else np.asarray(subject.guarded(*case))
    allowed = 2 * np.abs(guarded - trial.expected)
    scale = np.abs(trial.expected).max(initial=1e-300)
    if trial.found is None or not same(trial.found, trial.expected, max(tolerance, float(allowed.max() / scale))):
        return False
    # A guard changes the entries of some rows; in the others it is no excuse for being less exact.
    off = np.abs(trial.found.astype(np.float64).ravel() - trial.expected.ravel())
    return bool(np.all(~np.isfinite(off) | (off <= allowed.ravel() + tolerance * scale + rounding)))


def unnoticed_by_float32(case: Arguments) -> dict[str, Arguments]:
    """Make two cases whose first arguments, numbers of float32, differ by less than that can hold."""
    first = case[0].astype(np.float32).astype(np.float64)
    return {"float32": (first, *case[1:]), "nudged": (first * (1 + NUDGE), *case[1:])}


def computes_in_single(answers: Sequence[Answer]) -> bool:
    """Tell whether a function does not notice a change of its first argument that is lost in float32."""
    once, again = (answer.values.get("return") for answer in answers[-3:-1])
    return once is not None and again is not None and np.array_equal(once, again)


def is_single(found: Array | None) -> bool:
    """Tell whether a result has fewer digits than float64."""
    return found is not None and found.dtype.name in ("float16", "float32")
