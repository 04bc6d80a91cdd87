"""Names a quantity's mistake, also one that contains an unknown number: how often something was added to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from handgrad.exercises.catalogue.comparing import TOLERANCE, Array, matching, rounded, same
from handgrad.exercises.catalogue.edits import recognisers
from handgrad.exercises.judging.parts import divided_by_parts, mean_of_parts
from handgrad.exercises.tasks import BACKPROP

_DELTAS = BACKPROP[::3]
SEEN = 1e-6  # relative to the right values; smaller contributions do not determine the number
LEAST = 1e-5  # numbers below this cannot be distinguished from zero


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


def shares(found: Sequence[Array | None], parts: Sequence[Sequence[Array]]) -> list[float] | None:
    """Find the numbers, the same in all trials, by which several things were multiplied before they were added up.

    Parameters
    ----------
    found : sequence of ndarray
        One for each trial.
    parts : sequence of sequences of ndarray
        For each trial the things that may have been added up.

    Returns
    -------
    list of float or None
        None if there are no such numbers.

    Examples
    --------
    >>> new, old = np.array([1.0, 3.0, 2.0]), np.array([2.0, -1.0, 0.0])
    >>> [round(number, 6) for number in shares([0.9 * new + 0.1 * old, 0.9 * old], [(new, old), (old, 0 * old)])]
    [0.9, 0.1]
    >>> shares([new * old], [(new, old)])
    """
    if any(
        f is None or f.dtype.kind not in "buif" or f.shape != one[0].shape for f, one in zip(found, parts, strict=True)
    ):
        return None
    with np.errstate(all="ignore"):
        target = np.concatenate([np.ravel(np.asarray(array, dtype=np.float64)) for array in found])
        columns = np.stack(
            [np.concatenate([np.ravel(one) for one in part]) for part in zip(*parts, strict=True)], axis=1
        )
        if not (np.isfinite(target).all() and np.isfinite(columns).all()):
            return None
        numbers, _, rank, _ = np.linalg.lstsq(columns, target, rcond=None)
        fits = rank == len(numbers) and same(columns @ numbers, target)
    return [float(number) for number in numbers] if fits else None


def mistake_of(
    name: str, states: Sequence[dict[str, Any]], found: Sequence[Array | None], expected: Sequence[Array | None]
) -> tuple[str | None, float]:
    """Name the mistake of the catalogue that gives what was found in every pass, and the number that it contains.

    Parameters
    ----------
    name : str
        One of ``BACKPROP``.
    states : sequence of mapping
        What it was computed from, pass by pass.
    found, expected : sequence of ndarray

    Returns
    -------
    tuple
        None if there is no such mistake, and 0 if it contains no number.

    Examples
    --------
    >>> from handgrad import handout
    >>> states = []
    >>> for n in (3, 5):
    ...     net, y = handout.fcc(3, 4, 4, 2, rng=np.random.RandomState(n)), np.zeros(n, dtype=int)
    ...     _ = net.forward_propagation(np.eye(n, 3))
    ...     net.backprop(y)
    ...     states.append({**vars(net), "y": y, "n": n, "previous": dict.fromkeys(BACKPROP, 0.0)})
    >>> right = [state["db_out"] for state in states]
    >>> mistake_of("db_out", states, [2.5 * array for array in right], right)
    ('times_a_fixed_number', 2.5)
    """
    if name in _DELTAS and not any(map(varies, found)):  # a constant is what many a mistake makes of another one
        return "gradient_left_at_zero" if _left_at_zero(found, expected) else None, 0.0
    mistake = matching(recognisers(name), [(state,) for state in states], found)
    if mistake is None and _rounded(found, expected):
        mistake = "gradient_rounded"
    if mistake or len({state["n"] for state in states}) < 2:
        return mistake, 0.0
    sizes = [state["n"] for state in states]
    numbers = [_fixed_number(f, e, n) for f, e, n in zip(found, expected, sizes, strict=True)]
    known = [number for number in numbers if number is not None]
    if len(known) == len(sizes) and np.ptp(known) < 1e-3 * known[0]:
        if abs(known[0] - 1) < 1e-3:
            return "gradient_without_mean", 0.0
        if known[0] < 1:
            return "gradient_sum_times_a_number", float(f"{1 / known[0]:.6g}")
        return "gradient_divided_by_fixed_number", known[0]
    if name not in _DELTAS and len(known) == len(sizes) and divided_by_parts(known, sizes):
        return "gradient_divided_by_another_count", 0.0
    if name not in _DELTAS and mean_of_parts(name, states, found):
        return "gradient_mean_of_unequal_parts", 0.0
    for mistake, added in _added(name, states, expected):
        number = multiple(found, expected, added) or 0.0
        if mistake == "times_a_fixed_number" and number and abs(1 + number) > LEAST:  # else it is nothing but rounding
            return mistake, 1 + number
        if number and mistake == "plus_a_fixed_number":
            return mistake, number
        if mistake == "gradient_with_weight_decay" and number > -1 and number:
            return mistake if number > 0 else "weight_decay_sign", number
        if 0 < number < 1:
            return mistake, number
    if name == _DELTAS[0]:
        return ("one_hot_other_values" if _target_has_other_values(states, found, expected) else None), 0.0
    limit = None if name in _DELTAS else _limit(found, expected)
    return ("gradient_clipped", limit) if limit else (None, 0.0)


def _rounded(found: Sequence[Array | None], expected: Sequence[Array | None]) -> bool:
    """Tell whether everything is as it should be, but for rounding to a few decimals that leaves something."""
    pairs = [(f, e) for f, e in zip(found, expected, strict=True) if f is not None and e is not None]
    return all(f.shape == e.shape for f, e in pairs) and any(np.any(f) for f, _ in pairs) and rounded(pairs)


def _left_at_zero(found: Sequence[Array | None], expected: Sequence[Array | None]) -> bool:
    """Tell whether what should be there is zero everywhere, in the shape that it should have."""
    pairs = list(zip(found, expected, strict=True))
    there = all(f is not None and e is not None and f.shape == e.shape and not np.any(f) for f, e in pairs)
    return there and any(np.any(e) for _, e in pairs if e is not None)


def _target_has_other_values(
    states: Sequence[dict[str, Any]], found: Sequence[Array | None], expected: Sequence[Array | None]
) -> bool:
    """Tell whether a last delta is the right one but for the two values of its target, or the smoothing of it."""
    targets = [np.eye(len(np.asarray(right)))[:, state["y"]] for right, state in zip(expected, states, strict=True)]
    for share in (False, True):
        others = [np.full(target.shape, 1 / len(target) if share else 1.0) for target in targets]
        parts = list(zip([np.asarray(right) for right in expected], targets, others, strict=True))
        numbers = shares(found, parts)
        if numbers and abs(numbers[0] - 1) < TOLERANCE:
            return True
    return False


def _limit(found: Sequence[Array | None], expected: Sequence[Array | None]) -> float | None:
    """Find the number, the same in all trials, that no entry or no norm exceeds; None if there is none.

    Examples
    --------
    >>> right = [np.array([3.0, 4.0]), np.array([0.1, -6.0]), np.array([0.5, 0.2])]
    >>> _limit([np.clip(array, -2, 2) for array in right], right)
    2.0
    >>> _limit([array / max(np.linalg.norm(array), 1) for array in right], right)
    1.0
    >>> _limit([0.5 * array for array in right], right)
    """
    pairs = [(f, e) for f, e in zip(found, expected, strict=True) if f is not None and e is not None and not same(f, e)]
    if len(pairs) < 2 or any(f.shape != e.shape or f.dtype.kind not in "buif" for f, e in pairs):
        return None
    with np.errstate(all="ignore"):
        largest = [float(np.abs(f).max()) for f, _ in pairs]
        norms = [float(np.linalg.norm(f)) for f, _ in pairs]
        if _alike(largest) and all(same(f, np.clip(e, -largest[0], largest[0])) for f, e in pairs):
            return float(f"{largest[0]:.6g}")
        if _alike(norms) and all(same(f, e * (norms[0] / np.linalg.norm(e))) for f, e in pairs):
            return float(f"{norms[0]:.6g}")
    return None


def _alike(numbers: Sequence[float]) -> bool:
    """Tell whether positive numbers are equal but for rounding."""
    return min(numbers) > 0 and max(numbers) - min(numbers) <= 1e-6 * min(numbers)


def _added(
    name: str, states: Sequence[dict[str, Any]], expected: Sequence[Array | None]
) -> Iterator[tuple[str, list[Array]]]:
    """List the mistakes that add to a quantity something times an unknown number."""
    yield "times_a_fixed_number", [np.asarray(array) for array in expected]
    yield "plus_a_fixed_number", [np.ones(np.asarray(array).shape) for array in expected]
    if name in _DELTAS:
        return
    weights = [state[name[1:]] for state in states]
    yield "gradient_with_weight_decay", weights
    yield "gradient_with_weight_decay", [W / state["n"] for W, state in zip(weights, states, strict=True)]
    yield "gradient_with_weight_decay", [np.sign(W + 0.0) for W in weights]
    previous = [np.asarray(state["previous"][name]) for state in states]
    usual = [array if array.shape == W.shape else np.zeros(W.shape) for array, W in zip(previous, weights, strict=True)]
    yield "gradient_with_momentum", usual


def _fixed_number(found: Array | None, expected: Array | None, n: int) -> float | None:
    """Find the number by which a gradient has been divided instead of n; None if there is none.

    Examples
    --------
    >>> _fixed_number(np.array([0.5, 1.0]), np.array([2.5, 5.0]), 20)
    100.0
    """
    if found is None or expected is None or found.shape != expected.shape:
        return None
    with np.errstate(all="ignore"):
        number = n * float((expected**2).sum() / (found * expected).sum())
    return number if 0 < number < np.inf and same(found * (number / n), expected) else None


def varies(array: Array | None) -> bool:
    """Tell whether the entries of an array differ.

    Examples
    --------
    >>> varies(np.array([1.0, 2.0])), varies(np.ones(2)), varies(None)
    (True, False, False)
    """
    return array is not None and array.size > 1 and bool((array != array.flat[0]).any())
