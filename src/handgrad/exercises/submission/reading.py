"""Reads a learner's notebook or module, and finds the code that defines the tasks. Executes nothing.

A check needs the learner's functions and class, but not the training and plots, which may take minutes. So it runs only
the definitions of the tasks, and what these use.
"""

from __future__ import annotations

import io
import json
import re
import stat
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Crash
from handgrad.exercises.submission.effects import DYNAMIC, add_effects
from handgrad.exercises.submission.statements import TASK_NAMES, Unit, makes_function, parse

MAXIMUM_BYTES = 5_000_000
MAXIMUM_CODE = 100_000
_OTHERS = {  # by their first bytes
    b"%PDF": "a PDF document", b"{\\rtf": "a text document with formats (RTF)",
    b"PK\x03\x04": "an archive or a Word document", b"\xd0\xcf\x11\xe0": "a Word document",
}  # fmt: skip
_NOTEBOOK = re.compile(r"\s*\{(?=.*\"nbformat\")", re.DOTALL)
_CODE = re.compile(r"^[^\S\n]*[^\s#]", re.MULTILINE)  # a line that is neither blank nor a comment
_TABLES = re.compile(r"iso-?8859|latin|cp\d|windows-\d|mac|koi8", re.IGNORECASE)  # encodings that are read from tables


@dataclass(frozen=True)
class Cell:
    """A code cell. ``number`` counts code cells from 1, and is 0 for a plain module."""

    number: int
    source: str


@dataclass(frozen=True)
class Submission:
    """What a learner handed in."""

    name: str
    cells: tuple[Cell, ...]


def read_submission(path: Path) -> Submission:
    r"""Read a notebook (``.ipynb``, nbformat 4 or 3) or a plain module (``.py``); a notebook may be named as a module.

    Returns
    -------
    Submission
        It is named after the file.

    Raises
    ------
    ExerciseError
        If it is not such a file, is too large, is not text, is no notebook, or has no code.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sheet.py"
    >>> _ = path.write_text("def del_sigmoid(h):\n    return h * (1 - h)\n")
    >>> read_submission(path).cells[0].number
    0
    """
    path = Path(path)
    if path.is_dir():
        raise ExerciseError(f"{path} is a folder", "a notebook or a module", "name one of its files")
    suffix = path.suffix.lower()
    if suffix not in (".ipynb", ".py"):
        raise ExerciseError(
            f"{path.name} is not a notebook or a module", "an .ipynb or .py file", "check the name of the file"
        )
    text = _text(path)
    if suffix == ".py" and not _NOTEBOOK.match(text):
        cells = [Cell(0, text)]
    else:
        cells = [Cell(number, source) for number, source in enumerate(_code_cells(path, text), start=1)]
    if (size := sum(len(cell.source) for cell in cells)) > MAXIMUM_CODE:
        raise ExerciseError(
            f"{path.name} has {size:,} characters of code",
            f"at most {MAXIMUM_CODE:,}",
            "keep the code of the sheet only",
        )
    if not any(_CODE.search(cell.source) for cell in cells):
        where = "" if suffix == ".py" else " in its code cells"
        raise ExerciseError(f"there is no code in {path.name}", f"the code of a sheet{where}", "save the sheet again")
    return Submission(path.name, tuple(cells))


def _text(path: Path) -> str:
    """Read a text file of limited size, with newlines as line ends: UTF-8, or as a module's own coding line says."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would block for ever
            raise ExerciseError(f"{path} is not a regular file", "a notebook or a module", "pass the file itself")
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError as error:
        raise ExerciseError(f"there is no file {path}", "a notebook or a module", "check the path") from error
    except (OSError, ValueError) as error:
        raise ExerciseError(f"{path}: {error}", "a readable file", "check the name and the permissions") from error
    if len(data) > MAXIMUM_BYTES:
        raise ExerciseError(
            f"{path.name} has over {MAXIMUM_BYTES:,} bytes",
            f"at most {MAXIMUM_BYTES:,} bytes",
            "clear the outputs of the notebook and save it again",
        )
    for start, kind in _OTHERS.items():
        if data.startswith(start):
            raise ExerciseError(f"{path.name} is {kind}", "a notebook or a module", "hand in the sheet itself")
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0] if path.suffix.lower() == ".py" else "utf-8"
        text = data.decode(encoding if _TABLES.match(encoding) else "utf-8-sig")
    except (UnicodeDecodeError, SyntaxError) as error:
        raise ExerciseError(f"{path.name} is not UTF-8", "UTF-8 text", "save the file as UTF-8") from error
    return _lines_ended(text)


def _lines_ended(text: str) -> str:
    """End every line with a newline, as Python counts lines, and replace what UTF-8 cannot encode."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")


