"""Lists what a submission's source code defines: functions, classes, parameters, and the globals they use."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from handgrad.exercises.calls import Crash
from handgrad.exercises.submission.reading import Submission
from handgrad.exercises.submission.statements import Unit, globals_of, parse

Pasted = Literal["numbers", "prompts", "page", "fences", "conflict"]
_PART = "(train|test|val|dev|tr|te)?"
_DATA = re.compile(f"{_PART}_?(x|y|images?|labels?|data)_?{_PART}", re.IGNORECASE)
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_KNOWN = {"np", "numpy", *dir(builtins)}
_LOOP = re.compile(r"(for|while)\b")
_TRAINING = re.compile(r"\.(backprop|gradient_step)\(")


@dataclass(frozen=True)
class Function:
    """A function or method: its parameters, without a method's first one, and the global names that it uses."""

    parameters: tuple[str, ...]
    uses: frozenset[str]
    first: str = ""


@dataclass(frozen=True)
class Outline:
    """What a submission defines.

    Attributes
    ----------
    functions : mapping of str to Function
        Those at top level.
    classes : mapping of str to mapping
        Their methods by name.
    repeated : set of str
        Functions at top level, and methods of ``fcc``, that are defined more than once.
    lost : set of str
        Methods of an earlier class ``fcc`` that the last one does not have.
    nested : set of str
        Functions and classes defined within functions.
    hidden : set of str
        Names of NumPy and of Python's own functions that are given another value at top level.
    blocked : set of str
        Functions and methods that raise NotImplementedError above their own code.
    loose : set of str
        Variables at top level that hold data, a network, or what was computed from these.
    trains : bool
        Whether a loop at top level calls backprop or gradient_step.
    pasted : mapping of int to {"numbers", "prompts", "page", "fences", "conflict"}
        By the number of a cell that is not valid Python, what makes it so: line numbers, prompts, a web page, text
        around fenced code, or the marks of a merge conflict.
    """

    functions: Mapping[str, Function]
    classes: Mapping[str, Mapping[str, Function]]
    repeated: Set[str]
    lost: Set[str]
    nested: Set[str]
    hidden: Set[str]
    blocked: Set[str]
    loose: Set[str]
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
    units: list[Unit] = []
    pasted: dict[int, Pasted] = {}
    for cell in submission.cells:
        parsed = parse(cell.source, cell.number)
        if not isinstance(parsed, Crash):
            units += parsed
        elif (kind := _pasted(cell.source)) is not None:
            pasted[cell.number] = kind
    functions = [scope for unit in units for scope in unit.scopes if isinstance(scope, symtable.Function)]
    classes, lost = _classes(units)
    return Outline(
        functions={scope.get_name(): _function(scope) for scope in functions},
        classes=classes,
        repeated=_repeated(units),
        lost=lost,
        nested={part.get_name() for scope in functions for part in scope.get_children()},
        hidden={name for unit in units for name, _ in unit.assigned} & _KNOWN,
        blocked={name for unit in units for name in unit.blocked},
        loose=_loose(units, classes),
        trains=any(_LOOP.match(unit.lines[0]) and _TRAINING.search("\n".join(unit.lines)) for unit in units),
        pasted=pasted,
    )


def _classes(units: Iterable[Unit]) -> tuple[dict[str, dict[str, Function]], Set[str]]:
    """List the methods of every class, and those of an earlier class fcc that the last one lacks."""
    classes: dict[str, dict[str, Function]] = {}
    lost: set[str] = set()
    for unit, name, methods in _bodies(units):
        own = {method.get_name(): _function(method, 1) for method in methods}
        if name == "fcc":
            earlier = classes.get(name, {})
            own = {**earlier, **own} if name in unit.used else own  # it may inherit from the earlier one
            lost = (lost | earlier.keys()) - own.keys()
        classes[name] = own
    return classes, lost


def _repeated(units: Iterable[Unit]) -> Set[str]:
    """Find the functions and methods of fcc that are defined more than once; both branches of an if count once."""
    found = _twice(name for unit in units for name in unit.functions)
    bodies = [(unit, [m.get_name() for m in methods]) for unit, name, methods in _bodies(units) if name == "fcc"]
    for _, names in bodies:
        found |= _twice(names)
    in_statements = {(unit, name) for unit, names in bodies for name in names}  # both branches of an if count once
    return found | _twice(name for _, name in in_statements)


def _twice(names: Iterable[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _bodies(units: Iterable[Unit]) -> Iterator[tuple[Unit, str, list[symtable.Function]]]:
    """Give every class with the statement in which it stands, its name and its methods."""
    for unit in units:
        for scope in unit.scopes:
            if isinstance(scope, symtable.Class):
                methods = [part for part in scope.get_children() if isinstance(part, symtable.Function)]
                yield unit, scope.get_name(), methods


def _pasted(source: str) -> Pasted | None:
    """Recognise what was copied along with most lines of a cell, such as prompts or line numbers."""
    if re.search(r"^(<{7}|>{7}) ", source, re.MULTILINE) and re.search(r"^={7}$", source, re.MULTILINE):
        return "conflict"
    if (fenced := _FENCED.findall(source)) and not isinstance(parse("\n".join(fenced), 0), Crash):
        return "fences"
    if re.match(r"\s*<(!doctype|html|\?xml)", source, re.IGNORECASE):
        return "page"
    lines = [line for line in source.splitlines() if line.strip()]
    prompts = sum(bool(re.match(r"\s*(>>>|\.\.\.|(In|Out) ?\[\d*\]:)", line)) for line in lines)
    if 2 * prompts > len(lines) or re.match(r"\s*(>>>|In ?\[\d*\]:)", source):
        return "prompts"
    numbers = [int(match[1]) for line in lines if (match := re.match(r"\s*(\d{1,6})[:.|]?(\s|$)", line))]
    if 2 * len(numbers) > len(lines) and numbers == sorted(set(numbers)):
        return "numbers"
    return None


def _function(scope: symtable.Function, bound: int = 0) -> Function:
    """Read a function's parameters, with the bound one by itself, and the global names that it uses."""
    parameters = scope.get_parameters()
    return Function(parameters[bound:], frozenset(globals_of(scope)), "".join(parameters[:bound]))


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
