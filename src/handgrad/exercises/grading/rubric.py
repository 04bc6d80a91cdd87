"""Rubrics: the points of each task, the weight of partial credit, and the price of named mistakes, as a TOML file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from handgrad.errors import ExerciseError
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.results import TaskResult
from handgrad.exercises.tasks import TASKS
from handgrad.files import opened
from handgrad.parsing import parse_toml

_LARGEST = 1_000_000
_KEYS = ("partial_credit", "rounding", "points", "deductions")


@dataclass(frozen=True)
class Rubric:
    """How results are turned into points.

    Attributes
    ----------
    points : mapping of str to float
        The points of each task that counts.
    partial_credit : float, default 1
        In [0, 1]: the share of its credit that an incorrect task keeps. With 0, only correct tasks get points.
    rounding : float, default 0.25
        A task's points are rounded to the nearest multiple of this, halves up, but an incorrect task never reaches
        full points. With 0, points are not rounded.
    deductions : mapping of str to float
        The price of a mistake, by its id, instead of what partial credit would deduct. It applies to a task if all of
        its findings are listed here.

    Examples
    --------
    >>> rubric = Rubric({"backprop": 4.0})
    >>> rubric.score(TaskResult("backprop", "wrong", "", credit=7 / 9))
    3.0
    >>> rubric.score(TaskResult("backprop", "wrong", "", credit=0.99))
    3.75
    >>> from handgrad.exercises.results import Note
    >>> rubric.score(TaskResult("backprop", "wrong", notes=(Note("follows"),), credit=1.0))
    4.0
    """

    points: Mapping[str, float]
    partial_credit: float = 1.0
    rounding: float = 0.25
    deductions: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def maximum(self) -> float:
        """The points of a fully correct submission."""
        return sum(self.points.values())

    def score(self, result: TaskResult) -> float:
        """Give the points of a task that counts, between zero and the task's maximum."""
        points = self.points[result.task]
        follows = any(note.id == "follows" for note in result.notes)  # only another task is to blame
        if result.status == "right" or (follows and result.credit == 1):
            return points
        named = [finding.mistake for finding in result.findings]
        if named and all(mistake in self.deductions for mistake in named):
            got = points - sum(self.deductions[mistake] for mistake in set(named) if mistake)
        else:
            got = points * result.credit * self.partial_credit
        return self._rounded(max(got, 0.0), points)

    def _rounded(self, got: float, points: float) -> float:
        """Round as people do on paper (0.125 is half of 0.25, whatever it is in binary), and keep below full points."""
        if not self.rounding:
            return round(min(got, points), 4)
        step = Decimal(str(self.rounding))
        steps = (Decimal(str(round(got, 9))) / step).quantize(Decimal(1), ROUND_HALF_UP)
        if steps * step >= Decimal(str(points)):
            steps = (Decimal(str(points)) / step).to_integral_value(ROUND_CEILING) - 1
        return float(max(steps, Decimal(0)) * step)


def default_rubric(sheet: int = 4) -> Rubric:
    """Give the rubric of a sheet: every task of it counts, with the points of :data:`handgrad.exercises.tasks.TASKS`.

    Examples
    --------
    >>> default_rubric(4).maximum
    14.0
    """
    return Rubric({task.name: task.points for task in TASKS.values() if task.sheet == sheet})


def default_rubric_text(sheet: int = 4) -> str:
    """Write the rubric of a sheet as TOML, to start from.

    Examples
    --------
    >>> "backprop = 4" in default_rubric_text().splitlines()
    True
    """
    rubric = default_rubric(sheet)
    points = "\n".join(f"{task} = {value:g}" for task, value in rubric.points.items())
    mistakes = [name for name, mistake in catalogue().items() if not rubric.points.keys().isdisjoint(mistake.tasks)]
    return f"""\
# The rubric of a sheet. Use it with: handgrad grade ... --rubric THIS_FILE

# The share of its credit that an incorrect task keeps. 1: all of it; 0: only correct tasks get points.
# A task's credit is the share of its quantities that it computes correctly. Each is tried from correct inputs as well,
# so that one mistake is not punished twice.
partial_credit = {rubric.partial_credit:g}

# A task's points are rounded to a multiple of this, but never up to full points. 0: no rounding.
rounding = {rubric.rounding:g}

# The points of each task that counts. Tasks that are not listed do not count.
[points]
{points}

# The price of a mistake in a task without any other mistake, instead of what partial credit would deduct.
[deductions]
# {min(mistakes)} = 0.5
"""


def read_rubric(path: Path) -> Rubric:
    """Read a rubric.

    Parameters
    ----------
    path : Path
        Of a TOML file such as :func:`default_rubric_text` writes.

    Raises
    ------
    ExerciseError
        If it is not valid TOML, or has an invalid key, task, mistake or number.
    DataError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rubric.toml"
    >>> _ = path.write_text(default_rubric_text())
    >>> read_rubric(path) == default_rubric()
    True
    """
    with opened(path) as file:
        content = file.read(100_001)
    try:
        if len(content) > 100_000:
            raise ValueError("over 100,000 bytes")
        table = parse_toml(content.decode("utf-8-sig"))
    except ValueError as error:
        raise ExerciseError(
            f"{path} is not valid TOML ({error})", "a rubric", "start from the default rubric"
        ) from error
    for key in table:
        if key not in _KEYS:
            _unknown(f"the key {key!r} in {path}", _KEYS, key)
    points = _numbers(table, "points", path, TASKS)
    if not points:
        raise ExerciseError(f"no task has points in {path}", "at least one", "list the tasks that count under [points]")
    if min(points.values()) == 0:
        free = next(task for task, value in points.items() if value == 0)
        raise ExerciseError(f"0 points for {free} in {path}", "more than 0", "leave out a task that does not count")
    return Rubric(
        MappingProxyType(points),
        _number(table.get("partial_credit", Rubric.partial_credit), f"partial_credit in {path}", 1),
        _number(table.get("rounding", Rubric.rounding), f"rounding in {path}", _LARGEST),
        MappingProxyType(_numbers(table, "deductions", path, catalogue())),
    )


def _numbers(table: Mapping[str, Any], key: str, path: Path, known: Iterable[str]) -> dict[str, float]:
    """Read a table of numbers whose keys are known names."""
    values = table.get(key, {})
    if not isinstance(values, dict):
        raise ExerciseError(f"{key} in {path} is {values!r:.50}", "a table", f"write [{key}] and a line for each entry")
    for name in values:
        if name not in known:
            _unknown(f"{name!r} under [{key}] in {path}", known, name)
    return {name: _number(value, f"{name} under [{key}] in {path}", _LARGEST) for name, value in values.items()}


def _number(value: object, what: str, largest: float) -> float:
    """Accept a number between 0 and a maximum."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
        raise ExerciseError(f"{what} is {value!r:.50}", f"a number from 0 to {largest:g}", "correct this line")
    return float(value)


def _unknown(what: str, known: Iterable[str], name: str) -> NoReturn:
    """Refuse a name, and suggest similar ones."""
    near = difflib.get_close_matches(name, known, 3) or sorted(known)[:6]
    remedy = f"correct the name ({', '.join(near)})" if near else "leave it out"
    raise ExerciseError(f"{what} is not known", "a known name", remedy)