def _code_cells(path: Path, text: str) -> Iterator[str]:
    """Give the source of every code cell of a notebook."""

    def refuse(found: str) -> NoReturn:
        raise ExerciseError(
            f"{path.name}: {found}", "a Jupyter notebook, nbformat 4 or 3", "open it in Jupyter and save it again"
        )

    def listed(value: Any, what: str) -> list[Any]:
        return value if isinstance(value, list) else refuse(f"{what} of type {type(value).__name__}")

    try:
        notebook = json.loads(text, parse_constant=lambda name: refuse(f"{name} is not JSON"))
    except (ValueError, RecursionError) as error:
        refuse(f"it is not JSON ({error})")
    if not isinstance(notebook, dict):
        refuse("it is JSON but not a notebook")
    version = notebook.get("nbformat")
    if version == 4:
        cells, key = listed(notebook.get("cells"), "cells"), "source"
    elif version == 3:
        sheets = listed(notebook.get("worksheets"), "worksheets")
        cells = [c for s in sheets if isinstance(s, dict) for c in listed(s.get("cells"), "cells")]
        key = "input"
    else:
        refuse(f"nbformat {str(version)[:20]}")
    for cell in cells:
        if not isinstance(cell, dict):
            refuse(f"a cell of type {type(cell).__name__}")
        if cell.get("cell_type") != "code":
            continue
        source = cell.get(key)
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            refuse(f"a code cell whose {key} is not text")
        yield _lines_ended("".join(map(str, lines)))


def definitions(submission: Submission) -> tuple[Cell, ...]:
    r"""Keep the code that defines the tasks' functions and class, and what these need in turn.

    Kept are statements at top level that bind a task's name, or one that is used as a global by code that is kept,
    and those that may change such an object (``fcc.backprop = backprop``, ``names.sort()``, ``fill(table)``,
    ``@register``). A loop or an expression that calls the network or a routine, or waits for an answer, is not. Where a
    name is a function's, an assignment that gives it something else (``accuracy = accuracy(p, y)``) is not either. If
    code that is kept reaches names by ``globals`` or ``eval``, all functions and classes are kept.

    Returns
    -------
    tuple of Cell
        Cells of which something is kept. All other lines are blank, so that line numbers do not change.

    Examples
    --------
    >>> source = "import numpy as np\nprint('training')\ndef sigmoid(X):\n    return 1 / (1 + np.exp(-X))\n"
    >>> definitions(Submission("sheet.py", (Cell(0, source),)))[0].source.splitlines()
    ['import numpy as np', '', 'def sigmoid(X):', '    return 1 / (1 + np.exp(-X))']
    """
    parsed = [(cell, parse(cell.source, cell.number)) for cell in submission.cells]
    units = [unit for _, parts in parsed if not isinstance(parts, Crash) for unit in parts]
    functions = {name for unit in units for name in unit.functions}
    imported = {name for unit in units for name in unit.imported}
    add_effects(units)
    for unit in units:
        unit.bound |= {
            name for name, value in unit.assigned if name not in functions or makes_function(value, functions, imported)
        }
        unit.bound |= unit.registered_by & functions
    binding: dict[str, list[Unit]] = {}
    for unit in units:
        for name in unit.bound:
            binding.setdefault(name, []).append(unit)
    waiting, needed, kept = ["*", *TASK_NAMES], {"*", *TASK_NAMES}, set[Unit]()
    while waiting:
        for unit in binding.pop(waiting.pop(), ()):
            kept.add(unit)
            used = unit.used if DYNAMIC.isdisjoint(unit.used) else unit.used | functions
            waiting.extend(used - needed)
            needed |= used
    cells = []
    for cell, parts in parsed:
        if not isinstance(parts, Crash):
            lines = [""] * (cell.source.count("\n") + 1)
            for unit in parts:
                if unit in kept:
                    lines[unit.start : unit.end] = unit.lines
            if any(lines):
                cells.append(Cell(cell.number, "\n".join(lines).rstrip("\n") + "\n"))
    return tuple(cells)


def syntax_errors(submission: Submission) -> tuple[Crash, ...]:
    """Find the cells that are not valid Python, which :func:`definitions` leaves out.

    Examples
    --------
    >>> syntax_errors(Submission("sheet.ipynb", (Cell(1, "x = 1"), Cell(2, "y = (2"))))[0].cell
    2
    """
    return tuple(parts for cell in submission.cells if isinstance(parts := parse(cell.source, cell.number), Crash))
