"""Products over the non-zero entries of a matrix: the same sums without most of the products with zero.

Of MNIST's pixels 19% are not zero, and they are neighbours. So each example is stored as pairs of neighbouring columns
with at least one non-zero value, 22% of all pairs: ``pairs[starts[m] : starts[m + 1]]`` for example m, with two values
each. A batch's entries are listed by pair; then two rows of W, or of its gradient, stay in registers while the kernel
runs through the examples in the pair's list. The list of pair c begins at c times the room of a list.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from handgrad.compiled.runtime import njit_cached
from handgrad.compiled.tiles import copy_rows
from handgrad.compiled.vectors import (
    I64,
    LINE_BYTES,
    REGISTERS,
    VECTOR_BYTES,
    ZERO,
    Vectors,
    call,
    lanes_of,
    prefetch,
    whole_block,
)

PAIR_VECTORS = 6 if REGISTERS == 16 else 8  # in a row of a block: two rows of them and two values fill the registers
SUMS_BYTES = 49_152  # of a block's sums, so that they stay in the first-level cache
FORWARD, BACKWARD = np.bool_(True), np.bool_(False)  # no literals: see ``vectors.ZERO``
AHEAD = 3  # examples whose entries are prefetched while one is listed, since they are anywhere in memory


@njit_cached()
def compress(X, pairs, values, starts):
    """Write the non-zero pairs of X, row by row, and where each row starts.

    If ``pairs`` is empty, they are only counted; if ``values`` is empty, the values stay in X.
    """
    place, d = 0, X.shape[1]
    for i in range(X.shape[0]):
        starts[i] = place
        for j in range(0, d, 2):
            x, neighbour = X[i, j], X[i, j + 1] if j + 1 < d else X.dtype.type(0)
            if x != 0 or neighbour != 0:
                if pairs.size:
                    pairs[place] = j // 2
                if values.size:
                    values[place, 0], values[place, 1] = x, neighbour
                place += 1
    starts[X.shape[0]] = place


@intrinsic
def _run_lists(
    typing_context, forward, vectors, count, begin, room, ends, rows, values, by_example, by_pair, batch,
    table, step, row, width, alpha, beta,
):  # fmt: skip
    """Run through the list of each pair of rows of a table, from ``begin`` to its end in ``ends``.

    Forward, each entry p adds to a row of the batch: batch[rows[p]] += v0 row0 + v1 row1, with its two values. Else,
    the rows of the pair become beta row + alpha times the sum of v batch[rows[p]]. The table's pairs are ``step``
    numbers apart, a pair's rows ``row`` numbers. A row has ``vectors`` vectors, or if that is 0 ``width`` numbers, and
    one vector in the batch. An entry's values are at values[2 p]; or, if ``by_example`` is not 0, at
    values[by_example rows[p] + by_pair c] for pair c.
    """
    place = types.intp
    signature = types.void(types.boolean, *[place] * 14, alpha, beta)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (
            forward, vectors, count, begin, room, ends, rows, values, by_example, by_pair, batch, table, step,
            row, width, alpha, beta,
        ) = arguments  # fmt: skip
        emit = Vectors(builder, signature.args[-1])
        ends = builder.inttoptr(ends, I64.as_pointer())
        rows = builder.inttoptr(rows, ir.IntType(16).as_pointer())
        fresh = builder.fcmp_ordered("==", beta, ir.Constant(emit.number, 0.0))

        def entry(p: Any, values: Any, across: int, listed: bool) -> tuple[Any, list[Any]]:
            number = builder.zext(builder.load(builder.gep(rows, [p])), I64)
            at = emit.after(emit.place(batch), builder.mul(number, I64(across * emit.lanes)))
            both = emit.after(values, builder.shl(p, I64(1)) if listed else builder.mul(number, by_example))
            return at, [emit.scalar(both), emit.scalar(emit.after(both, 1))]

        def emit_pairs(case: int, is_forward: bool, listed: bool) -> None:
            mask, across = None if case else emit.mask(width, 0), max(case, 1)
            places = [q * emit.lanes for q in range(across)]

            def rows_at(at: Any) -> list[Any]:
                return [emit.after(x, q) for x in (at, emit.after(at, row)) for q in places]

            def multiply_forward(at: Any, values: Any, begin: Any, length: Any) -> None:
                W = [emit.load(x, mask) for x in rows_at(at)]

                def add(p: Any) -> list[Any]:
                    sums, x = entry(p, values, across, listed)
                    for q in range(across):
                        here = emit.after(sums, places[q])
                        total = emit.multiply_add(x[0], W[q], emit.load(here))
                        emit.store(emit.multiply_add(x[1], W[across + q], total), here)
                    return [builder.add(p, I64(1))]

                emit.loop(length, [begin], add)

            def store_all(totals: list[Any], places_of_rows: list[Any]) -> None:
                # The last of an odd number of columns is its own neighbour: the true row is stored last.
                for total, x in reversed(list(zip(totals, places_of_rows, strict=True))):
                    emit.store(total, x, mask)

            def multiply_backward(at: Any, values: Any, begin: Any, length: Any) -> None:
                places_of_rows = rows_at(at)
                zeros = [emit.zero] * len(places_of_rows)

                def add(p: Any, *sums: Any) -> list[Any]:
                    delta, x = entry(p, values, across, listed)
                    totals: list[list[Any]] = [[], []]
                    for q in range(across):  # both rows in turn: one row after the other would spill registers
                        d = emit.load(emit.after(delta, places[q]))
                        for r in (0, 1):
                            totals[r].append(emit.multiply_add(x[r], d, sums[r * across + q]))
                    return [builder.add(p, I64(1)), *totals[0], *totals[1]]

                some = builder.icmp_signed(">", length, I64(0))
                sums = emit.either(some, lambda: emit.loop(length, [begin, *zeros], add)[1:], lambda: zeros)
                scale, old_scale = emit.splat(alpha), emit.splat(beta)
                both = list(zip(sums, places_of_rows, strict=True))
                with builder.if_else(fresh) as (new, old):
                    with new:
                        totals = [builder.fmul(scale, total) for total, _ in both]
                        store_all(totals, places_of_rows)
                    with old:
                        kept = [builder.fmul(old_scale, emit.load(x, mask)) for x in places_of_rows]
                        totals = [emit.multiply_add(scale, t, k) for (t, _), k in zip(both, kept, strict=True)]
                        store_all(totals, places_of_rows)

            def pair(at: Any, values: Any, begin: Any, end_at: Any) -> list[Any]:
                length, following = builder.sub(builder.load(end_at), begin), builder.add(begin, room)
                wanted = builder.icmp_signed(">", length, I64(0))
                if not is_forward:
                    wanted = builder.or_(wanted, builder.fcmp_unordered("!=", beta, ir.Constant(emit.number, 1.0)))
                with builder.if_then(wanted):
                    for x in (emit.after(at, step), emit.after(emit.after(at, step), row)):
                        emit.prefetch(x, across * emit.lanes)
                    emit.prefetch(builder.bitcast(builder.gep(rows, [following]), emit.pointer), 1)
                    if listed:
                        emit.prefetch(emit.after(values, builder.shl(following, I64(1))), 4 * LINE_BYTES // emit.item)
                    (multiply_forward if is_forward else multiply_backward)(at, values, begin, length)
                return [emit.after(at, step), emit.after(values, by_pair), following, builder.gep(end_at, [I64(1)])]

            with builder.if_then(builder.icmp_signed(">", count, I64(0))):
                emit.loop(count, [emit.place(table), emit.place(values), begin, ends], pair)

        have_values = builder.icmp_signed("==", by_example, I64(0))
        for is_forward, listed in ((True, True), (True, False), (False, True), (False, False)):
            right = builder.icmp_unsigned("==", forward, ir.Constant(forward.type, is_forward))
            right = builder.and_(right, builder.icmp_unsigned("==", have_values, ir.Constant(have_values.type, listed)))
            with builder.if_then(right):
                emit.cases(vectors, range(PAIR_VECTORS + 1), lambda case: emit_pairs(case, is_forward, listed))  # noqa: B023
        return context.get_dummy_value()

    return signature, generate


def pairs_kernel(
    forward, vectors, count, begin, room, ends, rows, values, by_example, by_pair, batch, table, step, row,
    width, alpha, beta,
):  # fmt: skip
    """As ``_run_lists``."""
    _run_lists(
        forward, vectors, count, begin, room, ends, rows, values, by_example, by_pair, batch, table, step,
        row, width, alpha, beta,
    )  # fmt: skip


@njit(nogil=True)
def _run_all(kernel, forward, entries, batch, table, j, vectors, width, alpha, beta):
    """Call the kernel for a block of the table's columns; the last of an odd number of rows goes by itself."""
    item, row = table.itemsize, table.strides[0] // table.itemsize
    pairs, (begin, room, ends, rows, values, by_example, by_pair) = table.shape[0] // 2, entries
    for first, count, neighbour in ((0, pairs, row), (pairs, table.shape[0] % 2, 0)):
        if count:
            call(
                kernel,
                (
                    forward, vectors, count, begin + first * room, room,
                    ends.ctypes.data + 8 * first, rows.ctypes.data, values + first * by_pair * item, by_example,
                    by_pair, batch.ctypes.data, table.ctypes.data + (2 * first * row + j) * item, 2 * row,
                    neighbour, width, alpha, beta,
                ),
            )  # fmt: skip


