"""Changes of one statement: how it assigns, what becomes of its result, where it stands, or whether it is there."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise

from handgrad.exercises.repair.definition import ADDED, DELETED, LEFT_OUT, MOVED, REPLACED, Definition, Edit

# How a result, {0}, may lack another quantity, {1}.
COMBINED = ("({1} / ({0}))", "(({0}) / {1})", "(({0}) * {1})", "({1} - ({0}))", "(({0}) + {1})", "(({0}) - {1})")
FAR = 6  # statements over which one is moved within its block


def of_statements(definition: Definition) -> Iterator[Edit]:
    """Change a statement: how it assigns, what it returns, where it stands, or whether it is there."""
    for node in ast.walk(definition.node):
        match node:
            case ast.Assign(targets=[target], value=value):
                begin, end = definition.span(target)[1], definition.span(value)[0]
                if "(" not in definition.text[begin:end]:
                    yield Edit(REPLACED, "+=", ((begin, end, " += "),))
                    yield Edit(REPLACED, "-=", ((begin, end, " -= "),))
            case ast.AugAssign(target=target, value=value):
                begin, end = definition.span(target)[1], definition.span(value)[0]
                if "(" not in definition.text[begin:end]:
                    for sign in ("=", "+=", "-=", "*=", "/="):
                        yield Edit(REPLACED, f"aug {sign}", ((begin, end, f" {sign} "),))
            case ast.Break() | ast.Continue():
                other = "continue" if isinstance(node, ast.Break) else "break"
                yield Edit(REPLACED, "", ((*definition.span(node), other),))
        if isinstance(node, ast.Assign | ast.Return | ast.AugAssign) and node.value is not None:
            yield from _combined(definition, node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            yield from _combined(definition, node.args[-1])
        if isinstance(node, ast.If | ast.While):
            begin, end = definition.span(node.test)
            yield Edit(ADDED, "", ((begin, end, f"not ({definition.text[begin:end]})"),))
            yield Edit(LEFT_OUT, "", ((begin, end, "True"),))
            yield Edit(LEFT_OUT, "", ((begin, end, "False"),))
    for block in _blocks(definition.node):
        yield from _of_block(definition, block)


def _combined(of: Definition, value: ast.expr) -> Iterator[Edit]:
    """Combine a result with another quantity, divide it by the number of examples, or reduce it."""
    if isinstance(value, ast.Constant):
        return
    begin, end = of.span(value)
    text = of.text[begin:end]
    for form in ("-({})", "({}).T", "np.sum({})", "np.mean({})", "np.exp({})", "np.log({})"):
        yield Edit(ADDED, form, ((begin, end, form.format(text)),))
    for how, axis in (("sum", 0), ("mean", 0), ("sum", 1), ("mean", 1)):
        yield Edit(ADDED, f"{how} {axis}", ((begin, end, f"({text}).{how}(axis={axis})"),))
    for name in of.parameters[:3]:
        for sign in "/*":
            yield Edit(ADDED, f"{sign} len({name})", ((begin, end, f"(({text}) {sign} len({name}))"),))
    for name in of.names[:12]:
        for form in COMBINED:
            if name != text:
                yield Edit(ADDED, form.replace("{1}", name), ((begin, end, form.format(text, name)),))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Give every block of statements."""
    for child in ast.walk(node):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(child, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _of_block(of: Definition, block: Sequence[ast.stmt]) -> Iterator[Edit]:
    """Leave a statement out, or move it: within its block, out of a loop or branch, or into one."""
    lines = [of.lines(one) for one in block]
    if any(after[0] < before[1] for before, after in pairwise(lines)):
        return  # several in one line
    for i, one in enumerate(block):
        begin, end = lines[i]
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
            continue
        text = of.text[begin:end]
        margin = text[: len(text) - len(text.lstrip(" \t"))]
        yield Edit(DELETED, "", ((begin, end, "" if len(block) > 1 else f"{margin}pass\n"),))
        for j, (start, stop) in enumerate(lines):
            if abs(i - j) <= FAR and j != i:
                yield _moved((begin, end), start if j < i else stop, text)
        for j, other in enumerate(block):
            inner = [part for part in getattr(other, "body", []) if isinstance(part, ast.stmt)]
            if j == i or not inner or isinstance(other, ast.FunctionDef):
                continue
            place = of.lines(inner[0])[0] if i < j else of.lines(inner[-1])[1]
            deeper = " " * inner[0].col_offset
            yield _moved((begin, end), place, textwrap.indent(textwrap.dedent(text), deeper))
        inner = [part for part in getattr(one, "body", []) if isinstance(part, ast.stmt)]
        if len(inner) > 1 and not isinstance(one, ast.FunctionDef):
            for part in inner:
                where = of.lines(part)
                freed = textwrap.indent(textwrap.dedent(of.text[slice(*where)]), margin)
                yield _moved(where, end, freed)
                yield _moved(where, begin, freed)


def _moved(span: tuple[int, int], place: int, text: str) -> Edit:
    """Take whole lines away, and write them elsewhere."""
    return Edit(MOVED, "", tuple(sorted(((*span, ""), (place, place, text)))))
