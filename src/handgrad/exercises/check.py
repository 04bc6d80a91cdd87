"""Checks one submission: asks every judging module for its calls, runs them all at once, has the answers judged."""

from __future__ import annotations

import random
import re
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from handgrad.errors import ExerciseError, HandgradError
from handgrad.exercises.calls import Answer, Call, Compared, Crash
from handgrad.exercises.judging import backward, crashes, functions, hints, routines, step
from handgrad.exercises.judging.plan import Judge, in_order
from handgrad.exercises.repair.search import with_repair
from handgrad.exercises.results import Checked, Language, Note, TaskResult
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.sandbox.proportion import in_proportion
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.sheet import solved_sheet
from handgrad.exercises.submission.outline import outline
from handgrad.exercises.submission.reading import Cell, Submission, definitions, syntax_errors
from handgrad.exercises.tasks import TASKS

# What may stand before a definition in its line, even if line numbers or prompts were copied along with it.
BEFORE = r"^(?:[ \t\d>.:|]{1,40}|In ?\[\d{0,5}\]: ?)?"
# The module that judges each task.
JUDGES: dict[str, Judge] = {
    **{name: functions if task.kind == "function" else routines for name, task in TASKS.items()},
    "backprop": backward,
    "gradient_step": step,
}
FAULTS: tuple[type[Exception], ...] = (Exception,)  # of judges, which cost a verdict, and never the whole report


def check_submission(
    submission: Submission,
    sandbox: Sandbox,
    language: Language = "en",
    tasks: Sequence[str] | None = None,
    seed: int | None = None,
) -> Checked:
    r"""Check a submission, task by task.

    Parameters
    ----------
    submission : Submission
    sandbox : Sandbox
        Where its code runs.
    language : {"en", "de"}
        The language that the report is to be written in.
    tasks : sequence of str, optional
        Names of ``tasks.TASKS``. By default, all of each sheet of which the submission has anything.
    seed : int, optional
        Draws the arrays to try it on. By default they are new and unpredictable each time.

    Returns
    -------
    Checked
        Its tasks are in the order of the sheets.

    Raises
    ------
    ExerciseError
        If a task is not known, or the isolated process cannot be started.

    Examples
    --------
    >>> from handgrad.exercises.sandbox.isolation import find_sandbox
    >>> submission = Submission("a.py", (Cell(0, "def del_sigmoid(h):\n    return h * (1 + h)"),))
    >>> checked = check_submission(submission, find_sandbox(allow_none=True), tasks=["del_sigmoid"])
    >>> [(result.task, result.status, result.findings[0].mistake) for result in checked.tasks]
    [('del_sigmoid', 'wrong', 'derivative_plus')]
    """
    with threadpool_limits(1):  # the arrays are small: more threads only wait for each other
        return _asked(submission, sandbox, language, tasks, seed)[0]


def check_and_compare(
    submission: Submission, sandbox: Sandbox, seed: int, language: Language = "en", tasks: Sequence[str] | None = None
) -> tuple[Checked, dict[str, tuple[Compared, ...]]]:
    r"""Check a submission; where a task is not right, set each answer next to that of the solved sheet.

    Parameters, errors and the first result are those of :func:`check_submission`.

    Examples
    --------
    >>> from handgrad.exercises.sandbox.isolation import find_sandbox
    >>> submission = Submission("a.py", (Cell(0, "def del_sigmoid(h):\n    return h * (1 + h)"),))
    >>> _, compared = check_and_compare(submission, find_sandbox(allow_none=True), 0, tasks=["del_sigmoid"])
    >>> compared["del_sigmoid"][-1].found.values["return"].round(2).tolist()
    [[0.75, 1.31], [0.24, 2.0]]
    >>> compared["del_sigmoid"][-1].expected.values["return"].round(2).tolist()
    [[0.25, 0.19], [0.16, 0.0]]
    """
    with threadpool_limits(1):
        checked, answered = _asked(submission, sandbox, language, tasks, seed)
    wrong = [result.task for result in checked.tasks if result.status not in ("right", "not_attempted")]
    calls = [call for task in wrong for call, _ in answered[task]]
    reference = Submission("solved.py", (Cell(0, solved_sheet(4, "py")),))
    solved = iter(run_calls(definitions(reference), calls, sandbox))
    return checked, {
        task: tuple(Compared(call, found, next(solved)) for call, found in answered[task]) for task in wrong
    }


