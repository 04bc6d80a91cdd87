"""The cells of a sheet: the structure and code of a template, the texts of one language, and filled blanks."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from handgrad.exercises.results import Language
from handgrad.exercises.tasks import TASKS

Part = Literal[3, 4]
Role = Literal["text", "given", "blank", "test", "run"]

FOLDER = resources.files("handgrad.exercises.sheet")
HEADER = re.compile(r"^# %% (text|given|blank|test|run) (\w+)\n", re.MULTILINE)
BLANK = re.compile(r"^( *)«blank (\w+)»$", re.MULTILINE)
EQUATION = re.compile(r"«equation ([\w.]+)»")
WORD = re.compile(r"«(\w+)\.(\w+)»")


@dataclass(frozen=True)
class SheetCell:
    """One cell.

    Attributes
    ----------
    role : {"text", "given", "blank", "test", "run"}
        text: Markdown. given: code that the tasks use. blank: code with a blank. test: the self-test of the task with
        the same name; its last line prints that it passed. run: code that trains and plots.
    name : str
        Unique among the cells with this role.
    source : str
    """

    role: Role
    name: str
    source: str


def sheet_cells(part: Part, language: Language, fill: Callable[[str], str]) -> tuple[SheetCell, ...]:
    """Assemble a sheet.

    Parameters
    ----------
    part : {3, 4}
    language : {"en", "de"}
    fill : callable
        Gives the lines for the blank of a task, by the task's name.

    Examples
    --------
    >>> cells = sheet_cells(4, "en", lambda task: f"return the_answer_to.{task}")
    >>> next(cell.source for cell in cells if cell.name == "del_sigmoid").splitlines()[-1]
    '    return the_answer_to.del_sigmoid'
    """
    words = read(f"words.{language}.toml")
    _, *parts = HEADER.split((FOLDER / f"part{part}.template").read_text(encoding="utf-8"))
    cells = []
    for header, name, code in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        role = cast(Role, header)
        source = words[f"part{part}"][name] if role == "text" else code
        source = EQUATION.sub(lambda match: "\n" + read("shared.toml")[match[1]], source)
        source = WORD.sub(lambda match: words[match[1]][match[2]], source)
        source = BLANK.sub(lambda match: textwrap.indent(fill(match[2]), match[1]), source)
        cells.append(SheetCell(role, name, source.strip("\n")))
    return tuple(cells)


def not_implemented(language: Language) -> Callable[[str], str]:
    """Fill every blank with the error that says which task it is."""
    word = read(f"words.{language}.toml")["code"]["task"]
    return lambda task: f'raise NotImplementedError("{word} {TASKS[task].number}")'


@cache
def read(name: str) -> dict[str, Any]:
    """Read a data file of this folder. Do not modify the result, which is cached."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
