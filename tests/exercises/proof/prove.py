"""The grader proves itself: what it must not mark gets no mark, what is right gets full marks, every mistake is named.

Every mistake of the catalogue is written out as a learner would write it (``mutants/*.toml``), put into a solved sheet,
and checked like any other submission, in the isolated process. The correct solutions of ``variants/*.py``, each written
in another way, must all be right.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.check import check_submission
from handgrad.exercises.results import TaskResult
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import TASKS

from .written import Mutant, mutants, mutated, sheet, tasks_of

UNRECOGNISED = "not recognised"
# Found in no quantity, so in no pair of quantities either.
REMARKS = ("forward_values_changed", "gradient_changed_by_step", "weights_changed_in_backprop")
PAIRS = 150


@dataclass(frozen=True)
class Proof:
    """What came out.

    Attributes
    ----------
    untouched, solved : float
        Points of the untouched sheets, and of the solved ones, as a share.
    confusion : mapping of (mistake, reported) to int
        How often a mistake was reported as which.
    pairs : tuple of (first, second, named)
        Two mistakes at different quantities of one submission, and whether both were named.
    rejected : tuple of str
        Correct variants that were not right, with what was said.
    variants : int
    seconds : float
    """

    untouched: float
    solved: float
    confusion: Mapping[tuple[str, str], int]
    pairs: tuple[tuple[str, str, bool], ...]
    rejected: tuple[str, ...]
    variants: int
    seconds: float = field(compare=False, default=0.0)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The mistakes that were not always named, and those of the catalogue that were not tried."""
        missed = {mistake for mistake, reported in self.confusion if mistake != reported}
        return tuple(sorted(missed | (catalogue().keys() - {mistake for mistake, _ in self.confusion})))

    @property
    def pairs_named(self) -> float:
        """The share of the pairs of which both were named."""
        return sum(named for _, _, named in self.pairs) / len(self.pairs) if self.pairs else 0.0

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return (
            self.untouched == 0
            and self.solved == 1
            and not self.unnamed
            and self.pairs_named >= 0.9
            and not self.rejected
        )


def prove(sandbox: Sandbox, report: Callable[[str], None] = lambda _: None, pairs: int = PAIRS, seed: int = 0) -> Proof:
    """Check everything that is known to be right or wrong.

    Parameters
    ----------
    sandbox : Sandbox
    report : callable, optional
        Is told, now and then, how far it is.
    pairs : int
        So many pairs of mistakes are drawn.
    seed : int
        Draws them. The arrays that submissions are tried on are new each time.

    Returns
    -------
    Proof
    """
    begin = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:

        def checked(jobs: Iterable[tuple[Submission, tuple[str, ...] | None]]) -> Iterable[tuple[TaskResult, ...]]:
            return pool.map(partial(_checked, sandbox), jobs, chunksize=4)

        blanks: tuple[dict[str, str] | None, ...] = ({}, None)
        sheets = list(checked([(sheet(part, filled), tasks_of(part)) for filled in blanks for part in (3, 4)]))
        untouched, solved = _points(sheets[:2]), _points(sheets[2:])

        written = mutants()
        singles = [mutant for mutant in written if not mutant.again]
        report(f"{len(singles)} submissions with one mistake")
        confusion: Counter[tuple[str, str]] = Counter()
        jobs: list[tuple[Submission, tuple[str, ...]]] = [(mutated([mutant]), (mutant.task,)) for mutant in singles]
        for mutant, (result,) in zip(singles, checked(jobs), strict=True):
            confusion[mutant.mistake, _named(result)] += 1

        drawn = _pairs(written, pairs, random.Random(seed))  # noqa: S311 - a sample, not a secret
        report(f"{len(drawn)} submissions with two mistakes")
        jobs = [(mutated(pair), tuple(dict.fromkeys(mutant.task for mutant in pair))) for pair in drawn]
        named = [
            (first.mistake, second.mistake, all(_names(results, mutant) for mutant in (first, second)))
            for (first, second), results in zip(drawn, checked(jobs), strict=True)
        ]

        correct = list(variants())
        report(f"{len(correct)} correct submissions, each written in another way")
        rejected = [
            f"{submission.name}: {result.task} {result.status}. {result.message}"
            for submission, results in zip(correct, checked([(variant, None) for variant in correct]), strict=True)
            for result in results
            if result.status != "right"
        ]
    seconds = time.monotonic() - begin
    return Proof(untouched, solved, dict(confusion), tuple(named), tuple(rejected), len(correct), seconds)


def _checked(sandbox: Sandbox, job: tuple[Submission, tuple[str, ...] | None]) -> tuple[TaskResult, ...]:
    submission, tasks = job
    return check_submission(submission, sandbox, tasks=tasks).tasks


def _points(sheets: Sequence[Sequence[TaskResult]]) -> float:
    """Add up the points, as a share of all."""
    results = [result for sheet in sheets for result in sheet]
    return sum(TASKS[r.task].points * r.credit for r in results) / sum(TASKS[r.task].points for r in results)


