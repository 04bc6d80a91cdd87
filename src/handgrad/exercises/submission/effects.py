"""Finds what statements at top level change besides what they define and assign, so that they run where it is needed.

A loop, an expression or a decorator may fill a list, a table or a registry. It runs with the code that needs this
object, unless it is a training, a test or a prompt: these call the network or a routine, or wait for an answer.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping, Set

from handgrad.exercises.submission.statements import Unit, globals_of
from handgrad.exercises.tasks import TASKS

# What a training calls, itself or by other functions; it may take minutes, and a prompt waits for ever.
WORK = frozenset(name for name, task in TASKS.items() if task.kind != "function") | {
    "fcc", "forward_propagation", "input",
}  # fmt: skip
DYNAMIC = frozenset({"globals", "eval", "exec", "vars"})  # by these, code reaches a name that is not written there
_SHOWS = (frozenset(dir(builtins)) - {"setattr", "delattr"}) | {"display", "plt"}  # they change none of their arguments
_CLEAR = (ast.For, ast.AsyncFor, ast.While, ast.Match, ast.Expr)  # statements that may as well be left out


def add_effects(units: Iterable[Unit]) -> None:
    r"""Add to ``bound`` of each unit what it may change, and clear it where it is a loop or expression that trains.

    Examples
    --------
    >>> from handgrad.exercises.submission.statements import parse
    >>> units = parse("t = []\nfor i in range(3):\n    t.insert(0, i)\nfor i in t:\n    fcc().backprop(t.pop())", 1)
    >>> add_effects(units)
    >>> [sorted(unit.bound) for unit in units]
    [[], ['i', 't'], []]
    """
    units = list(units)
    imported = {name for unit in units for name in unit.imported}
    functions = {name for unit in units for name in unit.functions}
    changes: dict[str, set[str]] = {}  # by each function
    calls: dict[str, set[str]] = {}
    for unit in units:
        inside = [node for statement in unit.statements for node in ast.walk(statement)]
        outer = {name for scope in unit.scopes for name in globals_of(scope)}
        for name in unit.functions:
            changes.setdefault(name, set()).update(outer & set(_changed(inside)))
            calls.setdefault(name, set()).update(_called(inside))
    for unit in units:
        nodes = list(_executed(unit))
        lambdas = [inner for node in nodes if isinstance(node, ast.Lambda) for inner in ast.walk(node)]
        if not WORK.isdisjoint(_reached(_called([*nodes, *lambdas]), calls)):
            if all(isinstance(statement, _CLEAR) for statement in unit.statements):
                unit.bound, unit.assigned = set(), []
            continue
        run = [call for node in nodes if isinstance(node, ast.Expr) for call in ast.walk(node)]
        unit.bound |= {name for name in _owners(run) if name not in imported}
        at_once = _called([*run, *(n for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef))])
        reached = {name for function in at_once for name in changes.get(function, ())}
        unit.bound |= (reached | set(_given(run))) - imported - functions
        if not DYNAMIC.isdisjoint(at_once) or any(map(_into_globals, nodes)):
            unit.bound.add("*")


def _executed(unit: Unit) -> Iterator[ast.AST]:
    """Give what is executed when a unit is: of a function, only its decorators; of a class, also its bases."""
    stack: list[ast.AST] = list(unit.statements)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stack.extend(node.decorator_list)
        elif not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def _called(nodes: Iterable[ast.AST]) -> set[str]:
    """Name the functions and methods that are called, decorate, or are bases of a class."""
    found: set[str] = set()
    for node in nodes:
        made: list[ast.expr] = []
        if isinstance(node, ast.Call):
            made = [node.func]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            made = node.decorator_list
        elif isinstance(node, ast.ClassDef):
            made = [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
        for function in made:
            while isinstance(function, ast.Call):
                function = function.func
            if isinstance(function, ast.Name | ast.Attribute):
                found.add(function.id if isinstance(function, ast.Name) else function.attr)
    return found


def _reached(called: Set[str], calls: Mapping[str, Set[str]]) -> set[str]:
    """Add to what is called what that calls in turn."""
    found, waiting = set(called), list(called)
    while waiting:
        more = calls.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found


def _owners(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Name the objects whose methods are called."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (name := _root(node.func)):
            yield name


def _changed(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Name the objects whose methods are called, or whose entries or attributes are set, and declared globals."""
    nodes = list(nodes)
    yield from _owners(nodes)
    for node in nodes:
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store) and _root(node):
            yield str(_root(node))


def _given(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Name the objects that are given to functions which may change them."""
    for node in nodes:
        if isinstance(node, ast.Call) and _root(node.func) not in _SHOWS:
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield from (argument.id for argument in arguments if isinstance(argument, ast.Name))


def _root(node: ast.AST) -> str | None:
    """Name the object to which an attribute or entry belongs, in the end."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _into_globals(node: ast.AST) -> bool:
    """Tell whether names are defined by way of the module: ``globals()["f"] = f``, ``setattr(module, "f", f)``."""
    match node:
        case ast.Subscript(value=ast.Call(func=ast.Name(id="globals" | "vars" | "locals")), ctx=ast.Store()):
            return True
        case ast.Call(func=ast.Name(id="setattr"), args=[first, *_]):
            return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(first))
        case _:
            return False
