"""Changes of one expression: another operator, name, number or function, an exchanged order, less, or a little more."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from handgrad.exercises.repair.definition import ADDED, GROUPED, LEFT_OUT, NUMBER, REPLACED, TURNED, Definition, Edit

OPERATORS: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-", "*"), ast.Sub: ("+",), ast.Mult: ("/", "@", "+"), ast.Div: ("*", "//"), ast.MatMult: ("*",),
    ast.FloorDiv: ("/", "%"), ast.Mod: ("//",), ast.Pow: ("*",),
}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.MatMult, ast.FloorDiv, ast.Mod, ast.Pow)
COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",),
    ast.NotEq: ("==",),
}  # fmt: skip
# Functions that are confused with each other.
ALIKE = (
    ("sum", "mean"), ("max", "min", "argmax"), ("argmax", "argmin"), ("exp", "log"), ("maximum", "minimum"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("dot", "multiply", "outer"), ("randn", "rand"),
    ("vstack", "hstack"), ("append", "extend"), ("log", "log2", "log10", "log1p"),
)  # fmt: skip
REDUCING = ("sum", "mean", "max", "amax", "min", "argmax", "argmin")


def of_expressions(definition: Definition) -> Iterator[Edit]:
    """Change an expression."""
    for node in _expressions(definition.node):
        start, end = definition.span(node)
        for rank, rule, new in _replacements(definition, node):
            if new != definition.text[start:end]:
                yield Edit(rank, rule, ((start, end, new),))


def _expressions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Walk what is computed: no documentation, no type hints, nothing that is only printed."""
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _prints(node.value)):
            continue
        if isinstance(node, ast.expr):
            yield node
        if not isinstance(node, ast.JoinedStr):
            hints = (getattr(node, "annotation", None), getattr(node, "returns", None))
            waiting += [child for child in reversed(list(ast.iter_child_nodes(node))) if child not in hints]


