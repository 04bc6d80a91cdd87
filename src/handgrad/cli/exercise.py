"""The commands of the exercise."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from handgrad.cli.notices import tell
from handgrad.errors import SettingError

if TYPE_CHECKING:
    from handgrad.exercises.grading.grading import Grading, Row

Language = Literal["en", "de"]

exercise_app = App(name="exercise", help="Write sheets and what teachers need to grade them.")


@exercise_app.command
def new(
    folder: Path = Path(),
    /,
    *,
    part: Literal["3", "4", "both"] = "4",
    format: Literal["ipynb", "py"] = "ipynb",  # noqa: A002 - the option's name
    language: Language = "en",
    audience: Annotated[Literal["learner", "nbgrader", "otter"], Parameter(name="--for")] = "learner",
) -> None:
    """Write the exercise sheet, for learners to fill in.

    Parameters
    ----------
    folder : path
        Where to write it. The folder is created if necessary.
    part : {"3", "4", "both"}
        Part 3 covers the functions of the forward pass; part 4 covers deltas, backpropagation and training.
    format : {"ipynb", "py"}
        A notebook, or a Python module with # %% cells.
    language : {"en", "de"}
    audience : {"learner", "nbgrader", "otter"}
        A learner's sheet, or a teacher's notebook with solutions for nbgrader generate_assignment or otter assign.
    """
    from handgrad.exercises.sheet import write_sheet

    parts: tuple[Literal[3, 4], ...] = {"3": (3,), "4": (4,), "both": (3, 4)}[part]  # type: ignore[assignment]
    for path in write_sheet(folder, parts, format, language, audience):
        print(path)


@exercise_app.command
def doctor() -> int:
    """Check that grading works on this machine: points are awarded, mistakes are named, and the sandbox holds.

    It takes a few seconds. The exit code is 0 if all is well, and 1 otherwise.
    """
    from handgrad.exercises.grading.doctor import examine

    well = True
    for examined in examine():
        well = well and examined.holds
        print(f"ok      {examined.subject}" if examined.holds else f"FAILED  {examined.subject} {examined.found}")
    return 0 if well else 1


@exercise_app.command
def rubric(*, sheet: Literal["3", "4"] = "4") -> None:
    """Print the default rubric, which you can edit and pass to grade --rubric.

    Parameters
    ----------
    sheet : {"3", "4"}
    """
    from handgrad.exercises.grading.rubric import default_rubric_text

    print(default_rubric_text(int(sheet)), end="")


@exercise_app.command
def gradescope(
    out: Path, /, *, language: Language = "en", rubric: Path | None = None, wheel: Path | None = None
) -> None:
    """Write the zip file that defines a Gradescope autograder.

    Parameters
    ----------
    out : path
        A new .zip file.
    language : {"en", "de"}
        The language of the feedback.
    rubric : path, optional
        A TOML file. By default, the rubric of sheet 4 is used.
    wheel : path, optional
        A wheel of handgrad to install instead of this version from the package index.
    """
    from handgrad.exercises.grading.gradescope import gradescope_zip

    gradescope_zip(out, language, rubric, wheel)
    print(out)


def check(
    sheet: Path,
    /,
    *,
    task: str | None = None,
    explain: bool = False,
    json: bool = False,
    html: Path | None = None,
    report: Path | None = None,
    with_source: bool = False,
    language: Language = "en",
) -> int:
    """Check a sheet task by task, and name the mistakes in it.

    The exit code is 0 if all tasks are right, and 1 otherwise.

    Parameters
    ----------
    sheet : path
        A notebook or a Python module.
    task : str, optional
        Check one task only: its name, or its number (3 or 4.3 for sheet 4, 3.2 for sheet 3).
    explain : bool
        Show full explanations, not only hints.
    json : bool
        Print the results as JSON.
    html : path, optional
        Also write the report to this HTML file.
    report : path, optional
        Also write an anonymous record to this JSON file, to send in if a mistake was not named or a verdict is wrong.
    with_source : bool
        Put the sheet's code into the record as well. Then it may no longer be anonymous.
    language : {"en", "de"}
    """
    from handgrad.exercises.check import check_and_compare, check_submission
    from handgrad.exercises.report import report_html, report_json, report_record, show_report
    from handgrad.exercises.sandbox.isolation import find_sandbox, how_to_isolate, why_not
    from handgrad.exercises.submission.reading import read_submission
    from handgrad.files import written

    if with_source and report is None:
        raise SettingError("--with-source is given without --report", "a file for the record", "add --report FILE")
    for out in (html, report):
        if out is not None and out.resolve() == sheet.resolve():
            raise SettingError(f"{out} is the sheet itself", "another file to write to", "choose another name")
    if html is not None and report is not None and html.resolve() == report.resolve():
        raise SettingError(
            f"--html and --report both name {report}", "two files", "choose another name for one of them"
        )
    tasks = None if task is None else _tasks_named(task)
    sandbox = find_sandbox(allow_none=True)
    if not sandbox.isolated:
        tell(f"The sheet runs without isolation ({why_not()}). To isolate it, {how_to_isolate()}.")
    submission = read_submission(sheet)
    if report is None:
        checked = check_submission(submission, sandbox, language, tasks)
    else:
        seed = secrets.randbits(32)
        checked, compared = check_and_compare(submission, sandbox, seed, language, tasks)
    if json:
        print(report_json(checked))
    else:
        show_report(checked, explain=explain)
    if html is not None:
        with written(html) as file:
            file.write(report_html(checked).encode())
    if report is not None:
        source = {cell.number: cell.source for cell in submission.cells} if with_source else None
        with written(report) as file:
            file.write(report_record(checked, compared, seed, source).encode())
    return 0 if checked.tasks and all(result.status == "right" for result in checked.tasks) else 1


def _tasks_named(task: str) -> list[str]:
    """Find the tasks with a number or a name."""
    from handgrad.exercises.tasks import TASKS

    sheet, _, number = task.rpartition(".")
    found = [
        name
        for name, one in TASKS.items()
        if task == name or (sheet or "4", number) == (str(one.sheet), str(one.number))
    ]
    if not found:
        raise SettingError(f"--task {task}", f"a task's number, or one of {', '.join(TASKS)}", "see the sheet")
    return found


def grade(
    *submissions: Path,
    out: Path,
    rubric: Path | None = None,
    language: Language = "en",
    gradescope: bool = False,
    unsafe: bool = False,
) -> None:
    """Grade the sheets of a class: a table, a CSV file for the grade book, feedback for each learner, common mistakes.

    Every sheet runs in isolation, without network access, and cannot see the solution.

    Parameters
    ----------
    submissions : paths
        Notebooks, modules, folders, or zip files as exported by course systems.
    out : path
        A new folder, or the folder of an earlier grading, which is then replaced.
    rubric : path, optional
        A TOML file. `handgrad exercise rubric` prints one to start from.
    language : {"en", "de"}
        The language of the feedback.
    gradescope : bool
        Also write results.json for Gradescope. There must be exactly one submission.
    unsafe : bool
        Grade even if sheets cannot be isolated. A sheet could then change its own result.
    """
    from handgrad.exercises.grading.grade import grade as run_grading
    from handgrad.exercises.grading.overview import show_grading
    from handgrad.exercises.grading.rubric import default_rubric, read_rubric
    from handgrad.exercises.sandbox.isolation import find_sandbox

    if not submissions:
        raise SettingError(
            "there is nothing to grade", "sheets, folders or zip files", "run `handgrad grade FILE... --out FOLDER`"
        )
    points = default_rubric() if rubric is None else read_rubric(rubric)
    grading = run_grading(submissions, out, find_sandbox(allow_none=unsafe), points, language, _say_progress)
    if gradescope:
        _write_results(grading, out)
    show_grading(grading)
    print(f"\n{out / 'index.html'}")


def _write_results(grading: Grading, out: Path) -> None:
    """Write the results for Gradescope."""
    from handgrad.exercises.grading.gradescope import results_json
    from handgrad.files import written

    if len(grading.rows) != 1:
        raise SettingError(
            f"there are {len(grading.rows)} submissions with --gradescope", "exactly one", "omit --gradescope"
        )
    row = grading.rows[0]
    with written(out / "results.json") as file:
        file.write(json.dumps(results_json(row.checked, grading.rubric, row.reason), ensure_ascii=False).encode())


def _say_progress(done: int, total: int, row: Row) -> None:
    """Show the progress if stderr is a terminal."""
    if sys.stderr.isatty():
        print(f"\r{done} of {total} {row.name:<40.40}", end="\n" if done == total else "", file=sys.stderr, flush=True)
