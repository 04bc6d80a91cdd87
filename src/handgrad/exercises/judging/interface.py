"""Calls a training routine as the sheet's own cells do: with its sizes and settings, its names and its order of them.

A routine may be right in all small trials, and still not do what the sheet says: with more examples or iterations, if
no generator is given, or in what it leaves of the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from handgrad.exercises.calls import Answer, Call, Network, Random, Value
from handgrad.exercises.catalogue.deviations import deviations
from handgrad.exercises.catalogue.traces import Probe, Trace

EXAMPLES, TESTS = 1438, 59  # of the sheet's 359 for testing, a few will do
ITERATIONS, EVERY = 300, 30
BATCH, EPOCHS, LOGS = 64, 30, 10
FEW = 2 * BATCH + 5  # examples for many epochs


def by_the_sheet(first: Probe) -> tuple[Probe, ...]:
    """Give the data and settings of further runs, whose random numbers follow from those of a first one.

    One has as many examples as the sheet, another as many epochs or iterations. In the last one, small enough even if
    settings are exchanged, mini-batches are drawn without a generator of ours.
    """
    rng = np.random.default_rng(first.seed)
    total = EXAMPLES + TESTS
    X = np.column_stack([rng.integers(-8, 9, total) / 8, rng.permutation(2**13)[:total] / 2**12 - 1])
    y = rng.permutation(total)
    data = (X[:EXAMPLES], y[:EXAMPLES], X[EXAMPLES:], y[EXAMPLES:])
    large = replace(first, trainx=data[0], trainy=data[1], testx=data[2], testy=data[3])
    if first.batch_size:
        few = replace(large, trainx=X[:FEW], trainy=y[:FEW], rate=0.5, batch_size=BATCH, log_every=LOGS, epochs=EPOCHS)
        return few, replace(large, batch_size=BATCH, log_every=LOGS, epochs=2), first
    return replace(large, epochs=3, log_every=2), replace(first, rate=0.5, epochs=ITERATIONS, log_every=EVERY)


def written(call: Call, probe: Probe, last: bool) -> Call:
    """Make a call as the sheet's cells do: settings by their names or, in the last one, by their places and no rng."""
    settings = {name: value for name, value in call.keywords.items() if name != "rng"}
    given: tuple[Value | Network, ...] = call.arguments  # type: ignore[assignment]
    if last and probe.batch_size:
        return replace(call, arguments=(*given, *settings.values()), keywords={}, as_written=True)
    if last:
        rate = settings.pop("learning_rate")
        return replace(call, arguments=(*given, rate), keywords=settings, as_written=True)
    rng = {"rng": Random(probe.seed)} if probe.batch_size else {}
    return replace(call, keywords={**settings, **rng}, as_written=True)


def needs_other_calls(answers: Sequence[Answer]) -> bool:
    """Tell whether a routine does not take what the sheet's cells give it."""
    return any("otherwise" in answer.values or _misses(answer) for answer in answers)


def misread(run: Trace, probe: Probe) -> bool:
    """Tell whether a run deviates only because settings, given by their places, were taken for others."""
    found = deviations([run], [probe])
    if not probe.batch_size:
        return found.keys() == {"rate"} and all(isinstance(ratio, float) for ratio in found["rate"])
    orders = permutations((probe.batch_size, probe.epochs, probe.log_every))
    exchanged = (replace(probe, batch_size=a, epochs=b, log_every=c) for a, b, c in orders)
    return bool(found) and any(deviations([run], [other]).keys() <= {"record"} for other in exchanged)


def crashed(answers: Sequence[Answer]) -> list[Answer]:
    """Give the last answer if that run, whose data are usual, crashed, but not for want of what the sheet omits."""
    return [answer for answer in answers[-1:] if answer.status == "crashed" and not _misses(answer)]


def _misses(answer: Answer) -> bool:
    """Tell whether arguments are missing or of the wrong type, but not because there is no generator."""
    return answer.crash is not None and answer.crash.type == "TypeError" and "NoneType" not in answer.crash.message


def exchanged(runs: Sequence[Trace]) -> bool:
    """Tell whether the rows of mini-batches are returned first, and the evaluations of epochs second."""

    def kinds(run: Trace) -> list[str]:
        return ["batches" if all(row[0] != row[0] for row in numbers) else "epochs" for numbers in run.numbers]

    return any(kinds(run) == ["batches", "epochs"] for run in runs)


def data_changed(answers: Sequence[Answer], probes: Sequence[Probe]) -> str | None:
    """Say what a routine leaves of the data that it was given: None if they are as before, else "order" or "rows"."""
    found = None
    for answer, probe in zip(answers, probes, strict=True):
        data = (probe.trainx, probe.trainy, probe.testx, probe.testy)
        now = [answer.values.get(f"argument{i}", array) for i, array in enumerate(data, 1)]
        if all(one is array for one, array in zip(now, data, strict=True)):
            continue
        for i in (0, 2):
            rows = probe.rows(now[i])
            if now[i].shape != data[i].shape or rows != probe.labelled(now[i + 1]) or set(rows) != set(_rows(probe, i)):
                return "rows"
        found = "order"
    return found


def _rows(probe: Probe, i: int) -> range:
    return range(probe.n, probe.n + len(probe.testx)) if i else range(probe.n)


def remarks(probes: Sequence[Probe], traces: Sequence[Trace], same: Sequence[Trace]) -> Iterator[str]:
    """Name what costs nothing, but is not what the sheet says of mini-batches.

    Parameters
    ----------
    probes : sequence of Probe
    traces : sequence of Trace
        Of their runs.
    same : sequence of Trace
        Of runs with the random numbers of the second one.
    """
    if any(len(run.updates) > probe.epochs * probe.per_epoch > 0 for run, probe in zip(traces, probes, strict=True)):
        yield "incomplete_batch_used"
    orders = [[update.rows for update in run.updates] for run in (*traces[1:2], *same)]
    if same and any(order != orders[0] for order in orders):
        yield "order_ignores_rng"