def _prints(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


Replacement = tuple[int, str, str]  # rank, rule and the new text


def _replacements(of: Definition, node: ast.expr) -> Iterator[Replacement]:
    """List what may stand in place of an expression."""
    text = of.written(node)
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _operand(of, left), _operand(of, right)
            for other in OPERATORS.get(type(op), ()):
                yield REPLACED, f"{type(op).__name__} {other}", f"({first} {other} {second})"
            sign = of.text[of.span(left)[1] : of.span(right)[0]].strip(" ()\n\\")
            if isinstance(op, ORDERED):
                yield TURNED, f"{sign} turned", f"({second} {sign} {first})"
            if isinstance(op, ast.MatMult):
                yield from _summed((first, second))
            yield LEFT_OUT, f"{sign} {of.written(right)}", of.written(left)
            yield LEFT_OUT, f"{of.written(left)} {sign}", of.written(right)
            yield from _associated(of, node, sign)
        case ast.UnaryOp(operand=operand):
            yield LEFT_OUT, type(node.op).__name__, of.written(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for other in COMPARISONS.get(type(op), ()):
                yield REPLACED, "", f"({of.written(left)} {other} {of.written(right)})"
            yield ADDED, "", "True"
        case ast.BoolOp(values=values):
            for value in values:
                yield LEFT_OUT, "", of.written(value)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield LEFT_OUT, "", of.written(body)
            yield LEFT_OUT, "", of.written(orelse)
            yield TURNED, "", f"({of.written(orelse)} if {of.written(test)} else {of.written(body)})"
        case ast.Constant(value=bool() as value):
            yield REPLACED, f"{text} {not value}", str(not value)
        case ast.Constant(value=int() | float() as value):
            near = (0, 1, 2, -1, value + 1, value - 1, 10 * value, value / 10, 0.5)
            for number in dict.fromkeys(near):
                yield NUMBER, f"{text} {number}", f"({number})" if number < 0 else str(number)
            for parameter in of.parameters:
                yield REPLACED, f"{text} len({parameter})", f"len({parameter})"
        case ast.Name(id=name, ctx=ast.Load()):
            if name in of.names:
                for other in of.names:
                    yield REPLACED, f"{name} {other}", other
                for attribute in of.attributes:
                    yield REPLACED, "", f"self.{attribute}"
                for parameter in of.parameters:
                    yield REPLACED, f"{name} len({parameter})", f"len({parameter})"
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in of.attributes:
            for other in of.attributes:
                yield REPLACED, "", f"self.{other}"
            if isinstance(node.ctx, ast.Load):
                for other in of.names:
                    yield REPLACED, "", other
        case ast.Attribute(value=value, attr="T"):
            yield LEFT_OUT, ".T", of.written(value)
            for other in (*of.names, *(f"self.{attribute}" for attribute in of.attributes)):
                yield REPLACED, "", other
        case ast.Subscript(value=value, slice=index):
            yield LEFT_OUT, f"[{of.written(index)}]", of.written(value)
        case ast.Call():
            yield from _of_call(of, node)
        case ast.Slice(lower=lower, upper=upper, step=None):
            low, high = (of.written(part) if part else "" for part in (lower, upper))
            yield LEFT_OUT, "", f"{low}:"
            yield LEFT_OUT, "", f":{high}"
            for part, form in ((lower, "{}:" + high), (upper, low + ":{}")):
                if part and not isinstance(part, ast.Constant):
                    yield ADDED, "", form.format(f"{of.written(part)} + 1")
                    yield ADDED, "", form.format(f"{of.written(part)} - 1")
    loaded = isinstance(getattr(node, "ctx", None), ast.Load) or isinstance(node, ast.Call)
    if loaded and isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        yield from _wrapped(node, text)


def _summed(factors: Sequence[str]) -> Iterator[Replacement]:
    """Sum products entry by entry, where a matrix product stands."""
    first, second = (one.removesuffix(".T") for one in factors)
    yield REPLACED, "summed", f"np.sum({first} * {second})"
    yield REPLACED, "summed", f"np.sum({first} * {second}, axis=1)"


def _operand(of: Definition, node: ast.expr) -> str:
    """Write an operand, in parentheses if it may need them."""
    text = of.written(node)
    return text if isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.Call) else f"({text})"


def _associated(of: Definition, node: ast.BinOp, sign: str) -> Iterator[Replacement]:
    """Set the parentheses otherwise: (a + b) / c for a + b / c, and the other way round."""
    for outer, inner, first in ((node.left, node.right, False), (node.right, node.left, True)):
        if isinstance(inner, ast.BinOp):
            own = of.text[of.span(inner.left)[1] : of.span(inner.right)[0]].strip(" ()\n\\")
            a, b, c = (f"({of.written(one)})" for one in (outer, inner.left, inner.right))
            yield GROUPED, "", f"({b} {own} ({c} {sign} {a}))" if first else f"(({a} {sign} {b}) {own} {c})"


def _of_call(of: Definition, node: ast.Call) -> Iterator[Replacement]:
    """Change a call: its function, its arguments, or leave it out."""
    function, arguments = of.written(node.func), [of.written(one) for one in node.args]
    keywords = [(one.arg, of.written(one.value)) for one in node.keywords]
    name = function.rpartition(".")[2]

    def call(to: str, given: Sequence[str], named: Iterable[tuple[str | None, str]]) -> str:
        return f"{to}({', '.join([*given, *(f'{key}={value}' if key else f'**{value}' for key, value in named)])})"

    for group in ALIKE:
        if name in group:
            for other in group:
                if other != name:
                    yield REPLACED, f"{name} {other}", call(function[: -len(name)] + other, arguments, keywords)
    for i in range(len(arguments) - 1):
        turned = [*arguments[:i], arguments[i + 1], arguments[i], *arguments[i + 2 :]]
        yield TURNED, f"{name} turned {i}", call(function, turned, keywords)
    for i, (key, value) in enumerate(keywords):
        for other in ("0", "1") if key == "axis" else ():
            axis = call(function, arguments, [*keywords[:i], ("axis", other), *keywords[i + 1 :]])
            yield REPLACED, f"{name} {value} {other}", axis
        yield LEFT_OUT, f"{name} without {key}", call(function, arguments, [*keywords[:i], *keywords[i + 1 :]])
    if name == "multiply" and len(arguments) == 3:  # the third one is where the result goes
        yield REPLACED, "three factors", " * ".join(f"({argument})" for argument in arguments)
    if name == "dot" and len(arguments) == 2:
        yield from _summed(arguments)
    if name in REDUCING:
        inner = node.args[0] if function.startswith("np.") and node.args else getattr(node.func, "value", None)
        if isinstance(inner, ast.Subscript):
            for axis in ("0", "1"):
                yield REPLACED, "", f"np.{name}({of.written(inner.value)}, axis={axis})"
        others = [pair for pair in keywords if pair[0] not in ("axis", "keepdims")]
        for axis in ("0", "1"):
            for more in ([], [("keepdims", "True")]):
                given = call(
                    function, arguments[:1] if function.startswith("np.") else [], [*others, ("axis", axis), *more]
                )
                yield ADDED, f"{name} axis {axis} {len(more)}", given
    for argument in arguments:
        if argument != "self":
            yield LEFT_OUT, f"{name}()", argument
    if len(arguments) > 1 and not isinstance(node.func, ast.Attribute):
        for i in range(len(arguments)):
            yield LEFT_OUT, "", call(function, [*arguments[:i], *arguments[i + 1 :]], keywords)
    if isinstance(node.func, ast.Attribute) and not function.startswith("np."):
        yield LEFT_OUT, f".{name}()", of.written(node.func.value)


def _wrapped(node: ast.expr, text: str) -> Iterator[Replacement]:
    """Add something to an operand: a transposition, a sign, a complement, one more or less."""
    if text in ("np", "self") or (text.startswith("np.") and not isinstance(node, ast.Call)):
        return
    yield ADDED, "", f"{text}.T"
    yield ADDED, "", f"(-{text})"
    yield ADDED, "", f"(1 - {text})"
    yield ADDED, "", f"({text} + 1)"
    yield ADDED, "", f"({text} - 1)"
