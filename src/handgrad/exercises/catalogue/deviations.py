"""What is wrong with a training routine: in which facts its runs differ from what the sheet asks for.

The facts are told in terms that do not depend on the order drawn: the same for every run of a routine, and if possible
for every way of writing it. See :mod:`handgrad.exercises.catalogue.traces` for what they are read from.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import comb, prod
from typing import Any

import numpy as np

from handgrad.exercises.catalogue.batches import LATER, as_before, epochs_of, repeats, shuffling, sizes
from handgrad.exercises.catalogue.records import doubt, measured_on_all, misplaced
from handgrad.exercises.catalogue.traces import Probe, Trace, Update

Deviations = dict[str, Any]

BY_CHANCE = (
    "within a batch",
    "between batches",
    LATER,
    "whole batches",
    "single rows",
    "pieces",
    "same batch",
)  # what may show in one probe, and not in another
FALLING = "falling"  # of a rate, in some probes at least
LAST = "last"  # alone among the rates
FEW = "too few to tell"  # what so few labels have in common may be chance
BESIDE_OTHERS = {"other order", "another batch", "train in order", "test in order"}  # what any labels may be by chance
MANY = 10  # epochs in which a row is not left out every time by chance


def deviations(traces: Sequence[Trace], probes: Sequence[Probe]) -> Deviations:
    """Say in which facts the runs of one routine differ from what is asked, and how; nothing where it is right.

    Parameters
    ----------
    traces : sequence of Trace
    probes : sequence of Probe
        Of the same length.

    Returns
    -------
    dict of str to hashable
        What was found instead in each probe, or something that chance may hide in one of them; the names are those of
        ``LOOKS``.

    Examples
    --------
    >>> from handgrad.exercises.calls import Event
    >>> from handgrad.exercises.catalogue.traces import trace
    >>> X, y = np.array([[1.0], [2.0]]), np.array([0, 1])
    >>> probe = Probe(X[:1], y[:1], X[1:], y[1:], {}, 0.5, 1, 1)
    >>> deviations([trace([Event("end", None)], probe)], [probe])
    {'steps': (0,)}
    """
    found = {fact: value for fact in LOOKS if (value := deviation(fact, traces, probes)) is not None}
    if len(found) > 1:  # whoever trains wrongly cannot be blamed for what comes of it
        found.pop("record", None)
    return found


def deviation(fact: str, traces: Sequence[Trace], probes: Sequence[Probe]) -> Any:
    """Say how the runs differ from what is asked in one fact; None if they do not."""
    seen = tuple(LOOKS[fact](run, probe) for run, probe in zip(traces, probes, strict=True))
    if fact == "shuffling" and all(value is None for value in seen):
        seen = tuple(as_before(traces[:i], probes[:i], traces[i], probes[i]) for i in range(len(traces)))
    if all(value is None for value in seen):
        return None
    if fact == "rate" and set(seen) <= {None, FALLING}:  # a short training may be over before it falls
        return FALLING
    return next((value for value in BY_CHANCE if value in seen), seen)


def _steps(run: Trace, probe: Probe) -> Hashable:
    """Count the updates, and say whether they leave out the same rows in every epoch."""
    if run.elsewhere and not run.updates:
        return "elsewhere"
    count = len(run.updates)
    if count in {probe.epochs * steps for steps in probe.steps_per_epoch}:
        return None
    seen = [{row for batch in epoch for row in batch} for epoch in epochs_of(run, probe)]
    never = probe.n - len(set().union(*seen))
    if len(seen) < MANY or never <= 0 or shuffling(run, probe):
        return count
    shares = [comb(probe.n - never, len(rows)) / comb(probe.n, len(rows)) for rows in seen]
    return (count, "of the same rows") if comb(probe.n, never) * prod(shares) < 1e-6 else count


def _order(run: Trace, _: Probe) -> Hashable:
    """Count the calls of backprop: one for each update, and none in vain."""
    counts = frozenset(update.backprops for update in run.updates)
    right = counts <= {1} and not run.unused and not run.too_early
    return None if right else (counts, run.unused, run.too_early)


def _forward(run: Trace, probe: Probe) -> Hashable:
    """Say what the forward passes saw: the training set, all of it if there are no batches, with current weights."""

    def seen(update: Update) -> tuple[str, bool]:
        if update.rows is None:
            return "none", False
        part = probe.part(update.rows)
        if part == "train" and not probe.batch_size and sorted(update.rows) != list(range(probe.n)):
            part = "some"
        return part, update.lag > 0

    kinds = frozenset(map(seen, run.updates))
    mixed = frozenset(kind for kind in kinds if kind[0] == "other")  # beside these, chance makes some of one part
    return None if kinds <= {("train", False)} else mixed or kinds


def _labels(run: Trace, probe: Probe) -> Hashable:
    """Say whose labels they were: those of the rows of the forward pass."""
    everyone = {update.rows for update in run.updates}

    def whose(update: Update) -> str:
        if update.labels == update.rows or -1 in (update.rows or ()):  # of rows unknown, labels are unknown, too
            return "same"
        if len(update.labels) in range(1, 4):
            return FEW
        if update.overwritten:
            return "earlier pass"
        if len(update.labels) > len(update.rows or ()) and len(set(update.labels)) == 2:
            return "one hot"
        if len(update.labels) == probe.n > len(update.rows or ()) and probe.part(update.labels) == "train":
            return "all"
        if sorted(update.labels) == sorted(update.rows or ()):
            return "other order"
        if update.labels in everyone:
            return "another batch"
        part = probe.part(update.labels)
        in_order = part in ("train", "test") and all(b == a + 1 for a, b in pairwise(update.labels))
        return f"{part} in order" if in_order else part

    kinds = set(map(whose, run.updates))
    enough = {whose(update) for update in run.updates if len(update.labels) not in range(1, 4)}
    if enough - {"same"}:  # what a few labels show may be chance
        kinds = enough
    if kinds & {"train", "test"}:
        kinds -= BESIDE_OTHERS
    return None if kinds <= {"same"} else frozenset(kinds)


def _rate(run: Trace, probe: Probe) -> Hashable:
    """Compare the rates with the one that was given."""
    ratios = tuple(five_digits(update.rate / probe.rate) for update in run.updates)
    if all(ratio == 1 for ratio in ratios):
        return None
    if len(set(ratios)) == 1 and not np.isnan(ratios[0]):
        # A step that was asked for with the right rate, and is another one, was made with other gradients.
        return ("gradients", ratios[0]) if all(update.asked == probe.rate for update in run.updates) else ratios[0]
    if all(0 < b <= a for a, b in pairwise(ratios)):
        return FALLING
    if len(ratios) > 1 and all(ratio == 1 for ratio in ratios[:-1]):
        return LAST
    return "uneven" if any(np.isnan(ratio) for ratio in ratios) else ratios


def five_digits(number: float) -> float:
    """Round to five digits, and a tie always in the same direction, whatever rounding has left of it."""
    return float(f"{number * (1 + 1e-9):.5g}")


def _evaluation(run: Trace, probe: Probe) -> Hashable:
    """Say whether there were evaluations, but none on the test set: of the training set alone, or of other arrays."""
    parts = {probe.part(rows) for rows in run.evaluated}
    if "train" not in parts or "test" in parts:
        return None
    return "unknown" if "unknown" in parts else "train"


def _record(run: Trace, probe: Probe) -> Hashable:
    """Say whether what the routine returned is not what was measured."""
    looked_at = {probe.part(rows) for rows in run.evaluated} | {one.part for one in run.measured}
    if "test" not in looked_at and any(row[0] == row[0] for table in run.tables for row in table):
        return "invented"
    if _evaluation(run, probe) is not None:
        return None
    if any(measured_on_all(*both, run.measured) for both in zip(run.tables, run.numbers, strict=False)):
        return "other rows"
    return doubt(run.tables, run.measured, len(run.updates)) or ("misplaced" if _misplaced(run, probe) else None)


def _misplaced(run: Trace, probe: Probe) -> bool:
    """Tell whether rows, each exactly as it was measured, are numbered as if that had been at other times."""
    per, every = len(run.updates) // probe.epochs, probe.log_every
    for table, numbers in zip(run.tables, run.numbers, strict=False):
        exact = [next((one for value in row for one in run.measured if one.value == value), None) for row in table]
        times = [one.step for one in exact if one is not None]
        if len(times) < len(table) or not per:
            continue
        done, epochs, steps = zip(*numbers, strict=True)
        due = probe.epochs if probe.batch_size else -(-len(run.updates) // every)
        if len(table) <= due + 2 and misplaced(done, [time / per for time in times], (0, 1, -1, every, -every)):
            return True
        counted = [epoch * per + step for epoch, step in zip(epochs, steps, strict=True)]
        shifts = [a * per + b for a in (0, 1, -1) for b in (0, 1, -1, every, -every)]
        apart = {after - before for before, after in pairwise(steps) if after > before}
        if apart != {1} and list(steps) != times and misplaced(counted, times, shifts):
            return True
    return False


LOOKS = {
    "steps": _steps,
    "order": _order,
    "forward": _forward,
    "labels": _labels,
    "rate": _rate,
    "sizes": sizes,
    "repeats": repeats,
    "shuffling": shuffling,
    "evaluation": _evaluation,
    "record": _record,
}
WITHOUT_FORWARD = ("steps", "order", "rate")  # the facts that forward passes have no part in