def _named(result: TaskResult) -> str:
    """Give the mistake that is reported first."""
    return (result.findings[0].mistake if result.findings else None) or UNRECOGNISED


def _names(results: Sequence[TaskResult], mutant: Mutant) -> bool:
    return any(
        found.mistake == mutant.mistake for result in results if result.task == mutant.task for found in result.findings
    )


def _pairs(written: Sequence[Mutant], count: int, draw: random.Random) -> list[tuple[Mutant, Mutant]]:
    """Draw pairs of mistakes of the methods, each in one quantity, and not in the same one."""
    single = [mutant for mutant in written if TASKS[mutant.task].kind == "method" and len(mutant.lines) == 1]
    pairs = [
        (first, second)
        for first, second in combinations([mutant for mutant in single if mutant.mistake not in REMARKS], 2)
        if first.lines.keys() != second.lines.keys() and first.mistake != second.mistake
    ]
    return draw.sample(pairs, min(count, len(pairs)))


def variants() -> Iterator[Submission]:
    """Read the correct solutions that are written in another way, each after a solved sheet that it redefines parts of.

    Examples
    --------
    >>> len(next(variants()).cells)
    2
    """
    (solved,) = sheet(4, None).cells
    for file in sorted((Path(__file__).parent / "variants").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            yield Submission(file.name, (Cell(1, solved.source), Cell(2, file.read_text(encoding="utf-8"))))


def shown(proof: Proof) -> str:
    """Write the proof as text: the totals, and whatever is not as it must be.

    Examples
    --------
    >>> print(shown(Proof(0, 1, {("derivative_plus", "derivative_plus"): 1}, (), (), 60)).splitlines()[0])
    untouched sheets: 0 % of the points; solved sheets: 100 %
    """
    tried = {mistake for mistake, _ in proof.confusion}
    lines = [
        f"untouched sheets: {proof.untouched:.0%} of the points; solved sheets: {proof.solved:.0%}".replace("%", " %"),
        f"mistakes named: {len(tried - set(proof.unnamed))} of {len(catalogue())}, "
        f"in {sum(proof.confusion.values())} ways to write them",
        f"pairs of which both are named: {sum(named for *_, named in proof.pairs)} of {len(proof.pairs)}",
        f"correct variants rejected: {len({line.partition(':')[0] for line in proof.rejected})} of {proof.variants}",
    ]
    lines += [
        f"  {mistake} is reported as {reported} ({count})"
        for (mistake, reported), count in sorted(proof.confusion.items())
        if mistake != reported
    ]
    lines += [f"  {mistake} is written out nowhere" for mistake in sorted(catalogue().keys() - tried)]
    lines += [f"  {first} and {second} are not both named" for first, second, named in proof.pairs if not named]
    lines += [f"  {line}" for line in proof.rejected]
    return "\n".join([*lines, f"{'holds' if proof.holds else 'DOES NOT HOLD'}, after {proof.seconds:.0f} s"])


def table(proof: Proof) -> str:
    """Write the confusion matrix as a table in Markdown: a line for each mistake.

    Examples
    --------
    >>> print(table(Proof(0, 1, {("derivative_plus", "derivative_plus"): 2}, (), (), 60)).splitlines()[2])
    | `derivative_plus` | h(1 + h) | del_sigmoid, backprop | 2 | 2 |  |
    """
    lines = ["| id | mistake | tasks | written | named | reported otherwise |", "|---|---|---|---|---|---|"]
    for name, mistake in catalogue().items():
        row = {reported: count for (made, reported), count in proof.confusion.items() if made == name}
        if row:
            others = ", ".join(f"{reported} ({count})" for reported, count in row.items() if reported != name)
            tasks = ", ".join(mistake.tasks)
            cells = (f"`{name}`", mistake.words["en"].title, tasks, sum(row.values()), row.get(name, 0), others)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def draw(proof: Proof, file: Path) -> None:
    """Draw the confusion matrix: made downwards, reported across; all on the diagonal is all named.

    Parameters
    ----------
    proof : Proof
    file : Path
        Of a type that matplotlib writes.
    """
    from matplotlib.figure import Figure

    made = [name for name in catalogue() if any(name == key[0] for key in proof.confusion)]
    reported = [*made, *sorted({key[1] for key in proof.confusion} - set(made) | {UNRECOGNISED})]
    shares = np.zeros((len(made), len(reported)))
    for (name, other), count in proof.confusion.items():
        shares[made.index(name), reported.index(other)] = count
    shares /= shares.sum(axis=1, keepdims=True)
    figure = Figure(figsize=(9, 8.4), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    first_of_task = {catalogue()[name].tasks[0]: i for i, name in reversed(list(enumerate(made)))}
    axes.set_yticks(list(first_of_task.values()), list(first_of_task))
    axes.set_xticks([len(reported) - 1], [UNRECOGNISED], rotation=90)
    axes.set_xlabel(f"reported: {len(made)} mistakes, in the order of the catalogue")
    axes.set_ylabel("made")
    figure.colorbar(image, ax=axes, label="share of the ways to write it", shrink=0.6)
    figure.savefig(file, dpi=110)
