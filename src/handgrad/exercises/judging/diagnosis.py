"""Says in plain words where a quantity is wrong, and how, when no mistake of the catalogue explains it.

The words are in ``diagnosis.en.toml`` and ``diagnosis.de.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer
from handgrad.exercises.catalogue.comparing import Array, same
from handgrad.exercises.results import Finding, Language, Picture, TaskResult
from handgrad.exercises.words.wording import words

_PICTURED = 6  # rows and columns of a picture


def number(value: float, language: Language, digits: int = 4) -> str:
    """Write a number for reading, with a decimal comma in German.

    Examples
    --------
    >>> number(0.0312513, "en"), number(-1200.0, "de"), number(0.5, "de")
    ('0.03125', '-1200', '0,5')
    """
    text = f"{value:.{digits}g}"
    return text.replace(".", ",") if language == "de" else text


def listed(names: Sequence[str], language: Language) -> str:
    """Join names as one speaks them.

    Examples
    --------
    >>> listed(["dW_h2_o", "dW_h1_h2", "dW_i_h1"], "en")
    'dW_h2_o, dW_h1_h2 and dW_i_h1'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {words('and', language)} {names[-1]}"


def facts(
    quantities: Sequence[str], found: Array | None, expected: Array, sizes: Mapping[str, int], language: Language
) -> dict[str, str]:
    """Collect what a message may say of a wrong quantity.

    Parameters
    ----------
    quantities : sequence of str
    found, expected : ndarray
        Of the first of them, on one probe.
    sizes : mapping
        Named sizes of that probe, such as n and k.
    language : {"en", "de"}

    Examples
    --------
    >>> said = facts(["db_out"], np.array([2.0, 6.0]), np.array([1.0, 3.0]), {"n": 2}, "en")
    >>> said["quantities"], said["is"], said["found"], said["expected"], said["where"], said["n"]
    ('db_out', 'is', '6', '3', '[1]', '2')
    """
    expected = np.asarray(expected, dtype=np.float64)
    said = {
        "quantities": listed(quantities, language),
        "is": words("is" if len(quantities) == 1 else "are", language),
        "expected_shape": shape(expected),
        "found_shape": "?" if found is None else shape(found),
        "found": "?",
        "expected": "?",
        "where": "",
        **{name: str(size) for name, size in sizes.items()},
    }
    if found is not None and found.shape == expected.shape:
        place = _worst(np.asarray(found, dtype=np.float64), expected)
        said["found"], said["expected"] = number(found[place], language), number(expected[place], language)
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


def undiagnosed(
    quantity: str,
    found: Array | None,
    expected: Array,
    sizes: Mapping[str, int],
    language: Language,
    equation: str = "",
) -> Finding:
    """Describe a wrong quantity whose cause was not recognised.

    Parameters
    ----------
    quantity : str
    found : ndarray or None
        None where the submission did not set it.
    expected : ndarray
    sizes : mapping
        Numbers that may have been forgotten as factors, with their names: n, k, ...
    language : {"en", "de"}
    equation : str

    Examples
    --------
    >>> undiagnosed("delta_out", np.ones((2, 3)), -np.ones((2, 3)), {"n": 3}, "en").message
    'Your delta_out has the right sizes of numbers but the opposite sign throughout.'
    """
    key, more = _described(found, expected, sizes, language)
    said = {**facts([quantity], found, expected, sizes, language), **more}
    return Finding(
        quantities=(quantity,),
        mistake=None,
        message=words(key, language, **said),
        hint=words(f"{key}_hint", language, **said),
        explanation=words("unrecognised", language),
        equation=equation,
    )


def _described(
    found: Array | None,
    expected: Array,
    sizes: Mapping[str, int],
    language: Language,
) -> tuple[str, dict[str, str]]:
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
        return "not_finite", {"count": str(int(broken.sum())), "all": str(found.size)}
    if not found.any():
        return "zero", {}
    if same(-found, expected):
        return "sign", {}
    factor = _factor(found, expected)
    if factor is not None:
        return "factor", {"factor": number(factor, language), "named": _named(factor, sizes, language)}
    if same(found - found.flat[0], expected - expected.flat[0]):
        return "offset", {"offset": number(float(np.mean(found - expected)), language)}
    return _places(found, expected, language)


def _factor(found: Array, expected: Array) -> float | None:
    """Find a constant factor, if there is one."""
    square = float((expected**2).sum())
    factor = float((found * expected).sum()) / square if square else 0.0
    return factor if expected.size > 1 and np.isfinite(factor) and factor and same(found, factor * expected) else None


def _named(factor: float, sizes: Mapping[str, int], language: Language) -> str:
    """Say which number a factor is, when it is one that may be meant; else nothing."""
    for name, size in sizes.items():
        for label, value in (
            (name, size), (f"{name}²", size**2), (f"1/{name}", 1 / size), (f"1/{name}²", 1 / size**2),
            (f"-{name}", -size), (f"-1/{name}", -1 / size),
        ):  # fmt: skip
            if size != 1 and abs(factor - value) <= 1e-3 * abs(value):
                return words("factor_named", language, name=label, meaning=words(f"size_{name}", language))
    return ""


def _places(found: Array, expected: Array, language: Language) -> tuple[str, dict[str, str]]:
    """Say which entries are wrong, when it is not most of them."""
    wrong = np.abs(found - expected) > 1e-4 * np.abs(expected).max()
    share = {"count": str(int(wrong.sum())), "all": str(wrong.size)}
    if expected.ndim == 2:
        for axis, key in ((1, "rows"), (0, "columns")):
            lines = np.flatnonzero(wrong.any(axis=axis))
            if len(lines) <= wrong.shape[1 - axis] // 2:
                return key, {**share, "lines": listed([str(line) for line in lines], language)}
    return ("entries" if wrong.mean() <= 0.5 else "everywhere"), share


def _worst(found: Array, expected: Array) -> tuple[Any, ...]:
    """Find the entry that shows the difference best: of the largest ones expected, the one that is farthest off."""
    difference = np.nan_to_num(np.abs(found - expected), nan=np.inf, posinf=np.inf)
    return tuple(np.unravel_index(int(np.argmax(difference)), expected.shape))


def unanswered(task: str, answers: Sequence[Answer], language: Language) -> TaskResult | None:
    """Say why there is nothing to judge: missing, not attempted, too slow, or its process ended; None if there is."""
    by_status = {answer.status: answer for answer in reversed(answers)}
    if "missing" in by_status:
        return TaskResult(task, "not_attempted", words("missing", language, name=task))
    if "not_attempted" in by_status:
        return TaskResult(task, "not_attempted", words("not_attempted", language))
    if "too_slow" in by_status:
        return TaskResult(task, "too_slow", words("too_slow", language))
    if "killed" in by_status:
        return TaskResult(task, "crashed", words("killed", language, reason=by_status["killed"].reason or "?"))
    return None


def picture(caption: str, expected: Any, found: Any, language: Language) -> Picture:
    """Set expected and found side by side.

    Examples
    --------
    >>> picture("h", np.array([[0.5, 0.25]]), np.array([1.0]), "en").expected
    (('0.5', '0.25'),)
    """
    return Picture(caption, _rows(expected, language), _rows(found, language))


def _rows(array: Any, language: Language) -> tuple[tuple[str, ...], ...]:
    array = np.asarray(array)
    if array.dtype.kind not in "buif" or array.ndim > 2:
        return ((shape(array),),)
    array = np.atleast_2d(array.astype(np.float64))[:_PICTURED, :_PICTURED]
    return tuple(tuple(number(float(entry), language) for entry in row) for row in array)
