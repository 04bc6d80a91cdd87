"""Calls a submission's code in an isolated process, and validates its answers field by field.

One process answers all calls. If a call ends it, or is too slow, a new process continues with the remaining calls. An
answer that is not valid counts as if the process had ended.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Answer, Call, Crash, Event, Name, Network, Random, Ufunc
from handgrad.exercises.sandbox.isolation import Limits, Sandbox
from handgrad.exercises.sandbox.process import EndedError, Message, Process
from handgrad.exercises.submission.reading import Cell

DEFAULT_LIMITS = Limits()
MOST_STEPS = 1_000_000  # of what a routine counts
Reference = Callable[[object], NDArray[Any]]


def run_calls(
    cells: Sequence[Cell], calls: Sequence[Call], sandbox: Sandbox, limits: Limits = DEFAULT_LIMITS, seed: int = 0
) -> list[Answer]:
    r"""Run a submission's code in a process of its own, and carry out calls.

    Safe to use from several threads at once.

    Parameters
    ----------
    cells : sequence of Cell
        Loaded in order into one module. If a statement fails, only the names that it defines are missing.
    calls : sequence of Call
        Carried out in order. Whatever a call leaves in the module is visible to the next, so no call may contain the
        answer to another one.
    sandbox : Sandbox
    limits : Limits, optional
    seed : int, default 0
        Before each call, NumPy's and Python's global generators are seeded with this and the call's ``id``.

    Returns
    -------
    list of Answer
        One for each call, in order. A call that ends the process is repeated once in a new one, as an earlier call may
        be to blame. Once a function was too slow, or ended a new process, further calls of it get the same answer
        without being made. After a step that crashed, steps that read are still carried out.

    Raises
    ------
    ExerciseError
        If the process cannot be started; never because of anything that the submission does.

    Examples
    --------
    >>> from handgrad.exercises.sandbox.isolation import find_sandbox
    >>> cells = [Cell(1, "import numpy as np"), Cell(2, "def sigmoid(X):\n    return 1 / (1 + np.exp(-X))")]
    >>> [answer] = run_calls(cells, [Call("a", "function", "sigmoid", (np.zeros(2),))], find_sandbox(allow_none=True))
    >>> answer.status, answer.values["return"]
    ('ok', array([0.5, 0.5]))
    """
    sources = {cell.number: cell.source for cell in cells}
    answers: list[Answer] = []
    failed: dict[tuple[str, ...], EndedError] = {}
    end = time.monotonic() + limits.total
    process: Process | None = None
    try:
        while len(answers) < len(calls):
            call = calls[len(answers)]
            if (before := failed.get(_asked(call))) is not None:
                answers.append(Answer(call.id, before.status, reason=f"another call of it: {before}"))
                continue
            if time.monotonic() > end:
                answers.append(Answer(call.id, "too_slow", reason=f"all calls together took over {limits.total:g} s"))
                continue
            fresh = process is None
            if process is None:
                process = Process(sandbox, limits)
                try:
                    process.load(cells)
                except EndedError as error:
                    left = calls[len(answers) :]
                    return [*answers, *(Answer(call.id, error.status, reason=str(error)) for call in left)]
            try:
                answers.append(_answer(call, process.ask(_request(call, seed), call.seconds), sources))
            except EndedError as error:
                process.kill()
                process = None
                if fresh or error.status == "too_slow":  # else an earlier call may be to blame: ask once more
                    failed[_asked(call)] = error
                    answers.append(Answer(call.id, error.status, reason=str(error)))
    finally:
        if process is not None:
            process.kill()
    return answers


def _asked(call: Call) -> tuple[str, ...]:
    """Name the function, or the class and methods, that a call is about; or that it is as on the sheet."""
    return (call.kind, call.name, str(call.as_written), *(step.name for step in call.steps if step.kind == "call"))


def _request(call: Call, seed: int) -> Message:
    """Write a call as a frame's header and arrays."""
    arrays: list[NDArray[Any]] = []

    def refer(array: NDArray[Any]) -> int:
        arrays.append(array)
        return len(arrays) - 1

    def described(value: object) -> object:
        match value:
            case np.ndarray():
                return {"array": refer(value)}
            case np.generic():
                return value.item()
            case Name(name):
                return {"name": name}
            case Ufunc(name):
                return {"ufunc": name}
            case Random(number):
                return {"random": number}
            case Network(weights):
                return {"network": {name: refer(array) for name, array in weights.items()}}
        return value

    header = {
        "kind": call.kind,
        "name": call.name,
        "counted": call.counted,
        "as_written": call.as_written,
        "seed": zlib.crc32(f"{seed} {call.id}".encode()),
        "arguments": [described(value) for value in call.arguments],
        "keywords": {name: described(value) for name, value in call.keywords.items()},
        "steps": [
            {
                "kind": step.kind,
                "name": step.name,
                "label": step.label,
                "times": step.times,
                "again": step.again,
                "arguments": list(map(described, step.arguments)),
            }
            for step in call.steps
        ],
        "canned": {name: [refer(array) for array in given] for name, given in call.canned.items()},
    }
    return header, arrays


def _answer(call: Call, message: Message, sources: dict[int, str]) -> Answer:
    """Read the answer to a call, if it is valid."""
    header, arrays = message
    unread = dict(enumerate(arrays))

    def referred(value: object) -> NDArray[Any]:
        match value:  # each only once, so that what is read is no more than what was written
            case {"array": int(index)} if index in unread:
                return unread.pop(index)
        raise EndedError("it referred to an array that it had not written")

    match header:
        case {
            "status": "ok" | "missing" | "not_attempted" | "crashed" | "too_slow" as status,
            "values": dict() as values,
            "left_out": dict() as left_out,
            "events": list() as events,
        }:
            return Answer(
                id=call.id,
                status=status,
                values={label: referred(value) for label, value in values.items()},
                events=tuple(_event(event, referred) for event in events),
                crash=_crash(header.get("crash"), sources),
                reason=_text(header.get("reason", "")),
                left_out={label: _text(kind) for label, kind in left_out.items()},
            )
    raise EndedError("it wrote an invalid answer")


def _event(event: object, referred: Reference) -> Event:
    """Read one event; arrays without dimensions become numbers."""
    match event:
        case [
            (
                "forward_propagation" | "backprop" | "gradient_step" | "outputs" | "cross_entropy" | "accuracy" | "end"
            ) as method,
            value,
            int() as step,
            float() | None as rate,
        ] if 0 <= step <= MOST_STEPS:
            array = None if value is None else referred(value)
            return Event(method, array.item() if array is not None and array.ndim == 0 else array, step, rate)
    raise EndedError("it wrote an invalid event")


def _crash(crash: object, sources: dict[int, str]) -> Crash | None:
    """Read the place of a crash, and look up the line in the submission."""
    match crash:
        case None:
            return None
        case {"type": kind, "message": message, "cell": int(cell), "line": int(line)}:
            lines = sources[cell].split("\n") if cell in sources else []
            if not 0 < line <= len(lines):
                cell = line = 0
            source = lines[line - 1].strip() if line else ""
            return Crash(_text(kind, 100), _text(message, 2000), cell, line, _text(source, 500))
    raise EndedError("it wrote an invalid crash")


def _text(value: object, most: int = 500) -> str:
    """Read a short text, without control characters."""
    if not isinstance(value, str):
        raise EndedError("it wrote something else in place of a text")
    shown = (
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in value[:most]
    )
    return "".join(shown)
