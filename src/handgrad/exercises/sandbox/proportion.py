"""Keeps answers in proportion to the call, so that whatever a judge computes from them stays small."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Answer, Call, Network, Step
from handgrad.exercises.sandbox.inside.protocol import extent

# An array of an answer may be this many times as large as the largest argument, and at least as large as below. Wrong
# shapes that a mistake explains, such as that of an outer product, are well within these bounds.
TIMES = 4
LONGEST, MOST_NUMBERS = 256, 10_000
MOST_OF_MATRICES = 200_000  # of a matrix for each row, such as a Jacobian


def in_proportion(call: Call, answer: Answer) -> Answer:
    """Leave out arrays that are far larger than the call explains.

    Parameters
    ----------
    call : Call
    answer : Answer
        Its own.

    Returns
    -------
    Answer
        An array that is too large is left out by name, as in :func:`handgrad.exercises.sandbox.runner.run_calls`. A
        routine that passed one on to its network is ``killed``.

    Examples
    --------
    >>> call = Call("a", "function", "f", (np.zeros((5, 4)),))
    >>> in_proportion(call, Answer("a", "ok", {"return": np.empty((0, 2**31 - 1))})).left_out
    {'return': 'ndarray'}
    """
    given: list[object] = [*call.arguments, *call.keywords.values()]
    given += [value for step in call.steps for value in step.arguments]
    given += [array for arrays in call.canned.values() for array in arrays]
    given += [array for value in given if isinstance(value, Network) for array in value.weights.values()]
    shapes = [value.shape for value in given if isinstance(value, np.ndarray)]
    shapes += [pair for step in call.steps if step.kind == "construct" for pair in pairwise(_layers(step))]
    entries = max(map(extent, shapes), default=0)  # as many may lie in one row
    side = max((length for shape in shapes for length in shape), default=0)
    longest = max(LONGEST, entries, TIMES * side)
    most = max(MOST_NUMBERS, TIMES * entries, min(entries * side, MOST_OF_MATRICES))

    def fits(array: NDArray[Any]) -> bool:
        return max(array.shape, default=0) <= longest and extent(array.shape) <= most

    if not all(fits(event.value) for event in answer.events if isinstance(event.value, np.ndarray)):
        return Answer(call.id, "killed", reason="it passed on far more rows than it was given")
    large = [label for label, array in answer.values.items() if not fits(array)]
    values = {label: array for label, array in answer.values.items() if label not in large}
    return replace(answer, values=values, left_out={**answer.left_out, **dict.fromkeys(large, "ndarray")})


def _layers(step: Step) -> list[int]:
    """List the sizes of the layers of a network that is made."""
    return [size for size in step.arguments if isinstance(size, int)]
