"""Grades the submissions of a class: finds them, checks them on all cores, and writes a folder for the teacher.

A submission that cannot be read or checked gets a row that says why; the others are graded all the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path

import joblib

from handgrad import files
from handgrad.errors import ExerciseError, HandgradError
from handgrad.exercises.check import check_submission
from handgrad.exercises.grading.collect import Found, find_submissions
from handgrad.exercises.grading.gradebook import draw_mistakes, grades_csv, grading_data, mistakes_csv
from handgrad.exercises.grading.grading import Grading, Row, count_mistakes
from handgrad.exercises.grading.overview import feedback_html, index_html
from handgrad.exercises.grading.rubric import Rubric, default_rubric
from handgrad.exercises.results import Language
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.submission.reading import read_submission

RECORD = "grading.json"  # marks a folder as a former grading
_BESIDE = {RECORD, "results.json", ".DS_Store", "Thumbs.db", "desktop.ini"}  # may be added to one, or changed in it
_WINDOWS = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)  # reserved names there


def grade(
    paths: Sequence[Path],
    out: Path,
    sandbox: Sandbox,
    rubric: Rubric | None = None,
    language: Language = "en",
    progress: Callable[[int, int, Row], None] | None = None,
    workers: int | None = None,
) -> Grading:
    r"""Grade all submissions in files, folders and archives.

    The folder gets ``grades.csv`` for the grade book, ``mistakes.csv`` and ``mistakes.png``, a page for each learner
    in ``feedback``, ``index.html``, which leads to all, and ``grading.json`` with everything for programs. It is
    written completely or not at all. An existing folder is replaced if it is a former grading, that is, if it has a
    ``grading.json`` and all its other files are as that grading wrote them.

    Parameters
    ----------
    paths : sequence of Path
        See :func:`handgrad.exercises.grading.collect.find_submissions`.
    out : Path
    sandbox : Sandbox
    rubric : Rubric, optional
        The default is that of sheet 4.
    language : {"en", "de"}
        The language of what learners and teachers read.
    progress : callable, optional
        Called after each submission with the number done, the number in total, and its row.
    workers : int, optional
        The number of submissions to check at a time. The default is the number of cores.

    Raises
    ------
    ExerciseError
        If there is no submission, or ``out`` contains anything but a former grading.
    DataError
        If ``out`` cannot be written.

    Examples
    --------
    >>> from handgrad.exercises.sandbox.isolation import find_sandbox
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "anna.py").write_text("def del_sigmoid(h):\n    return h * (1 - h)\n")
    >>> graded = grade([folder], folder / "graded", find_sandbox(allow_none=True), Rubric({"del_sigmoid": 1.0}))
    >>> print((folder / "graded" / "grades.csv").read_text().splitlines()[0])
    name,id,del_sigmoid,total,status,note
    >>> graded.rows[0].total
    1.0
    """
    rubric = default_rubric() if rubric is None else rubric
    refuse_other(out)
    with tempfile.TemporaryDirectory(prefix="handgrad-") as scratch:
        found = find_submissions(paths, Path(scratch))
        rows = _checked(found, partial(_row, sandbox, rubric, language), progress, workers)
    grading = Grading(rows, rubric, language)
    _write(grading, out)
    return grading


def _checked(
    found: Sequence[Found],
    check: Callable[[Found], Row],
    progress: Callable[[int, int, Row], None] | None,
    workers: int | None,
) -> tuple[Row, ...]:
    """Check all submissions, each in a thread that waits for isolated processes; keep their order."""
    with ThreadPoolExecutor(workers or joblib.cpu_count()) as pool:
        try:
            waiting = [pool.submit(check, one) for one in found]
            for done, future in enumerate(as_completed(waiting), start=1):
                row = future.result()
                if progress is not None:
                    progress(done, len(found), row)
        except BaseException:  # such as Ctrl-C: those that have not begun are not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(future.result() for future in waiting)


def _row(sandbox: Sandbox, rubric: Rubric, language: Language, one: Found) -> Row:
    """Read and check one submission, under its learner's name, and count its points."""
    tasks, reason = tuple(rubric.points), one.reason
    if one.file is not None:
        try:
            submission = replace(read_submission(one.file), name=one.name)
            checked = check_submission(submission, sandbox, language=language, tasks=tasks)
            scores = {result.task: rubric.score(result) for result in checked.tasks if result.task in rubric.points}
            return Row(one.name, one.id, checked, {task: scores.get(task, 0.0) for task in tasks})
        except HandgradError as error:
            reason = str(error)
        except Exception as error:
            reason = f"the check itself failed ({type(error).__name__}: {error}); please report this"
    return Row(one.name, one.id, None, {}, reason)


