"""Names what is wrong with the losses and accuracies that a routine returns, by undoing it.

A cause is named if the numbers in the table, with that undone, are what was measured; see
:mod:`handgrad.exercises.catalogue.records`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise, permutations

from handgrad.exercises.catalogue.averages import RUNNING, averaged
from handgrad.exercises.catalogue.records import COLUMNS, EXACT, Measured, Table, doubt_about

ALL = (2, 3, 0, 1)  # the columns, with both of one set in the place of the other's
# What a doubt itself explains.
PLAIN = {
    "nothing": "history_of_nothing",
    "lost": "history_overwritten",
    "zeros": "history_left_at_zero",
    "some rows": "history_of_some_examples",
    "late": "batch_measured_after_its_step",
    "summed": "history_scaled",
    "uneven": "history_mean_of_unequal_pieces",
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
    for names in found:
        if any(name.startswith("history_scaled") for name in names):
            names.discard("history_running_mean")  # a sum of one measurement, divided by a number
    return set.intersection(*found) if found else set()


def _causes(table: Table, measured: Sequence[Measured], steps: int, sizes: Mapping[str, int]) -> Iterator[str]:
    """Give the causes of doubt about one table."""
    if (plain := PLAIN.get(doubt_about(table, measured, steps) or "")) is not None:
        yield plain
    yield from _exchanged(table, measured, steps)
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
    yield from _column_causes(table, measured, steps, sizes)


def _exchanged(table: Table, measured: Sequence[Measured], steps: int) -> Iterator[str]:
    """Name the exchange of columns: of both sets, or of losses and accuracies in whatever order."""
    places = {(one.kind, "train" if one.part == "batch" else one.part) for one in measured}
    known = {i for i, place in enumerate(COLUMNS) if place in places}
    for order in permutations(range(len(COLUMNS))):
        exchanged = [[row[i] for i in order] for row in table]
        filled = {i for row in exchanged for i, number in enumerate(row) if number == number}
        of_another_kind = any((i - order[i]) % 2 for i in filled)
        if not (of_another_kind or order == ALL) or not filled <= known:
            continue
        if not doubt_about(exchanged, measured, steps):
            yield "history_measures_swapped" if of_another_kind else "history_parts_swapped"


def _are(column: Sequence[float], factor: float, values: Set[float]) -> bool:
    """Tell whether all numbers are measured ones times a factor."""
    return all(any(abs(number / factor - value) <= EXACT * value for value in values) for number in column)


def _column_causes(table: Table, measured: Sequence[Measured], steps: int, sizes: Mapping[str, int]) -> Iterator[str]:
    """Give the causes that show in whole columns, without which nothing else is wrong."""
    of = {place: [one.value for one in measured if (one.kind, one.part) == place] for place in COLUMNS}
    nan = float("nan")
    of_batches = all(row[0] != row[0] and row[1] != row[1] for row in table)
    other, first, corrected = set[int](), set[int](), {}
    for i, column in enumerate(zip(*table, strict=True)):
        if set(column) <= set(of[COLUMNS[i - 2]]):  # the same kind, on the other set
            other.add(i)
        if len(column) > 1 and _of_the_start(column, [one for one in measured if (one.kind, one.part) == COLUMNS[i]]):
            first.add(i)
        sums = [number * count for count, number in enumerate(column, 1)]
        single = [after - before for before, after in pairwise([0.0, *sums])]
        nearest = [min(of[COLUMNS[i]], key=lambda value: abs(value - one), default=nan) for one in single]
        if all(abs(one - value) <= RUNNING for one, value in zip(single, nearest, strict=True)):
            corrected[i] = nearest
            continue
        kind, part = COLUMNS[i]
        those = [one for one in measured if (one.kind, one.part) == (kind, "batch" if of_batches else part)]
        if (instead := averaged(column, those, steps, sizes)) is not None:
            corrected[i] = instead
    without = [[nan if i in other else number for i, number in enumerate(row)] for row in table]
    if other and len(other) < len(COLUMNS) and not doubt_about(without, measured, steps):
        yield "history_of_the_other_set"
    without = [[nan if i in first else number for i, number in enumerate(row)] for row in table]
    if first and not doubt_about(without, measured, steps):
        yield "history_of_the_start"
    rows = [
        [corrected[i][j] if i in corrected else number for i, number in enumerate(row)] for j, row in enumerate(table)
    ]
    if len(table) > 1 and corrected and not doubt_about(rows, measured, steps):
        yield "history_running_mean"


def _of_the_start(column: Sequence[float], measured: Sequence[Measured]) -> bool:
    """Tell whether all numbers were measured on the first outputs that were measured at all."""
    start = min((one.step for one in measured), default=0)
    return all(any(one.value == number and one.step == start for one in measured) for number in column)


def _factors(sizes: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Give the numbers of examples, their reciprocals and their quotients, with their names."""
    for name, size in sizes.items():
        yield from ((name, float(size)), (f"1/{name}", 1 / size))
    for one, other in permutations(sizes, 2):
        yield f"{one}/{other}", sizes[one] / sizes[other]
