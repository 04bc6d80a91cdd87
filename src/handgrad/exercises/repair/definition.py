"""A definition as the learner wrote it, and changes of its text."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

# The smaller, the more it says of what was meant.
REPLACED, TURNED, LEFT_OUT, GROUPED, ADDED, MOVED, NUMBER, DELETED = range(8)


@dataclass(frozen=True)
class Edit:
    """A change of a definition's text.

    Attributes
    ----------
    rank : int
        ``REPLACED`` to ``DELETED``; and of ``rule``, equal for the same change in several places.
    parts : tuple of (start, end, text)
        Characters that are replaced, in their order, without overlap.
    """

    rank: int
    rule: str
    parts: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Definition:
    r"""A function or method as the learner wrote it.

    Attributes
    ----------
    name : str
    cell, line : int
        Where it begins.
    text : str
        Whole lines, dedented.
    attributes : tuple of str
        Those of its class that hold values.

    Examples
    --------
    >>> Definition("f", 0, 1, "def f(a):\n    b = 2 * a\n    return b\n").names
    ('a', 'b')
    """

    name: str
    cell: int
    line: int
    text: str
    attributes: tuple[str, ...] = ()

    @cached_property
    def node(self) -> ast.FunctionDef:
        """The parsed function."""
        return next(node for node in ast.parse(self.text).body if isinstance(node, ast.FunctionDef))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Its parameters, without ``self``."""
        arguments = self.node.args
        names = (one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
        return tuple(name for name in names if name != "self")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of its own: parameters and what it assigns."""
        stored = [one.id for one in ast.walk(self.node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        return tuple(dict.fromkeys(name for name in (*self.parameters, *stored) if name != "_"))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each line begins."""
        starts = [0]
        for line in self.text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return tuple(starts)

    def behind(self, wanted: Collection[str]) -> dict[int, int]:
        """Find the lines that set one of some names or attributes (numbered 0), and those that lead there (1)."""
        found: dict[int, int] = {}
        seen: set[str] = set()
        names, distance = set(wanted), 0
        while names - seen:
            seen |= names
            statements = [one for one in ast.walk(self.node) if isinstance(one, ast.Assign | ast.AugAssign | ast.For)]
            leading = [one for one in statements if names & _named(one, ast.Store)]
            for one in leading:
                last = one.lineno if isinstance(one, ast.For) else one.end_lineno or one.lineno
                for line in range(one.lineno, last + 1):
                    found.setdefault(line, distance)
            names, distance = names | {name for one in leading for name in _named(one, ast.Load)}, 1
        return found

    def offset(self, line: int, column: int) -> int:
        """Count the characters before a place of the parser's, which counts a line's bytes."""
        begin = self.starts[line - 1]
        row = self.text[begin : self.starts[line]]
        return begin + (column if row.isascii() else len(row.encode()[:column].decode(errors="ignore")))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Give the first character of a node, and the one after its last."""
        last, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(last, column)

    def lines(self, node: ast.stmt) -> tuple[int, int]:
        """Give the first character of a statement's first line, and the one after its last line."""
        return self.starts[node.lineno - 1], self.starts[node.end_lineno or node.lineno]

    def written(self, node: ast.expr | ast.stmt) -> str:
        """Give what stands there."""
        return self.text[slice(*self.span(node))]


def _named(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    """List the names and attributes that a statement sets, or uses."""
    if isinstance(statement, ast.For):
        parts: list[ast.AST] = [statement.target, statement.iter]
    else:
        parts = [statement]
    nodes = [node for part in parts for node in ast.walk(part)]
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, context)}


def applied(text: str, edit: Edit) -> str:
    """Make a change."""
    for start, end, new in reversed(edit.parts):
        text = text[:start] + new + text[end:]
    return text
