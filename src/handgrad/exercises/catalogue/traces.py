"""What a training routine did to a network, and how that differs from what the sheet asks for.

A routine is judged neither by what it prints or returns, nor by its final weights, which depend on its random order. It
is given a network that only records, and data whose rows and labels are all different. The events show what each change
of the weights was computed from (:class:`Update`), and these show what is wrong (:func:`deviations`), in terms that do
not depend on the order drawn: the same for every run of a routine, and if possible for every way of writing it.

The file has over 300 lines because the facts are one list, each understood only beside the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Event, Value
from handgrad.exercises.catalogue.records import (
    CHANGED,
    CROSSED,
    MOST_VALUES,
    Measured,
    Table,
    doubt,
    measured_on_all,
    misplaced,
)

Rows = tuple[int, ...]
Deviations = dict[str, Any]

LATER = "between batches of later epochs"  # while the first one is right, which new draws would not leave it
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
OTHER_OUTPUTS = -1  # in place of the number of changes of the weights after which outputs were computed
FEWEST = 13
CHANCE = 1e-12  # a probability below which something does not happen by chance
FEW = "too few to tell"  # what so few labels have in common may be chance


@dataclass(frozen=True, eq=False)
class Probe:
    """The data and settings of one run.

    Rows are known by number: those for training are 0, 1, ..., n - 1, those for testing go on from n. For
    ``gradient_descent``, whose epochs are its iterations, ``batch_size`` is 0. ``seed`` is that of the random numbers.
    ``still`` says that all losses are measured as the same number, and so are all accuracies.
    """

    trainx: NDArray[Any]
    trainy: NDArray[Any]
    testx: NDArray[Any]
    testy: NDArray[Any]
    weights: dict[str, NDArray[Any]]
    rate: float
    epochs: int
    log_every: int
    batch_size: int = 0
    seed: int = 0
    still: bool = False

    @cached_property
    def measurements(self) -> dict[str, NDArray[Any]]:
        """What cross_entropy and accuracy give, in turn: numbers up and down, all different or (``still``) none."""
        if self.still:
            return {"cross_entropy": np.array([2.5]), "accuracy": np.array([0.5])}
        drawn = np.random.RandomState(self.seed)
        losses, accuracies = drawn.permutation(9 * MOST_VALUES)[:MOST_VALUES], drawn.permutation(MOST_VALUES)
        return {"cross_entropy": (128.5 + losses) / 8192, "accuracy": (64 + accuracies) / 4096}

    @cached_property
    def n(self) -> int:
        """The number of rows for training."""
        return len(self.trainx)

    @property
    def per_epoch(self) -> int:
        """The number of whole batches in an epoch."""
        return self.n // self.batch_size if self.batch_size else 0

    @property
    def steps_per_epoch(self) -> set[int]:
        """How many steps an epoch may have: one, or one for each batch, with or without an incomplete last one."""
        return {self.per_epoch, -(-self.n // self.batch_size)} if self.batch_size else {1}

    def rows(self, X: Value) -> Rows:
        """Give the numbers of the rows of an array, -1 for one that is none of ours."""
        array = np.asarray(X)
        if array.ndim != 2:
            return (-1,) * array.size
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._numbered:  # the same rows come many times
            self._numbered[key] = tuple(self._rows.get(tuple(row), -1) for row in array.tolist())
        return self._numbered[key]

    def labelled(self, y: Value) -> Rows:
        """Give the numbers of the rows that labels belong to, -1 for one that is none of ours."""
        return tuple(self._labels.get(label, -1) for label in np.ravel(np.asarray(y)).tolist())

    def part(self, rows: Rows) -> str:
        """Say where rows come from: train, test, other (of several kinds), unknown (none of ours), or empty."""
        if not rows:
            return "empty"
        first, last = min(rows), max(rows)
        if last < 0:
            return "unknown"
        return "train" if first >= 0 and last < self.n else "test" if first >= self.n else "other"

    @cached_property
    def _rows(self) -> dict[tuple[float, ...], int]:
        """Number each row."""
        return {tuple(row): i for i, row in enumerate(np.concatenate([self.trainx, self.testx]).tolist())}

    @cached_property
    def _numbered(self) -> dict[tuple[object, ...], Rows]:
        """Remember what ``rows`` found."""
        return {}

    @cached_property
    def _labels(self) -> dict[float, int]:
        """Number each label."""
        return {label: i for i, label in enumerate(np.concatenate([self.trainy, self.testy]).tolist())}


@dataclass(frozen=True)
class Update:
    """One change of the weights, and what it was made from.

    Attributes
    ----------
    rows : tuple of int or None
        What the forward pass before its backprop saw. None without one.
    labels : tuple of int
        What that backprop was given.
    lag : int
        How often the weights changed between that forward pass and that backprop.
    backprops : int
        Calls of backprop since the change before.
    rate : float
        NaN where the weights are no numbers of their shape any more.
    overwritten : bool
        Whether the labels are those of another forward pass before that one, with the same weights.
    """

    rows: Rows | None
    labels: Rows
    lag: int
    backprops: int
    rate: float
    overwritten: bool = False


@dataclass(frozen=True)
class Trace:
    """A run in short.

    Attributes
    ----------
    updates : tuple of Update
    unused : int
        Calls of backprop after the last update.
    too_early : bool
        Whether gradient_step was called before any backprop.
    evaluated : tuple of rows
        What forward passes saw that no backprop followed.
    elsewhere : bool
        Whether another network was trained as well.
    measured : tuple of Measured
    tables : tuple of tables
        What the routine returned.
    numbers : tuple of tables
        How it numbered the rows of each: done, epoch and step, NaN where there is none.
    """

    updates: tuple[Update, ...]
    unused: int
    too_early: bool
    evaluated: tuple[Rows, ...]
    elsewhere: bool = False
    measured: tuple[Measured, ...] = ()
    tables: tuple[Table, ...] = ()
    numbers: tuple[Table, ...] = ()


def trace(
    events: Sequence[Event], probe: Probe, tables: tuple[Table, ...] = (), numbers: tuple[Table, ...] = ()
) -> Trace:
    """Read the updates off the events.

    Parameters
    ----------
    events : sequence of Event
    probe : Probe
    tables, numbers : tuple of tables
        What the routine returned, and how the rows are numbered.

    Returns
    -------
    Trace

    Examples
    --------
    >>> X, y = np.array([[1.0], [2.0]]), np.array([0, 1])
    >>> probe = Probe(X[:1], y[:1], X[1:], y[1:], {}, 0.5, 1, 1)
    >>> events = [Event("forward_propagation", X[:1]), Event("backprop", y[:1]), Event("end", None, 1, 0.5)]
    >>> trace(events, probe).updates
    (Update(rows=(0,), labels=(0,), lag=0, backprops=1, rate=0.5, overwritten=False),)
    """
    updates: list[Update] = []
    evaluated: list[Rows] = []
    forward: Event | None = None
    used = True  # whether a backprop followed that forward pass
    rows: Rows | None = None
    labels: Rows = ()
    lag = backprops = 0
    too_early = overwritten = False
    earlier: set[Rows] = set()  # what forward passes saw since the last change
    for event in events:
        if event.step > len(updates):
            rate = float("nan") if event.rate is None else event.rate
            updates.append(Update(rows, labels, lag, backprops, rate, overwritten))
            backprops, earlier = 0, set()
        if event.method == "backprop":
            rows = None if forward is None else probe.rows(forward.value)
            labels, lag = probe.labelled(event.value), 0 if forward is None else event.step - forward.step
            overwritten = labels != rows and labels in earlier
            backprops, used = backprops + 1, True
        elif event.method == "gradient_step":
            too_early |= not updates and not backprops
        elif event.method in ("forward_propagation", "end"):
            if forward is not None and not used:
                evaluated.append(probe.rows(forward.value))
            forward, used = event, False
            if event.method == "forward_propagation":
                earlier.add(probe.rows(event.value))
    measured = _measured(events, updates, probe)
    elsewhere = any(event.method == "end" and bool(event.value) for event in events)
    return Trace(tuple(updates), backprops, too_early, tuple(evaluated), elsewhere, measured, tables, numbers)


def _measured(events: Sequence[Event], updates: Sequence[Update], probe: Probe) -> tuple[Measured, ...]:
    """Say of each call of cross_entropy or accuracy what it gave, on which rows."""
    count = dict.fromkeys(probe.measurements, 0) if any(event.method in MEASUREMENTS for event in events) else {}
    found = []
    made: int | None = None
    changed = False  # whether the outputs were not those of a forward pass
    last: Rows = ()
    shown: dict[int, set[Rows]] = {}  # by forward passes, after each number of updates
    for event in events:
        if event.method == "forward_propagation":
            last = probe.rows(event.value)
            shown.setdefault(event.step, set()).add(last)
        if event.method == "outputs":
            number = np.asarray(event.value)
            made = int(number) if number.ndim == 0 and number.dtype.kind in "iu" else None
            changed = made == OTHER_OUTPUTS
            made = None if changed else made
        elif event.method in MEASUREMENTS:
            rows = () if event.value is None else probe.labelled(event.value)
            part = probe.part(rows)
            if len(rows) != {"train": probe.n, "test": len(probe.testx)}.get(part):
                known = _of_known(rows, shown.get(event.step if made is None else made, set()), probe)
                part = _part_of_batch(rows, event.step, made, updates) or known
            if changed and part == "test" and rows == last:  # else they may come from a method of the learner's own
                part = CHANGED
            values = probe.measurements[event.method]
            step = event.step if made is None else made
            value = float(values[count[event.method] % len(values)])
            found.append(Measured(event.method, part, step, value, made is not None))
            count[event.method], made, changed = count[event.method] + 1, None, False
    return tuple(found)


def _of_known(rows: Rows, shown: Set[Rows], probe: Probe) -> str:
    """Say whether labels are some of a set's, or met as many outputs of the other set."""
    part = probe.part(rows)
    if part not in ("train", "test"):
        return ""
    others = {probe.part(other) for other in shown if len(other) == len(rows)}
    return CROSSED if rows not in shown and {part, *others} == {"train", "test"} and part not in others else "some"


