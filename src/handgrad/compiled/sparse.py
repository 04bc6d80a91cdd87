"""The first layer over its non-zero inputs only: exactly the same sums, less the products with zero.

MNIST's pixels are 19 % non-zero. The examples are kept by rows: those of example m are ``columns[starts[m] :
starts[m + 1]]``, with their values beside them. Forward adds up rows of W, an example at a time; the gradient wants
them by columns, and so a batch's entries are sorted before.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from handgrad.compiled.caching import njit_cached
from handgrad.compiled.tiles import copy_rows
from handgrad.compiled.vectors import I64, REGISTERS, Vectors, call, lanes_of

ACROSS = 13 if REGISTERS == 16 else 26  # vectors of sums that a core keeps in registers


@njit_cached()
def compress(X, columns, values, starts):
    """Write the non-zero entries of X, row by row, and where each row starts; columns may be empty, to count only."""
    place = 0
    for i in range(X.shape[0]):
        starts[i] = place
        for j in range(X.shape[1]):
            if X[i, j] != 0:
                if columns.size:
                    columns[place] = j
                    values[place] = X[i, j]
                place += 1
    starts[X.shape[0]] = place


@intrinsic
def _sums(typing_context, vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, keep):
    """For each row r: out[r] = keep out[r] + the sum of values[p] table[index[p]], p from begins[r] to ends[r].

    A row has ``vectors`` vectors, whose sums stay in registers; with 0 it has one, and ``width`` numbers. Where
    ``keep`` is zero, what was in out is not looked at.
    """
    place = types.intp
    signature = types.void(*[place] * 11, keep)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, keep = arguments
        emit = Vectors(builder, signature.args[-1])
        short = ir.IntType(16)
        begins, ends = (builder.inttoptr(x, I64.as_pointer()) for x in (begins, ends))
        index = builder.inttoptr(index, short.as_pointer())
        fresh = builder.fcmp_ordered("==", keep, ir.Constant(emit.number, 0.0))
        same = builder.fcmp_ordered("==", keep, ir.Constant(emit.number, 1.0))

        def rows(case: int) -> None:
            mask = None if case else emit.mask(width, 0)
            across = [q * emit.lanes for q in range(max(case, 1))]
            old_scale = emit.splat(keep)

            def row(at: Any, begin_at: Any, end_at: Any) -> list[Any]:
                begin, end = builder.load(begin_at), builder.load(end_at)
                some = builder.icmp_signed("<", begin, end)
                idle = builder.and_(builder.not_(some), same)
                with builder.if_then(builder.not_(idle)):
                    with builder.if_else(fresh) as (new, old):
                        with new:
                            new_block = builder.block
                        with old:
                            kept = [builder.fmul(old_scale, emit.load(emit.after(at, q), mask)) for q in across]
                            old_block = builder.block
                    firsts = []
                    for value in kept:
                        first = builder.phi(emit.type)
                        first.add_incoming(emit.zero, new_block)
                        first.add_incoming(value, old_block)
                        firsts.append(first)
                    before = builder.block
                    with builder.if_then(some):

                        def add(p: Any, *sums: Any) -> list[Any]:
                            number = builder.zext(builder.load(builder.gep(index, [p])), I64)
                            source = emit.after(emit.place(table), builder.mul(number, table_row))
                            x = emit.scalar(emit.after(emit.place(values), p))
                            added = [
                                emit.multiply_add(x, emit.load(emit.after(source, q), mask), total)
                                for q, total in zip(across, sums, strict=True)
                            ]
                            return [builder.add(p, I64(1)), *added]

                        totals = emit.loop(builder.sub(end, begin), [begin, *firsts], add)[1:]
                        summed = builder.block
                    results = [builder.phi(emit.type) for _ in across]
                    for result, first, total in zip(results, firsts, totals, strict=True):
                        result.add_incoming(first, before)
                        result.add_incoming(total, summed)
                    for q, result in zip(across, results, strict=True):
                        emit.store(result, emit.after(at, q), mask)
                return [
                    emit.after(at, out_row),
                    builder.gep(begin_at, [I64(1)]),
                    builder.gep(end_at, [I64(1)]),
                ]

            with builder.if_then(builder.icmp_signed(">", count, I64(0))):
                emit.loop(count, [emit.place(out), begins, ends], row)

        emit.cases(vectors, range(ACROSS + 1), rows)
        return context.get_dummy_value()

    return signature, generate


def sums_kernel(vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, keep):
    """As ``_sums``."""
    _sums(vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, keep)


@njit(nogil=True)
def _block(j, units, lanes):
    """Say how many numbers, and whole vectors, the block of a row that begins at j has; 0 vectors for a last few."""
    vectors = (units - j) // lanes
    blocks = (vectors + ACROSS - 1) // ACROSS
    if blocks == 0:
        return units - j, 0
    vectors = (vectors + blocks - 1) // blocks
    return vectors * lanes, vectors


@njit(nogil=True)
def forward_sparse(kernel, columns, values, begins, ends, W, Z):
    """(3.4) without the bias: Z = X W, where the entries of X's row i are those from begins[i] to ends[i].

    ``kernel`` is the address of ``sums_kernel``.
    """
    item, lanes, j = W.itemsize, lanes_of(W), 0
    zero = W.dtype.type(0)
    while j < W.shape[1]:
        width, vectors = _block(j, W.shape[1], lanes)
        call(
            kernel,
            (
                vectors, Z.shape[0], begins.ctypes.data, ends.ctypes.data, columns.ctypes.data, values.ctypes.data,
                W.ctypes.data + j * item, W.strides[0] // item, Z.ctypes.data + j * item, Z.strides[0] // item, width,
                zero,
            ),
        )  # fmt: skip
        j += width


@njit(nogil=True)
def sort_by_column(columns, values, starts, examples, first, end, place, begins, ends, rows, sorted_values):
    """Sort the entries that some examples have in the columns first .. end: column c's from begins[c] to ends[c].

    ``rows`` gets the place of each entry's example, ``sorted_values`` its value; both are filled from ``place`` on.
    """
    for c in range(first, end):
        ends[c] = 0
    for i in range(examples.size):
        m = examples[i]
        for p in range(_first_from(columns, starts[m], starts[m + 1], first), starts[m + 1]):
            if columns[p] >= end:
                break
            ends[columns[p]] += 1
    for c in range(first, end):
        begins[c] = place
        place += ends[c]
        ends[c] = begins[c]
    for i in range(examples.size):
        m = examples[i]
        for p in range(_first_from(columns, starts[m], starts[m + 1], first), starts[m + 1]):
            if columns[p] >= end:
                break
            at = ends[columns[p]]
            rows[at] = i
            sorted_values[at] = values[p]
            ends[columns[p]] = at + 1


@njit(nogil=True)
def _first_from(columns, low, high, column):
    """Find a row's first entry that does not lie before a column, by bisection."""
    while low < high:
        middle = (low + high) // 2
        if columns[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True)
def gradient_sparse(kernel, rows, values, begins, ends, D, alpha, keep, target, scratch):
    """(4.27): target = keep target + alpha X^T dZ, from sorted entries.

    ``scratch`` holds ACROSS vectors for each row of D. A block of columns of D is copied to lie together, so that it
    stays in the first cache (0.55 of the dense product's time for 64 rows of MNIST).
    """
    item, lanes, j = D.itemsize, lanes_of(D), 0
    while j < D.shape[1]:
        width, vectors = _block(j, D.shape[1], lanes)
        across = max(vectors, 1)
        here = D.ctypes.data + j * item
        copy_rows(D.shape[0], here, D.strides[0] // item, scratch.ctypes.data, across * lanes, across, width, keep)
        if alpha != 1:
            for i in range(D.shape[0] * across * lanes):
                scratch[i] *= alpha
        call(
            kernel,
            (
                vectors, target.shape[0], begins.ctypes.data, ends.ctypes.data, rows.ctypes.data, values.ctypes.data,
                scratch.ctypes.data, across * lanes, target.ctypes.data + j * item, target.strides[0] // item, width,
                keep,
            ),
        )  # fmt: skip
        j += width
