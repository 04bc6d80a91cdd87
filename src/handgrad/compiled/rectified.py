"""Hidden layers with a rectifier: the same sums without most of the products with zero.

After some training, three units in four are zero for any one example, and so are their deltas. Like the inputs, the
units are taken in pairs, and each pair has a list of the examples for which at least one of the two is not zero. The
list serves three products: (3.4) of the next layer and (4.27) of its weights, by ``pairs.py``, and (4.26), which only
computes the deltas of listed examples, since the others become zero anyway.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from handgrad.compiled.vectors import I32, I64, Vectors, call

EXAMPLES = 4  # whose deltas are computed at once, for two units each


@njit(nogil=True)
def list_units(H, first, last, at, room, ends, rows):
    """List the examples of each pair of units ``first`` .. ``last`` of H; the layer's lists begin with list ``at``.

    Every example is written, and the next one overwrites it if it was zero: a branch would often be mispredicted. So a
    list has room for one entry more than there are examples.

    In NumPy::

        for c in range(first // 2, last // 2):
            listed = np.flatnonzero(H[:, 2 * c : 2 * c + 2].any(axis=1))
            ends[at + c] = (at + c) * room + len(listed)
            rows[(at + c) * room : ends[at + c]] = listed
    """
    zero = H.dtype.type(0)
    for c in range(at + first // 2, at + last // 2):
        ends[c] = c * room
    for i in range(H.shape[0]):
        h, own = H[i, first:last], ends[at + first // 2 : at + last // 2]
        for c in range(own.size):
            place = np.uint64(own[c])
            rows[place] = i
            own[c] = place + np.uint64((h[2 * c] != zero) | (h[2 * c + 1] != zero))


@njit(nogil=True)
def entries_in(first, last, room, ends):
    """Count the entries in the lists ``first`` .. ``last``."""
    count = 0
    for c in range(first, last):
        count += ends[c] - c * room
    return count


@intrinsic
def _dot(typing_context, count, begin, room, ends, rows, D, d_row, depth, W, w_row, out, out_row, one):
    """For each pair of rows of W and each example in its list, compute out[example] = D[example] . row for both rows.

    The lists begin at ``begin``, ``begin`` + ``room`` and so on, and end at ``ends``. Rows of D and W have ``depth``
    numbers; ``d_row``, ``w_row`` and ``out_row`` are the distances between rows.
    """
    place = types.intp
    signature = types.void(*[place] * 12, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count, begin, room, ends, rows, D, d_row, depth, W, w_row, out, out_row, _ = arguments
        emit = Vectors(builder, signature.args[-1])
        ends = builder.inttoptr(ends, I64.as_pointer())
        rows = builder.inttoptr(rows, ir.IntType(16).as_pointer())
        whole, rest = builder.sdiv(depth, I64(emit.lanes)), builder.srem(depth, I64(emit.lanes))

        def add(w: Any, deltas: list[Any], sums: list[Any], mask: Any = None) -> list[Any]:
            both = emit.load(w, mask), emit.load(emit.after(w, w_row), mask)
            results = []
            for k, delta in enumerate(deltas):
                d = emit.load(delta, mask)
                results += [emit.multiply_add(d, x, sums[2 * k + u]) for u, x in enumerate(both)]
            return results

        def in_two_lanes(x: Any, y: Any) -> Any:
            """Add up the lanes of two vectors: the sums of the first, and of the second, in a vector of two lanes."""

            def shuffled(x: Any, y: Any, order: list[int]) -> Any:
                return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, len(order)), order))

            even = [lane for k in range(0, emit.lanes, 2) for lane in (k, emit.lanes + k)]
            total, lanes = builder.fadd(shuffled(x, y, even), shuffled(x, y, [lane + 1 for lane in even])), emit.lanes
            while lanes > 2:
                lanes //= 2
                low, high = list(range(lanes)), list(range(lanes, 2 * lanes))
                total = builder.fadd(shuffled(total, total, low), shuffled(total, total, high))
            return total

        def examples(number: int, p: Any, w: Any, out: Any) -> None:
            numbers = [builder.load(builder.gep(rows, [builder.add(p, I64(k))])) for k in range(number)]
            chosen = [builder.zext(i, I64) for i in numbers]
            deltas = [emit.after(emit.place(D), builder.mul(i, d_row)) for i in chosen]

            def multiply(at: Any, w: Any, *sums: Any) -> list[Any]:
                results = add(w, [emit.after(delta, at) for delta in deltas], list(sums))
                return [builder.add(at, I64(emit.lanes)), emit.after(w, emit.lanes), *results]

            def add_rest() -> list[Any]:
                at = builder.mul(whole, I64(emit.lanes))
                return add(emit.after(w, at), [emit.after(delta, at) for delta in deltas], sums, emit.mask(rest, 0))

            zeros, zero = [emit.zero] * (2 * number), I64(0)
            there = builder.icmp_signed(">", whole, zero)
            sums = emit.either(there, lambda: emit.loop(whole, [zero, w, *zeros], multiply)[2:], lambda: zeros)
            totals = emit.either(builder.icmp_signed(">", rest, zero), add_rest, lambda: sums)
            for k, i in enumerate(chosen):
                both, here = in_two_lanes(totals[2 * k], totals[2 * k + 1]), emit.after(out, builder.mul(i, out_row))
                for lane in (0, 1):
                    builder.store(builder.extract_element(both, I32(lane)), emit.after(here, lane))

        def pair(w: Any, out: Any, begin: Any, end_at: Any) -> list[Any]:
            end = builder.load(end_at)
            length = builder.sub(end, begin)
            groups, left = builder.sdiv(length, I64(EXAMPLES)), builder.srem(length, I64(EXAMPLES))

            def group(p: Any) -> list[Any]:
                examples(EXAMPLES, p, w, out)
                return [builder.add(p, I64(EXAMPLES))]

            with builder.if_then(builder.icmp_signed(">", groups, I64(0))):
                emit.loop(groups, [begin], group)
            emit.cases(left, range(1, EXAMPLES), lambda number: examples(number, builder.sub(end, left), w, out))
            following = builder.add(begin, room), builder.gep(end_at, [I64(1)])
            return [emit.after(emit.after(w, w_row), w_row), emit.after(out, 2), *following]

        with builder.if_then(builder.icmp_signed(">", count, I64(0))):
            emit.loop(count, [emit.place(W), emit.place(out), begin, ends], pair)
        return context.get_dummy_value()

    return signature, generate


def dots_kernel(count, begin, room, ends, rows, D, d_row, depth, W, w_row, out, out_row, one):
    """As ``_dot``."""
    _dot(count, begin, room, ends, rows, D, d_row, depth, W, w_row, out, out_row, one)


@njit(nogil=True)
def delta_pairs(kernel, begin, room, ends, rows, D, W, out):
    """(4.26) without the derivative: out = D W^T for the examples in the lists of W's rows; the rest stays as it is.

    ``kernel`` is the address of ``dots_kernel``.

    In NumPy::

        for c in range(len(W) // 2):
            listed, units = rows[begin + c * room : ends[c]], slice(2 * c, 2 * c + 2)
            out[listed, units] = D[listed] @ W[units].T
    """
    item = W.itemsize
    call(
        kernel,
        (
            W.shape[0] // 2, begin, room, ends.ctypes.data, rows.ctypes.data, D.ctypes.data, D.strides[0] // item,
            D.shape[1], W.ctypes.data, W.strides[0] // item, out.ctypes.data, out.strides[0] // item, W.dtype.type(1),
        ),
    )  # fmt: skip