def _part_of_batch(rows: Rows, step: int, made: int | None, updates: Sequence[Update]) -> str:
    """Say whether a measurement was made on the rows of the update at that time, or only after their update."""
    before, after = (
        any(sorted(update.rows or ()) == sorted(rows) for update in updates[max(first, 0) : max(first + 1, 0)])
        for first in ((step, step - 1) if made is None else (made, made - 1))
    )
    return "batch" if before or (after and made is None) else "batch after" if after else ""


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
    if fact == "steps" and any(map(_uses_all_rows, traces, probes)):
        seen = tuple(value[0] if isinstance(value, tuple) else value for value in seen)
    if fact == "shuffling" and all(value is None for value in seen):
        seen = tuple(_as_before(traces[:i], probes[:i], traces[i], probes[i]) for i in range(len(traces)))
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
    seen = [{row for batch in epoch for row in batch} for epoch in _epochs(run, probe)]
    left_out = probe.n - len(seen[0]) if seen else 0
    if left_out <= 0:
        return count
    if all(rows == seen[0] for rows in seen):
        chance = float(comb(probe.n, left_out)) ** (1 - len(seen))
    else:
        chance = left_out * (left_out / probe.n) ** (len(seen) - 1)
    alike = chance < 0.01 and len(set().union(*seen)) < probe.n and not _shuffling(run, probe)
    return (count, "of the same rows") if alike else count


