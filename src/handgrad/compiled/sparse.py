"""A product over the non-zero entries of a matrix, row by row: for predicting a few rows.

An entry has a column and a value; the rows of W that belong to a row's entries are summed up in registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from handgrad.compiled.vectors import I64, REGISTERS, Vectors, call, lanes_of, whole_block

ROW_VECTORS = 13 if REGISTERS == 16 else 26  # vectors of sums that fit into the registers


@intrinsic
def _sums(typing_context, vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, one):
    """For each row r: out[r] = the sum of values[p] table[index[p]], p from begins[r] to ends[r].

    A row has ``vectors`` vectors, whose sums stay in registers; with 0 it has one, and ``width`` numbers.
    """
    place = types.intp
    signature = types.void(*[place] * 11, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, _ = arguments
        emit = Vectors(builder, signature.args[-1])
        begins, ends = (builder.inttoptr(x, I64.as_pointer()) for x in (begins, ends))
        index = builder.inttoptr(index, ir.IntType(16).as_pointer())

        def rows(case: int) -> None:
            mask = None if case else emit.mask(width, 0)
            across = [q * emit.lanes for q in range(max(case, 1))]

            def row(at: Any, begin_at: Any, end_at: Any) -> list[Any]:
                begin, end = builder.load(begin_at), builder.load(end_at)

                def add(p: Any, *sums: Any) -> list[Any]:
                    number = builder.zext(builder.load(builder.gep(index, [p])), I64)
                    source = emit.after(emit.place(table), builder.mul(number, table_row))
                    x = emit.scalar(emit.after(emit.place(values), p))
                    added = [
                        emit.multiply_add(x, emit.load(emit.after(source, q), mask), total)
                        for q, total in zip(across, sums, strict=True)
                    ]
                    return [builder.add(p, I64(1)), *added]

                zeros, length = [emit.zero] * len(across), builder.sub(end, begin)
                some = builder.icmp_signed(">", length, I64(0))
                sums = emit.either(some, lambda: emit.loop(length, [begin, *zeros], add)[1:], lambda: zeros)
                for q, result in zip(across, sums, strict=True):
                    emit.store(result, emit.after(at, q), mask)
                return [emit.after(at, out_row), builder.gep(begin_at, [I64(1)]), builder.gep(end_at, [I64(1)])]

            with builder.if_then(builder.icmp_signed(">", count, I64(0))):
                emit.loop(count, [emit.place(out), begins, ends], row)

        emit.cases(vectors, range(ROW_VECTORS + 1), rows)
        return context.get_dummy_value()

    return signature, generate


def sums_kernel(vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, one):
    """As ``_sums``."""
    _sums(vectors, count, begins, ends, index, values, table, table_row, out, out_row, width, one)


@njit(nogil=True)
def forward_sparse(kernel, columns, values, begins, ends, W, Z):
    """(3.4) without the bias: Z = X W, for the matrix X whose row i has the entries begins[i] .. ends[i].

    ``kernel`` is the address of ``sums_kernel``.

    In NumPy::

        for i, (begin, end) in enumerate(zip(begins, ends)):
            Z[i] = values[begin:end] @ W[columns[begin:end]]
    """
    item, lanes, j = W.itemsize, lanes_of(W), 0
    one = W.dtype.type(1)
    while j < W.shape[1]:
        width, vectors = whole_block(W.shape[1] - j, lanes, ROW_VECTORS)
        call(
            kernel,
            (
                vectors, Z.shape[0], begins.ctypes.data, ends.ctypes.data, columns.ctypes.data, values.ctypes.data,
                W.ctypes.data + j * item, W.strides[0] // item, Z.ctypes.data + j * item, Z.strides[0] // item, width,
                one,
            ),
        )  # fmt: skip
        j += width
