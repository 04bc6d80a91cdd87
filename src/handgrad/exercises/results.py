"""What a check found, task by task: ids and facts, which ``report`` puts into words and ``grading`` counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from handgrad.exercises.calls import Crash

Language = Literal["en", "de"]
Status = Literal["right", "not_attempted", "crashed", "too_slow", "wrong", "not_judged"]


@dataclass(frozen=True)
class Note:
    """One thing to be said.

    Attributes
    ----------
    id : str
        A key of ``words/feedback.*.toml``, whose sentence names the facts in braces.
    facts : mapping of str to fact
        A name or text, a number, another note, or a tuple of these, which is spoken as a list.
    """

    id: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


Fact = str | int | float | Note | tuple[str, ...] | tuple[float, ...] | tuple[Note, ...]


@dataclass(frozen=True)
class Finding:
    """One wrong quantity, or one recognised mistake.

    Attributes
    ----------
    quantities : tuple of str
        The quantities that it makes wrong, in the order of the chain.
    mistake : str or None
        The catalogue's id, or None if the cause was not recognised.
    facts : mapping of str to fact
        What the mistake's message needs: this submission's own numbers, names and shapes.
    seen : tuple of Note
        What was observed besides; of an unrecognised cause, all there is to say.
    equation : str
    repair : Note or None
        A small change of the learner's own code that makes the task right, where the cause was not recognised.
    """

    quantities: tuple[str, ...]
    mistake: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seen: tuple[Note, ...] = ()
    equation: str = ""
    repair: Note | None = None


@dataclass(frozen=True)
class Picture:
    """A small worked example: what was expected, and what this submission gives, as rows of numbers or text.

    ``by_chance`` says that the expected rows are one of many possibilities, so that no difference tells anything.
    """

    caption: Note
    expected: tuple[tuple[float | str, ...], ...]
    found: tuple[tuple[float | str, ...], ...]
    by_chance: bool = False


@dataclass(frozen=True)
class TaskResult:
    """What was found of one task.

    Attributes
    ----------
    task : str
        A name of ``tasks.TASKS``.
    status : Status
        ``not_judged`` if the judge itself failed, which is no fault of the submission.
    findings : tuple of Finding
        For ``wrong``, at least one, that of the first wrong quantity first. For ``right``, remarks on what costs
        nothing, such as an overflow that the sheet's own formula has, too; they have no quantities.
    notes : tuple of Note
        What is to be said of the task besides its findings.
    consequences : tuple of str
        Quantities that are wrong only because earlier ones are.
    unseen : tuple of str
        Quantities that could not be judged: deltas that are not kept (nor need they be), whatever a crash left out, and
        what comes after a wrong gradient whose delta is not there to see.
    crash : Crash or None
    picture : Picture or None
    credit : float
        The share of the points, in [0, 1].
    """

    task: str
    status: Status
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    consequences: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    crash: Crash | None = None
    picture: Picture | None = None
    credit: float = 0.0


@dataclass(frozen=True)
class Checked:
    """A whole submission.

    Attributes
    ----------
    name : str
    tasks : tuple of TaskResult
    language : Language
        The one that its reader wants.
    isolated : bool
        False if the code ran without a sandbox; then it is a self-check.
    seconds : float
    """

    name: str
    tasks: tuple[TaskResult, ...]
    language: Language
    isolated: bool
    seconds: float
