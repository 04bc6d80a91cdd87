"""The solutions of the blanks, taken from the source of ``handgrad.handout``."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache

from handgrad import handout

# Names of handout.py that a sheet does not have, and their replacements.
RENAMED = {
    "_evaluate": "evaluate",
    "SMALLEST_NORMAL": "np.finfo(np.float64).tiny",
    "TINY": "np.nextafter(0.0, 1.0)",
}


@cache
def solution(task: str) -> str:
    """Give the lines of a task's function or method in ``handgrad.handout``, without its docstring and argument checks.

    Parameters
    ----------
    task : str
        A name of ``tasks.TASKS``, or a method that the sheet gives.

    Examples
    --------
    >>> print(solution("del_sigmoid"))
    return h * (1 - h)
    """
    source = textwrap.dedent(inspect.getsource(getattr(handout, task, None) or getattr(handout.fcc, task)))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - for the type checker; it is our own source
    lines, kept = source.split("\n"), []
    for statement in function.body[1:]:  # the first one is the docstring
        if not (isinstance(statement, ast.If) and any(isinstance(node, ast.Raise) for node in statement.body)):
            kept += lines[statement.lineno - 1 : statement.end_lineno]
    text = textwrap.dedent("\n".join(kept))
    for name, replacement in RENAMED.items():
        text = text.replace(name, replacement)
    return text
