"""What the reports share: words, cleaned text, the chain of quantities, places in the code."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from handgrad.exercises.calls import Crash
from handgrad.exercises.results import Status, TaskResult
from handgrad.exercises.tasks import TASKS
from handgrad.exercises.words.wording import texts

MARKS: dict[Status, str] = {
    "right": "✓", "not_attempted": "○", "crashed": "!", "too_slow": "…", "wrong": "✗", "not_judged": "?",
}  # fmt: skip
_LONGEST = 4000  # characters of one piece of text
_MOST_LINES = 60


def words(language: str) -> Mapping[str, str]:
    """Read what the reports themselves say in a language; see :func:`handgrad.exercises.words.wording.texts`.

    Examples
    --------
    >>> words("en")["status_right"], words("de")["status_right"]
    ('right', 'richtig')
    """
    return texts("report", language)


def clean(text: str) -> str:
    """Make text harmless that may come from a submission: no control characters, no reversed writing, no flood.

    Examples
    --------
    >>> clean("red?" + chr(27) + "[31m") == "red?" + chr(0xFFFD) + "[31m"
    True
    """
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    lines = text.expandtabs(4).splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], "…"]
    return "\n".join("".join(map(_harmless, line)) for line in lines)


def clean_line(text: str) -> str:
    """Clean text that has to stay on one line, such as a name."""
    return " ".join(clean(text).split())


def _harmless(letter: str) -> str:
    if unicodedata.category(letter) == "Zs":
        return " "
    return letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


State = Literal["ok", "wrong", "follows", "unseen"]


@dataclass(frozen=True)
class Link:
    """One quantity along the chain, and how it stands; ``first`` for the first wrong one."""

    quantity: str
    state: State
    first: bool = False


def chain(result: TaskResult) -> tuple[Link, ...]:
    """List a wrong task's quantities in the order in which they are computed; none where there is only one.

    Examples
    --------
    >>> from handgrad.exercises.results import Finding
    >>> wrong = TaskResult("gradient_step", "wrong", (Finding(("b_h1",)),), consequences=("b_h2",))
    >>> [link.state for link in chain(wrong)]
    ['ok', 'wrong', 'ok', 'follows', 'ok', 'ok']
    """
    quantities = TASKS[result.task].quantities
    if result.status != "wrong" or len(quantities) < 2:
        return ()
    states: dict[str, State] = dict.fromkeys(quantities, "ok")
    states |= dict.fromkeys(result.unseen, "unseen")
    states |= dict.fromkeys(result.consequences, "follows")
    states |= dict.fromkeys((quantity for finding in result.findings for quantity in finding.quantities), "wrong")
    first = first_wrong(result)
    return tuple(Link(quantity, states[quantity], quantity == first) for quantity in quantities)


def is_sequence(result: TaskResult) -> bool:
    """Tell whether each quantity is computed from those before it, so that arrows may join them."""
    return TASKS[result.task].name == "backprop"


def first_wrong(result: TaskResult) -> str | None:
    """Name the first wrong quantity, if there is one."""
    return next((quantity for finding in result.findings for quantity in finding.quantities), None)


def has_more(result: TaskResult) -> bool:
    """Tell whether there is more to say of a task than its status; of a right one, there may be remarks."""
    return result.status != "right" or bool(result.findings)


def alike(results: Sequence[TaskResult]) -> list[list[TaskResult]]:
    """Group tasks with the same message, such as all those in a cell that is not valid Python; right ones come last.

    Examples
    --------
    >>> slow = [TaskResult(task, "too_slow", notes=()) for task in ("sigmoid", "softmax")]
    >>> [[result.task for result in group] for group in alike([*slow, TaskResult("accuracy", "right")])]
    [['sigmoid', 'softmax'], ['accuracy']]
    """
    groups: list[list[TaskResult]] = []
    for result in sorted(results, key=lambda result: result.status == "right"):
        group = next((group for group in groups if _same(result, group[0])), None)
        if group is None:
            groups.append([result])
        else:
            group.append(result)
    return groups


def _same(one: TaskResult, other: TaskResult) -> bool:
    """Tell whether there is the same to say of two tasks; where NumPy is not imported, whatever the line."""
    if one.findings or other.findings:
        return False
    everywhere = [note.id for note in one.notes] == ["crash_numpy"] and one.notes == other.notes
    return everywhere or replace(one, task=other.task) == other


def task_number(task: str) -> str:
    """Return the number of a task as on the sheets: sheet, point, task."""
    return f"{TASKS[task].sheet}.{TASKS[task].number}"


def place(crash: Crash, language: str) -> str:
    """Say in which cell and line it was."""
    key = "where_cell" if crash.cell else "where_line"
    return words(language)[key].format(cell=crash.cell, line=crash.line)


def decimal(value: float, language: str, digits: int = 2) -> str:
    """Write a number with at most ``digits`` decimals, and a decimal comma in German."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") if language == "de" else text


def number(value: float, language: str, digits: int = 4) -> str:
    """Write a number with ``digits`` significant digits, and a decimal comma in German.

    Examples
    --------
    >>> number(0.0312513, "en"), number(-1200.0, "de"), number(0.5, "de")
    ('0.03125', '-1200', '0,5')
    """
    text = f"{value:.{digits}g}"
    return text.replace(".", ",") if language == "de" else text
