"""How the examples are divided among mini-batches: their order, their sizes, and what comes twice.

What is said does not depend on the order drawn, and neither does it blame a routine for what chance may do.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations, groupby, pairwise
from math import exp, lgamma

import numpy as np

from handgrad.exercises.catalogue.traces import Probe, Rows, Trace

LATER = "between batches of later epochs"  # while the first one is right, which new draws would not leave it
FEWEST = 13
CHANCE = 1e-12  # a probability below which something does not happen by chance


def epochs_of(run: Trace, probe: Probe) -> list[list[Rows]]:
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
    whole = [epochs for epochs in ways if not any(map(repeated, epochs))]
    if whole:  # the longest: pieces of it have no row twice either, or only by chance, where they do not divide it
        return max(whole, key=lambda epochs: len(epochs[0]))
    return ways[-1] if ways else [batches]


def repeated(batches: list[Rows]) -> bool:
    """Tell whether some row came more than once."""
    return len(set().union(*batches)) < sum(map(len, batches))


def sizes(run: Trace, probe: Probe) -> Hashable:
    """Compare the sizes of the batches: all the one given, the last of an epoch as it comes, or an even division."""

    def right(batches: list[Rows]) -> bool:
        sizes = [len(batch) for batch in batches]
        rows = len(set().union(*batches))
        if rows < probe.per_epoch * probe.batch_size:  # a batch is missing, or rows came twice: see repeats
            return len(batches) >= probe.per_epoch and set(sizes) == {probe.batch_size}
        in_full = set(sizes[:-1]) <= {probe.batch_size} and sizes[-1] in (probe.batch_size, probe.n % probe.batch_size)
        evenly = len(sizes) in probe.steps_per_epoch and max(sizes) - min(sizes) <= 1 and sum(sizes) == rows == probe.n
        return 0 not in sizes and (in_full or evenly)

    epochs = epochs_of(run, probe)
    if all(map(right, epochs)):
        return None
    found = frozenset(len(update.rows or ()) for update in run.updates)
    return (0, *sorted(filter(None, map(len, epochs[0])))) if 0 in found else found


def _overlap(epoch: list[Rows]) -> bool:
    """Tell whether rows come twice only where a batch begins with the last ones of the batch before."""
    shared = [len(set(batch) & set(after)) for batch, after in pairwise(epoch)]
    ends = all(a[len(a) - n :] == b[:n] for (a, b), n in zip(pairwise(epoch), shared, strict=True))
    return ends and sum(map(len, epoch)) - sum(shared) == len(set().union(*epoch))


def repeats(run: Trace, probe: Probe) -> Hashable:
    """Say how rows came twice in an epoch: within a batch, in neighbouring batches (and how many), or in others."""
    epochs = epochs_of(run, probe)
    if not any(map(repeated, epochs)):
        return None
    batches = [batch for epoch in epochs for batch in epoch]
    rows = [row for batch in batches for row in batch]
    orders = [rows[i : i + probe.n] for i in range(0, len(rows), probe.n)]
    if {*map(len, batches)} == {probe.batch_size} and all(len(set(order)) == len(order) for order in orders):
        return "on into the next order"
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
    if all(map(_overlap, epochs)):
        return "windows"
    if sum(in_order) > len(batches) / 2:
        return "batches in order"
    if all(len(set(epoch)) < len(epoch) for epoch in epochs):
        return "a batch again"
    return "between batches" if repeated(epochs[0]) else LATER


def shuffling(run: Trace, probe: Probe) -> Hashable:
    """Say how the orders of the epochs are too regular."""
    ordered = epochs_of(run, probe)
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
    if not any(map(repeated, ordered)):
        if _batch_stays(epochs, probe.n):
            return "same batch"
        if len(set(map(tuple, epochs))) < len(epochs):
            return "again"
        if len(epochs) > 1 and _neighbours_stay(ordered):
            return "neighbours"
        if together and _batches_again(epochs):
            return "batches again"
        if any(map(_places_stay, ordered)):
            return "places"
    return "late" if in_order[0] else "rest" if _always_left_out(ordered, probe) else None


def as_before(traces: Sequence[Trace], probes: Sequence[Probe], run: Trace, probe: Probe) -> Hashable:
    """Say whether an order that is none of ours came in an earlier run, too, which was given other random numbers."""
    first = epochs_of(run, probe)[:1]
    if not first or len(first[0]) < 2 or repeated(first[0]) or shuffling(run, probe):
        return None
    before = [epochs_of(*one)[:1] for one in zip(traces, probes, strict=True)]
    return "seed" if first in before else None


def _batch_stays(epochs: list[list[frozenset[int]]], n: int) -> bool:
    """Tell whether rows come in the same batch of every epoch, too many and too often for chance."""
    for batches in zip(*epochs, strict=False):
        size = max(map(len, batches))
        stay = len(frozenset.intersection(*batches))
        if stay > 1 and (n * (size / n) ** (len(epochs) - 1)) ** stay < CHANCE:
            return True
    return False


def _batches_again(epochs: list[list[frozenset[int]]]) -> bool:
    """Tell whether two epochs divide the rows into the same batches, which chance does not do with enough of them."""
    alike = any(set(one) == set(other) for one, other in combinations(epochs, 2))
    lengths = [len(batch) for batch in epochs[0]]
    ways = lgamma(sum(lengths) + 1) - sum(lgamma(length + 1) for length in lengths) - lgamma(len(lengths) + 1)
    return alike and len(epochs) ** 2 * exp(-ways) < CHANCE


def _neighbours_stay(epochs: list[list[Rows]]) -> bool:
    """Tell whether nearly all rows have the same neighbours as in the epoch before, which shuffling would change."""
    orders = [[row for batch in epoch for row in batch] for epoch in epochs]
    pairs = [{frozenset(pair) for pair in pairwise(order)} for order in orders]
    return all(len(after) > 9 and len(before & after) > 0.75 * len(after) for before, after in pairwise(pairs))


def _places_stay(epoch: list[Rows]) -> bool:
    """Tell whether rows come where they stood, by and large: a correlation that chance gives to no long order."""
    order = [row for batch in epoch for row in batch]
    return len(order) > 200 and bool(np.corrcoef(order, np.arange(len(order)))[0, 1] > 0.5)


def _always_left_out(epochs: list[list[Rows]], probe: Probe) -> bool:
    """Tell whether an incomplete batch is left out that has the same rows in each of several epochs."""
    seen = [frozenset(row for batch in epoch for row in batch) for epoch in epochs]
    return len(seen) > 1 and set(seen) == {seen[0]} and len(seen[0]) == probe.per_epoch * probe.batch_size < probe.n
