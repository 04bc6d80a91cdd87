"""What a check found, task by task: plain data, which ``report`` shows and ``grade`` counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handgrad.exercises.calls import Crash

Language = Literal["en", "de"]
Status = Literal["right", "not_attempted", "crashed", "too_slow", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One wrong quantity, or one recognised mistake.

    Attributes
    ----------
    quantities : tuple of str
        Those that it makes wrong, in the order of the chain.
    mistake : str or None
        The catalogue's id, or None where the cause was not recognised.
    message : str
        One or two sentences: what is wrong, with this submission's own numbers.
    hint : str
        A push in the right direction.
    explanation : str
        The whole story, for ``--explain``; never code.
    equation : str
    """

    quantities: tuple[str, ...]
    mistake: str | None
    message: str
    hint: str = ""
    explanation: str = ""
    equation: str = ""


@dataclass(frozen=True)
class Picture:
    """A small example, worked by hand: what was expected, and what this submission gives, as rows of numbers."""

    caption: str
    expected: tuple[tuple[str, ...], ...]
    found: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TaskResult:
    """What was found of one task.

    Attributes
    ----------
    task : str
        A name of ``tasks.TASKS``.
    status : Status
    findings : tuple of Finding
        For ``wrong``, at least one, that of the first wrong quantity first. For ``right``, remarks on what costs
        nothing, such as an overflow that the sheet's own formula has, too; they have no quantities.
    consequences : tuple of str
        Quantities that are wrong only because earlier ones are.
    unseen : tuple of str
        Quantities that could not be judged: deltas that are not kept (nor need they be), whatever a crash left out, and
        what comes after a wrong gradient whose delta is not there to see.
    message : str
        For every status: one or two sentences in plain words.
    crash : Crash or None
    picture : Picture or None
    credit : float
        The share of the points, in [0, 1].
    """

    task: str
    status: Status
    message: str
    findings: tuple[Finding, ...] = ()
    consequences: tuple[str, ...] = ()
    crash: Crash | None = None
    picture: Picture | None = None
    credit: float = 0.0
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """A whole submission. ``isolated`` is False where the code ran without a sandbox: then it is a self-check."""

    name: str
    tasks: tuple[TaskResult, ...]
    language: Language
    isolated: bool
    seconds: float
