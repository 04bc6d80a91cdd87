"""The results of a grading as plain data: a row for each submission, and how often each mistake was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.grading.rubric import Rubric
from handgrad.exercises.judging.hints import MEANT
from handgrad.exercises.report.feedback import own_text
from handgrad.exercises.report.parts import place, words
from handgrad.exercises.results import Checked, Language, TaskResult


@dataclass(frozen=True)
class Row:
    """One submission.

    Attributes
    ----------
    name, id : str
        The learner's name, as far as file names tell it, and the number in the course system, or "".
    checked : Checked or None
        None if it could not be checked; ``reason`` says why. Else it says what a person should look at, if anything.
    points : mapping of str to float
        For each task that counts; empty if it could not be checked.
    reason : str
    """

    name: str
    id: str
    checked: Checked | None
    points: Mapping[str, float]
    reason: str = ""

    @property
    def total(self) -> float:
        """The sum of the points."""
        return sum(self.points.values())


@dataclass(frozen=True)
class Grading:
    """The results of a class."""

    rows: tuple[Row, ...]
    rubric: Rubric
    language: Language

    @property
    def graded(self) -> tuple[Row, ...]:
        """The rows of submissions that could be checked."""
        return tuple(row for row in self.rows if row.checked)

    @property
    def isolated(self) -> bool:
        """Whether all code ran in the sandbox."""
        return all(row.checked.isolated for row in self.rows if row.checked)


@dataclass(frozen=True)
class MistakeCount:
    """The number of submissions with a mistake in a task; ``mistake`` is None for causes that were not recognised."""

    task: str
    mistake: str | None
    title: str
    submissions: int


def to_look_at(checked: Checked, language: Language) -> str:
    """Say why tasks may have no points although they were written: a name that is misspelled, or no valid Python.

    Examples
    --------
    >>> from handgrad.exercises.results import Note, TaskResult
    >>> note = Note("missing_similar", {"name": "softmax", "similar": "softMax"})
    >>> to_look_at(Checked("a", (TaskResult("softmax", "not_attempted", notes=(note,)),), "en", True, 0.1), "en")[:39]
    'softmax: There is no softmax here, but '
    """
    tasks: dict[str, list[str]] = {}
    for result in checked.tasks:
        broken = result.crash is not None and result.crash.type in ("SyntaxError", "IndentationError", "TabError")
        if broken or any(note.id in MEANT for note in result.notes) or _is_hidden(result):
            where = f"{place(result.crash, language)}: " if result.crash else ""
            tasks.setdefault(where + own_text(result, language), []).append(result.task)
    return " ".join(f"{', '.join(names)}: {text}" for text, names in tasks.items())


def _is_hidden(result: TaskResult) -> bool:
    """Say whether something was written that does not run: the line that raises was left, or a blank copy is below."""
    hidden = any(note.id in ("still_raises", "defined_twice") for note in result.notes)
    return hidden and result.status == "not_attempted"


def count_mistakes(grading: Grading) -> tuple[MistakeCount, ...]:
    """Count the submissions with each mistake, the most frequent first.

    Examples
    --------
    >>> count_mistakes(Grading((), Rubric({"del_sigmoid": 1.0}), "en"))
    ()
    """
    often = Counter(
        found
        for row in grading.graded
        if row.checked
        for found in {
            (result.task, finding.mistake)
            for result in row.checked.tasks
            if result.status != "right"  # whose findings are remarks
            for finding in result.findings
        }
    )
    counts = (
        MistakeCount(task, mistake, _title(mistake, grading.language), count)
        for (task, mistake), count in often.items()
    )
    order = list(grading.rubric.points)
    return tuple(sorted(counts, key=lambda one: (-one.submissions, order.index(one.task), one.title)))


def _title(mistake: str | None, language: Language) -> str:
    return words(language)["unrecognised"] if mistake is None else catalogue()[mistake].words[language].title