@njit(nogil=True)
def forward_pairs(kernel, entries, W, Z, start, scratch):
    """(3.4) without the bias: Z's columns from ``start`` on become X W, for the matrix X that ``entries`` list.

    ``kernel`` is the address of ``pairs_kernel``. ``scratch`` holds PAIR_VECTORS vectors for each row of Z, in which
    sums are contiguous and stay in the first-level cache.

    In NumPy::

        Z[:, start : start + W.shape[1]] = X @ W
    """
    lanes, one, j = lanes_of(W), W.dtype.type(1), ZERO
    most = max(1, min(PAIR_VECTORS, SUMS_BYTES // VECTOR_BYTES // max(1, Z.shape[0])))
    while j < W.shape[1]:
        width, vectors = whole_block(W.shape[1] - j, lanes, most)
        full = max(vectors, 1) * lanes
        for i in range(Z.shape[0] * full):
            scratch[i] = 0
        _run_all(kernel, FORWARD, entries, scratch, W, j, vectors, width, one, one)
        for i in range(Z.shape[0]):
            z, sums = Z[i, start + j : start + j + width], scratch[i * full : i * full + width]
            for k in range(z.size):
                z[k] = sums[k]
        j += width


@njit(nogil=True)
def gradient_pairs(kernel, entries, D, alpha, beta, target, scratch):
    """(4.27): target = beta target + alpha X^T D, for the matrix X that ``entries`` list.

    ``scratch`` holds PAIR_VECTORS vectors for each row of D: a block of its columns is packed there.

    In NumPy::

        target[:] = alpha * (X.T @ D) + (beta * target if beta else 0)
    """
    item, lanes, j = D.itemsize, lanes_of(D), ZERO
    while j < D.shape[1]:
        width, vectors = whole_block(D.shape[1] - j, lanes, PAIR_VECTORS)
        across = max(vectors, 1)
        here = D.ctypes.data + j * item
        copy_rows(D.shape[0], here, D.strides[0] // item, scratch.ctypes.data, across * lanes, across, width, beta)
        _run_all(kernel, BACKWARD, entries, scratch, target, j, vectors, width, alpha, beta)
        j += width


@njit(nogil=True)
def list_inputs(X, pairs, values, starts, examples, first, end, room, ends, rows, listed_values):
    """List the entries of some examples in the pairs first .. end: ``rows`` gets each entry's place in ``examples``.

    ``ends`` gets the end of each pair's list, and ``listed_values`` the entries' values, from X if ``values`` is empty.
    """
    item, d = values.itemsize, X.shape[1]
    for c in range(first, end):
        ends[c] = c * room
    for i in range(examples.size):
        m = examples[min(i + AHEAD, examples.size - 1)]
        for p in range(starts[m], starts[m + 1] if values.size else 0, LINE_BYTES // item // 2):
            prefetch(values.ctypes.data + 2 * item * p)
        for p in range(starts[m], starts[m + 1], LINE_BYTES // pairs.itemsize):
            prefetch(pairs.ctypes.data + pairs.itemsize * p)
        m = examples[i]
        for p in range(_first_from(pairs, starts[m], starts[m + 1], first), starts[m + 1]):
            if pairs[p] >= end:
                break
            at = np.uint64(ends[pairs[p]])  # a signed number would be tested for being negative
            rows[at] = i
            if values.size:
                listed_values[at, 0], listed_values[at, 1] = values[p, 0], values[p, 1]
            else:
                j = 2 * int(pairs[p])
                listed_values[at, 0], listed_values[at, 1] = X[m, j], X[m, j + 1] if j + 1 < d else X.dtype.type(0)
            ends[pairs[p]] = at + np.uint64(1)


@njit(nogil=True)
def _first_from(pairs, low, high, first):
    """Find an example's first entry that does not come before a pair, by bisection."""
    while low < high:
        middle = (low + high) // 2
        if pairs[middle] < first:
            low = middle + 1
        else:
            high = middle
    return low