def _uses_all_rows(run: Trace, probe: Probe) -> bool:
    """Tell whether no row is left out in all epochs: rows that another run leaves out are then left out by chance."""
    return len({row for epoch in _epochs(run, probe) for batch in epoch for row in batch}) >= probe.n


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
    kinds -= {f"{part} in order" for part in ("train", "test") if part in kinds}  # beside others, that is chance
    return None if kinds <= {"same"} else frozenset(kinds)


def _rate(run: Trace, probe: Probe) -> Hashable:
    """Compare the rates with the one that was given."""
    ratios = tuple(float(f"{update.rate / probe.rate:.5g}") for update in run.updates)
    if all(ratio == 1 for ratio in ratios):
        return None
    if any(np.isnan(ratio) for ratio in ratios):
        return "uneven"
    if len(set(ratios)) == 1:
        return ratios[0]
    return FALLING if all(0 < b <= a for a, b in pairwise(ratios)) else ratios


def _epochs(run: Trace, probe: Probe) -> list[list[Rows]]:
    """Divide the batches among the epochs, if it can be without repeating a row in one.

    There are none where there should be no batches, or where there were none of training data.
    """
    batches = [update.rows or () for update in run.updates]
    parts = set(map(probe.part, batches))
    if not batches or not probe.batch_size or ("test" in parts and "other" not in parts):
        return []
    total, incomplete = len(batches), any(len(batch) == probe.n % probe.batch_size for batch in batches)
    lengths = [probe.per_epoch + incomplete, total // probe.epochs if total % probe.epochs == 0 else 0]
    ways = [[batches[i : i + m] for i in range(0, total, m)] for m in lengths if m and total % m == 0]
    return next((epochs for epochs in ways if not any(map(_repeated, epochs))), ways[-1] if ways else [batches])


def _repeated(batches: list[Rows]) -> bool:
    """Tell whether some row came more than once."""
    return len(set().union(*batches)) < sum(map(len, batches))


def _sizes(run: Trace, probe: Probe) -> Hashable:
    """Compare the sizes of the batches: all the one given, the last of an epoch as it comes, or an even division."""

    def right(batches: list[Rows]) -> bool:
        sizes = [len(batch) for batch in batches]
        rows = len(set().union(*batches))
        if rows < probe.per_epoch * probe.batch_size:  # a batch is missing, or rows came twice: see _repeats
            return len(batches) >= probe.per_epoch and set(sizes) == {probe.batch_size}
        in_full = set(sizes[:-1]) <= {probe.batch_size} and sizes[-1] in (probe.batch_size, probe.n % probe.batch_size)
        evenly = len(sizes) in probe.steps_per_epoch and max(sizes) - min(sizes) <= 1 and sum(sizes) == rows == probe.n
        return 0 not in sizes and (in_full or evenly)

    epochs = _epochs(run, probe)
    if all(map(right, epochs)):
        return None
    found = frozenset(len(update.rows or ()) for update in run.updates)
    return (0, *sorted(filter(None, map(len, epochs[0])))) if 0 in found else found


def _goes_on(batch: Rows, after: Rows) -> bool:
    """Tell whether the rows that a batch shares with the next are its last and the other's first, in the same order."""
    shared = len(set(batch) & set(after))
    return batch[len(batch) - shared :] == after[:shared]


def _repeats(run: Trace, probe: Probe) -> Hashable:
    """Say how rows came twice in an epoch: within a batch, in neighbouring batches (and how many), or in others."""
    epochs = _epochs(run, probe)
    if not any(map(_repeated, epochs)):
        return None
    batches = [batch for epoch in epochs for batch in epoch]
    in_order = [bool(batch) and batch == tuple(range(batch[0], batch[0] + len(batch))) for batch in batches]
    if all(in_order) and any(a > b for epoch in epochs for a, b in pairwise(epoch)):
        return "pieces"
    orders = [[row for batch in epoch for row in batch] for epoch in epochs]
    first = len(epochs[0][0])
    if not all(in_order) and all(order[first:] == list(range(first, len(order))) for order in orders):
        return "all but the first batch in order"
    if not all(in_order) and all(row <= place for order in orders for place, row in enumerate(order)):
        return "copies of earlier rows"
    if any(len(set(batch)) < len(batch) for batch in batches):
        return "within a batch"
    if all(len(batch) == 1 for batch in batches):
        return "single rows"  # whether neighbours are equal is chance
    shared = {len(set(a) & set(b)) for epoch in epochs for a, b in pairwise(epoch)}
    if len(shared) == 1:
        return shared.pop()
    in_a_row = max(len(list(run)) for batch, run in groupby(batches) if batch)
    if in_a_row > 1 and shared == {0, first}:
        return "in a row", in_a_row
    if all(_goes_on(a, b) for epoch in epochs for a, b in pairwise(epoch)):
        return "windows"
    if sum(in_order) > len(batches) / 2:
        return "batches in order"
    if all(len(set(epoch)) < len(epoch) for epoch in epochs):
        return "a batch again"
    return "between batches" if _repeated(epochs[0]) else LATER


def _shuffling(run: Trace, probe: Probe) -> Hashable:
    """Say how the orders of the epochs are too regular."""
    ordered = _epochs(run, probe)
    epochs = [[frozenset(batch) for batch in epoch if batch] for epoch in ordered]
    if not epochs or len(epochs[0]) < 2:
        return None
    in_order = [all(max(a) < min(b) for a, b in pairwise(epoch)) for epoch in epochs]
    if all(in_order):
        return "never" if all(list(row) == sorted(row) for epoch in ordered for row in epoch) else "within batches"
    if sum(map(len, ordered[0])) < FEWEST:  # which chance may leave in order, or bring into the same one
        return None
    if len(epochs) > 1 and all(epoch == epochs[0] for epoch in epochs):
        return "once"
    together = any(len(batch) > 1 for batch in epochs[0])
    if together and len(epochs) > 1 and all(set(epoch) == set(epochs[0]) for epoch in epochs):
        return "whole batches"
    if not any(map(_repeated, ordered)):
        if _batch_stays(epochs, probe.n):
            return "same batch"
        if len(set(map(tuple, epochs))) < len(epochs):
            return "again"
        if len(epochs) > 1 and _neighbours_stay(ordered):
            return "neighbours"
        if any(map(_places_stay, ordered)):
            return "places"
    return "late" if in_order[0] else None


def _as_before(traces: Sequence[Trace], probes: Sequence[Probe], run: Trace, probe: Probe) -> Hashable:
    """Say whether an order that is none of ours came in an earlier run, too, which was given other random numbers."""
    first = _epochs(run, probe)[:1]
    if not first or len(first[0]) < 2 or _repeated(first[0]) or _shuffling(run, probe):
        return None
    before = [_epochs(*one)[:1] for one in zip(traces, probes, strict=True)]
    return "seed" if first in before else None


def _batch_stays(epochs: list[list[frozenset[int]]], n: int) -> bool:
    """Tell whether rows come in the same batch of every epoch, too many and too often for chance."""
    for batches in zip(*epochs, strict=False):
        size = max(map(len, batches))
        stay = len(frozenset.intersection(*batches))
        if stay > 1 and (n * (size / n) ** (len(epochs) - 1)) ** stay < CHANCE:
            return True
    return False


def _neighbours_stay(epochs: list[list[Rows]]) -> bool:
    """Tell whether nearly all rows have the same neighbours as in the epoch before, which shuffling would change."""
    orders = [[row for batch in epoch for row in batch] for epoch in epochs]
    pairs = [{frozenset(pair) for pair in pairwise(order)} for order in orders]
    return all(len(after) > 9 and len(before & after) > 0.75 * len(after) for before, after in pairwise(pairs))


def _places_stay(epoch: list[Rows]) -> bool:
    """Tell whether rows come where they stood, by and large: a correlation that chance gives to no long order."""
    order = [row for batch in epoch for row in batch]
    return len(order) > 200 and bool(np.corrcoef(order, np.arange(len(order)))[0, 1] > 0.5)


def always_left_out(run: Trace, probe: Probe) -> bool:
    """Tell whether an incomplete batch is left out that has the same rows in each of several epochs."""
    seen = [frozenset(row for batch in epoch for row in batch) for epoch in _epochs(run, probe)]
    return len(seen) > 1 and set(seen) == {seen[0]} and len(seen[0]) == probe.per_epoch * probe.batch_size < probe.n


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
    "sizes": _sizes,
    "repeats": _repeats,
    "shuffling": _shuffling,
    "evaluation": _evaluation,
    "record": _record,
}
MEASUREMENTS = ("cross_entropy", "accuracy")
WITHOUT_FORWARD = ("steps", "order", "rate")  # the facts that forward passes have no part in
