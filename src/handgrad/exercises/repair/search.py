"""Tries small changes of a wrong task's code in isolated processes, and reports one that makes it right.

What is reported is no guess: the changed code has been judged as a submission is, and found right. Each change is one
more definition with a name of its own, so nothing has to be known of how the submission is loaded.
"""

from __future__ import annotations

import ast
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.judging.plan import Judge, Plan
from handgrad.exercises.repair.definition import Definition, Edit, applied
from handgrad.exercises.repair.edits import edits
from handgrad.exercises.repair.telling import told
from handgrad.exercises.results import Note, TaskResult
from handgrad.exercises.sandbox.isolation import Limits, Sandbox
from handgrad.exercises.sandbox.proportion import in_proportion
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell
from handgrad.exercises.tasks import TASKS

MOST = 1600  # changes that are tried
PATIENCE = 20.0  # seconds for all of them
EACH = 0.4  # seconds for one
TOGETHER = 200  # changes in one process
CONFIRMED = 6  # of these, that passed the first trial and are judged in full
NUMBER = 1_000_000  # of the first cell that holds one
HARMFUL = ("argument_changed", "gradient_changed_by_step")  # remarks on what is right
NEUTRAL: dict[type[ast.operator], int] = {ast.Add: 0, ast.Sub: 0}  # 1 for the others
GIVEN = ("forward_propagation", "__init__")  # methods that the sheet gives


@dataclass(frozen=True)
class Variant:
    """A changed definition, under a name of its own."""

    name: str
    of: Definition
    edit: Edit

    @property
    def source(self) -> str:
        """A function, or a class that inherits all but one method from the learner's."""
        text = applied(self.of.text, self.edit)
        if TASKS.get(self.of.name) and TASKS[self.of.name].kind != "method":
            return text.replace(f"def {self.of.name}", f"def {self.name}", 1)
        return f"class {self.name}(fcc):\n{textwrap.indent(text, '    ')}"


def with_repair(
    result: TaskResult,
    plan: Plan[Any],
    answers: Sequence[Answer],
    judge: Judge,
    cells: Sequence[Cell],
    sandbox: Sandbox,
) -> TaskResult:
    """Add to the result of a wrong task whose cause is not known what single change makes it right, if one does.

    Parameters
    ----------
    result : TaskResult
    plan, answers
        What the task was tried on, and what came back.
    judge : Judge
        Of the task.
    cells : sequence of Cell
        The submission's definitions.
    sandbox : Sandbox
    """
    known = any(found.mistake for found in result.findings)
    # A measurement is easily made unrecognisable, and where the type is wrong, leaving out the conversion says nothing.
    told_enough = any(note.id in ("routine_record", "no_numbers") for found in result.findings for note in found.seen)
    if result.status not in ("wrong", "crashed") or known or told_enough:
        return result
    failing = [i for i, answer in enumerate(answers) if judge.fails(plan, i, answer)]
    failed = next((i for i in failing if answers[i].status == "ok"), next(iter(failing), None))
    if failed is None:
        return result
    end = time.monotonic() + PATIENCE
    first = _at_a_glance(plan.calls[failed], result.task)
    for variants in _batched(islice(_variants(result, cells), MOST), TOGETHER):
        calls = [replace(_renamed(first, result.task, one.name), id=f"{first.id}:{one.name}") for one in variants]
        found = _run(variants, cells, calls, sandbox)
        passed = [one for one, answer in zip(variants, found, strict=True) if not judge.fails(plan, failed, answer)]
        passed = [one for one in passed if not _meaningless(one)]
        for one in sorted(passed, key=lambda one: (one.edit.rank, len(one.edit.parts)))[:CONFIRMED]:
            calls = [_renamed(call, result.task, one.name) for call in plan.calls]
            judged = judge.judge(plan, _run([one], cells, calls, sandbox))
            harmful = any(remark.mistake in HARMFUL for remark in judged.findings)
            if judged.status == "right" and not harmful:
                return _with_note(result, told(one.of, one.edit))
        if time.monotonic() > end:
            break
    return result


def _batched(variants: Iterator[Variant], number: int) -> Iterator[list[Variant]]:
    """Take as many at a time."""
    while batch := list(islice(variants, number)):
        yield batch


def _meaningless(one: Variant) -> bool:
    """Tell whether a change adds x - x, x / x, x * 1 or x + 0: a longer way to leave something out."""
    return _idle(applied(one.of.text, one.edit)) > _idle(one.of.text)


