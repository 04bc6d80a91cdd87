"""Tasks in which nothing is written yet, however the learner left them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from handgrad.exercises.tasks import TASKS

WRITTEN = TASKS.keys() - {"__init__"}  # without a constructor, the methods could not be judged


def leave_blank(statements: Iterable[ast.stmt], lines: list[str], start: int) -> None:
    r"""Let tasks in which nothing is written raise what the sheet's blank tasks raise; no line gets another number.

    Parameters
    ----------
    statements : iterable of ast.stmt
        At top level.
    lines : list of str
        Theirs, which are changed.
    start : int
        How many lines of the cell come before these.

    Examples
    --------
    >>> lines = ["def sigmoid(X):", "    pass"]
    >>> leave_blank(ast.parse("\n".join(lines)).body, lines, 0)
    >>> lines[1]
    '    raise NotImplementedError; pass'
    """
    for function in _tasks(statements):
        if all(map(_does_nothing, function.body)):
            last = function.body[-1]
            number, place = last.lineno - 1 - start, last.col_offset  # which counts bytes
            line = lines[number].encode()
            lines[number] = (line[:place] + b"raise NotImplementedError; " + line[place:]).decode()


def _tasks(statements: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Give the functions, and the methods of the network, that are tasks; not those of a class that it may extend."""
    for statement in statements:
        if isinstance(statement, ast.ClassDef) and statement.name == "fcc":
            yield from _tasks(statement.body)
        elif isinstance(statement, ast.FunctionDef) and statement.name in WRITTEN:
            yield statement


def _does_nothing(statement: ast.stmt) -> bool:
    """Tell whether a statement is ``pass``, ``...``, a docstring, or a return without a value."""
    match statement:
        case ast.Pass() | ast.Expr(ast.Constant()) | ast.Return(None) | ast.Return(ast.Constant(None)):
            return True
    return False
