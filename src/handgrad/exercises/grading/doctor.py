"""Shows a teacher within seconds that grading works on this machine: mistakes are named and the sandbox holds."""

from __future__ import annotations

import builtins
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from handgrad import handout
from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Call
from handgrad.exercises.grading.collect import Found
from handgrad.exercises.grading.rubric import default_rubric
from handgrad.exercises.grading.workers import Job, check_all
from handgrad.exercises.results import TaskResult
from handgrad.exercises.sandbox.isolation import Sandbox, find_sandbox, how_to_isolate, why_not
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.sheet import solved_sheet
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.submission.reading import Cell
from handgrad.exercises.tasks import TASKS

# For each task, a mistake of the catalogue: text of the solution, and what stands in its place.
MISTAKES = {
    "sigmoid": ("sigmoid_sign_of_exponent", "np.exp(-np", "np.exp(np"),
    "softmax": ("softmax_over_columns", "axis=1", "axis=0"),
    "fcc_one_layer": ("layer_without_bias", " + b)", ")"),
    "cross_entropy": ("cross_entropy_without_minus", "-np.log", "np.log"),
    "accuracy": ("accuracy_over_examples", "axis=1", "axis=0"),
    "delta_last_layer": ("delta_sign", "(-jacobian", "(jacobian"),
    "delta_last_layer_easy_approach": ("delta_not_transposed", ").T)", "))"),
    "del_sigmoid": ("derivative_plus", "1 - h", "1 + h"),
    "backprop": ("gradient_without_mean", ".T / n", ".T"),
    "gradient_step": ("step_sign", "-=", "+="),
    "gradient_descent": ("learning_rate_negated", "gradient_step(", "gradient_step(-"),
    "stochastic_gradient_descent": ("does_not_shuffle", "rng.shuffle(permutation)", "pass"),
}
# The lines of functions; the constants are defined before them. The system must refuse each with an OSError.
ATTEMPTS = {
    "connect to a server on this machine": """\
    import socket
    socket.create_connection(("127.0.0.1", PORT), timeout=0.5).close()
""",
    "read the reference solution": """\
    open(REFERENCE).close()
""",
    "write outside its own folder": """\
    open(OUTSIDE, "w").close()
""",
    "start a process": """\
    import os
    if os.fork() == 0:
        os._exit(0)
""",
}

Sheet = tuple[Any, Mapping[str, str] | None]  # its number and what stands in its blanks, or None for the solutions


@dataclass(frozen=True)
class Examined:
    """What was looked at, whether it is as it must be, and what was found; the last two are sentences for a person."""

    holds: bool
    subject: str
    found: str = ""


def examine() -> Iterator[Examined]:
    """Grade blank, solved and wrong sheets, and try to get out of the sandbox.

    Examples
    --------
    >>> examined = examine()  # the sheets are graded when the first result is asked for
    >>> type(examined).__name__
    'generator'
    """
    sandbox = find_sandbox(allow_none=True)
    # A wrong helper spoils backprop, too, so backprop has a sheet of its own.
    groups = [
        [task for task in MISTAKES if TASKS[task].sheet == part and (task == "backprop") == alone]
        for part, alone in ((3, False), (4, False), (4, True))
    ]
    sheets: list[Sheet] = [*((part, {}) for part in (3, 4)), *((part, None) for part in (3, 4))]
    sheets += [(TASKS[tasks[0]].sheet, _wrong(tasks)) for tasks in groups]
    checked = _checked(sandbox, sheets)
    blank, solved, wrong = checked[:2], checked[2:4], checked[4:]
    points = sum(map(_points, blank))
    yield Examined(points == 0, "A blank sheet gets no points.", f"It got {points:g}.")
    points = sum(map(_points, solved))
    full = sum(default_rubric(part).maximum for part in (3, 4))
    yield Examined(points == full, f"A solved sheet gets all {full:g} points.", f"It got {points:g}.")
    yield _named({task: sheet[task] for tasks, sheet in zip(groups, wrong, strict=True) for task in tasks})
    reason = why_not()
    if reason is not None:
        yield Examined(False, "Submissions run in isolation.", f"{reason}. To isolate them, {how_to_isolate()}.")
        return
    yield Examined(True, "Submissions run in isolation, by bubblewrap.")
    yield from _attempts(sandbox)


def _checked(sandbox: Sandbox, sheets: Sequence[Sheet]) -> list[dict[str, TaskResult]]:
    """Check all tasks of each sheet, as ``grade`` does."""
    with tempfile.TemporaryDirectory(prefix="handgrad-") as scratch:
        jobs = []
        for number, (part, bodies) in enumerate(sheets):
            path = Path(scratch) / f"{number}.py"
            path.write_text(solved_sheet(part, "py", bodies=bodies), encoding="utf-8")
            tasks = tuple(task.name for task in TASKS.values() if task.sheet == part)
            jobs.append(Job(Found(path.name, "", path), tasks, sandbox, "en"))
        found = dict(check_all(jobs, joblib.cpu_count(), Path(scratch)))
    results = []
    for number in range(len(jobs)):
        checked = found[number]
        if isinstance(checked, str):
            raise ExerciseError(f"a sheet of our own: {checked}", "a sheet that is checked", "report this")
        results.append({result.task: result for result in checked.tasks})
    return results


def _wrong(tasks: list[str]) -> dict[str, str]:
    """Solve a sheet with mistakes in these tasks."""
    part = TASKS[tasks[0]].sheet
    bodies = {task.name: solution(task.name) for task in TASKS.values() if task.sheet == part}
    for task in tasks:
        _, right, wrong = MISTAKES[task]
        bodies[task] = bodies[task].replace(right, wrong)
    return bodies


def _points(results: Mapping[str, TaskResult]) -> float:
    """Add up the points of a sheet."""
    rubric = default_rubric(TASKS[next(iter(results))].sheet)
    return sum(rubric.score(result) for result in results.values())


def _named(results: Mapping[str, TaskResult]) -> Examined:
    """See whether each wrong task was given the name of its mistake."""
    missed = [
        f"{task}: {MISTAKES[task][0]}"
        for task, result in results.items()
        if MISTAKES[task][0] not in {finding.mistake for finding in result.findings}
    ]
    subject = f"In each of {len(results)} tasks, a known mistake is named."
    return Examined(not missed, subject, f"Not named: {', '.join(missed)}.")


def _attempts(sandbox: Sandbox) -> Iterator[Examined]:
    """Try to get out of the sandbox."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        Path(folder).chmod(0o777)  # so that nothing but the sandbox stands in the way
        constants = {"PORT": server.getsockname()[1], "REFERENCE": handout.__file__, "OUTSIDE": f"{folder}/written"}
        cells = [Cell(0, "\n".join(f"{name} = {value!r}" for name, value in constants.items()))]
        cells += [Cell(i, f"def attempt{i}():\n{lines}") for i, lines in enumerate(ATTEMPTS.values(), 1)]
        calls = [Call(attempt, "function", f"attempt{i}") for i, attempt in enumerate(ATTEMPTS, 1)]
        for answer in run_calls(cells, calls, sandbox):
            error = getattr(builtins, answer.crash.type, object) if answer.crash else object
            refused = isinstance(error, type) and issubclass(error, OSError)
            yield Examined(refused, f"A submission cannot {answer.id}.", f"The call ended as {answer.status}.")
