"""The first layer of a training over its non-zero inputs only: exactly the same sums, less most products with zero.

MNIST's pixels are 19 % non-zero, and they lie side by side. So each example is kept as pairs of neighbouring columns of
which one at least is not zero, 22 % of all pairs: those of example m are ``pairs[starts[m] : starts[m + 1]]``, with two
values each. A batch's entries are sorted by pair; then two rows of W, or of its gradient, stay in registers while the
examples that have the pair pass by.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from handgrad.compiled.caching import njit_cached
from handgrad.compiled.tiles import copy_rows
from handgrad.compiled.vectors import I64, LINE_BYTES, REGISTERS, Vectors, block, call, lanes_of, prefetch

ACROSS = 6 if REGISTERS == 16 else 8  # vectors in a row of a block: two rows of them and two values fill the registers
AHEAD = 3  # examples whose entries are fetched while one is sorted: they lie anywhere in the memory


@njit_cached()
def compress(X, pairs, values, starts):
    """Write the pairs of X that are not zero, row by row, and where each row starts; ``pairs`` empty: count only."""
    place, d = 0, X.shape[1]
    for i in range(X.shape[0]):
        starts[i] = place
        for j in range(0, d, 2):
            x, neighbour = X[i, j], X[i, j + 1] if j + 1 < d else X.dtype.type(0)
            if x != 0 or neighbour != 0:
                if pairs.size:
                    pairs[place] = j // 2
                    values[place, 0], values[place, 1] = x, neighbour
                place += 1
    starts[X.shape[0]] = place


@intrinsic
def _pass_by(typing_context, forward, vectors, count, begins, ends, rows, values, batch, table, step, row, width, keep):
    """Let a batch's entries p pass by their pairs of rows of a table, each pair's from ``begins`` to ``ends``.

    Forward, batch[rows[p]] += v0 row0 + v1 row1, with the entry's values; else, both rows become keep row + the sum of
    v batch[rows[p]]. The pairs of the table lie ``step`` numbers apart, a pair's rows ``row``. A row has ``vectors``
    vectors, the last of which ends with number ``width``; rows of the batch are whole vectors.
    """
    place = types.intp
    signature = types.void(types.boolean, *[place] * 11, keep)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        forward, vectors, count, begins, ends, rows, values, batch, table, step, row, width, keep = arguments
        emit = Vectors(builder, signature.args[-1])
        begins, ends = (builder.inttoptr(x, I64.as_pointer()) for x in (begins, ends))
        rows = builder.inttoptr(rows, ir.IntType(16).as_pointer())
        fresh = builder.fcmp_ordered("==", keep, ir.Constant(emit.number, 0.0))

        def entry(p: Any, across: int) -> tuple[Any, list[Any]]:
            number = builder.zext(builder.load(builder.gep(rows, [p])), I64)
            at = emit.after(emit.place(batch), builder.mul(number, I64(across * emit.lanes)))
            both = emit.after(emit.place(values), builder.shl(p, I64(1)))
            return at, [emit.scalar(both), emit.scalar(emit.after(both, 1))]

        def emit_pairs(across: int, is_forward: bool) -> None:
            places = [q * emit.lanes for q in range(across)]
            masks = [None] * (across - 1) + [emit.mask(width, places[-1])]

            def rows_at(at: Any) -> list[tuple[Any, Any]]:
                both = at, emit.after(at, row)
                return [(emit.after(x, q), mask) for x in both for q, mask in zip(places, masks, strict=True)]

            def multiply_forward(at: Any, begin: Any, length: Any) -> None:
                W = [emit.load(*x) for x in rows_at(at)]

                def add(p: Any) -> list[Any]:
                    sums, x = entry(p, across)
                    for q in range(across):
                        here = emit.after(sums, places[q])
                        total = emit.multiply_add(x[0], W[q], emit.load(here))
                        emit.store(emit.multiply_add(x[1], W[across + q], total), here)
                    return [builder.add(p, I64(1))]

                emit.loop(length, [begin], add)

            def multiply_backward(at: Any, begin: Any, length: Any) -> None:
                scale = emit.splat(keep)
                kept = [builder.select(fresh, emit.zero, builder.fmul(scale, emit.load(*x))) for x in rows_at(at)]

                def add(p: Any, *sums: Any) -> list[Any]:
                    delta, x = entry(p, across)
                    totals: list[list[Any]] = [[], []]
                    for q in range(across):  # both rows in turn: all of the first before the second spills registers
                        d = emit.load(emit.after(delta, places[q]))
                        for r in (0, 1):
                            totals[r].append(emit.multiply_add(x[r], d, sums[r * across + q]))
                    return [builder.add(p, I64(1)), *totals[0], *totals[1]]

                before = builder.block
                with builder.if_then(builder.icmp_signed(">", length, I64(0))):
                    sums = emit.loop(length, [begin, *kept], add)[1:]
                    after = builder.block
                totals = [builder.phi(emit.type) for _ in kept]
                for total, old, new in zip(totals, kept, sums, strict=True):
                    total.add_incoming(old, before)
                    total.add_incoming(new, after)
                # The last of an odd number of columns is its own neighbour: the true row is stored last.
                for total, (x, mask) in reversed(list(zip(totals, rows_at(at), strict=True))):
                    emit.store(total, x, mask)

            def pair(at: Any, begin_at: Any, end_at: Any) -> list[Any]:
                begin = builder.load(begin_at)
                length = builder.sub(builder.load(end_at), begin)
                wanted = builder.icmp_signed(">", length, I64(0))
                if not is_forward:
                    wanted = builder.or_(wanted, builder.fcmp_unordered("!=", keep, ir.Constant(emit.number, 1.0)))
                with builder.if_then(wanted):
                    for x in (emit.after(at, step), emit.after(emit.after(at, step), row)):
                        emit.prefetch(x, across * emit.lanes)
                    (multiply_forward if is_forward else multiply_backward)(at, begin, length)
                return [emit.after(at, step), builder.gep(begin_at, [I64(1)]), builder.gep(end_at, [I64(1)])]

            with builder.if_then(builder.icmp_signed(">", count, I64(0))):
                emit.loop(count, [emit.place(table), begins, ends], pair)

        for is_forward, chosen in ((True, forward), (False, builder.not_(forward))):
            with builder.if_then(chosen):
                emit.cases(vectors, range(1, ACROSS + 1), lambda across: emit_pairs(across, is_forward))  # noqa: B023
        return context.get_dummy_value()

    return signature, generate


def pairs_kernel(forward, vectors, count, begins, ends, rows, values, batch, table, step, row, width, keep):
    """As ``_pass_by``."""
    _pass_by(forward, vectors, count, begins, ends, rows, values, batch, table, step, row, width, keep)


@njit(nogil=True)
def _pass_all(kernel, forward, begins, ends, rows, values, batch, table, j, width, keep):
    """Call the kernel for a block of columns; the last of an odd number of columns by itself."""
    item, lanes, row = table.itemsize, lanes_of(table), table.strides[0] // table.itemsize
    pairs = table.shape[0] // 2
    for first, count, neighbour in ((0, pairs, row), (pairs, table.shape[0] % 2, 0)):
        if count:
            call(
                kernel,
                (
                    forward, (width + lanes - 1) // lanes, count, begins.ctypes.data + 8 * first,
                    ends.ctypes.data + 8 * first, rows.ctypes.data, values.ctypes.data, batch.ctypes.data,
                    table.ctypes.data + (2 * first * row + j) * item, 2 * row, neighbour, width, keep,
                ),
            )  # fmt: skip


@njit(nogil=True)
def forward_pairs(kernel, rows, values, begins, ends, W, Z, start, scratch):
    """(3.4) without the bias: X W, from sorted entries; goes into Z's columns from ``start`` on.

    ``kernel`` is the address of ``pairs_kernel``. ``scratch`` holds ACROSS vectors for each row of Z: sums that lie
    together, and stay in the first cache.
    """
    lanes, one, j = lanes_of(W), W.dtype.type(1), 0
    while j < W.shape[1]:
        width = block(W.shape[1] - j, lanes, ACROSS)
        full = (width + lanes - 1) // lanes * lanes
        for i in range(Z.shape[0] * full):
            scratch[i] = 0
        _pass_all(kernel, True, begins, ends, rows, values, scratch, W, j, width, one)
        for i in range(Z.shape[0]):
            z, sums = Z[i, start + j : start + j + width], scratch[i * full : i * full + width]
            for k in range(z.size):
                z[k] = sums[k]
        j += width


@njit(nogil=True)
def gradient_pairs(kernel, rows, values, begins, ends, D, alpha, keep, target, scratch):
    """(4.27): target = keep target + alpha X^T dZ, from sorted entries.

    ``scratch`` holds ACROSS vectors for each row of D: a block of its columns is copied to lie together.
    """
    item, lanes, j = D.itemsize, lanes_of(D), 0
    while j < D.shape[1]:
        width = block(D.shape[1] - j, lanes, ACROSS)
        across = (width + lanes - 1) // lanes
        here = D.ctypes.data + j * item
        copy_rows(D.shape[0], here, D.strides[0] // item, scratch.ctypes.data, across * lanes, across, width, keep)
        if alpha != 1:
            for i in range(D.shape[0] * across * lanes):
                scratch[i] *= alpha
        _pass_all(kernel, False, begins, ends, rows, values, scratch, target, j, width, keep)
        j += width


@njit(nogil=True)
def sort_by_pair(pairs, values, starts, examples, first, end, place, begins, ends, rows, sorted_values):
    """Sort the entries that some examples have in the pairs first .. end: pair c's from begins[c] to ends[c].

    ``rows`` gets the place of each entry's example, ``sorted_values`` its values; both are filled from ``place`` on.
    """
    item = values.itemsize
    for c in range(first, end):
        ends[c] = 0
    for i in range(examples.size):
        m = examples[min(i + AHEAD, examples.size - 1)]
        for p in range(starts[m], starts[m + 1], LINE_BYTES // item // 2):
            prefetch(values.ctypes.data + 2 * item * p)
        for p in range(starts[m], starts[m + 1], LINE_BYTES // pairs.itemsize):
            prefetch(pairs.ctypes.data + pairs.itemsize * p)
        m = examples[i]
        for p in range(_first_from(pairs, starts[m], starts[m + 1], first), starts[m + 1]):
            if pairs[p] >= end:
                break
            ends[pairs[p]] += 1
    for c in range(first, end):
        begins[c] = place
        place += ends[c]
        ends[c] = begins[c]
    for i in range(examples.size):
        m = examples[i]
        for p in range(_first_from(pairs, starts[m], starts[m + 1], first), starts[m + 1]):
            if pairs[p] >= end:
                break
            at = ends[pairs[p]]
            rows[at] = i
            sorted_values[at, 0], sorted_values[at, 1] = values[p, 0], values[p, 1]
            ends[pairs[p]] = at + 1


@njit(nogil=True)
def _first_from(pairs, low, high, first):
    """Find an example's first entry that does not lie before a pair, by bisection."""
    while low < high:
        middle = (low + high) // 2
        if pairs[middle] < first:
            low = middle + 1
        else:
            high = middle
    return low
