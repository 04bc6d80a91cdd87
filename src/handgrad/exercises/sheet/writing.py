"""Writes sheets, for learners or for teachers who use nbgrader or otter-grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from handgrad.errors import ExerciseError, SettingError
from handgrad.exercises.results import Language
from handgrad.exercises.sheet.cells import Part, not_implemented, sheet_cells
from handgrad.exercises.sheet.formats import learners_notebook, nbgrader_notebook, otter_notebook, percent_module
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import TASKS
from handgrad.files import written

FileFormat = Literal["ipynb", "py"]
Audience = Literal["learner", "nbgrader", "otter"]

STEMS: dict[Part, str] = {3: "sheet3", 4: "sheet"}


def write_sheet(
    folder: Path,
    parts: Sequence[Part] = (4,),
    file_format: FileFormat = "ipynb",
    language: Language = "en",
    audience: Audience = "learner",
) -> list[Path]:
    """Write sheets into a folder: ``sheet.ipynb`` is part 4, ``sheet3.ipynb`` part 3.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    parts : sequence of {3, 4}, default (4,)
    file_format : {"ipynb", "py"}, default "ipynb"
        A notebook, or a module with ``# %%`` cells.
    language : {"en", "de"}, default "en"
    audience : {"learner", "nbgrader", "otter"}, default "learner"
        The other two are teachers' notebooks with solutions, from which ``nbgrader generate_assignment`` or
        ``otter assign`` makes the learners' notebooks and the tests.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ExerciseError
        If one of the files exists already, or the folder cannot be created.
    SettingError
        If there is no such part, format, language or audience.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> [path.name for path in write_sheet(folder, parts=(3, 4), language="de")]
    ['sheet3.ipynb', 'sheet.ipynb']
    """
    _one_of("audience", audience, ("learner", "nbgrader", "otter"))
    if audience != "learner" and file_format != "ipynb":
        raise SettingError(f"file_format is {file_format!r} for {audience}", "a notebook", 'pass file_format="ipynb"')
    contents = {}
    for part in parts:
        text = _text(part, file_format, language, audience, {})
        contents[Path(folder) / f"{STEMS[part]}.{file_format}"] = text
    for path in contents:
        if path.exists() or path.is_symlink():
            raise ExerciseError(
                f"{path} exists already", "a new file", "choose another folder, or move your work away first"
            )
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExerciseError(f"{folder} cannot be created ({error})", "a folder", "choose another one") from error
    for path, text in contents.items():
        with written(path) as file:
            file.write(text.encode("utf-8"))
    return list(contents)


def solved_sheet(
    part: Part = 4,
    file_format: FileFormat = "ipynb",
    language: Language = "en",
    bodies: Mapping[str, str] | None = None,
) -> str:
    """Give the text of a sheet with its blanks filled, as if a learner had worked on it.

    Parameters
    ----------
    part : {3, 4}, default 4
    file_format : {"ipynb", "py"}, default "ipynb"
    language : {"en", "de"}, default "en"
    bodies : mapping of str to str, optional
        The lines for the blank of each task; other blanks are left as they are. The default is the solutions of
        ``handgrad.handout``.

    Examples
    --------
    >>> solved_sheet(file_format="py", bodies={"del_sigmoid": "return h * (1 + h)"}).count("h * (1 + h)")
    1
    """
    bodies = {task: solution(task) for task in TASKS} if bodies is None else bodies
    return _text(part, file_format, language, "learner", bodies)


def _text(
    part: Part, file_format: FileFormat, language: Language, audience: Audience, bodies: Mapping[str, str]
) -> str:
    """Give a sheet's text. ``bodies`` fill blanks of learners' sheets; the other blanks stay empty."""
    _one_of("part", part, tuple(STEMS))
    _one_of("file_format", file_format, ("ipynb", "py"))
    _one_of("language", language, ("en", "de"))
    blank = not_implemented(language)
    if audience == "nbgrader":
        return nbgrader_notebook(part, sheet_cells(part, language, _nbgrader_region))
    if audience == "otter":
        return otter_notebook(part, sheet_cells(part, language, lambda task: _otter_region(task, blank(task))))
    cells = sheet_cells(part, language, lambda task: bodies[task] if task in bodies else blank(task))
    return learners_notebook(part, cells) if file_format == "ipynb" else percent_module(cells)


def _nbgrader_region(task: str) -> str:
    """Mark a solution for nbgrader, which replaces it with its own stub."""
    return f"### BEGIN SOLUTION\n{solution(task)}\n### END SOLUTION"


def _otter_region(task: str, prompt: str) -> str:
    """Mark a solution for otter-grader, which replaces it with the prompt."""
    prompted = f'""" # BEGIN PROMPT\n{prompt}\n""" # END PROMPT'
    return f"{prompted}\n# BEGIN SOLUTION NO PROMPT\n{solution(task)}\n# END SOLUTION"


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Refuse a value that is not allowed."""
    if value not in allowed:
        wanted = ", ".join(map(repr, allowed))
        raise SettingError(f"{name} is {value!r}", f"one of {wanted}", f"pass {name}={allowed[0]!r}")
