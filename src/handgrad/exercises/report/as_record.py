"""The record of a check, for a teacher to send: self-contained, of limited size, and anonymous without the source.

It says of each task what was found and, where the task is not right, what the submission gave in the trials, and what
the solved sheet gives. Without the source, it has no word of the learner's: text that is not known here becomes "…".
"""

from __future__ import annotations

import builtins
import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Answer, Call, Compared, Event
from handgrad.exercises.results import Checked, Fact, Finding, Note, TaskResult
from handgrad.exercises.tasks import PARAMETERS, ROUTINE, TASKS

FORMAT = 1
MOST_BYTES = 200_000  # without the source
_MOST_NUMBERS = 10_000  # of one trial
_BETWEEN = ",\n    "  # lines of a list
_LEFT_OUT = "…"
_MOST_PARTS = 30  # of a list
# Texts of numbers that may stand in a record: a size, a place, or shapes. Longer numbers may be somebody's.
_NUMBER = r"-?\d{1,5}"
_SHAPE = rf"[(\[](?:{_NUMBER}(?:, ?{_NUMBER})*,?)?[)\]]"
_NUMBERS = re.compile(rf"|{_NUMBER}|{_SHAPE}(?: {_SHAPE})*", re.ASCII)
_OWN_WORDS = ("message", "reason")  # facts that quote the learner
_OURS = "fault"  # a place in our own code
_WORDS = {
    *TASKS, *(word for task in TASKS.values() for word in (*task.parameters, *task.quantities)), *PARAMETERS, *ROUTINE,
    "fcc", "class fcc", "X", "y", "n", "k", "d", "h1", "h2", "out", "NoneType", "ndarray", *dir(builtins),
    "AxisError", "LinAlgError", "UFuncTypeError", "_UFuncOutputCastingError", "_UFuncNoLoopError",
}  # fmt: skip


def report_record(
    checked: Checked,
    compared: Mapping[str, Sequence[Compared]],
    seed: int,
    source: Mapping[int, str] | None = None,
) -> str:
    """Write a record as JSON.

    Parameters
    ----------
    checked : Checked
    compared : mapping of str to sequence of Compared
        The trials of the tasks that are not right, by task; those with fewest numbers are recorded first.
    seed : int
        With which the check can be repeated.
    source : mapping of int to str, optional
        The cells by number. With them the record is no longer anonymous.

    Returns
    -------
    str
        ASCII text of at most ``MOST_BYTES``, without the source.

    Examples
    --------
    >>> wrong = TaskResult("softmax", "crashed", notes=(Note("crash_name", {"name": "annas_sum"}),))
    >>> record = json.loads(report_record(Checked("anna.py", (wrong,), "en", True, 0.5), {}, seed=7))
    >>> record["seed"], record["tasks"][0]["status"], record["tasks"][0]["notes"]
    (7, 'crashed', [{'id': 'crash_name', 'facts': {'name': '…'}}])
    """
    whole = source is not None
    record: dict[str, Any] = {
        "format": FORMAT,
        "versions": {"handgrad": version("handgrad"), "numpy": np.__version__, "python": platform.python_version()},
        "seed": seed,
        "isolated": checked.isolated,
        "tasks": [_task(result, whole) for result in checked.tasks],
    }
    trials = [one for of_task in compared.values() for one in of_task if one.found.status != "missing"]
    written = {one.call.id: json.dumps(_trial(one, whole)) for one in trials if _numbers(one) <= _MOST_NUMBERS}
    record |= {"trials": [], "trials_left_out": [one.call.id for one in trials]}
    room, kept = MOST_BYTES - len(_laid_out(record)) - len(_BETWEEN), set()
    for name, text in sorted(written.items(), key=lambda trial: len(trial[1])):
        room -= len(text) + len(_BETWEEN)
        if room >= 0:
            kept.add(name)
    record["trials"] = [json.loads(text) for name, text in written.items() if name in kept]
    record["trials_left_out"] = [one.call.id for one in trials if one.call.id not in kept]
    if source is not None:
        record["source"] = [{"cell": number, "source": text} for number, text in source.items()]
    return _laid_out(record)


