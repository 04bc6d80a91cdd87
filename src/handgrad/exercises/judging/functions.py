"""Judges the tasks that are functions: sigmoid, softmax, one layer, the losses, the last layer's error, the derivative.

Each is called with several sets of random arrays. A result must be the reference's on all of them, or it is compared
with what each mistake of the catalogue would give; see :mod:`handgrad.exercises.catalogue.edits`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer, Call, Crash, Ufunc
from handgrad.exercises.catalogue.comparing import CRASH, Array, Variants, matching, outcome, same
from handgrad.exercises.catalogue.edits import recognisers
from handgrad.exercises.catalogue.subjects import SUBJECTS, Arguments, Subject
from handgrad.exercises.judging import crashes, diagnosis
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.results import Finding, Note, Picture, Status, TaskResult
from handgrad.exercises.tasks import TASKS


@dataclass(frozen=True)
class Cases:
    """The arguments to call a function with.

    Attributes
    ----------
    regular : tuple of argument lists
        The result must be right on each.
    extremes : mapping of id to arguments
        Where the result is wrong on these, this mistake is remarked on.
    """

    regular: tuple[Arguments, ...]
    extremes: Mapping[str, Arguments]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Cases]:
    """Draw the arguments to call a task's function with: the regular ones, the extremes, and those of the picture.

    Examples
    --------
    >>> plan = calls_for("del_sigmoid", np.random.default_rng(0))
    >>> [call.id for call in plan.calls]
    ['del_sigmoid:0', 'del_sigmoid:1', 'del_sigmoid:2', 'del_sigmoid:3', 'del_sigmoid:example']
    """
    subject = SUBJECTS[task]
    cases = subject.draw(rng)
    while not distinguishes(subject, recognisers(task), cases):  # once in a thousand draws
        cases = subject.draw(rng)
    extremes = {name: draw(rng) for name, draw in subject.extremes.items()}
    named = {str(i): case for i, case in enumerate(cases)} | extremes | {"example": subject.example}
    calls = tuple(
        Call(f"{task}:{name}", "function", task, tuple(map(_sendable, arguments))) for name, arguments in named.items()
    )
    return Plan(task, calls, Cases(cases, extremes))


def distinguishes(subject: Subject, mistakes: Mapping[str, Variants], cases: Sequence[Arguments]) -> bool:
    """Tell whether no two mistakes, and no mistake and the reference, give the same on all these arguments."""
    written: list[tuple[str, list[Array | None]]] = [("", [outcome(subject.reference, *case) for case in cases])]
    for mistake, variants in mistakes.items():
        written += [(mistake, [outcome(variant, *case) for case in cases]) for variant in variants]
    return not any(
        a != b and all(same(x, y, subject.tolerance) for x, y in zip(values_a, values_b, strict=True))
        for (a, values_a), (b, values_b) in combinations(written, 2)
    )


def judge(plan: Plan[Cases], answers: Sequence[Answer]) -> TaskResult:
    """Say whether a function is right, and if not, what is wrong with it; of a right one, the findings are remarks."""
    task, subject, cases = plan.task, SUBJECTS[plan.task], plan.drawn.regular
    regular = answers[: len(cases)]
    if early := diagnosis.unanswered(task, regular):
        return early
    found = [_returned(answer) if answer.status == "ok" else CRASH for answer in regular]
    expected = [np.asarray(outcome(subject.reference, *case)) for case in cases]
    wrong = [i for i, f in enumerate(found) if not same(f, expected[i], subject.tolerance)]
    if not wrong:
        return TaskResult(task, "right", _remarks(plan, answers), (Note("right"),), credit=1.0)

    crash = crashes.first(regular)
    mistake = matching(recognisers(task), cases, found, subject.tolerance)
    if mistake is None and all(answer.left_out.get("return") == "NoneType" for answer in regular):
        mistake = "nothing_returned"
    mistake = mistake or _by_symptom([(found[i], expected[i]) for i in wrong], crash)
    findings: tuple[Finding, ...] = ()
    if mistake or not crash:
        shown = next((i for i in wrong if found[i] is not None), wrong[0])  # the first that gave something
        told = diagnosis.finding(mistake, [task], found[shown], expected[shown], _sizes(cases[shown]))
        findings = (replace(told, quantities=TASKS[task].quantities, equation=TASKS[task].equation or told.equation),)
    notes = (crashes.crashed(crash),) if crash and not findings else ()
    status: Status = "crashed" if crash else "wrong"
    return TaskResult(task, status, findings, notes, crash=crash, picture=_picture(subject, task, answers[-1]))


def _remarks(plan: Plan[Cases], answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """Remark on what would go wrong elsewhere with a function that is right."""
    task, subject, cases = plan.task, SUBJECTS[plan.task], plan.drawn
    remarks = []
    for (mistake, arguments), answer in zip(cases.extremes.items(), answers[len(cases.regular) : -1], strict=True):
        found, expected = answer.values.get("return"), np.asarray(outcome(subject.reference, *arguments))
        if not same(found, expected, subject.tolerance):
            said = diagnosis.facts([task], found, expected, _sizes(arguments))
            remarks.append(diagnosis.named(mistake, (), said, TASKS[task].equation))
    if any(map(_changed, answers, cases.regular)):
        remarks.append(diagnosis.named("argument_changed", (), {"quantities": (task,)}, TASKS[task].equation))
    return tuple(remarks)


def _returned(answer: Answer) -> Array:
    """Read what a function returned; what is no array or number is not told apart."""
    return answer.values.get("return", np.array(None))


def _changed(answer: Answer, case: Arguments) -> bool:
    """Tell whether the function wrote into an array that it was given."""
    return any(
        isinstance(argument, np.ndarray) and not same(answer.values.get(f"argument{i}", argument), argument)
        for i, argument in enumerate(case)
    )


def _by_symptom(wrong: Sequence[tuple[Array | None, Array]], crash: Crash | None) -> str | None:
    """Recognise what shows by other than its values: float32 that overflows, labels that cannot be indices."""
    if crash:
        return crashes.by_crash(crash)
    overflowed = [
        f is not None and f.dtype in (np.float16, np.float32) and f.shape == e.shape and not np.isfinite(f).all()
        for f, e in wrong
    ]
    return "float32_overflow" if all(overflowed) else None


def _sendable(argument: Any) -> Any:
    return Ufunc(argument.__name__) if isinstance(argument, np.ufunc) else argument


def _sizes(case: Arguments) -> dict[str, int]:
    """Name the sizes of a task's arguments: n examples, k columns."""
    n, k = case[0].shape
    return {"n": n, "k": k}


def _picture(subject: Subject, task: str, answer: Answer) -> Picture | None:
    """Show the worked rows, unless they are right or there is no result."""
    expected = np.asarray(outcome(subject.reference, *subject.example))
    found = answer.values.get("return")
    if found is None or same(found, expected, subject.tolerance):
        return None
    return diagnosis.picture(Note(f"picture_{task}"), expected, found)
