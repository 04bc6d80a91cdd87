"""Judges the training routines by what they do to a network that only records.

Each is run on a few sets of data, with batches that do and do not divide it, and with printing seldom and often. What a
routine prints or returns does not matter, and neither does how it is written; see
:mod:`handgrad.exercises.catalogue.deviations`. The file has over 300 lines because a judgment is read in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Answer, Call, Network, Random
from handgrad.exercises.catalogue.causes import causes
from handgrad.exercises.catalogue.deviations import LAST, LOOKS, Deviations, deviations
from handgrad.exercises.catalogue.numbering import misnumbered
from handgrad.exercises.catalogue.records import COLUMNS, NUMBERS, Table
from handgrad.exercises.catalogue.routines import Style, play, recognise
from handgrad.exercises.catalogue.traces import Probe, Rows, Trace, trace
from handgrad.exercises.judging import crashes, diagnosis, interface
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.results import Fact, Finding, Note, Picture, TaskResult
from handgrad.exercises.tasks import PARAMETERS, TASKS

# Where the gradient itself is of something else, half of the points are lost, and a quarter for anything else.
COST = dict.fromkeys(LOOKS, 0.25) | {"order": 0.5, "forward": 0.5, "labels": 0.5}
_FOR_THE_SHEET = 0.25  # what it costs that only calls like the sheet's go wrong
LED = "training_led_by_results"
SHOWN_UPDATES, SHOWN_ROWS = 4, 8

Probes = tuple[Probe, ...]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Probes]:
    """Draw the data and settings with which to call a routine.

    Examples
    --------
    >>> [call.as_written for call in calls_for("gradient_descent", np.random.default_rng(0)).calls]
    [False, False, False, False, False, True, True]
    """
    size = int(rng.integers(4, 7))
    # A quotient by one of these never ends in a 5, which could be rounded either way.
    thousandths = [m for m in range(2900) if m % 2 and m % 5]
    low, middle, high = (
        float(rng.choice([m for m in thousandths if least < m < most])) / 1000
        for least, most in ((30, 90), (200, 900), (1100, 2900))
    )
    if task == "gradient_descent":
        probes: Probes = (
            _probe(rng, middle, n=size + 8, epochs=8, log_every=3),
            _probe(rng, high, n=size + 105, epochs=5, log_every=20),
            _probe(rng, low, n=size + 9, epochs=int(rng.integers(201, 220)), log_every=4),
        )
    else:
        first = _probe(rng, middle, n=4 * size, epochs=3, log_every=3, batch_size=size)
        probes = (
            first,
            _probe(rng, low, n=7 * size + 2, epochs=int(rng.integers(11, 15)), log_every=50, batch_size=size),
            _probe(rng, high, n=240 + 2 * size, epochs=2, log_every=4, batch_size=41 - size),
            replace(first, seed=int(rng.integers(2**31))),  # only the random numbers are others
        )
    usual, sheets = (*probes, *_further(probes)), interface.by_the_sheet(probes[0])
    calls = [_call(task, i, probe) for i, probe in enumerate((*usual, *sheets))]
    calls[len(usual) :] = [
        interface.written(call, probe, last=probe is sheets[-1])
        for call, probe in zip(calls[len(usual) :], sheets, strict=True)
    ]
    return Plan(task, tuple(calls), probes)


def _further(probes: Probes) -> Probes:
    """Give further runs for routines that are right so far.

    The first has a rate with which the weights hardly move, and the last other weights, few classes, and results that
    never change.
    Both have the random numbers of an earlier run; with mini-batches, that run comes once more before the last one.
    """
    calm = replace(probes[0], rate=probes[0].rate / 10_000)
    first = probes[1] if probes[0].batch_size and len(probes) > 1 else probes[0]
    weights = {name: -array for name, array in first.weights.items()}
    still = replace(first, weights=weights, trainy=_few(first.trainy), testy=_few(first.testy), still=True)
    return (calm, first, still) if first.batch_size else (calm, still)


def _few(y: NDArray[Any]) -> NDArray[Any]:
    """Make three classes of labels, of which one is rare and none as frequent as another."""
    return np.where(y % 7 == 0, 2, (y % 3 == 0).astype(y.dtype))


def _probe(rng: np.random.Generator, rate: float, n: int, epochs: int, log_every: int, batch_size: int = 0) -> Probe:
    """Draw data in which no two rows, and no two labels, are equal, and fewer of them for testing than for training."""
    total = n + int(rng.integers(7, 12))
    numbers = rng.permutation(2**13)[:total] / 2**12 - 1  # which float32 holds, too
    X = np.column_stack([rng.integers(-8, 9, total) / 8, numbers])
    y = rng.permutation(total)
    shapes = ((2, 3), (3,), (3, 4), (4,), (4, total), (total,))
    weights = {name: rng.standard_normal(shape) for name, shape in zip(PARAMETERS, shapes, strict=True)}
    seed = int(rng.integers(2**31))
    return Probe(X[:n], y[:n], X[n:], y[n:], weights, rate, epochs, log_every, batch_size, seed)


def _call(task: str, i: int, probe: Probe) -> Call:
    """Make the call for one probe; losses and accuracies are given, so that those of a submission may be wrong."""
    if task == "gradient_descent":
        settings = {"num_iterations": probe.epochs, "evaluate_every": probe.log_every}
    else:
        settings = {"batch_size": probe.batch_size, "epochs": probe.epochs, "log_every": probe.log_every}
    return Call(
        f"{task}:{i}",
        "routine",
        task,
        (Network(probe.weights), probe.trainx, probe.trainy, probe.testx, probe.testy),
        {"learning_rate": probe.rate, **settings, "rng": Random(probe.seed)},
        canned={name: (values,) for name, values in probe.measurements.items()},
        seconds=4.0,
    )


def judge(plan: Plan[Probes], answers: Sequence[Answer]) -> TaskResult:
    """Say whether a routine is right, and if not, what is wrong with it.

    Examples
    --------
    >>> plan = calls_for("gradient_descent", np.random.default_rng(0))
    >>> answers = [Answer(call.id, "ok") for call in plan.calls]  # of a routine that does nothing
    >>> judge(plan, answers).findings[0].mistake
    'training_never_reached'
    """
    count = len(plan.drawn) + len(_further(plan.drawn))
    answers, further, sheets = answers[: len(plan.drawn)], answers[len(plan.drawn) : count], answers[count:]
    if early := diagnosis.unanswered(plan.task, answers):
        return (early.status != "not_attempted" and _in_time(plan, answers, early.notes)) or early
    if crash := crashes.first(answers):
        return TaskResult(plan.task, "crashed", notes=(crashes.crashed(crash),), crash=crash)
    traces = [trace(answer.events, probe, *_tables(answer)) for answer, probe in zip(answers, plan.drawn, strict=True)]
    found = deviations(traces, plan.drawn)
    if not found and {answer.status for answer in further} == {"ok"} and (seen := _seen_further(plan, traces, further)):
        return seen
    if not found and sheets and (seen := _by_the_sheet(plan, answers, traces, sheets)):
        return seen
    if not found:
        remarks = tuple(diagnosis.named(one, ()) for one in _remarks(plan, answers, traces, further, sheets))
        return TaskResult(plan.task, "right", remarks, (Note("right"),), credit=1.0)
    findings = _findings(plan, traces, found)
    trained = any(run.updates for run in traces)
    credit = max(0.0, 1 - sum(COST[fact] for fact in found)) if trained else 0.0
    picture = _picture(plan, traces[0])
    return TaskResult(plan.task, "wrong", findings, picture=picture, credit=credit)


def _seen_further(plan: Plan[Probes], traces: Sequence[Trace], further: Sequence[Answer]) -> TaskResult | None:
    """Report a routine that does otherwise in tiny steps, or if its losses, accuracies or outputs differ."""
    probes, quantities = _further(plan.drawn), TASKS[plan.task].quantities
    calm, *again, still = (
        trace(answer.events, probe, *(() if probe.still else _tables(answer)))
        for answer, probe in zip(further, probes, strict=True)
    )
    for run, probe in ((calm, probes[0]), (still, probes[-1])):
        if found := deviations([run], [probe]):
            alone = replace(plan, drawn=(probe,))
            seen = tuple(_seen(fact, value, alone, [run]) for fact, value in found.items())
            credit = max(0.0, 1 - sum(COST[fact] for fact in found))
            unknown = run is calm or "labels" in found
            cause = Finding(quantities) if unknown else diagnosis.named(LED, quantities)
            return TaskResult(plan.task, "wrong", (replace(cause, seen=seen[:1]),), credit=credit)
    rows = [[update.rows for update in run.updates] for run in (*traces[1:2], *again, still)]
    if again and rows[0] == rows[1] != rows[2]:  # else its random numbers are of another generator
        return TaskResult(plan.task, "wrong", (diagnosis.named(LED, quantities),), credit=1 - COST["shuffling"])
    return None


def _by_the_sheet(
    plan: Plan[Probes], answers: Sequence[Answer], traces: Sequence[Trace], sheets: Sequence[Answer]
) -> TaskResult | None:
    """Report a routine that goes wrong when it is called as on the sheet, or gives or leaves what breaks its cells."""
    quantities, probes = TASKS[plan.task].quantities, interface.by_the_sheet(plan.drawn[0])
    if failed := interface.crashed(sheets):
        crash = crashes.first(failed)
        notes = (crashes.crashed(crash),) if crash else ()
        return TaskResult(plan.task, "crashed", notes=notes, crash=crash, credit=1 - _FOR_THE_SHEET)
    for answer, probe in zip(sheets, probes, strict=True):
        run = [trace(answer.events, probe, *_tables(answer))] if answer.status == "ok" else []
        # With this many classes, a network that the learner wrote may not take a single step.
        found = deviations(run, [probe]) if run and run[0].updates else {}
        if found and not (probe is probes[-1] and interface.misread(run[0], probe)):
            alone = replace(plan, drawn=(probe,))
            seen = tuple(_seen(fact, value, alone, run) for fact, value in found.items())
            credit = max(0.0, 1 - sum(COST[fact] for fact in found))
            return TaskResult(plan.task, "wrong", (Finding(quantities, seen=seen[:1]),), credit=credit)
    mistake = "history_parts_exchanged" if interface.exchanged(traces) else None
    if interface.data_changed(answers, plan.drawn) == "rows":
        mistake = "data_changed_by_routine"
    named = tuple(diagnosis.named(one, quantities) for one in (mistake,) if one)
    return TaskResult(plan.task, "wrong", named, credit=1 - _FOR_THE_SHEET) if named else None


def fails(plan: Plan[Probes], index: int, answer: Answer) -> bool:
    """Tell whether a routine deviates in one run."""
    if answer.status != "ok" or index >= len(plan.drawn):
        return answer.status != "ok"
    probe = plan.drawn[index]
    return bool(deviations([trace(answer.events, probe, *_tables(answer))], [probe]))


def _in_time(plan: Plan[Probes], answers: Sequence[Answer], notes: tuple[Note, ...]) -> TaskResult | None:
    """Judge a routine that did not end in some runs by the others, if these show a known mistake."""
    done = [i for i, answer in enumerate(answers) if answer.status == "ok"]
    if not done:
        return None
    few = replace(plan, drawn=tuple(plan.drawn[i] for i in done))
    result = judge(few, [answers[i] for i in done])
    known = result.status == "wrong" and all(found.mistake for found in result.findings)
    return replace(result, notes=notes) if known else None


def _remarks(
    plan: Plan[Probes],
    answers: Sequence[Answer],
    traces: Sequence[Trace],
    further: Sequence[Answer],
    sheets: Sequence[Answer],
) -> Iterator[str]:
    """Name what costs nothing."""
    probe = interface.by_the_sheet(plan.drawn[0])[-1]
    misread = [interface.misread(trace(one.events, probe), probe) for one in sheets[-1:] if one.status == "ok"]
    if any(misread) or interface.needs_other_calls(sheets):
        yield "called_otherwise"
    if plan.drawn[0].batch_size:
        same = [trace(answer.events, plan.drawn[1]) for answer in further[1:2] if answer.status == "ok"]
        yield from interface.remarks(plan.drawn, traces, same)
    if interface.data_changed(answers, plan.drawn):
        yield "data_reordered_by_routine"
    yield from misnumbered(traces, plan.drawn)
    if any("return" in answer.left_out for answer in answers):
        yield "no_history_returned"
    if any(_floats(answer) for answer in answers):
        yield "labels_become_floats"


def _floats(answer: Answer) -> bool:
    """Tell whether backprop was given labels that were made floating-point numbers."""
    given = (np.asarray(event.value) for event in answer.events if event.method == "backprop")
    return any(y.ndim == 1 and y.dtype.kind == "f" for y in given)


def _tables(answer: Answer) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """Take the tables that a routine returned, and how it numbered their rows."""
    columns = len(COLUMNS)
    shaped = [array for array in answer.values.values() if array.ndim == 2 and array.shape[1] == columns + NUMBERS]
    return tuple(table[:, :columns].tolist() for table in shaped), tuple(
        table[:, columns:].tolist() for table in shaped
    )


def _findings(plan: Plan[Probes], traces: Sequence[Trace], found: Deviations) -> tuple[Finding, ...]:
    """Name the mistake, or both, or else describe the first facts that are wrong."""
    seen = tuple(_seen(fact, value, plan, traces) for fact, value in found.items())
    quantities = TASKS[plan.task].quantities
    recognised = _of_record(plan, traces) if found.keys() == {"record"} else recognise(plan.task, plan.drawn, traces)
    if recognised:
        findings = [diagnosis.named(mistake, quantities) for mistake in recognised]
        return (replace(findings[0], seen=seen[:1]), *findings[1:])
    return (Finding(quantities, seen=seen[:2]),)


def _of_record(plan: Plan[Probes], traces: Sequence[Trace]) -> tuple[str, ...]:
    """Name the mistake that explains what a routine returned in every run where it is not what was measured."""
    explained = []
    for run, probe in zip(traces, plan.drawn, strict=True):
        if (doubt := LOOKS["record"](run, probe)) == "misplaced":
            explained.append({"history_misnumbered"})
        elif doubt is not None:
            sizes = {"n": probe.n, "m": len(probe.testx)} | ({"b": probe.batch_size} if probe.batch_size else {})
            explained.append(causes(run.tables, run.measured, len(run.updates), sizes))
    common = {cause.split()[0] for cause in set.intersection(*explained)}
    return tuple(common) if len(common) == 1 else ()


def _seen(fact: str, found: Any, plan: Plan[Probes], traces: Sequence[Trace]) -> Note:
    """Return what was seen of one fact, in the first probe where it is wrong."""
    values: list[Any] = [LOOKS[fact](run, probe) for run, probe in zip(traces, plan.drawn, strict=True)]
    if all(value is None for value in values):  # only a comparison of several shows it
        values = list(found)
    index, value = next((i, value) for i, value in enumerate(values) if value is not None)
    run, probe = traces[index], plan.drawn[index]
    numbers: dict[str, Fact] = {"n": probe.n, "epochs": probe.epochs, "every": probe.log_every}
    numbers |= {"batch_size": probe.batch_size, "rate": probe.rate}
    said: dict[str, Fact] = {"setting": Note(f"setting_{plan.task}", numbers), "updates": len(run.updates)}
    match fact:
        case "steps":
            said |= {"expected": probe.epochs * max(probe.per_epoch, 1)}
        case "order":
            said |= {"backprops": sum(update.backprops for update in run.updates) + run.unused}
        case "forward" | "labels":
            kinds = {f"{part}_before" if stale else part for part, stale in value} if fact == "forward" else value
            said |= {"found": tuple(Note(f"{fact}_{kind.replace(' ', '_')}") for kind in sorted(kinds))}
        case "rate":
            shown = run.updates[-SHOWN_UPDATES:] if value == LAST else run.updates[:SHOWN_UPDATES]
            said |= {"found": tuple(float(update.rate) for update in shown)}
            fact = "rate_uneven" if value == "uneven" else "rate"
        case "sizes":
            said |= {"found": tuple(str(size) for size in sorted(set(value))[:SHOWN_ROWS])}
        case "repeats":
            said |= {"found": Note("repeats_within" if value == "within a batch" else "repeats_between")}
        case "evaluation" if value == "unknown":
            fact = "evaluation_unknown"
        case "shuffling" | "record":
            said |= {"found": Note(f"{fact}_{str(value).replace(' ', '_')}")}
    return Note(f"routine_{fact}", said)


def _picture(plan: Plan[Probes], run: Trace) -> Picture | None:
    """Show the first updates of the first probe, and those of a right routine, where they differ.

    If the order is random, the right updates shown are those on the same rows, or if these are the fault, any.
    """
    probe = plan.drawn[0]
    found = _shown(run, probe)
    own = [replace(update, labels=update.rows or (), rate=probe.rate) for update in run.updates]
    if probe.batch_size and (expected := _shown(replace(run, updates=tuple(own)), probe)) != found:
        return Picture(Note("picture_routine"), expected, found)
    expected = _shown(trace(play(plan.task, probe, Style()), probe), probe)
    picture = Picture(Note("picture_routine"), expected, found, by_chance=probe.batch_size > 0)
    return None if expected == found else picture


def _shown(run: Trace, probe: Probe) -> tuple[tuple[float | str, ...], ...]:
    """Write what each update was made from, one a line."""

    def written(rows: Rows | None) -> str:
        names = ["?" if row < 0 else str(row) if row < probe.n else f"t{row - probe.n}" for row in rows or ()]
        return " ".join(names[:SHOWN_ROWS]) + (" ..." if len(names) > SHOWN_ROWS else "") or "-"

    lines = [
        (written(update.rows), written(update.labels), float(f"{update.rate:.4g}"))  # what rounding changed is no news
        for update in run.updates[:SHOWN_UPDATES]
    ]
    return (("forward_propagation", "backprop", "learning_rate"), *lines)