def _laid_out(record: Mapping[str, Any]) -> str:
    """Write JSON with each task and each trial on a line of its own."""
    entries = []
    for key, value in record.items():
        lines = [json.dumps(item, allow_nan=False) for item in value] if isinstance(value, list) else []
        text = f"[{_BETWEEN[1:]}{_BETWEEN.join(lines)}\n  ]" if lines else json.dumps(value, allow_nan=False)
        entries.append(f'  "{key}": {text}')
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _task(result: TaskResult, whole: bool) -> dict[str, Any]:
    crash = result.crash
    return {
        "task": result.task,
        "status": result.status,
        "credit": result.credit,
        "findings": [_finding(finding, whole) for finding in result.findings],
        "notes": [_fact(note, whole) for note in result.notes],
        "consequences": result.consequences,
        "unseen": result.unseen,
        "crash": crash
        and {
            "type": _fact(crash.type, whole),
            "cell": crash.cell,
            "line": crash.line,
            **({"message": crash.message, "source": crash.source} if whole else {}),
        },
    }


def _finding(finding: Finding, whole: bool) -> dict[str, Any]:
    return {
        "mistake": finding.mistake,
        "quantities": finding.quantities,
        "facts": {name: _fact(fact, whole) for name, fact in finding.facts.items()},
        "seen": [_fact(note, whole) for note in finding.seen],
    }


def _fact(fact: Fact, whole: bool) -> Any:
    """Give a fact as data, without the learner's own words unless the record is to be ``whole``."""
    match fact:
        case Note(id=name, facts=facts):
            quoted = () if whole else _OWN_WORDS
            shown = {
                key: _LEFT_OUT if key in quoted else _fact(value, whole or key == _OURS) for key, value in facts.items()
            }
            return {"id": name, "facts": shown}
        case tuple():
            return [_fact(part, whole) for part in fact[:_MOST_PARTS]]
        case str():
            return fact if whole or fact in _WORDS or _NUMBERS.fullmatch(fact) else _LEFT_OUT
    return _number(fact)


def _numbers(one: Compared) -> int:
    """Count the numbers of a trial."""
    events = [event.value for answer in (one.found, one.expected) for event in answer.events]
    arrays = [*_given(one.call).values(), *one.found.values.values(), *one.expected.values.values(), *events]
    return sum(np.size(array) for array in arrays)


def _trial(one: Compared, whole: bool) -> dict[str, Any]:
    """Set what a submission gave in a trial beside what was expected, where the two differ."""
    found, expected = one.found, one.expected
    given = [label for label in expected.values if label in found.values]
    differ = [label for label in given if not _equal(found.values[label], expected.values[label])]
    trial: dict[str, Any] = {
        "id": one.call.id,
        "status": found.status,
        "given": {name: _array(value) for name, value in _given(one.call).items()},
        "equal": [label for label in given if label not in differ],
        "found": {label: _array(found.values[label]) for label in differ},
        "expected": {label: _array(expected.values[label]) for label in differ},
        "no_numbers": {label: _fact(kind, whole) for label, kind in found.left_out.items() if label in expected.values},
        "not_there": [label for label in expected.values if label not in {*given, *found.left_out}],
    }
    if expected.events:
        trial |= {"found_events": _events(found), "expected_events": _events(expected)}
    return trial


def _given(call: Call) -> dict[str, Any]:
    """List the arrays and numbers that a call is given, by name or position."""
    given = {f"argument{i}": value for i, value in enumerate(call.arguments)} | dict(call.keywords)
    for i, step in enumerate(call.steps):
        if step.arguments:
            given |= {f"{i}:{step.kind}:{step.name}:{j}": value for j, value in enumerate(step.arguments)}
    weights = getattr(call.arguments[0], "weights", {}) if call.arguments else {}
    return {name: value for name, value in (given | weights).items() if isinstance(value, np.ndarray | int | float)}


def _equal(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Tell whether two arrays have the same shape and, but for rounding, the same numbers."""
    if found.shape != expected.shape:
        return False
    return bool(np.allclose(found.astype(float), expected.astype(float), 1e-9, 0.0, equal_nan=True))


def _events(answer: Answer) -> list[list[Any]]:
    """Write what a routine did: the method, its argument, how many updates there had been, and the last one's rate."""

    def row(event: Event) -> list[Any]:
        value = event.value
        return [event.method, None if value is None else _array(value), event.step, _number(event.rate)]

    return [row(event) for event in answer.events]


def _array(value: Any) -> dict[str, Any]:
    """Write an array: its type, its shape and its numbers, row by row."""
    array = np.asarray(value)
    numbers = [_number(entry) for entry in array.ravel().tolist()]
    return {"type": array.dtype.name, "shape": array.shape, "numbers": numbers}


def _number(value: Any) -> Any:
    """Write a number; JSON has none that is not finite, so these become text."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
