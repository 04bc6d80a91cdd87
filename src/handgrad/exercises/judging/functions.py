"""Judges the tasks that are functions: sigmoid, softmax, one layer, the losses, the last layer's error, the derivative.

Each is called with several sets of random arrays. A result must be the reference's on all of them, or it is compared
with what each mistake of the catalogue would give; see :mod:`handgrad.exercises.catalogue.edits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from handgrad.exercises.calls import Answer, Call, Crash, Ufunc
from handgrad.exercises.catalogue.comparing import CRASH, Array, matching, outcome, rounded, same
from handgrad.exercises.catalogue.edits import numbered, recognisers
from handgrad.exercises.catalogue.subjects import SUBJECTS, Arguments, Subject
from handgrad.exercises.judging import crashes, diagnosis, scaled
from handgrad.exercises.judging.diagnosis import Trial
from handgrad.exercises.judging.differences import bent, measured
from handgrad.exercises.judging.exactness import DOUBLE, computes_in_single, is_single, right, unnoticed_by_float32
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.judging.traits import in_straight_pieces, off_by_a_constant, rounded_constant, slightly_scaled
from handgrad.exercises.judging.unknowns import ENOUGH, with_an_unknown, without_overflow
from handgrad.exercises.results import Fact, Finding, Note, Picture, Status, TaskResult
from handgrad.exercises.tasks import TASKS


@dataclass(frozen=True)
class Cases:
    """The arguments to call a function with.

    Attributes
    ----------
    regular : tuple of argument lists
        The result must be right on each.
    extremes : mapping of id to arguments
        The first on which the result is wrong is remarked on.
    """

    regular: tuple[Arguments, ...]
    extremes: Mapping[str, Arguments]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Cases]:
    """Draw the arguments to call a task's function with: the regular ones, the extremes, and those of the picture.

    Examples
    --------
    >>> plan = calls_for("del_sigmoid", np.random.default_rng(0))
    >>> [call.id for call in plan.calls]  # doctest: +ELLIPSIS
    ['del_sigmoid:0', ..., 'del_sigmoid:7', 'del_sigmoid:float32', 'del_sigmoid:nudged', 'del_sigmoid:example']
    """
    subject = SUBJECTS[task]
    cases = subject.draw(rng)
    extremes = {name: draw(rng) for name, draw in subject.extremes.items()}
    named = {str(i): case for i, case in enumerate(cases)} | extremes | unnoticed_by_float32(cases[0])
    named["example"] = subject.example
    calls = tuple(
        Call(f"{task}:{name}", "function", task, tuple(map(_sendable, arguments))) for name, arguments in named.items()
    )
    return Plan(task, calls, Cases(cases, extremes))


def judge(plan: Plan[Cases], answers: Sequence[Answer]) -> TaskResult:
    """Say whether a function is right, and if not, what is wrong with it; of a right one, the findings are remarks."""
    task, subject = plan.task, SUBJECTS[plan.task]
    cases = [case for case in plan.drawn.regular if case[0].ndim > 1]
    regular = answers[: len(cases)]
    if early := diagnosis.unanswered(task, regular):
        return (early.status == "too_slow" and _in_time(plan, answers, early.notes)) or early
    trials = _trials(plan, answers)
    flat, trials = trials[len(cases) :], trials[: len(cases)]
    wrong = [trial for trial, case in zip(trials, cases, strict=True) if not right(trial, subject, case)]
    shaped = all(trial.found is not None and trial.found.shape == trial.expected.shape for trial in trials)
    only_rounded = shaped and rounded([(trial.found, trial.expected) for trial in trials])
    if not (wrong or only_rounded):
        # An array without columns need not be accepted, nor kept as it is.
        wrong = [one for one in flat if one.found is not None and not same(one.found.ravel(), one.expected)]
        if wrong:
            told = replace(diagnosis.of_trials(None, [task], wrong), quantities=TASKS[task].quantities)
            return TaskResult(task, "wrong", (told,))
        if task.startswith("delta") and _by_differences(trials, cases):
            told = diagnosis.named("delta_by_differences", TASKS[task].quantities, {"quantities": (task,)})
            return TaskResult(task, "wrong", (told,))
        share = off_by_a_constant(task, trials, cases)
        if rounded_constant(share):
            told = diagnosis.named("constant_with_few_digits", TASKS[task].quantities, {"quantities": (task,)})
            return TaskResult(task, "wrong", (told,))
        exactly = () if share or computes_in_single(answers) else zip(trials, cases, strict=True)
        inexact = [trial for trial, case in exactly if not right(trial, subject, case, DOUBLE, DOUBLE)]
        if inexact or slightly_scaled(trials):
            told = replace(diagnosis.of_trials(None, [task], inexact or trials), quantities=TASKS[task].quantities)
            return TaskResult(task, "wrong", (told,))
        return TaskResult(task, "right", _remarks(plan, answers), (Note("right"),), credit=1.0)

    crash = crashes.first(regular)
    found, mutants = [trial.found for trial in trials], recognisers(task)
    mistake = "results_rounded" if only_rounded else matching(mutants, cases, found, subject.tolerance)
    finite = None if mistake else without_overflow(cases, trials)
    if finite and len(finite[0]) < len(cases):  # it may be written so that extremes overflow
        mistake = matching(mutants, finite[0], [trial.found for trial in finite[1]], subject.tolerance)
    if mistake is None and all(answer.left_out.get("return") == "NoneType" for answer in regular):
        mistake = "nothing_returned"
    mistake = mistake or _by_symptom(wrong, crash)
    number = None if mistake else divisor(trials)
    if number is not None:
        mistake = "divided_by_fixed_number"
    findings: tuple[Finding, ...] = ()
    apart = None
    # The same results as those of a scaled argument, but this is the plainer cause.
    if not (mistake or crash) and rounded_constant(off_by_a_constant(task, trials, cases)):
        mistake = "constant_with_few_digits"
    if not (mistake or crash):
        unknown = scaled.with_a_number(trials) or with_an_unknown(numbered(task), cases, trials)
        apart = unknown or scaled.besides(mutants, cases, trials)
    if apart:
        mistake, number = apart.mistake, apart.number or None
    elif task == "sigmoid" and not mistake and in_straight_pieces(trials, cases):
        mistake = "sigmoid_is_another_activation"
    if mistake or not crash:
        shown = sorted(wrong or trials, key=lambda trial: trial.found is None)  # first one that gave something
        if apart and any(note.id == "besides_transposed" for note in apart.besides):
            shown = [replace(one, found=np.transpose(np.asarray(one.found))) for one in shown]
        told = diagnosis.of_trials(mistake, [task], shown, TASKS[task].equation)
        if number is not None:
            told = replace(told, facts={**told.facts, "number": number})
        if apart:
            told = replace(told, seen=apart.besides)
        if not mistake:
            told = replace(told, seen=(*told.seen, *_besides(task, cases, trials, wrong)))
        findings = (replace(told, quantities=TASKS[task].quantities),)
    notes = (crashes.crashed(crash),) if crash and not findings else ()
    status: Status = "crashed" if crash else "wrong"
    return TaskResult(task, status, findings, notes, crash=crash, picture=_picture(subject, task, answers[-1]))


def fails(plan: Plan[Cases], index: int, answer: Answer) -> bool:
    """Tell whether the result for one set of arguments is wrong; extremes are only remarked on."""
    subject, cases = SUBJECTS[plan.task], plan.drawn.regular
    if index >= len(cases):
        return False
    if answer.status != "ok":
        return True
    expected = np.asarray(outcome(subject.reference, *cases[index]))
    return not right(Trial(_returned(answer), expected, {}), subject, cases[index])


def _in_time(plan: Plan[Cases], answers: Sequence[Answer], notes: tuple[Note, ...]) -> TaskResult | None:
    """Judge a function that was too slow on some arrays by the others, if these show a known mistake."""
    count = len(plan.drawn.regular)
    done = [i for i in range(count) if answers[i].status not in ("too_slow", "killed")]
    if len(done) < ENOUGH:
        return None
    cases = replace(plan.drawn, regular=tuple(plan.drawn.regular[i] for i in done))
    result = judge(replace(plan, drawn=cases), [*(answers[i] for i in done), *answers[count:]])
    known = result.status == "wrong" and all(found.mistake for found in result.findings)
    return replace(result, notes=notes) if known else None


def _trials(plan: Plan[Cases], answers: Sequence[Answer]) -> list[Trial]:
    """Set what was found in each regular trial beside what is right."""
    reference, cases = SUBJECTS[plan.task].reference, plan.drawn.regular
    return [
        Trial(_returned(answer), np.asarray(outcome(reference, *case)), _sizes(plan.task, case))
        for answer, case in zip(answers[: len(cases)], cases, strict=True)
    ]


def divisor(trials: Sequence[Trial]) -> float | None:
    """Find the number by which a sum over the examples has been divided instead of n, the same in all trials.

    Examples
    --------
    >>> one, other = (Trial(np.array(0.5 * n / 64), np.array(0.5), {"n": n, "k": 10}) for n in (17, 23))
    >>> divisor([one, other])
    64
    """
    if any(t.found is None or t.found.size != 1 or t.found.dtype.kind not in "buif" for t in trials):
        return None
    pairs = [
        (float(np.asarray(t.found).item()), float(t.expected.item()), t.sizes["n"])
        for t in trials
        if t.expected.size == 1 and (np.any(t.found) or np.any(t.expected))
    ]
    numbers = [n * expected / found for found, expected, n in pairs if found > 0]
    several = len(numbers) == len(pairs) and len({n for *_, n in pairs}) > 1
    if not several or max(numbers) - min(numbers) > 1e-6 * numbers[0]:
        return None
    return round(numbers[0]) if abs(numbers[0] - round(numbers[0])) < 1e-3 else numbers[0]


def _by_differences(trials: Sequence[Trial], cases: Sequence[Arguments]) -> bool:
    """Tell whether errors of the last layer were measured from the loss; in float32, that cannot be seen."""
    results = [np.asarray(trial.found) for trial in trials]
    if any(f.dtype != np.float64 or f.shape != t.expected.shape for f, t in zip(results, trials, strict=True)):
        return False
    flat, expected = (
        np.concatenate([np.ravel(one) for one in many]) for many in (results, [t.expected for t in trials])
    )
    if np.median(np.abs(flat - flat.astype(np.float32))) < 1e-14:
        return False
    h = np.concatenate([case[0].T.ravel() for case in cases])
    return bent(flat - expected, h) or any(measured([(found, found.shape[1])]) for found in results)


def _besides(task: str, cases: Sequence[Arguments], trials: Sequence[Trial], wrong: Sequence[Trial]) -> Iterator[Note]:
    """Say which argument an unrecognised mistake ignores, or that it appears in some trials only."""
    for i, argument in enumerate(TASKS[task].parameters):
        pairs = [
            (trials[a], trials[b])
            for (a, one), (b, other) in combinations(enumerate(cases), 2)
            if len(one) > 1 and all((x is y) == (j != i) for j, (x, y) in enumerate(zip(one, other, strict=True)))
        ]
        alike = all(same(a.found, b.found) for a, b in pairs)
        if alike and not all(same(a.expected, b.expected) for a, b in pairs):  # two accuracies may agree by chance
            yield Note("ignores", {"argument": argument})
    if len(wrong) < len(trials):
        yield Note("only_some", {"wrong": len(wrong), "trials": len(trials), **wrong[0].sizes})


def _remarks(plan: Plan[Cases], answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """Remark on what would go wrong elsewhere with a function that is right."""
    task, subject, cases = plan.task, SUBJECTS[plan.task], plan.drawn
    remarks = []
    for (mistake, arguments), answer in zip(cases.extremes.items(), answers[len(cases.regular) : -3], strict=True):
        found, expected = answer.values.get("return"), np.asarray(outcome(subject.reference, *arguments))
        if not same(found, expected, subject.tolerance):
            shown = diagnosis.facts([task], found, expected, _sizes(task, arguments))
            remarks.append(diagnosis.named(mistake, (), shown, TASKS[task].equation))
            break  # what fails on one of them may fail on the next for the same reason
    seen = {
        "argument_changed": any(map(_changed, answers, cases.regular)),
        "single_precision": any(is_single(_returned(answer)) for answer in answers[: len(cases.regular)]),
    }
    said: dict[str, Fact] = {"quantities": (task,)}
    remarks += [diagnosis.named(mistake, (), said, TASKS[task].equation) for mistake in seen if seen[mistake]]
    return tuple(remarks)


def _returned(answer: Answer) -> Array | None:
    """Read what a function returned, None if it crashed; anything but arrays and numbers is treated alike."""
    return answer.values.get("return", np.array(None)) if answer.status == "ok" else CRASH


def _changed(answer: Answer, case: Arguments) -> bool:
    """Tell whether the function wrote into an array that it was given."""
    return any(
        isinstance(argument, np.ndarray) and not same(answer.values.get(f"argument{i}", argument), argument)
        for i, argument in enumerate(case)
    )


def _by_symptom(wrong: Sequence[Trial], crash: Crash | None) -> str | None:
    """Recognise mistakes by signs other than values: overflowing or integer types, labels that cannot be indices."""
    if crash:
        return crashes.by_crash(crash)
    pairs = [(trial.found, trial.expected) for trial in wrong if trial.found is not None]
    if all(f.dtype.kind in "iu" and same(f, np.trunc(e)) for f, e in pairs):
        return "results_in_integers"
    overflowed = [is_single(f) and f.shape == e.shape and not np.isfinite(f).all() for f, e in pairs]
    return "float32_overflow" if all(overflowed) else None


def _sendable(argument: Any) -> Any:
    return Ufunc(argument.__name__) if isinstance(argument, np.ufunc) else argument


def _sizes(task: str, case: Arguments) -> dict[str, int]:
    """Name the sizes of a task's arguments: n examples, and k classes or d inputs."""
    n, k = np.atleast_2d(case[0]).shape
    return {"n": n, "d" if task == "fcc_one_layer" else "k": k}


def _picture(subject: Subject, task: str, answer: Answer) -> Picture | None:
    """Show the worked rows, unless they are right or there is no result."""
    expected = np.asarray(outcome(subject.reference, *subject.example))
    found = answer.values.get("return")
    if found is None or same(found, expected, subject.tolerance):
        return None
    return diagnosis.picture(Note(f"picture_{task}"), expected, found)
