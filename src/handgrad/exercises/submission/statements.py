"""Cuts the code of a cell into its statements, and finds what each binds and uses. Nothing is executed."""

from __future__ import annotations

import ast
import re
import symtable
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from handgrad.exercises.calls import Crash
from handgrad.exercises.submission.blanks import leave_blank
from handgrad.exercises.tasks import TASKS

MAXIMUM_MAGICS = 20  # per cell: each costs another parse
# A line that IPython does not pass to Python: %magic, !command, ?help, help?, and name = !command or %magic.
MAGIC = re.compile(r"[%!?]|[\w.]+\?{1,2}$|[\w, ]+=\s*[!%]")
# Cell magics whose cell is Python nevertheless.
PYTHON_CELL = re.compile(r"\s*%%((time|timeit|capture|prun|python3?)\b|(writefile|file) .*\.py\s*$)")
TASK_NAMES = frozenset(name for name, task in TASKS.items() if task.kind != "method") | {"fcc"}
_PARSING = threading.Lock()


@dataclass(eq=False)
class Unit:
    """Top-level statements that share lines; usually a single one.

    ``functions`` are the names of functions and classes that it defines, ``assigned`` the names that it assigns,
    ``imported`` those that it imports, ``bound`` the names for which it is kept, and ``used`` the names that it needs.
    ``scopes`` are the symbol tables of its functions and classes, ``statements`` their trees. ``blocked`` are functions
    that raise NotImplementedError above their own code; ``registered_by``, functions and classes that keep what is
    decorated.
    """

    start: int
    end: int
    lines: list[str]
    functions: set[str]
    assigned: list[tuple[str, ast.expr | None]]
    bound: set[str]
    used: set[str]
    scopes: Sequence[symtable.SymbolTable] = ()
    blocked: Set[str] = frozenset()
    registered_by: Set[str] = frozenset()
    statements: Sequence[ast.stmt] = ()
    imported: Set[str] = frozenset()


def parse(source: str, cell: int) -> list[Unit] | Crash:
    r"""Split a cell into units, or say why it is not Python.

    Parameters
    ----------
    source : str
        Its lines end with a newline and nothing else.
    cell : int
        The number of the cell, for the crash.

    Examples
    --------
    >>> [sorted(unit.used) for unit in parse("from numpy import exp\ndef f(x):\n    return exp(x) + g(x)\n", 1)]
    [[], ['exp', 'g']]
    """
    with _PARSING, warnings.catch_warnings():  # warning filters are global, so one thread at a time
        warnings.simplefilter("ignore")  # such as that of an invalid escape in a docstring with LaTeX
        lines = _without_magics(source).split("\n")
        try:
            tree = ast.parse("\n".join(lines))
            if (stray := _outside_function(tree)) is not None:
                raise SyntaxError("'return' outside function", (None, stray.lineno, None, None))
            return [_unit(group, lines) for group in _groups(tree.body)]
        except SyntaxError as error:
            kind, message, number = type(error).__name__, error.msg, error.lineno
        except (ValueError, RecursionError, MemoryError) as error:  # null bytes, expressions nested too deeply
            kind, message, number = "SyntaxError", str(error) or "nested too deeply", None
        if number is None and "\0" in source:
            number = source[: source.index("\0")].count("\n") + 1
        number = min(max(number or 1, 1), len(lines))
        return Crash(kind, message, cell, number, lines[number - 1].strip())


def _without_magics(source: str) -> str:
    """Replace IPython's own syntax by ``pass``, asking the parser which lines it refuses."""
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].lstrip().startswith("%%"):
        if not PYTHON_CELL.match(lines[first]):
            return "\n" * (len(lines) - 1)
        lines[first] = ""
    # Not every line that looks like a magic is one: it may go on an expression, or stand in a string.
    for _ in range(min(MAXIMUM_MAGICS, sum(1 for line in lines if MAGIC.match(line.strip())))):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not (0 <= number < len(lines) and MAGIC.match(lines[number].strip())):
                break
            line, goes_on = lines[number], lines[number].endswith("\\")
            lines[number] = line[: len(line) - len(line.lstrip())] + "pass"  # lest a block become empty
            while goes_on and (number := number + 1) < len(lines):
                goes_on = lines[number].endswith("\\")
                lines[number] = ""
        except (ValueError, RecursionError, MemoryError):
            break
        else:
            break
    return "\n".join(lines)


def _outside_function(tree: ast.Module) -> ast.stmt | ast.expr | None:
    """Find a return or yield outside of a function, which the parser itself accepts."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))
    return None


def _groups(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Group the statements that share a line, as in ``a = 1; b = 2``."""
    group: list[ast.stmt] = []
    for statement in body:
        if group and _first_line(statement) > _last_line(group[-1]):
            yield group
            group = []
        group.append(statement)
    if group:
        yield group


