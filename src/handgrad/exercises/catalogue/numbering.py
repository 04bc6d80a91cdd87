"""Compares the numbers of iterations, epochs and steps in what a routine returns with the time of the measurements.

They cost nothing, since nothing is trained by them, but a plot of the history is wrong. A table is judged only
if each of its rows has losses or accuracies just as they were measured, which tell their time; if none has, they may
be rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handgrad.exercises.catalogue.records import Measured, Table
from handgrad.exercises.catalogue.traces import Probe, Trace

OTHER_TIMES = "recorded_at_other_times"
FEW_DECIMALS = 4


def misnumbered(runs: Sequence[Trace], probes: Sequence[Probe]) -> tuple[str, ...]:
    """Name what is wrong with the numbers in the tables of right routines.

    Parameters
    ----------
    runs : sequence of Trace
    probes : sequence of Probe
        Of the same length.

    Returns
    -------
    tuple of str
        Ids of the catalogue, each of which explains every table whose numbers are not right.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad.exercises.catalogue.traces import Update
    >>> X, y, nan = np.zeros((1, 1)), np.zeros(1), float("nan")
    >>> probe = Probe(X, y, X, y, {}, 0.5, epochs=4, log_every=2)
    >>> updates = (Update((0,), (0,), 0, 1, 0.5),) * 4
    >>> measured = tuple(Measured("cross_entropy", "test", step, 5.0 - step) for step in (0, 2, 4))
    >>> tables = ([(5.0, nan, nan, nan), (3.0, nan, nan, nan), (1.0, nan, nan, nan)],)
    >>> numbers = ([(0, nan, nan), (1, nan, nan), (2, nan, nan)],)
    >>> misnumbered([Trace(updates, 0, False, (), False, measured, tables, numbers)], [probe])
    ('history_counts_rows',)
    """
    said = [
        found
        for judged in (_evaluations, _batches, _digits)
        for found in _common(judged(*one) for one in _tables(runs, probes))
    ]
    return tuple(dict.fromkeys(said))


def _tables(runs: Sequence[Trace], probes: Sequence[Probe]) -> list[tuple[Table, Table, Trace, Probe]]:
    """List all tables, with their numbers."""
    return [
        (table, numbers, run, probe)
        for run, probe in zip(runs, probes, strict=True)
        for table, numbers in zip(run.tables, run.numbers, strict=True)
    ]


def _common(judged: Iterable[set[str] | None]) -> list[str]:
    """Give what explains every table that is not right; that the times are others, only if nothing else does."""
    wrong = [found for found in judged if found is not None]
    common = set.intersection(*wrong) if wrong else set()
    return sorted(common - {OTHER_TIMES} or common)


def _evaluations(table: Table, numbers: Table, run: Trace, probe: Probe) -> set[str] | None:
    """Say what may be wrong with the numbers of evaluations; None if nothing is."""
    steps, done = len(run.updates), [row[0] for row in numbers]
    measured = [_measured(row, run) for row in table]
    if any(number != number for number in done) or any(one is None for one in measured) or steps < probe.epochs:
        return None
    times = [one.step for one in measured if one is not None]
    per = steps // probe.epochs
    expected = probe.epochs + 1 if probe.batch_size else -(-steps // probe.log_every) + 1
    right = [time / per for time in times]
    off = not probe.batch_size and done == right and any(time % probe.log_every for time in times[:-1])
    others = {OTHER_TIMES} if off else set()
    if len(times) > expected + 1:
        return {"recorded_too_often"} | others
    if not probe.batch_size and _one_step_behind(table, run):
        return {"history_of_two_times"}
    if done == right:
        if times[0] == 0 and times[-1] < steps:
            return {"history_without_the_end"}
        if len(times) < expected - 1:
            return {"recorded_too_rarely"} | others
        if not probe.batch_size and _beside(times[:-1], probe.log_every):
            return {"history_off_by_one"}
        return {"history_without_the_beginning"} if times[0] > 0 else others or None
    if _off_by_one(done, right):
        return {"history_off_by_one"}
    counted = [list(range(first, first + len(done))) for first in (0, 1)]
    found = {"history_counts_steps"} if per > 1 and done == times else set()
    return found | ({"history_counts_rows"} if done in counted and not probe.batch_size else set())


def _batches(table: Table, numbers: Table, run: Trace, probe: Probe) -> set[str] | None:
    """Say what may be wrong with the numbers of mini-batches; None if nothing is."""
    steps = len(run.updates)
    measured = [one for row in table if (one := _measured(row, run)) and one.part == "batch" and one.sure]
    epochs, counts = [row[1] for row in numbers], [row[2] for row in numbers]
    if len(measured) < len(table) or any(number != number for number in (*epochs, *counts)) or steps < probe.epochs:
        return None
    per = steps // probe.epochs
    times = [one.step for one in measured]
    epoch, step = [time // per for time in times], [time % per for time in times]
    if (epochs, counts) == (epoch, step):
        if len(times) == steps > probe.epochs * -(-per // probe.log_every):
            return {"recorded_too_often"}
        if len(times) < probe.epochs * (per // probe.log_every):
            return {"recorded_too_rarely"}
        return {"history_off_by_one"} if _beside(step, probe.log_every) else None
    if (counts, epochs) == (epoch, step):
        return {"history_fields_exchanged"}
    if counts == times:
        return {"history_counts_steps"}
    if _off_by_one([one * per + count for one, count in zip(epochs, counts, strict=True)], times):
        return {"history_off_by_one"}
    aside = [found for found, right in ((epochs, epoch), (counts, step)) if found != right]
    fits = all(_off_by_one(found, right) for found, right in ((epochs, epoch), (counts, step)) if found in aside)
    return {"history_off_by_one"} if fits else set()


def _digits(table: Table, _: Table, run: Trace, __: Probe) -> set[str] | None:
    """Say whether measured numbers have only a few decimals, which measurements do not."""
    numbers = [number for row in table for number in row if number == number]
    exact = {one.value for one in run.measured}
    rounded = not exact.intersection(numbers) and all(round(number, FEW_DECIMALS) == number for number in numbers)
    return {"history_rounded"} if rounded and exact and len(set(numbers)) > 1 else None


def _one_step_behind(table: Table, run: Trace) -> bool:
    """Tell whether rows, but perhaps the first and the last, hold the training set's numbers of a step before."""
    step = {one.value: one.step for one in run.measured}
    times = [[step.get(number) for number in row] for row in table]
    pairs = [(test, train) for test, _, train, _ in times if test != 0]
    apart = [None if test is None or train is None else test - train for test, train in pairs]
    return {1} in (set(apart), set(apart[:-1]))


def _beside(times: Sequence[int], every: int) -> bool:
    """Tell whether times are next to those at which something is due, all on the same side."""
    others = any(time % every for time in times)
    return others and any(not any((time + aside) % every for time in times) for aside in (1, -1))


def _off_by_one(found: Sequence[float], right: Sequence[float]) -> bool:
    """Tell whether all numbers, all but the last, or the last alone, are one too large, or one too small."""
    aside = [a - b for a, b in zip(found, right, strict=True)]
    parts = ((aside, aside[:0]), (aside[:-1], aside[-1:]), (aside[-1:], aside[:-1]))
    return any(set(wrong) in ({1}, {-1}) and not any(others) for wrong, others in parts)


def _measured(row: Sequence[float], run: Trace) -> Measured | None:
    """Find the measurement of which a row has the exact number."""
    return next((one for number in row for one in run.measured if one.value == number), None)
