"""Describes an exception of a submission's code, and lists the names that a failed statement should have defined."""

from __future__ import annotations

import ast
import re
import types
from typing import Any

CELL = re.compile(r"<cell (\d{1,9})>")  # the file name of a cell's code
DEFINES = re.compile(r"^\s*(?:def|class)\s+(\w+)", re.MULTILINE)


def crash(error: BaseException, called: Any = None) -> dict[str, Any]:
    """Describe an exception and its place: the submission's innermost line, or else the start of ``called``."""
    cell = line = 0
    code = getattr(called.__init__ if isinstance(called, type) else called, "__code__", None)  # type: ignore[misc]
    if isinstance(code, types.CodeType) and (match := CELL.fullmatch(code.co_filename)):
        cell, line = int(match[1]), code.co_firstlineno
    trace = error.__traceback__
    while trace is not None:
        if match := CELL.fullmatch(trace.tb_frame.f_code.co_filename):
            cell, line = int(match[1]), trace.tb_lineno or 0
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and (match := CELL.fullmatch(str(error.filename))):
        cell, line = int(match[1]), error.lineno or 0
    try:
        message = str(error)[:2000]
    except BaseException:
        message = ""
    return {"type": word(type(error).__name__), "message": message, "cell": cell, "line": line}


def word(name: object) -> str:
    """Limit the length of a name; anything but a true string becomes empty."""
    return name[:100] if type(name) is str else ""


def defined(statement: ast.stmt) -> set[str]:
    """List the names that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=alias):
                found.add(alias or name.partition(".")[0])
    return found