def _write(grading: Grading, out: Path) -> None:
    """Write the folder next to its final place, then move it there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExerciseError(
            f"{out.parent}: {error}", "a folder that can be written to", "choose another --out"
        ) from error
    former = out.with_name(f".{out.name}.former")
    try:
        with files.written_folder(out) as folder:
            _fill(folder, grading)
            refuse_other(out)  # again, as grading may have taken a while
            if out.exists():
                shutil.rmtree(former, ignore_errors=True)
                out.rename(former)
    except BaseException:
        if former.exists() and not out.exists():
            former.rename(out)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _fill(folder: Path, grading: Grading) -> None:
    """Write all files into an empty folder."""
    counts = count_mistakes(grading)
    names = [f"feedback/{name}.html" for name in safe_names(row.name for row in grading.rows)]
    pages = {row.name: name for row, name in zip(grading.rows, names, strict=True)}
    (folder / "feedback").mkdir()
    for row in grading.rows:
        (folder / pages[row.name]).write_text(feedback_html(row, grading), encoding="utf-8")
    (folder / "grades.csv").write_text(grades_csv(grading), encoding="utf-8", newline="")
    (folder / "mistakes.csv").write_text(mistakes_csv(grading, counts), encoding="utf-8", newline="")
    (folder / "index.html").write_text(index_html(grading, counts, pages), encoding="utf-8")
    draw_mistakes(grading, counts, folder / "mistakes.png")
    record = {**grading_data(grading), "files": _hashes(folder)}
    (folder / RECORD).write_text(json.dumps(record, indent=1, allow_nan=False), encoding="utf-8")


def refuse_other(out: Path) -> None:
    """Refuse a folder that has files in it, unless it is a former grading without changes.

    Raises
    ------
    ExerciseError

    Examples
    --------
    >>> refuse_other(Path(tempfile.mkdtemp()))
    """
    remedy = "choose another folder, or move this one away"
    if not out.exists() and not out.is_symlink():
        return
    if out.is_symlink() or not out.is_dir():
        raise ExerciseError(f"{out} is not a folder", "a new folder", remedy)
    there = _hashes(out)
    if not there and not any(out.iterdir()):
        return
    try:
        written = json.loads((out / RECORD).read_text(encoding="utf-8"))["files"]
        changed = sorted(name for name in there if written.get(name) != there[name])
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ExerciseError(
            f"{out} contains files and is not a former grading", "a new or empty folder", remedy
        ) from error
    if changed:
        raise ExerciseError(
            f"{out / changed[0]} has changed since it was graded", "a former grading without changes", remedy
        )


def _hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file in a folder except those that may change."""
    paths = (path for path in sorted(folder.rglob("*")) if path.name not in _BESIDE and not path.is_dir())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def safe_names(names: Iterable[str]) -> list[str]:
    """Turn names into distinct file names that are valid on every system.

    Examples
    --------
    >>> safe_names(["Müller Anna", "../../etc/passwd", "müller anna", "CON", "李"])
    ['Muller-Anna', 'etc-passwd', 'muller-anna-2', 'CON-', 'submission']
    """
    taken: set[str] = set()
    safe = []
    for name in names:
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^A-Za-z0-9]+", "-", letters).strip("-")[:60] or "submission"
        stem = f"{stem}-" if _WINDOWS.fullmatch(stem) else stem
        number, candidate = 1, stem
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}-{number}"
        taken.add(candidate.casefold())
        safe.append(candidate)
    return safe
