"""Says where a quantity is wrong, and how, when no mistake of the catalogue explains it: as ids and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import Array, same
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.results import Fact, Finding, Note, Picture, Status, TaskResult

_PICTURED = 6  # rows and columns of a picture


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
    said = facts(quantities, found, expected, sizes)
    if mistake:
        return named(mistake, quantities, said, equation)
    key, more = _described(found, expected, sizes)
    return Finding(tuple(quantities), seen=(Note(key, {**said, **more}),), equation=equation)


def _described(found: Array | None, expected: Array, sizes: Mapping[str, int]) -> tuple[str, dict[str, Fact]]:
    """Choose the sentence that fits, with what it needs beyond the usual facts."""
    expected = np.asarray(expected, dtype=np.float64)
    if found is None:
        return "not_set", {}
    if found.dtype.kind not in "buif":
        return "no_numbers", {}
    if found.shape != expected.shape:
        if same(found.T, expected):
            return "transposed", {}
        if same(found.squeeze(), expected.squeeze()):
            return "axes", {}
        return "shape", {}
    found = found.astype(np.float64)
    broken = ~np.isfinite(found)
    if broken.any():
        return "not_finite", {"count": int(broken.sum()), "all": found.size}
    if not found.any():
        return "zero", {}
    if same(-found, expected):
        return "sign", {}
    factor = _factor(found, expected)
    if factor is not None:
        return "factor", {"factor": factor, "named": _named(factor, sizes)}
    if same(found - found.flat[0], expected - expected.flat[0]):
        return "offset", {"offset": float(np.mean(found - expected))}
    return _places(found, expected)


def _factor(found: Array, expected: Array) -> float | None:
    """Find a constant factor, if there is one."""
    square = float((expected**2).sum())
    factor = float((found * expected).sum()) / square if square else 0.0
    return factor if expected.size > 1 and np.isfinite(factor) and factor and same(found, factor * expected) else None


def _named(factor: float, sizes: Mapping[str, int]) -> Note | str:
    """Say which number a factor is, when it is one that may be meant; else nothing."""
    for name, size in sizes.items():
        for label, value in (
            (name, size), (f"{name}²", size**2), (f"1/{name}", 1 / size), (f"1/{name}²", 1 / size**2),
            (f"-{name}", -size), (f"-1/{name}", -1 / size),
        ):  # fmt: skip
            if size != 1 and abs(factor - value) <= 1e-3 * abs(value):
                return Note("factor_named", {"name": label, "meaning": Note(f"size_{name}")})
    return ""


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