def _first_line(statement: ast.stmt) -> int:
    """Give the first line of a statement, including its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _last_line(statement: ast.stmt) -> int:
    """Give the last line of a statement."""
    return statement.end_lineno or statement.lineno


def _unit(group: list[ast.stmt], lines: list[str]) -> Unit:
    """Find the names that statements bind and use."""
    start, end = _first_line(group[0]) - 1, _last_line(group[-1])
    unit = Unit(start, end, lines[start:end], set(), [], set(), set(), statements=group)
    _bind(group, unit)
    try:
        table = symtable.symtable("\n".join(unit.lines), "cell", "exec")
        unit.used, unit.scopes = set(globals_of(table)), table.get_children()
    except SyntaxError as error:  # such as two arguments of one name
        error.lineno = start + (error.lineno or 1)
        raise
    unit.bound |= unit.functions
    nodes = [node for statement in group for node in ast.walk(statement)]
    leave_blank(group, unit.lines, start)
    unit.assigned += [(node.target.id, node.value) for node in nodes if isinstance(node, ast.NamedExpr)]
    unit.blocked = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and _is_blocked(node)}
    return unit


def _is_blocked(function: ast.FunctionDef) -> bool:
    """Tell whether the line that raises in a blank task was left there, above or below a solution."""
    raises = any(isinstance(s, ast.Raise) and "NotImplementedError" in ast.dump(s) for s in function.body)
    texts = [s for s in function.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)]
    return raises and any(s not in texts and not isinstance(s, ast.Pass | ast.Raise) for s in function.body)


def _bind(statements: Iterable[ast.stmt], unit: Unit) -> None:
    """Note the names that statements bind, also within blocks."""
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                unit.functions.add(name)
                unit.registered_by |= set(_registries(statement))
            case ast.ImportFrom(module="__future__"):
                unit.bound.add("*")
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                unit.imported |= {alias.asname or alias.name.partition(".")[0] for alias in names}
                unit.bound |= unit.imported
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _assign(target, value, unit)
            case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
                _assign(target, value, unit)
            case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_])):
                unit.bound.add(name)
            case ast.If(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
                _bind([*body, *orelse], unit)
            case ast.With(body=body):
                _bind(body, unit)
            case ast.For(target=target, body=body, orelse=orelse):
                _assign(target, None, unit)
                _bind([*body, *orelse], unit)
            case ast.Match(cases=cases):
                _bind((inner for case in cases for inner in case.body), unit)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                _bind([*body, *(s for handler in handlers for s in handler.body), *orelse, *finalbody], unit)


def _registries(function: ast.stmt) -> Iterator[str]:
    """Name what a decorator may enter a function in, or where it keeps it.

    This is the owner of a decorator that is a method (``@of.register``), a decorator that takes arguments, and what
    these are (``@add_to(fcc)``), or the class by which a function's first parameter is annotated (``self: fcc``).
    """
    for decorator in getattr(function, "decorator_list", []):
        match decorator:
            case ast.Attribute(value=ast.Name(id=name)) | ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                yield name
            case ast.Call(func=ast.Name(id=name), args=arguments):
                yield from (name, *(argument.id for argument in arguments if isinstance(argument, ast.Name)))
            case ast.Name() if isinstance(function, ast.FunctionDef) and function.args.args:
                match function.args.args[0].annotation:
                    case ast.Name(id=name) | ast.Constant(value=str(name)):
                        yield name


def _assign(target: ast.expr, value: ast.expr | None, unit: Unit) -> None:
    """Note the names of a target; an attribute or item counts as the name it starts with."""
    stack: list[tuple[ast.expr, ast.expr | None]] = [(target, value)]
    while stack:
        target, value = stack.pop()
        match target:
            case ast.Name(id=name):
                unit.assigned.append((name, value))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
                same = len(values) == len(parts)
                stack.extend((part, values[i] if same else None) for i, part in enumerate(parts))
            case ast.Starred(value=part):
                stack.append((part, None))
            case ast.Attribute() | ast.Subscript():
                root: ast.expr = target
                while isinstance(root, ast.Attribute | ast.Subscript):
                    root = root.value
                if isinstance(root, ast.Name):
                    unit.bound.add(root.id)


def makes_function(value: ast.expr | None, functions: Set[str], imported: Set[str] = frozenset()) -> bool:
    """Tell whether a value may be a function: a lambda, another function, or something made from one.

    Parameters
    ----------
    value : expression or None
    functions, imported : set of str
        The names of the learner's own functions and classes, and of what is imported.

    Examples
    --------
    >>> made = ast.parse("np.vectorize(sigmoid)", mode="eval").body
    >>> makes_function(made, {"sigmoid"}), makes_function(made, {"softmax"})
    (True, False)
    """

    def given(argument: ast.expr) -> bool:
        return isinstance(argument, ast.Lambda) or (isinstance(argument, ast.Name) and argument.id in functions)

    match value:
        case ast.Lambda():
            return True
        case ast.Name(id=name):
            return name in functions | imported
        case ast.Attribute():
            root: ast.expr = value
            while isinstance(root, ast.Attribute):
                root = root.value
            return isinstance(root, ast.Name) and root.id in functions | imported
        case ast.Call(func=ast.Name(id=name)) if name in TASK_NAMES:
            return False
        case ast.Call(func=made_by, args=arguments, keywords=keywords):
            arguments = [*arguments, *(keyword.value for keyword in keywords)]
            made = isinstance(made_by, ast.Name) and made_by.id in functions  # from a setting, not from data
            return any(map(given, arguments)) or (made and all(isinstance(one, ast.Constant) for one in arguments))
        case _:
            return False


def globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    r"""Give the globals that code uses, including its functions and classes.

    Examples
    --------
    >>> sorted(globals_of(symtable.symtable("def f(x):\n    y = g(x)\n    return y + z", "cell", "exec")))
    ['g', 'z']
    """
    stack = [table]
    while stack:
        table = stack.pop()
        outermost = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_declared_global() or (symbol.is_referenced() and (outermost or symbol.is_global())):
                yield symbol.get_name()
        stack.extend(table.get_children())