def _asked(
    submission: Submission, sandbox: Sandbox, language: Language, tasks: Sequence[str] | None, seed: int | None
) -> tuple[Checked, dict[str, list[tuple[Call, Answer]]]]:
    """Check a submission, and give the calls with their answers by task."""
    begin = time.monotonic()
    unknown = [task for task in tasks or () if task not in TASKS]
    if unknown:
        raise ExerciseError(f"a task named {unknown[0]!r}", f"one of {', '.join(TASKS)}", "name one of these")
    rng = np.random.default_rng(random.SystemRandom().getrandbits(64) if seed is None else seed)
    plans = {task: JUDGES[task].calls_for(task, rng) for task in TASKS if tasks is None or task in tasks}
    order = in_order(plans)
    calls = [plans[task].calls[i] for task, i in order]
    broken = _broken(submission)
    cells = (*_blanks(broken, submission), *definitions(submission))
    answers = dict(zip(order, map(in_proportion, calls, run_calls(cells, calls, sandbox)), strict=True))
    answered = {task: [answers[task, i] for i in range(len(plan.calls))] for task, plan in plans.items()}
    results: dict[str, TaskResult] = {}
    missing = set()
    for task, plan in plans.items():
        own = answered[task]
        absent = _missing(task, own, submission)
        blank = all(answer.status in ("missing", "not_attempted") for answer in own)
        if task in broken and (absent or blank):
            note = crashes.crashed(broken[task])
            results[task] = TaskResult(task, "crashed", notes=(note,), crash=broken[task])
        else:
            missing |= {task} if absent else set()
            result = _unless_at_fault(TaskResult(task, "not_judged"), JUDGES[task].judge, plan, own)
            results[task] = _unless_at_fault(result, with_repair, result, plan, own, JUDGES[task], cells, sandbox)
    if any(result.status != "right" for result in results.values()):
        told = outline(submission)
        results = {task: _unless_at_fault(one, hints.explained, one, told) for task, one in results.items()}
    listed = results if tasks is not None else _of_its_sheets(results, missing)
    checked = Checked(submission.name, tuple(listed.values()), language, sandbox.isolated, time.monotonic() - begin)
    return checked, {task: list(zip(plan.calls, answered[task], strict=True)) for task, plan in plans.items()}


def _unless_at_fault(otherwise: TaskResult, say: Callable[..., TaskResult], *arguments: Any) -> TaskResult:
    """Say more of a task; if we fail at something that nobody thought of, what was known before stands."""
    try:
        return say(*arguments)
    except (HandgradError, MemoryError):
        raise
    except FAULTS as error:
        if otherwise.status != "not_judged":
            return otherwise
        here, frames = str(Path(__file__).parents[1]), traceback.extract_tb(error.__traceback__)
        place = next((frame for frame in reversed(frames) if frame.filename.startswith(here)), frames[-1])
        facts = {
            "error": type(error).__name__,
            "message": str(error),
            "fault": f"{Path(place.filename).name}, line {place.lineno}",
        }
        return replace(otherwise, notes=(Note("not_judged", facts),))


def _of_its_sheets(results: dict[str, TaskResult], missing: set[str]) -> dict[str, TaskResult]:
    """Keep all tasks of each sheet from which a submission has a task, if only under another name."""
    meant = {task for task in missing for note in results[task].notes if note.id in hints.MEANT}
    sheets = {TASKS[task].sheet for task in results if task not in missing or task in meant}
    return {task: result for task, result in results.items() if TASKS[task].sheet in sheets}


def _missing(task: str, answers: Sequence[Answer], submission: Submission) -> bool:
    """Tell whether a submission does not have a task at all; one with the class has its methods, if only to write."""
    if all(answer.status in ("killed", "too_slow") for answer in answers):  # perhaps the code could not even be loaded
        return not any(re.search(_defining(task), cell.source, re.MULTILINE) for cell in submission.cells)
    absent = {answer.reason for answer in answers if answer.status == "missing"}
    return (task if TASKS[task].kind != "method" else "fcc") in absent


def _broken(submission: Submission) -> dict[str, Crash]:
    """Find the tasks defined in a cell that is not valid Python; all tasks if the cell defines nothing."""
    errors = syntax_errors(submission)
    sources = {cell.number: cell.source for cell in submission.cells}
    broken = {
        task: crash
        for crash in errors
        for task in TASKS
        if re.search(_defining(task), sources[crash.cell], re.MULTILINE)
    }
    if errors and not any(re.search(rf"{BEFORE}(def|class)\s", source, re.MULTILINE) for source in sources.values()):
        return dict.fromkeys(TASKS, errors[0])
    return broken


def _blanks(broken: Iterable[str], submission: Submission) -> tuple[Cell, ...]:
    """Make blank functions of those that cannot be read, so that what calls them is judged as if they were blank."""
    lines = [
        f"def {task}(*_, **__):\n    raise NotImplementedError\n" for task in broken if TASKS[task].kind == "function"
    ]
    number = 1 + max(cell.number for cell in submission.cells)
    return (Cell(number, "".join(lines)),) if lines and len(submission.cells) > 1 else ()


def _defining(task: str) -> str:
    """Make the pattern of a line that defines a task."""
    return rf"{BEFORE}def {task}\b|^{task}\s*="
