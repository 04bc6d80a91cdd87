"""Adds to a result what the source code reveals: a similar name, a method outside its class, other parameters."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace

from handgrad.exercises.results import Note, TaskResult
from handgrad.exercises.submission.outline import Function, Outline
from handgrad.exercises.tasks import TASKS

METHODS = frozenset(name for name, task in TASKS.items() if task.kind == "method") | {"forward_propagation"}
# Another definition was probably meant for the task.
MEANT = ("missing_similar", "missing_inside", "missing_outside", "missing_nested")
_MOST = 200  # names that are compared
_SIMILAR = 0.6  # of difflib's ratio
_CALLED = re.compile(r"(?:(\w+)\.)?(\w+)\(\) (?:takes|missing|got)")
_LACKING = re.compile(r"object has no attribute '(\w+)'|object is not callable")
# The parameters of the methods that the sheet gives.
_GIVEN = {"__init__": ("n_input", "n_hidden1", "n_hidden2", "n_out", "rng"), "forward_propagation": ("X",)}


def explained(result: TaskResult, outline: Outline) -> TaskResult:
    r"""Say more about a task that is missing, or that fails for a reason visible in the source code.

    Examples
    --------
    >>> from handgrad.exercises.submission.outline import outline
    >>> from handgrad.exercises.submission.reading import Cell, Submission
    >>> missing = TaskResult("softmax", "not_attempted", notes=(Note("missing", {"name": "softmax"}),))
    >>> explained(missing, outline(Submission("a.py", (Cell(0, "def softMax(X):\n    return X\n"),)))).notes
    (Note(id='missing_similar', facts={'name': 'softmax', 'similar': 'softMax'}),)
    """
    if any(note.id == "missing" for note in result.notes):
        return replace(result, notes=(_missing(result.task, outline),))
    if result.status == "not_attempted" and result.task in outline.blocked:
        return replace(result, notes=(Note("still_raises", {"name": result.task}),))
    notes = [_of_those_called(note, outline) if note.id == "follows" else note for note in result.notes]
    notes = [_of_parameters(note, result.task, outline) if note.id == "crash_name" else note for note in notes]
    if result.status != "right" and result.task in outline.repeated:
        notes.append(Note("defined_twice", {"name": result.task}))
    if result.crash and (pasted := outline.pasted.get(result.crash.cell)):
        notes = [Note(f"pasted_{pasted}")]
    for better in (_hidden(result, outline), _other_parameters(result, outline), _lost(result, outline)):
        if better:
            notes = [note for note in notes if not note.id.startswith("crash_")] + [better]
    if result.status in ("wrong", "crashed") and (loose := _from_outside(result.task, outline)):
        notes.insert(0, Note("uses_outside", {"name": result.task, "names": loose}))
    return replace(result, notes=tuple(notes))


def _of_those_called(note: Note, outline: Outline) -> Note:
    """Keep of the wrong functions those that backprop calls, itself or through others; all if that cannot be seen."""
    backprop = outline.classes.get("fcc", {}).get("backprop")
    called = set(backprop.uses) if backprop else set()
    while more := {use for name in called & outline.functions.keys() for use in outline.functions[name].uses} - called:
        called |= more
    helpers = note.facts["helpers"]
    kept = tuple(name for name in helpers if name in called) if isinstance(helpers, tuple) else ()
    return Note("follows", {"helpers": kept}) if kept else note


def _of_parameters(note: Note, task: str, outline: Outline) -> Note:
    """Say of an unknown name in a function, which has no network, what the function's parameters are."""
    own = _own(task, outline)
    if TASKS[task].kind != "function" or own is None:
        return note
    return Note("crash_name_function", {**note.facts, "task": task, "parameters": ", ".join(own.parameters)})


