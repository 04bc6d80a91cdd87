"""Names what is wrong with the losses and accuracies that a routine returns, by undoing it.

A cause is named if the numbers in the table, with that undone, are what was measured; see
:mod:`handgrad.exercises.catalogue.records`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise, permutations

from handgrad.exercises.catalogue.records import COLUMNS, EXACT, Measured, Table, doubt_about

RUNNING = 1e-7  # to which a measurement comes out of averages
# What a doubt itself explains.
PLAIN = {
    "lost": "history_overwritten",
    "zeros": "history_left_at_zero",
    "some rows": "history_of_some_examples",
    "late": "batch_measured_after_its_step",
    "other labels": "history_with_other_labels",
}


def causes(tables: Sequence[Table], measured: Sequence[Measured], steps: int, sizes: Mapping[str, int]) -> set[str]:
    """Name what, when it is undone, leaves no doubt about the tables: the mistake, and of a factor also which one.

    Parameters
    ----------
    tables, measured, steps
        As for :func:`doubt`.
    sizes : mapping
        Numbers of examples with their names.

    Returns
    -------
    set of str
        An id of the catalogue, perhaps with a factor behind it; empty if nothing explains the tables.

    Examples
    --------
    >>> measured = [Measured("cross_entropy", "test", 0, 2.5), Measured("cross_entropy", "test", 4, 1.5)]
    >>> nan = float("nan")
    >>> causes([[(0.5, nan, nan, nan), (0.3, nan, nan, nan)]], measured, 8, {"n": 9, "m": 5})
    {'history_scaled 1/m'}
    """
    found = [set(_causes(table, measured, steps, sizes)) for table in tables if doubt_about(table, measured, steps)]
    return set.intersection(*found) if found else set()


def _causes(table: Table, measured: Sequence[Measured], steps: int, sizes: Mapping[str, int]) -> Iterator[str]:
    """Give the causes of doubt about one table."""
    if (plain := PLAIN.get(doubt_about(table, measured, steps) or "")) is not None:
        yield plain
    ways = {"history_parts_swapped": (2, 3, 0, 1), "history_measures_swapped": (1, 0, 3, 2)}
    known = {COLUMNS.index((one.kind, one.part)) for one in measured if (one.kind, one.part) in COLUMNS}
    for name, order in ways.items():
        exchanged = [[row[i] for i in order] for row in table]
        filled = {i for row in exchanged for i, number in enumerate(row) if number == number}
        if filled <= known and not doubt_about(exchanged, measured, steps):
            yield name
    values = {one.value for one in measured}
    factors = list(_factors(sizes))
    for name, factor in factors:
        columns = [i for i, column in enumerate(zip(*table, strict=True)) if _are(column, factor, values)]
        undone = [[number / factor if i in columns else number for i, number in enumerate(row)] for row in table]
        if columns and not doubt_about(undone, measured, steps):
            yield f"history_scaled {name}"
    own = {  # each column by a factor of its own
        i: factor
        for i, column in enumerate(zip(*table, strict=True))
        for _, factor in factors
        if _are(column, factor, values)
    }
    undone = [[number / own.get(i, 1.0) for i, number in enumerate(row)] for row in table]
    if len(set(own.values())) > 1 and not doubt_about(undone, measured, steps):
        yield "history_scaled"
    yield from _column_causes(table, measured, steps)


def _are(column: Sequence[float], factor: float, values: Set[float]) -> bool:
    """Tell whether all numbers are measured ones times a factor."""
    return all(any(abs(number / factor - value) <= EXACT * value for value in values) for number in column)


def _column_causes(table: Table, measured: Sequence[Measured], steps: int) -> Iterator[str]:
    """Give the causes that show in whole columns, without which nothing else is wrong."""
    of = {place: [one.value for one in measured if (one.kind, one.part) == place] for place in COLUMNS}
    nan = float("nan")
    other, corrected = set[int](), {}
    for i, column in enumerate(zip(*table, strict=True)):
        if set(column) <= set(of[COLUMNS[i - 2]]):  # the same kind, on the other set
            other.add(i)
        sums = [number * count for count, number in enumerate(column, 1)]
        single = [after - before for before, after in pairwise([0.0, *sums])]
        nearest = [min(of[COLUMNS[i]], key=lambda value: abs(value - one), default=nan) for one in single]
        if all(abs(one - value) <= RUNNING for one, value in zip(single, nearest, strict=True)):
            corrected[i] = nearest
    without = [[nan if i in other else number for i, number in enumerate(row)] for row in table]
    if other and len(other) < len(COLUMNS) and not doubt_about(without, measured, steps):
        yield "history_of_the_other_set"
    rows = [
        [corrected[i][j] if i in corrected else number for i, number in enumerate(row)] for j, row in enumerate(table)
    ]
    if len(table) > 1 and corrected and not doubt_about(rows, measured, steps):
        yield "history_running_mean"


def _factors(sizes: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Give the numbers of examples, their reciprocals and their quotients, with their names."""
    for name, size in sizes.items():
        yield from ((name, float(size)), (f"1/{name}", 1 / size))
    for one, other in permutations(sizes, 2):
        yield f"{one}/{other}", sizes[one] / sizes[other]
