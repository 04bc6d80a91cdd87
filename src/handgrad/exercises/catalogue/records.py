"""Compares the losses and accuracies that a routine returns with those that were measured during its run.

Each measurement gave a number of its own, so a number in a table tells when it was measured, and on which rows. A table
is judged as far as its columns have names, and only by what was measured on all rows at once: a learner may measure by
functions of their own, or piece by piece, and may do so for batches alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Rows = tuple[int, ...]
Table = Sequence[Sequence[float]]

COLUMNS = (("cross_entropy", "test"), ("accuracy", "test"), ("cross_entropy", "train"), ("accuracy", "train"))
NUMBERS = 3  # columns of another kind that follow: done, epoch and step
ROUNDED = 0.0051  # to two digits, perhaps after it was made a percentage
EXACT = 1e-9
PIECES = ("some", "batch", "batch after")
JOINED, SUMMED, UNEVEN = "joined", "summed", "uneven"  # of measurements that cover a set piece by piece
CROSSED = "crossed"
CHANGED = "changed"
NOTHING = "nothing"
MOST_VALUES = 4_000


@dataclass(frozen=True)
class Measured:
    """One call of ``cross_entropy`` or ``accuracy``: on which rows, after how many updates, and what it gave.

    ``part`` is "train" or "test" for all rows of it, and "some" for some of them; "batch" for those of the update that
    comes next, "batch after" for those of the update that came last; "crossed" if outputs met labels of other examples,
    "changed" if the outputs are not those of the forward pass, "nothing" for no rows at all; and "" for others.
    ``sure`` says that it is known which forward pass was measured. A set that was measured piece by piece gives three
    more: the mean, whose part is "joined"; the sum of the pieces, "summed"; and their plain mean, "uneven", if they are
    not equally large.
    """

    kind: str
    part: str
    step: int
    value: float
    sure: bool = False

    def gave(self, number: float) -> bool:
        """Tell whether a number is the value, perhaps rounded or as a percentage."""
        return any(abs(number - scale * self.value) <= ROUNDED for scale in (1, 100))

    def made(self, number: float) -> bool:
        """Tell whether this value was made of several measurements, and is the number."""
        return self.part in (JOINED, SUMMED, UNEVEN) and abs(number - self.value) <= EXACT * abs(number)


def of_pieces(calls: Sequence[tuple[Measured, str, Rows]], sizes: Mapping[str, int]) -> Iterator[Measured]:
    """Give what is made of measurements that cover a set piece by piece: its mean, and what is mistaken for it.

    Parameters
    ----------
    calls : sequence of Measured, str and tuple of int
        What was measured, on which set, and on which of its rows.
    sizes : mapping
        The number of rows of each set.

    Examples
    --------
    >>> calls = [(Measured("accuracy", "some", 0, value), "test", rows) for value, rows in [(1.0, (5, 6)), (0.5, (7,))]]
    >>> [(one.part, round(one.value, 2)) for one in of_pieces(calls, {"test": 3})]
    [('joined', 0.83), ('summed', 1.5), ('uneven', 0.75)]
    """
    begun: dict[tuple[str, str, int], list[tuple[float, Rows]]] = {}
    for one, part, rows in calls:
        pieces = begun.setdefault((one.kind, part, one.step), [])
        if any(row in earlier for _, earlier in pieces for row in rows):
            pieces.clear()
        pieces.append((one.value, rows))
        values, counts = [value for value, _ in pieces], [len(rows) for _, rows in pieces]
        if part in sizes and sum(counts) == sizes[part]:
            if len(values) > 1:
                mean = sum(value * count for value, count in zip(values, counts, strict=True)) / sum(counts)
                yield Measured(one.kind, JOINED, one.step, mean)
                yield Measured(one.kind, SUMMED, one.step, sum(values))
            if len(set(counts)) > 1:
                yield Measured(one.kind, UNEVEN, one.step, sum(values) / len(values))
            pieces.clear()


def doubt(tables: Sequence[Table], measured: Sequence[Measured], steps: int) -> Hashable:
    """Say what is wrong with the tables that a routine returned; None if nothing is.

    Parameters
    ----------
    tables : sequence of tables
        One of ``COLUMNS`` in each column, NaN where there is none.
    measured : sequence of Measured
    steps : int
        How many updates there were; what was measured after the last one may stand in the table twice.

    Returns
    -------
    {None, "invented", "nothing", "summed", "uneven", "other rows", "other labels", "other outputs", "some rows",
    "late", "mixed", "again", "order", "lost", "zeros", "stale"}

    Examples
    --------
    >>> measured = [Measured("cross_entropy", "test", 0, 2.5), Measured("cross_entropy", "test", 4, 1.5)]
    >>> nan = float("nan")
    >>> doubt([[(2.5, nan, nan, nan), (1.5, nan, nan, nan)]], measured, 8)
    >>> doubt([[(2.5, nan, nan, nan), (2.4, nan, nan, nan)]], measured, 8)
    'invented'
    """
    return next((found for table in tables if (found := doubt_about(table, measured, steps))), None)


def measured_on_all(table: Table, numbers: Table, measured: Sequence[Measured]) -> bool:
    """Tell whether rows that are numbered as those of mini-batches hold what was measured on a whole set.

    Parameters
    ----------
    table, numbers : table
        Of the same rows: losses and accuracies, and the ``NUMBERS`` that follow them.
    measured : sequence of Measured

    Examples
    --------
    >>> nan = float("nan")
    >>> measured = [Measured("cross_entropy", "train", 0, 2.5), Measured("cross_entropy", "batch", 0, 1.5)]
    >>> [measured_on_all([(nan, nan, loss, nan)], [(nan, 0, 0)], measured) for loss in (2.5, 1.5)]
    [True, False]
    """
    if any(row[0] == row[0] or row[1] == row[1] for row in table) or any(row[2] != row[2] for row in numbers):
        return False
    parts = [{one.part for one in measured if one.value == number} for row in table for number in row]
    return any(those == {"train"} for those in parts)


def misplaced(numbers: Sequence[float], times: Sequence[float], shifts: Iterable[float]) -> bool:
    """Tell whether rows are numbered as if they had been measured at other times, and no usual way of counting.

    Off by a little, in other units, or one after the other: these are slips that a plot shows, but all rows share them.

    Parameters
    ----------
    numbers, times : sequence of float
        How the rows are numbered, and when they were measured.
    shifts : iterable of float
        By how much all numbers may be off beside the one or other unit.

    Examples
    --------
    >>> times = [0, 4, 8, 12, 14]
    >>> for numbers in ([1, 5, 9, 13, 15], [0, 1, 2, 3, 4], [0, 400, 800, 1200, 1400], [0, 6, 10, 14, 14]):
    ...     misplaced(numbers, times, (1,))
    False
    False
    False
    True
    >>> misplaced([0, 4, 8, 12, 16], [0, 2, 6, 10, 14], (1,))
    True
    """
    pairs = list(zip(numbers, times, strict=True))
    if len(pairs) < 4 or any(number != number for number in numbers):
        return False
    steps = {after - before for before, after in pairwise(numbers)}
    aside = sorted(number - time for number, time in pairs)
    common = aside[len(aside) // 2]
    if steps == {1} or sum(abs(one) > 1 for one in aside) < 2:
        return False
    if any(abs(common - shift) < EXACT for shift in shifts):
        return sum(abs(one - common) > 1 for one in aside) > 1
    (first, start), (last, end) = pairs[1], pairs[-2]
    slope = (last - first) / (end - start) if end != start else 1.0
    other_unit = abs(slope - 1) > EXACT
    return (
        not other_unit or sum(abs(number - first - slope * (time - start)) > abs(slope) for number, time in pairs) > 1
    )


def doubt_about(table: Table, measured: Sequence[Measured], steps: int) -> str | None:
    """Say what is wrong with one table."""
    of_batches = all(row[0] != row[0] and row[1] != row[1] for row in table)
    wanted = [(kind, ("batch", "train") if of_batches and part == "train" else (part,)) for kind, part in COLUMNS]
    columns = [[row[i] for row in table] for i in range(len(COLUMNS))]
    judged = [_is_judged(column, *of, measured) for column, of in zip(columns, wanted, strict=True)]
    losses = [i for i, (kind, _) in enumerate(COLUMNS) if kind == "cross_entropy"]
    if any(judged) and len(table) > 1 and any(all(row[i] == 0 for row in table) for i in losses):
        return "zeros"  # whatever function of the learner's own measures a loss, not all are 0
    known = {one.value for one in measured if one.part}
    # A number of a function of the learner's own, such as a share of a few rows, may be one of these by chance.
    foreign = [not one and all(row[i] in known or row[i] != row[i] for row in table) for i, one in enumerate(judged)]
    numbers = {number for row in table for number in row}
    for part, doubtful in ((NOTHING, "nothing"), (CROSSED, "other labels")):
        if any(one.part == part and one.value in numbers for one in measured):
            return doubtful
    last, used = 0, set[int]()
    dates = set[int | None]()  # None where it is not sure
    began: int | None = None
    for row in table:
        found: list[list[int]] = []
        for number, (kind, parts), is_judged, is_foreign in zip(row, wanted, judged, foreign, strict=True):
            exactly = [one for one in measured if one.value == number and one.part]
            pieces = bool(exactly) and all(one.kind == kind and one.part in PIECES for one in exactly)
            made = {one.part for one in measured if one.kind == kind and one.made(number)}
            if made - {JOINED}:
                return min(made - {JOINED})
            if made:
                continue
            if any(one.part == CHANGED for one in exactly):
                return "other outputs"
            late = pieces and of_batches and all(one.part == "batch after" for one in exactly)
            if is_foreign and exactly:
                return "late" if late else "some rows" if pieces else "other rows"
            if number != number or not is_judged:
                continue
            gave = [i for i, one in enumerate(measured) if one.gave(number)]
            exact = [i for i in gave if measured[i].value == number]
            fitting = [i for i in exact or gave if measured[i].kind == kind and measured[i].part in parts]
            if not fitting:
                return "late" if late else "some rows" if pieces else "other rows" if gave else "invented"
            new = [i for i in fitting if i not in used or measured[i].step == steps]
            if not new:
                return "again"
            found.append(new)
        times = [{measured[i].step for i in fitting} for fitting in found]
        together = [t for t in set().union(*times) if all(t in those or t + 1 in those for those in times)]
        if times and not together:
            return "mixed"
        later = [time for time in together if time + 1 >= last]
        if together and not later:
            return "order"
        last = min(later, default=last)
        began = last if began is None else began
        dates |= {measured[i].step if measured[i].sure else None for fitting in found for i in fitting}
        used |= {i for fitting in found for i in fitting if measured[i].step in (last, last + 1)}
    if len(table) > 2 and dates == {began} and last < steps:
        return "stale"
    looked = sorted({one.step for one in measured if one.part == ("batch" if of_batches else "test")})
    few = len(table) < 3 or began == steps  # the final results in every row
    late = few and len(looked) > 3 and (began or 0) >= looked[-2]
    return "lost" if late else None


def _is_judged(column: Sequence[float], kind: str, parts: Sequence[str], measured: Sequence[Measured]) -> bool:
    """Tell whether a column is to be compared with what was measured.

    Whoever measures batches by a function of their own may well call the sheet's for whole sets: what this gave counts
    only if it seems to stand in the column.
    """
    usual, *others = parts
    if any(one.kind == kind and one.part == usual for one in measured):
        return True
    whole = [one for one in measured if one.kind == kind and one.part in others]
    exact = any(one.value in column for one in whole)
    return bool(whole) and (exact or all(any(one.gave(number) for one in whole) for number in column))
