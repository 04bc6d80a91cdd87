"""Lists what a submission's source code defines: functions, classes, parameters, and the globals they use."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from handgrad.exercises.calls import Crash
from handgrad.exercises.submission.reading import Submission
from handgrad.exercises.submission.statements import Unit, globals_of, parse

Pasted = Literal["numbers", "prompts", "page"]
_PART = "(train|test|val|dev|tr|te)?"
_DATA = re.compile(f"{_PART}_?(x|y|images?|labels?|data)_?{_PART}", re.IGNORECASE)
_LOOP = re.compile(r"(for|while)\b")
_TRAINING = re.compile(r"\.(backprop|gradient_step)\(")


@dataclass(frozen=True)
class Function:
    """A function or method: its parameters without ``self``, and the global names that it uses."""

    parameters: tuple[str, ...]
    uses: frozenset[str]


@dataclass(frozen=True)
class Outline:
    """What a submission defines.

    Attributes
    ----------
    functions : mapping of str to Function
        Those at top level.
    classes : mapping of str to mapping
        Their methods by name.
    loose : frozenset of str
        Variables at top level that hold data, a network, or what was computed from these.
    trains : bool
        Whether a loop at top level calls backprop or gradient_step.
    pasted : mapping of int to {"numbers", "prompts", "page"}
        By the number of a cell that is not valid Python, what makes it so: line numbers, prompts, or it is a web page.
    """

    functions: Mapping[str, Function]
    classes: Mapping[str, Mapping[str, Function]]
    loose: frozenset[str]
    trains: bool
    pasted: Mapping[int, Pasted]


def outline(submission: Submission) -> Outline:
    r"""List what a submission defines. Cells that are not valid Python are left out.

    Examples
    --------
    >>> from handgrad.exercises.submission.reading import Cell
    >>> source = "class fcc:\n    def backprop(self, X, y):\n        self.n = len(trainx)\ntrainx = load()\n"
    >>> found = outline(Submission("a.py", (Cell(0, source),)))
    >>> found.classes["fcc"]["backprop"].parameters, found.classes["fcc"]["backprop"].uses & found.loose
    (('X', 'y'), frozenset({'trainx'}))
    """
    functions: dict[str, Function] = {}
    classes: dict[str, dict[str, Function]] = {}
    units: list[Unit] = []
    pasted: dict[int, Pasted] = {}
    trains = False
    for cell in submission.cells:
        parsed = parse(cell.source, cell.number)
        if isinstance(parsed, Crash):
            if (kind := _pasted(cell.source)) is not None:
                pasted[cell.number] = kind
            continue
        for unit in parsed:
            units.append(unit)
            trains |= bool(_LOOP.match(unit.lines[0]) and _TRAINING.search("\n".join(unit.lines)))
            for scope in unit.scopes:
                if isinstance(scope, symtable.Function):
                    functions[scope.get_name()] = _function(scope)
                elif isinstance(scope, symtable.Class):
                    methods = (part for part in scope.get_children() if isinstance(part, symtable.Function))
                    classes[scope.get_name()] = {part.get_name(): _function(part, 1) for part in methods}
    return Outline(functions, classes, _loose(units, classes), trains, pasted)


def _pasted(source: str) -> Pasted | None:
    """Recognise what was copied along with most lines of a cell, such as prompts or line numbers."""
    if re.match(r"\s*<(!doctype|html|\?xml)", source, re.IGNORECASE):
        return "page"
    lines = [line for line in source.splitlines() if line.strip()]
    if 2 * sum(bool(re.match(r"\s*(>>>|\.\.\.|(In|Out) ?\[\d*\]:)", line)) for line in lines) > len(lines):
        return "prompts"
    numbers = [int(match[1]) for line in lines if (match := re.match(r"\s*(\d{1,6})[:.|]?(\s|$)", line))]
    if 2 * len(numbers) > len(lines) and numbers == sorted(set(numbers)):
        return "numbers"
    return None


def _function(scope: symtable.Function, bound: int = 0) -> Function:
    """Read a function's parameters, except the bound ones, and the global names that it uses."""
    return Function(scope.get_parameters()[bound:], frozenset(globals_of(scope)))


def _loose(units: Iterable[Unit], classes: Iterable[str]) -> frozenset[str]:
    """Find the variables that contain data or a network, or were computed from such variables."""
    loose: set[str] = set()
    made = {*classes, "fcc"}
    for unit in units:
        for name, value in unit.assigned:
            built = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in made
            if built or _DATA.fullmatch(name) or (unit.used & loose and not isinstance(value, ast.Lambda)):
                loose.add(name)
    return frozenset(loose)
