"""Grades the submissions of a class: finds them, checks them on all cores, and writes a folder for the teacher.

A submission that cannot be read or checked gets a row that says why; the others are graded all the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import joblib

from handgrad import files
from handgrad.errors import DataError, ExerciseError
from handgrad.exercises.grading.collect import Found, find_submissions
from handgrad.exercises.grading.gradebook import draw_mistakes, grades_csv, grading_data, mistakes_csv
from handgrad.exercises.grading.grading import Grading, Row, count_mistakes, to_look_at
from handgrad.exercises.grading.overview import feedback_html, index_html
from handgrad.exercises.grading.rubric import Rubric, default_rubric
from handgrad.exercises.grading.workers import Job, check_all
from handgrad.exercises.results import Checked, Language
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.sheet.writing import STEMS
from handgrad.exercises.tasks import TASKS

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
    complete or not there; until then the pages and the grade book grow in a folder beside it, ``OUT.unfinished``, which
    stays if the grading is stopped. An existing folder is replaced if it is a former grading, that is, if it has a
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
    "name","id","del_sigmoid","total","status","note"
    >>> graded.rows[0].total
    1.0
    """
    rubric = default_rubric() if rubric is None else rubric
    refuse_other(out)
    unfinished = _Folder(out.with_name(f"{out.name}.unfinished"))
    refuse_other(unfinished.path)
    rows: dict[int, Row] = {}
    with tempfile.TemporaryDirectory(prefix="handgrad-") as scratch:
        stems = [stem for part, stem in STEMS.items() if any(TASKS[task].sheet == part for task in rubric.points)]
        found = find_submissions(paths, Path(scratch), stems[0] if len(stems) == 1 else "")
        pages = [f"feedback/{name}.html" for name in safe_names(one.name for one in found)]
        jobs = [Job(one, tuple(rubric.points), sandbox, language) for one in found]
        with contextlib.closing(check_all(jobs, workers or joblib.cpu_count(), Path(scratch))) as arriving:
            for index, checked in arriving:
                row = rows[index] = _row(found[index], checked, rubric, language)
                grading = Grading(tuple(rows[i] for i in sorted(rows)), rubric, language)
                unfinished.write({pages[index]: feedback_html(row, grading), "grades.csv": grades_csv(grading)})
                if progress is not None:
                    progress(len(rows), len(found), row)
        counts, picture = count_mistakes(grading), Path(scratch) / "mistakes.png"
        draw_mistakes(grading, counts, picture)
        contents: dict[str, str | bytes] = {
            "mistakes.csv": mistakes_csv(grading, counts),
            "mistakes.png": picture.read_bytes(),
            "index.html": index_html(grading, counts, {one.name: page for one, page in zip(found, pages, strict=True)}),
        }
        unfinished.write(contents, grading_data(grading))
    refuse_other(out)  # again, as grading may have taken a while
    unfinished.move(out)
    return grading


def _row(one: Found, checked: Checked | str, rubric: Rubric, language: Language) -> Row:
    """Count the points of a submission, or say why it has none; and what a person should look at."""
    if isinstance(checked, str):
        return Row(one.name, one.id, None, {}, checked)
    scores = {result.task: rubric.score(result) for result in checked.tasks}
    points = {task: scores.get(task, 0.0) for task in rubric.points}
    return Row(one.name, one.id, checked, points, to_look_at(checked, language))


class _Folder:
    """The folder of an unfinished grading. Like a finished one, it has a record of the files written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hashes: dict[str, str] = {}

    def write(self, contents: Mapping[str, str | bytes], data: Mapping[str, object] | None = None) -> None:
        """Write files, their record first, so that the folder is recognised even if the grading is stopped."""
        encoded = {name: text.encode() if isinstance(text, str) else text for name, text in contents.items()}
        self._hashes, before = {**self._hashes, **{name: _hash(text) for name, text in encoded.items()}}, self._hashes
        record = json.dumps({**(data or {}), "files": self._hashes}, indent=1, allow_nan=False)
        with _explained(self.path):
            if not before:
                shutil.rmtree(self.path, ignore_errors=True)
                (self.path / "feedback").mkdir(parents=True)
            for name, text in {RECORD: record.encode(), **encoded}.items():
                with files.written(self.path / name) as file:
                    file.write(text)

    def move(self, out: Path) -> None:
        """Move the folder to its final place, where it replaces a former grading."""
        former = out.with_name(f".{out.name}.former")
        with _explained(out):
            if out.exists():
                shutil.rmtree(former, ignore_errors=True)
                out.rename(former)
            try:
                self.path.rename(out)
            except BaseException:
                if former.exists():
                    former.rename(out)
                raise
        shutil.rmtree(former, ignore_errors=True)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Explain why a folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise ExerciseError(f"{path}: {error}", "a folder that can be written to", "choose another --out") from error


def refuse_other(out: Path) -> None:
    """Refuse a folder that has files in it, unless it is a former grading without changes.

    Raises
    ------
    ExerciseError

    Examples
    --------
    >>> refuse_other(Path(tempfile.mkdtemp()))
    """
    if not out.name or out.resolve() == Path.cwd():  # the folder is replaced at the end
        raise ExerciseError(f"{out} is the current folder, or has no name", "a new folder", "name one within it")
    remedy = "choose another folder, or move this one away"
    if not out.exists() and not out.is_symlink():
        return
    if out.is_symlink() or not out.is_dir():
        raise ExerciseError(f"{out} is not a folder", "a new folder", remedy)
    there = _hashes(out)
    if not there and not any(out.iterdir()):
        return
    try:
        with files.opened(out / RECORD) as file:
            written = json.loads(file.read())["files"]
        changed = sorted(name for name in there if written.get(name) != there[name])
    except (DataError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ExerciseError(
            f"{out} contains files and is not an earlier grading", "a new or empty folder", remedy
        ) from error
    if changed:
        raise ExerciseError(
            f"{out / changed[0]} has changed since it was graded", "an earlier grading without changes", remedy
        )


def _hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file in a folder except those that may change."""
    paths = (path for path in sorted(folder.rglob("*")) if path.name not in _BESIDE and not path.is_dir())
    return {  # a pipe or a device, which might never come to an end, is not read
        path.relative_to(folder).as_posix(): _hash(path.read_bytes()) if path.is_file() else "" for path in paths
    }


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
