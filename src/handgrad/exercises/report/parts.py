"""What the reports share: words, cleaned text, the chain of quantities, places in the code."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Crash
from handgrad.exercises.results import Picture, Status, TaskResult
from handgrad.exercises.tasks import TASKS

MARKS: dict[Status, str] = {"right": "✓", "not_attempted": "○", "crashed": "!", "too_slow": "…", "wrong": "✗"}
LANGUAGES = ("en", "de")
_LONGEST = 4000  # characters of one piece of text
_MOST_LINES = 60


@cache
def words(language: str) -> dict[str, str]:
    """Read the words of a language.

    Raises
    ------
    ExerciseError
        If there is no such language.

    Examples
    --------
    >>> words("en")["status_right"], words("de")["status_right"]
    ('right', 'richtig')
    """
    if language not in LANGUAGES:
        raise ExerciseError(f"language {language!r}", "en or de", "name one of the two")
    text = resources.files("handgrad.exercises.words").joinpath(f"report.{language}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


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
    >>> wrong = TaskResult("gradient_step", "wrong", "", (Finding(("b_h1",), None, ""),), ("b_h2",))
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


def own_message(result: TaskResult) -> str:
    """Give what a task's message says beyond its findings; of a right or wrong one with findings, these say it all."""
    if result.findings and result.status in ("right", "wrong"):
        return ""
    message = result.message
    for finding in result.findings:
        message = message.replace(finding.message, "") if finding.message else message
    return message.strip()


def task_number(task: str) -> str:
    """Return the number of a task as on the sheets: sheet, point, task."""
    return f"{TASKS[task].sheet}.{TASKS[task].number}"


def place(crash: Crash, language: str) -> str:
    """Say in which cell and line it was."""
    key = "where_cell" if crash.cell else "where_line"
    return words(language)[key].format(cell=crash.cell, line=crash.line)


def decimal(value: float, language: str, digits: int = 2) -> str:
    """Write a number with at most so many digits after the point, which is a comma in German."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") if language == "de" else text


def differing(picture: Picture) -> frozenset[tuple[int, int]]:
    """Tell which numbers of a picture differ, by row and column; none where the two have not the same shape.

    Examples
    --------
    >>> sorted(differing(Picture("", (("1", "2"),), (("1", "3"),))))
    [(0, 1)]
    """
    if [len(row) for row in picture.expected] != [len(row) for row in picture.found]:
        return frozenset()
    return frozenset(
        (i, j)
        for i, (expected, found) in enumerate(zip(picture.expected, picture.found, strict=True))
        for j in range(len(expected))
        if expected[j] != found[j]
    )
