"""Says what to change and where, in the lines of the submission: notes, which ``report`` puts into words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from handgrad.exercises.repair.definition import MOVED, Definition, Edit, applied
from handgrad.exercises.results import Fact, Note


def told(definition: Definition, edit: Edit) -> Note:
    r"""Describe a change.

    Examples
    --------
    >>> note = told(Definition("f", 2, 5, "def f(a):\n    return a / 2\n"), Edit(0, "", ((21, 26, "(2 / a)"),)))
    >>> note.id, note.facts["before"], note.facts["after"], note.facts["where"]
    ('repair_replaced', 'return a / 2', 'return 2 / a', Note(id='in_cell', facts={'cell': 2, 'line': 6}))
    """
    if edit.rank == MOVED:
        return _moved(definition, edit)
    changed = [_lines(definition.text, part) for part in _plain(definition.text, edit).parts]
    line, before, after = changed[0]
    said: dict[str, Fact] = {"where": _where(definition, line), "before": before}
    if not after:
        return Note("repair_deleted", said)
    others = tuple(dict.fromkeys(str(definition.line + other - 1) for other, *_ in changed if other != line))
    said |= {"after": after, "others": Note("repair_others", {"lines": others}) if others else ""}
    return Note("repair_replaced", said)


def _moved(definition: Definition, edit: Edit) -> Note:
    """Describe whole lines that belong elsewhere: next to which line, and in which block."""
    text = definition.text
    (start, end), (place, new) = (0, 0), (0, "")
    for begin, stop, written in edit.parts:
        if written:
            place, new = begin, written
        else:
            start, end = begin, stop
    above = place <= start
    line = text.count("\n", 0, place) + (1 if above else 0)
    margins = [len(lines) - len(lines.lstrip(" \t")) for lines in (text[start:end], new)]
    next_to: dict[str, Fact] = {"where": _where(definition, line), "line": text.split("\n")[line - 1].strip()}
    block = "repair_inside" if margins[1] > margins[0] else "repair_outside"
    return Note(
        "repair_moved",
        {
            "where": _where(definition, text.count("\n", 0, start) + 1),
            "before": _one_line(text[start:end]),
            "place": Note("repair_above" if above else "repair_below", next_to),
            "block": "" if margins[0] == margins[1] else Note(block),
        },
    )


def _where(definition: Definition, line: int) -> Note:
    """Name a line of a definition as the learner counts."""
    facts: dict[str, Fact] = {"line": definition.line + line - 1}
    return Note("in_cell", {"cell": definition.cell, **facts}) if definition.cell else Note("in_line", facts)


def _lines(text: str, part: tuple[int, int, str]) -> tuple[int, str, str]:
    """Give the number of the first line that a part changes, the lines, and what becomes of them."""
    start, end, new = part
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", max(end - 1, start))
    after = text[first:start] + new + text[end:last]
    return text.count("\n", 0, start) + 1, _one_line(text[first:last]), _one_line(after)


def _one_line(text: str) -> str:
    """Write what may span several lines in one."""
    return " ".join(text.split())


def _plain(text: str, edit: Edit) -> Edit:
    """Take away the parentheses that mean nothing."""
    wanted = ast.dump(ast.parse(applied(text, edit)))
    for i, (start, end, new) in enumerate(edit.parts):
        for shorter in _shorter(new):
            other = replace(edit, parts=(*edit.parts[:i], (start, end, shorter), *edit.parts[i + 1 :]))
            try:
                alike = ast.dump(ast.parse(applied(text, other))) == wanted
            except SyntaxError:
                continue
            if alike:
                edit = other
                break
    return edit


def _shorter(new: str) -> Iterator[str]:
    """Write an expression without needless parentheses inside: first without any around it."""
    try:
        written = ast.unparse(ast.parse(new.strip(), mode="eval"))
    except SyntaxError:  # it is no expression
        return
    yield from (written, f"({written})")
