"""What is known of submissions, checked: each form of a mistake should be named, each correct variant be right.

Every form is put into a solved sheet and checked like any other submission, in the isolated process.
"""

from __future__ import annotations

import ast
import multiprocessing
import os
import random
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

from scipy.stats import beta

from handgrad.exercises.check import check_submission
from handgrad.exercises.results import TaskResult
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.submission.reading import Cell, Submission
from handgrad.exercises.tasks import TASKS

from .written import Mutant, mutants, mutated, sheet

OUTCOMES = ("named correctly", "named wrongly", "not named", "missed")
# Found in no quantity, so in no pair of quantities either.
REMARKS = ("forward_values_changed", "gradient_changed_by_step", "weights_changed_in_backprop")

Job = tuple[Submission, tuple[str, ...] | None]


@dataclass(frozen=True)
class Form:
    """A way of making a mistake in a task, in a submission that is otherwise right; or one way of making none."""

    mistake: str
    task: str
    submission: Submission


def known_forms() -> list[Form]:
    """List the forms from which the catalogue's recognisers were made, each in one layer where there are several."""
    return [Form(one.mistake, one.task, mutated([one])) for one in mutants() if not one.again]


def held_out_forms() -> tuple[list[Form], list[Form]]:
    """Read the forms that no recogniser contains: the wrong ones, and the correct ones, whose mistake is empty."""
    wrong: list[Form] = []
    correct: list[Form] = []
    for file in sorted((Path(__file__).parent / "held_out").glob("*.toml")):
        for one in tomllib.loads(file.read_text(encoding="utf-8"))["variant"]:
            submission = Submission(one["why"], (Cell(0, _with_definition(one["task"], one["code"])),))
            (wrong if one["mistake"] else correct).append(Form(one["mistake"], one["task"], submission))
    return wrong, correct


def _with_definition(task: str, code: str) -> str:
    """Put the definition of a task in the place of the one in a solved sheet; a method's is not indented."""
    (solved,) = sheet(TASKS[task].sheet, None).cells
    body = ast.parse(solved.source).body
    if TASKS[task].kind == "method":
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == "fcc")
    old = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == task)
    lines = solved.source.splitlines()
    lines[old.lineno - 1 : old.end_lineno] = textwrap.indent(code, " " * old.col_offset).splitlines()
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Judged:
    """A form of a mistake, and the mistake that was reported first for its task; None if none was named.

    ``missed`` is whether the task was called right.
    """

    mistake: str
    task: str
    reported: str | None
    missed: bool

    @property
    def outcome(self) -> str:
        """One of ``OUTCOMES``."""
        if self.reported == self.mistake:
            return OUTCOMES[0]
        if self.missed:
            return OUTCOMES[3]
        return OUTCOMES[2] if self.reported is None else OUTCOMES[1]


def judge(forms: Sequence[Form], sandbox: Sandbox) -> list[Judged]:
    """Check each form of a mistake."""
    results = checked([(form.submission, (form.task,)) for form in forms], sandbox)
    return [
        Judged(form.mistake, form.task, next((f.mistake for f in result.findings), None), result.status == "right")
        for form, (result,) in zip(forms, results, strict=True)
    ]


def judge_pairs(count: int, sandbox: Sandbox) -> list[tuple[str, str, bool]]:
    """Check submissions with two mistakes of the methods at different quantities; say whether both were named."""
    single = [
        form
        for form in mutants()
        if TASKS[form.task].kind == "method" and len(form.lines) == 1 and form.mistake not in REMARKS
    ]
    pairs = [
        (first, second)
        for first, second in combinations(single, 2)
        if first.lines.keys() != second.lines.keys() and first.mistake != second.mistake
    ]
    drawn = random.Random(0).sample(pairs, count)  # noqa: S311 - a sample, not a secret
    jobs: list[Job] = [(mutated(pair), tuple(dict.fromkeys(form.task for form in pair))) for pair in drawn]
    return [
        (first.mistake, second.mistake, _names(results, first) and _names(results, second))
        for (first, second), results in zip(drawn, checked(jobs, sandbox), strict=True)
    ]


def _names(results: Sequence[TaskResult], form: Mutant) -> bool:
    """Tell whether a form's mistake was named for its task."""
    return form.mistake in {f.mistake for result in results if result.task == form.task for f in result.findings}


def variants() -> Iterator[Submission]:
    """Read the correct solutions written in other ways, each after a solved sheet that it redefines parts of."""
    (solved,) = sheet(4, None).cells
    for file in sorted((Path(__file__).parent / "variants").glob("*.py")):
        yield Submission(file.name, (Cell(1, solved.source), Cell(2, file.read_text(encoding="utf-8"))))


def rejected_variants(sandbox: Sandbox) -> list[str]:
    """Name the correct variants that are not right, with what was said."""
    correct = list(variants())
    return [
        f"{submission.name}: {result.task} {result.status}"
        for submission, results in zip(correct, checked([(variant, None) for variant in correct], sandbox), strict=True)
        for result in results
        if result.status != "right"
    ]


def checked(jobs: Sequence[Job], sandbox: Sandbox) -> Iterator[tuple[TaskResult, ...]]:
    """Check submissions on all cores; give the results of each, in order."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(_checked, sandbox), jobs, chunksize=4)


def _checked(sandbox: Sandbox, job: Job) -> tuple[TaskResult, ...]:
    submission, tasks = job
    return check_submission(submission, sandbox, tasks=tasks).tasks


def interval(count: int, of: int) -> tuple[float, float]:
    """Give the exact (Clopper-Pearson) 95% confidence interval of a proportion.

    Examples
    --------
    >>> low, high = interval(9, 10)
    >>> round(low, 4), round(high, 4)
    (0.555, 0.9975)
    """
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return float(low), float(high)


def table(forms: Sequence[Judged]) -> str:
    """Write a Markdown table: a line for each task, then all with shares and intervals, then what was not right."""
    lines = [f"| task | forms | {' | '.join(OUTCOMES)} |", f"|---|{'---|' * (1 + len(OUTCOMES))}"]
    by_task = {task: [form for form in forms if form.task == task] for task in TASKS}
    lines += [_row(f"`{task}`", those) for task, those in by_task.items() if those]
    counts = Counter(form.outcome for form in forms)
    lines.append(_row("all", forms))
    shares = [f"{counts[outcome] / len(forms):.1%}" for outcome in OUTCOMES]
    lines.append(f"| share | | {' | '.join(shares)} |")
    bounds = (interval(counts[outcome], len(forms)) for outcome in OUTCOMES)
    ranges = [f"{100 * low:.1f} to {100 * high:.1f}%" for low, high in bounds]
    lines.append(f"| 95% interval | | {' | '.join(ranges)} |")
    other = Counter((form.mistake, form.task, form.outcome, form.reported) for form in forms)
    lines += [""] * any(form.outcome != OUTCOMES[0] for form in forms)
    for (mistake, task, outcome, reported), count in sorted(other.items(), key=str):
        if outcome != OUTCOMES[0]:
            as_what = f" as `{reported}`" if outcome == OUTCOMES[1] else ""
            times = f" ({count} forms)" if count > 1 else ""
            lines.append(f"- `{mistake}` in `{task}`: {outcome}{as_what}{times}")
    return "\n".join(lines)


def _row(name: str, forms: Iterable[Judged]) -> str:
    """Write the counts of some forms."""
    counts = Counter(form.outcome for form in forms)
    return f"| {name} | {counts.total()} | {' | '.join(str(counts[outcome]) for outcome in OUTCOMES)} |"