def _idle(text: str) -> int:
    """Count the operations that come to nothing."""
    return sum(
        (isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv) and ast.dump(node.left) == ast.dump(node.right))
        or (isinstance(node.right, ast.Constant) and node.right.value == NEUTRAL.get(type(node.op), 1))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.BinOp)
    )


def _with_note(result: TaskResult, note: Note) -> TaskResult:
    """Make one finding of all, as the one change mends them; or put it into the task's notes where there is none."""
    if not result.findings:
        return replace(result, notes=(*result.notes, note))
    quantities = tuple(name for found in result.findings for name in found.quantities)
    return replace(result, findings=(replace(result.findings[0], quantities=quantities, repair=note),))


def _run(variants: Sequence[Variant], cells: Sequence[Cell], calls: Sequence[Call], sandbox: Sandbox) -> list[Answer]:
    """Carry out calls of the changed definitions; each in a cell of its own, as some are no valid Python."""
    changed = [Cell(NUMBER + i, one.source) for i, one in enumerate(variants)]
    answers = run_calls([*cells, *changed], calls, sandbox, Limits(total=PATIENCE))
    return [in_proportion(call, answer) for call, answer in zip(calls, answers, strict=True)]


def _at_a_glance(call: Call, task: str) -> Call:
    """Leave out of a call what only tells the cause: it is made many times."""
    steps = [
        one for one in call.steps if one.kind != "peek" and (one.kind != "read" or one.name in TASKS[task].quantities)
    ]
    return replace(call, steps=tuple(steps), seconds=EACH)


def _renamed(call: Call, task: str, name: str) -> Call:
    """Ask for a changed definition instead of the submission's own; helpers stay as they are."""
    return replace(call, name=name) if call.name in (task, "fcc") else call


def _variants(result: TaskResult, cells: Sequence[Cell]) -> Iterator[Variant]:
    """Make the changes: first those of the lines that set what is wrong, and of these, first those that say most."""
    wrong = {name for found in result.findings for name in found.quantities}
    numbers = count()
    for definitions in _definitions(result.task, cells):
        pairs = [
            ((_distance(edit, definition, lines), edit.rank), definition, edit)
            for definition in definitions
            for lines in [definition.behind(wrong)]
            for edit in edits(definition)
        ]
        for _, definition, edit in sorted(pairs, key=lambda pair: pair[0]):
            yield Variant(f"changed_{next(numbers)}", definition, edit)


def _distance(edit: Edit, definition: Definition, lines: Mapping[int, int]) -> int:
    """Say how near a change is to what is wrong: 0 if it is in a line that sets it, 1 if in one that leads there."""
    return min(lines.get(definition.text.count("\n", 0, start) + 1, 2) for start, *_ in edit.parts)


def _definitions(task: str, cells: Sequence[Cell]) -> tuple[list[Definition], list[Definition]]:
    """Find the code of a task: its function, or its method and those that help it; and the methods that come before."""
    functions: dict[str, Definition] = {}
    methods: dict[str, Definition] = {}
    for cell in cells:
        try:
            body = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in body:
            if isinstance(node, ast.FunctionDef):
                functions[node.name] = _definition(node, cell, ())
            elif isinstance(node, ast.ClassDef) and node.name == "fcc":
                own = [one for one in node.body if isinstance(one, ast.FunctionDef)]
                attributes = _attributes(node, {one.name for one in own})
                methods |= {one.name: _definition(one, cell, attributes) for one in own}
    if TASKS[task].kind != "method":
        return [functions[task]] if task in functions else [], []
    helpers = [name for name in methods if name not in (*GIVEN, *TASKS)]
    return [methods[name] for name in (task, *helpers) if name in methods], [
        methods[name] for name in GIVEN if name in methods
    ]


def _definition(node: ast.FunctionDef, cell: Cell, attributes: tuple[str, ...]) -> Definition:
    """Take a definition's lines."""
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    lines = cell.source.split("\n")[first - 1 : node.end_lineno]
    return Definition(node.name, cell.number, first, textwrap.dedent("\n".join(lines) + "\n"), attributes)


def _attributes(node: ast.ClassDef, methods: set[str]) -> tuple[str, ...]:
    """List the attributes that a class has of its own, without its methods."""
    names = [
        one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self"
    ]
    return tuple(dict.fromkeys(name for name in names if name not in methods))
