"""What a training routine did to a network: the changes of the weights, and what each was computed from.

A routine is judged neither by what it prints or returns, nor by its final weights, which depend on its random order. It
is given a network that only records, and data whose rows and labels are all different. The events show what each change
of the weights was computed from (:class:`Update`), and these show what is wrong; see
:mod:`handgrad.exercises.catalogue.deviations`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.exercises.calls import Event, Value
from handgrad.exercises.catalogue.records import CHANGED, CROSSED, MOST_VALUES, NOTHING, Measured, Table, of_pieces

Rows = tuple[int, ...]

MEASUREMENTS = ("cross_entropy", "accuracy")
OTHER_OUTPUTS = -1  # in place of the number of changes of the weights after which outputs were computed


@dataclass(frozen=True, eq=False)
class Probe:
    """The data and settings of one run.

    Rows are known by number: those for training are 0, 1, ..., n - 1, those for testing go on from n. For
    ``gradient_descent``, whose epochs are its iterations, ``batch_size`` is 0. ``seed`` is that of the random numbers.
    ``still`` says that all losses are measured as the same small number, and all accuracies as 1; labels may then
    occur more than once.
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
            return {"cross_entropy": np.array([1 / 64]), "accuracy": np.array([1.0])}
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

    def labelled(self, y: Value, rows: Rows = ()) -> Rows:
        """Give the numbers of the rows that labels belong to, -1 for one that is none of ours.

        Where labels occur more than once, those of the ``rows`` that they are expected for are these rows' own.
        """
        given = np.ravel(np.asarray(y)).tolist()
        if self.still and rows and min(rows) >= 0:
            everyone = np.concatenate([self.trainy, self.testy])
            if given == everyone[list(rows)].tolist():
                return rows
        return tuple(self._labels.get(label, -1) for label in given)

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
    asked : float
        What gradient_step was given; NaN without a call of it.
    overwritten : bool
        Whether the labels are those of another forward pass before that one, with the same weights.
    """

    rows: Rows | None
    labels: Rows
    lag: int
    backprops: int
    rate: float
    asked: float = float("nan")
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
    (Update(rows=(0,), labels=(0,), lag=0, backprops=1, rate=0.5, asked=nan, overwritten=False),)
    """
    updates: list[Update] = []
    evaluated: list[Rows] = []
    forward: Event | None = None
    used = True  # whether a backprop followed that forward pass
    rows: Rows | None = None
    labels: Rows = ()
    lag = backprops = 0
    asked = float("nan")
    too_early = overwritten = False
    earlier: set[Rows] = set()  # what forward passes saw since the last change
    for event in events:
        if event.step > len(updates):
            rate = float("nan") if event.rate is None else event.rate
            updates.append(Update(rows, labels, lag, backprops, rate, asked, overwritten))
            backprops, earlier, asked = 0, set(), float("nan")
        if event.method == "backprop":
            rows = None if forward is None else probe.rows(forward.value)
            labels, lag = probe.labelled(event.value, rows or ()), 0 if forward is None else event.step - forward.step
            overwritten = labels != rows and labels in earlier
            backprops, used = backprops + 1, True
        elif event.method == "gradient_step":
            too_early |= not updates and not backprops
            asked = float(event.value) if isinstance(event.value, float | np.floating) else float("nan")
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
    calls = []  # of pieces, too
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
                passes = shown.get(event.step if made is None else made, set())
                known = _of_known(rows, {last} if made is None else passes, passes, probe)
                part = _part_of_batch(rows, event.step, made, updates) or known
            if changed and part == "test" and rows == last:  # else they may come from a method of the learner's own
                part = CHANGED
            values = probe.measurements[event.method]
            step = event.step if made is None else made
            value = float(values[count[event.method] % len(values)])
            found.append(Measured(event.method, part, step, value, made is not None))
            calls.append((found[-1], probe.part(rows), rows))
            count[event.method], made, changed = count[event.method] + 1, None, False
    return *found, *of_pieces(calls, {"train": probe.n, "test": len(probe.testx)})


def _of_known(rows: Rows, outputs: Set[Rows], shown: Set[Rows], probe: Probe) -> str:
    """Say whether labels are some of a set's, or met as many outputs of other examples: of one of these ``outputs``."""
    part = probe.part(rows)
    if part not in ("train", "test"):
        return NOTHING if not rows else ""
    parts = {probe.part(other) for other in shown if len(other) == len(rows)}
    of_the_other_set = rows not in shown and {part, *parts} == {"train", "test"} and part not in parts
    as_many = [set(other) for other in outputs if len(other) == len(rows) and part == probe.part(other)]
    of_others = bool(as_many) and set(rows) not in as_many and rows not in shown
    return CROSSED if of_the_other_set or of_others else "some"


def _part_of_batch(rows: Rows, step: int, made: int | None, updates: Sequence[Update]) -> str:
    """Say whether a measurement was made on the rows of the update at that time, or only after their update."""
    before, after = (
        any(sorted(update.rows or ()) == sorted(rows) for update in updates[max(first, 0) : max(first + 1, 0)])
        for first in ((step, step - 1) if made is None else (made, made - 1))
    )
    return "batch" if before or (after and made is None) else "batch after" if after else ""
