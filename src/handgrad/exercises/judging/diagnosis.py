"""Says where a quantity is wrong, and how, when no mistake of the catalogue explains it: as ids and facts.

The file is long, because the ways to describe a deviation are tried in one order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import Array, same
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.results import Fact, Finding, Note, Picture, Status, TaskResult

_PICTURED = 6  # rows and columns of a picture


@dataclass(frozen=True)
class Trial:
    """What was found of a quantity on one probe (None if there was nothing), what is right, and the named sizes."""

    found: Array | None
    expected: Array
    sizes: Mapping[str, int]


def facts(quantities: Sequence[str], found: Array | None, expected: Array, sizes: Mapping[str, int]) -> dict[str, Fact]:
    """Collect what a message may say of a wrong quantity.

    Parameters
    ----------
    quantities : sequence of str
    found, expected : ndarray
        Of the first of them, on one probe.
    sizes : mapping
        Named sizes of that probe, such as n and k.

    Examples
    --------
    >>> said = facts(["db_out"], np.array([2.0, 6.0]), np.array([1.0, 3.0]), {"n": 2})
    >>> said["quantities"], said["found"], said["expected"], said["where"], said["n"]
    (('db_out',), 6.0, 3.0, '[1]', 2)
    """
    expected = np.asarray(expected, dtype=np.float64)
    said: dict[str, Fact] = {
        "quantities": tuple(quantities),
        "expected_shape": shape(expected),
        "found_shape": "?" if found is None else shape(found),
        "found": "?",
        "expected": "?",
        "where": "",
        **sizes,
    }
    if found is not None and found.shape == expected.shape:
        found = np.asarray(found, dtype=np.float64)  # what is no number becomes NaN
        place = _worst(found, expected)
        said["found"], said["expected"] = float(found[place]), float(expected[place])
        said["where"] = str(list(map(int, place))) if place else ""
    return said


def shape(array: Array) -> str:
    """Write a shape; that of a single number is ().

    Examples
    --------
    >>> shape(np.zeros((2, 3))), shape(np.zeros(4))
    ('(2, 3)', '(4,)')
    """
    return str(tuple(map(int, array.shape)))


def named(
    mistake: str, quantities: Sequence[str], facts: Mapping[str, Fact] | None = None, equation: str = ""
) -> Finding:
    """Report a mistake of the catalogue.

    Parameters
    ----------
    mistake : str
        Its id.
    quantities : sequence of str
        The quantities that it makes wrong, in the order of the chain.
    facts : mapping, optional
        What the message needs.
    equation : str, optional
        Instead of the catalogue's.

    Examples
    --------
    >>> named("derivative_sign", ["del_sigmoid"], {"quantities": ("del_sigmoid",)}).mistake
    'derivative_sign'
    """
    return Finding(tuple(quantities), mistake, facts or {}, equation=equation or catalogue()[mistake].equation)


def finding(
    mistake: str | None,
    quantities: Sequence[str],
    found: Array | None,
    expected: Array,
    sizes: Mapping[str, int],
    equation: str = "",
) -> Finding:
    """Report quantities that are wrong by a mistake of the catalogue, or describe one whose cause was not recognised.

    Parameters
    ----------
    mistake : str or None
    quantities : sequence of str
        A single one where there is no mistake.
    found : ndarray or None
        Of the first of them; None if the submission did not set it.
    expected : ndarray
    sizes : mapping
        Numbers that may have been forgotten as factors, with their names: n, k, ...
    equation : str

    Examples
    --------
    >>> finding(None, ["delta_out"], np.ones((2, 3)), -np.ones((2, 3)), {"n": 3}).seen[0].id
    'sign'
    """
    return of_trials(mistake, quantities, [Trial(found, expected, sizes)], equation)


def of_trials(mistake: str | None, quantities: Sequence[str], trials: Sequence[Trial], equation: str = "") -> Finding:
    """Report what is wrong as :func:`finding` does, from several trials, in all of which it holds.

    Parameters
    ----------
    mistake : str or None
    quantities : sequence of str
    trials : sequence of Trial
        Those in which it is wrong; the numbers in the message are those of the first one.
    equation : str

    Examples
    --------
    >>> trials = [Trial(np.full(2, n / 4), np.ones(2), {"n": n}) for n in (3, 7)]
    >>> of_trials(None, ["dW_i_h1"], trials).seen[0].facts["named"].facts["name"]
    'n/4'
    """
    shown = trials[0]
    said = facts(quantities, shown.found, shown.expected, shown.sizes)
    if mistake:
        return named(mistake, quantities, said, equation)
    with np.errstate(all="ignore"):
        key, more = _described(trials)
    return Finding(tuple(quantities), seen=(Note(key, {**said, **more}),), equation=equation)


def _described(trials: Sequence[Trial]) -> tuple[str, dict[str, Fact]]:
    """Choose the sentence that fits, with what it needs beyond the usual facts."""
    found, expected = trials[0].found, np.asarray(trials[0].expected, dtype=np.float64)
    if found is None:
        return "not_set", {}
    if found.dtype.kind not in "buif":
        return "no_numbers", {}
    there = [(one.found, np.asarray(one.expected, dtype=np.float64)) for one in trials if one.found is not None]
    if found.shape != expected.shape and found.size != 1:
        if all(same(f.T, e) for f, e in there):
            return "transposed", {}
        return ("axes" if all(same(f.squeeze(), e.squeeze()) for f, e in there) else "shape"), {}
    if found.shape != expected.shape and expected.size != 1:
        return "shape", {}
    found = found.astype(np.float64).reshape(expected.shape)
    broken = ~np.isfinite(found)
    if broken.any():
        return "not_finite", {"count": int(broken.sum()), "all": found.size}
    if any(f.dtype.kind not in "buif" or f.size != e.size or not np.isfinite(f).all() for f, e in there):
        return _places(found, expected)
    pairs = [(f.astype(np.float64).reshape(e.shape), e) for f, e in there]
    if not any(f.any() for f, _ in pairs):
        return "zero", {}
    if all(same(f, e) for f, e in pairs):
        return "inexact", {}
    single = expected.size == 1
    if not single or len(pairs) > 2:  # of one number or two there is always a factor
        if all(same(-f, e) for f, e in pairs):
            return "sign", {}
        seen = [one for one in trials if one.found is not None]
        times = factors(seen)
        if times is not None:
            told = multiples(times, [one.sizes for one in seen])
            if told is not None:
                return "factor", {"factor": times[0], "named": told}
            if not single:
                return "factor_differs", {"factor": times[0]}
        offset = float(np.mean(np.concatenate([(f - e).ravel() for f, e in pairs])))
        if all(same(f - offset, e) for f, e in pairs):
            return "offset", {"offset": offset}
        if single and _constant([float(f.item()) for f, _ in pairs]):
            return "always_same", {}
    return ("number", {}) if single else _places(found, expected)


def factors(trials: Sequence[Trial]) -> list[float] | None:
    """Find the factor of each trial by which everything in it is too large; None if one of them has none.

    Examples
    --------
    >>> factors([Trial(np.array([2.0, 4.0]), np.array([1.0, 2.0]), {}), Trial(np.array(9.0), np.array(3.0), {})])
    [2.0, 3.0]
    >>> factors([Trial(np.array([2.0, 5.0]), np.array([1.0, 2.0]), {})])
    """
    found = []
    for one in trials:
        if one.found is None or one.found.dtype.kind not in "buif" or one.found.size != one.expected.size:
            return None
        if one.found.shape != one.expected.shape and one.found.size != 1:
            return None
        factor = _factor(one.found.astype(np.float64).reshape(one.expected.shape), one.expected)
        if factor is None:
            return None
        found.append(factor)
    return found


def _factor(found: Array, expected: Array) -> float | None:
    """Find a constant factor, if there is one."""
    square = float((expected**2).sum())
    factor = float((found * expected).sum()) / square if square else 0.0
    return factor if np.isfinite(factor) and factor and same(found, factor * expected) else None


def _constant(values: Any) -> bool:
    """Tell whether numbers are equal but for rounding."""
    return bool(np.ptp(values) <= 1e-4 * np.abs(values).max())


def multiples(factors: Sequence[float], sizes: Sequence[Mapping[str, int]]) -> Note | str | None:
    """Say what a factor is in all trials: a fixed number, or one that depends on a size; None if neither holds.

    If there is a single trial, only sizes that equal the factor are named, all of them.
    """
    several = len(set(map(tuple, (one.values() for one in sizes)))) > 1
    if several and _constant(factors):
        return Note("factor_fixed")
    labels: dict[str, str] = {}
    for name in sizes[0]:
        values = np.array([one[name] for one in sizes], dtype=np.float64)
        for power, written in ((1, "{}"), (2, "{}²"), (-1, "1/{}"), (-2, "1/{}²")):
            rest = np.asarray(factors) / values**power
            itself = abs(abs(rest[0]) - 1) <= 1e-3
            if values[0] != 1 and _constant(rest) and (itself or np.ptp(values) > 0):
                labels[_times(float(rest[0]), written.format(name), name)] = name
    if not labels:
        return None if several else ""
    meaning = tuple(Note(f"size_{name}") for name in dict.fromkeys(labels.values()))
    return Note("factor_named", {"name": " = ".join(labels), "meaning": meaning})


def _times(number: float, label: str, name: str) -> str:
    """Write a number times a size."""
    if abs(abs(number) - 1) <= 1e-3:
        return label if number > 0 else f"-{label}"
    if label == name and abs(1 / number - round(1 / number)) <= 1e-3:
        return f"{name}/{round(1 / number)}"
    return f"{number:.4g}·{label}"


def _places(found: Array, expected: Array) -> tuple[str, dict[str, Fact]]:
    """Say which entries are wrong, when it is not most of them."""
    wrong = np.abs(found - expected) > 1e-4 * np.abs(expected).max()
    share: dict[str, Fact] = {"count": int(wrong.sum()), "all": wrong.size}
    if expected.ndim == 2:
        for axis, key in ((1, "rows"), (0, "columns")):
            lines = np.flatnonzero(wrong.any(axis=axis))
            if len(lines) <= wrong.shape[1 - axis] // 2:
                return key, {**share, "lines": tuple(map(str, lines))}
    return ("entries" if wrong.mean() <= 0.5 else "everywhere"), share


def _worst(found: Array, expected: Array) -> tuple[Any, ...]:
    """Find the entry that shows the difference best: of the largest ones expected, the one that is farthest off."""
    difference = np.nan_to_num(np.abs(found - expected), nan=np.inf, posinf=np.inf)
    return tuple(np.unravel_index(int(np.argmax(difference)), expected.shape))


def unanswered(task: str, answers: Sequence[Answer]) -> TaskResult | None:
    """Say why there is nothing to judge: missing, not attempted, too slow, or its process ended; None if there is."""
    by_status = {answer.status: answer for answer in reversed(answers)}
    if "missing" in by_status:
        return TaskResult(task, "not_attempted", notes=(Note("missing", {"name": task}),))
    given: tuple[Status, ...] = ("not_attempted", "too_slow")
    for status in given:
        if status in by_status:
            return TaskResult(task, status, notes=(Note(status),))
    if "killed" in by_status:
        return TaskResult(task, "crashed", notes=(Note("killed", {"reason": by_status["killed"].reason or "?"}),))
    return None


def picture(caption: Note, expected: Any, found: Any) -> Picture:
    """Set expected and found side by side.

    Examples
    --------
    >>> picture(Note("picture_sigmoid"), np.array([[0.5, 0.25]]), np.array([1.0])).expected
    ((0.5, 0.25),)
    """
    return Picture(caption, _rows(expected), _rows(found))


def _rows(array: Any) -> tuple[tuple[float | str, ...], ...]:
    array = np.asarray(array)
    if array.ndim > 2:
        return ((shape(array),),)
    array = np.atleast_2d(array.astype(np.float64))[:_PICTURED, :_PICTURED]
    return tuple(tuple(float(entry) for entry in row) for row in array)