def _missing(task: str, outline: Outline) -> Note:
    """Say of a task that is not there what may have been meant for it."""
    if TASKS[task].kind != "method":
        if task in outline.nested:
            return Note("missing_nested", {"name": task})
        if any(task in methods for methods in outline.classes.values()):
            return Note("missing_inside", {"name": task})
        if near := _similar(task, outline.functions.keys() - TASKS.keys()):
            return Note("missing_similar", {"name": task, "similar": near})
        if TASKS[task].kind == "routine" and outline.trains:
            return Note("missing_at_top", {"name": task})
        return Note("missing", {"name": task})
    if "fcc" not in outline.classes:
        if "fcc" in outline.nested:
            return Note("missing_nested", {"name": "class fcc"})
        like = [name for name, methods in outline.classes.items() if METHODS & methods.keys()]
        if near := _similar("fcc", outline.classes) or next(iter(like), None):
            return Note("missing_similar", {"name": "class fcc", "similar": f"class {near}"})
        return Note("missing_class", {"name": task})
    if task in outline.functions:
        return Note("missing_outside", {"name": task})
    if task in outline.lost:
        return _class_twice(outline)
    if near := _similar(task, outline.classes["fcc"].keys() - TASKS.keys() - METHODS):
        return Note("missing_similar", {"name": task, "similar": near})
    return Note("missing", {"name": task})


def _similar(name: str, candidates: Iterable[str]) -> str | None:
    """Find the most similar name: misspelled, abbreviated, with its words in another order, or the initials."""
    likely = sorted(candidate for candidate in candidates if len(candidate) < 3 * len(name))[:_MOST]
    scores = {candidate: _likeness(name, candidate) for candidate in likely}
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] >= _SIMILAR else None


def _likeness(name: str, other: str) -> float:
    """Compare two names by their words, in whatever order."""
    words, others = _words(name), _words(other)
    if len(words) > 1 and "".join(word[0] for word in words) == "".join(others):
        return 1.0
    if min(len(name), len(other)) > 3 and ("".join(others).startswith("".join(words)) or name.startswith(other)):
        return 0.9
    return max(
        difflib.SequenceMatcher(None, "".join(a), "".join(b)).ratio()
        for a, b in ((words, others), (sorted(words), sorted(others)))
    )


def _words(name: str) -> list[str]:
    """Split a name in snake or camel case into words in small letters."""
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def _own(task: str, outline: Outline) -> Function | None:
    """Find the definition of a task, or of a method that the sheet gives."""
    if task in _GIVEN or (task in TASKS and TASKS[task].kind == "method"):
        return outline.classes.get("fcc", {}).get(task)
    return outline.functions.get(task) if task in TASKS else None


def _other_parameters(result: TaskResult, outline: Outline) -> Note | None:
    """Say that a function takes other parameters than on the sheet, if a call of it crashed because of that."""
    called = result.crash and result.crash.type == "TypeError" and _CALLED.search(result.crash.message)
    if not called or called[1] not in (None, "fcc") or (own := _own(called[2], outline)) is None:
        return None
    name, expected = called[2], _GIVEN.get(called[2]) or TASKS[called[2]].parameters
    if own.first in expected:
        return Note("no_self", {"name": name})
    if own.parameters == expected:
        return None
    written = [f"({', '.join(names)})" for names in (own.parameters, expected)]
    return Note("other_parameters", {"name": name, "found": written[0], "expected": written[1]})


def _hidden(result: TaskResult, outline: Outline) -> Note | None:
    """Say that what crashed in a line is a name that is no longer NumPy, or Python's own function."""
    lacking = _LACKING.search(_message(result))
    if not result.crash or not lacking:
        return None
    asked = rf"\.{lacking[1]}\b" if lacking[1] else r"\("
    methods = outline.classes.get("fcc", {})
    used = {name for function in (*outline.functions.values(), *methods.values()) for name in function.uses}
    for name in sorted(outline.hidden & used):
        if re.search(rf"(?<![\w.]){name}{asked}", result.crash.source):
            return Note("hidden", {"name": name})
    return None


def _lost(result: TaskResult, outline: Outline) -> Note | None:
    """Say that a second class fcc lacks what the first one has, if this is what failed."""
    lacking = re.search(r"'fcc' object has no attribute '(\w+)'|fcc\(\) takes no arguments", _message(result))
    return _class_twice(outline) if lacking and (lacking[1] or "__init__") in outline.lost else None


def _class_twice(outline: Outline) -> Note:
    return Note("class_twice", {"names": tuple(sorted(outline.lost))})


def _message(result: TaskResult) -> str:
    return result.crash.message if result.crash else ""


def _from_outside(task: str, outline: Outline) -> tuple[str, ...]:
    """Name the data and networks that a task's function does not get as arguments."""
    own = _own(task, outline)
    return tuple(sorted(own.uses & outline.loose)) if own else ()
