"""Matrix products: C = beta C + alpha A B, either factor transposed, on one core and without a library.

A panel of B, some columns wide and as deep as fits into the first-level cache, is packed into ``scratch``; then tiles
of C, four rows by three vectors each, are summed up in registers along the panel. BLAS libraries do the same (Goto and
van de Geijn, 2008), but they also pack A, which pays for large matrices. A batch has few rows, so A is read in place.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from handgrad.compiled.vectors import I32, I64, REGISTERS, VECTOR_BYTES, Vectors, block, call

TILE_VECTORS = 3  # in a row of a tile
SUMS = 12 if REGISTERS == 16 else 24  # registers that hold a tile
TILE_ROWS = tuple(min(12, SUMS // max(across, 1)) for across in range(TILE_VECTORS + 1))  # by its width in vectors
PANEL_BYTES = 24_576  # three quarters of the smallest first-level cache
PANEL_DEPTH = PANEL_BYTES // VECTOR_BYTES // TILE_VECTORS  # rows of B in a panel


@intrinsic
def _tile(typing_context, rows, a, a_row, a_depth, panel, depth, c, c_row, width, alpha, beta):
    """Compute one tile of C, ``rows`` by ``width`` numbers; A's steps are ``a_row`` down C and ``a_depth`` down B.

    If ``beta`` is zero, C is not read.
    """
    place = types.intp
    signature = types.void(place, place, place, place, place, place, place, place, place, alpha, alpha)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, a, a_row, a_depth, panel, depth, c, c_row, width, alpha, beta = arguments
        emit = Vectors(builder, signature.args[-1])
        # Otherwise LLVM computes each row's address from the one before, a chain that takes as long as the products.
        hide = ir.InlineAsm(ir.FunctionType(I64, [I64]), "", "=r,0", side_effect=False)

        def write(sums: list[Any], masks: list[Any], add: bool) -> None:
            at, scale, old_scale = emit.place(c), emit.splat(alpha), emit.splat(beta)
            for row in range(0, len(sums), len(masks)):
                for q, mask in enumerate(masks):
                    here = emit.after(at, q * emit.lanes)
                    if add:
                        kept = builder.fmul(old_scale, emit.load(here, mask))
                        emit.store(emit.multiply_add(scale, sums[row + q], kept), here, mask)
                    else:
                        emit.store(builder.fmul(scale, sums[row + q]), here, mask)
                at = emit.after(at, c_row)

        def tile(across: int, count: int) -> None:
            columns = range(across)
            offsets = [builder.call(hide, [builder.mul(a_row, I64(row))]) for row in range(count)]

            def multiply(a: Any, b: Any, *sums: Any) -> list[Any]:
                factors = [emit.load(emit.after(b, q * emit.lanes)) for q in columns]
                results = []
                for row in range(count):
                    x = emit.scalar(emit.after(a, offsets[row]))
                    results += [emit.multiply_add(x, factors[q], sums[row * across + q]) for q in columns]
                return [emit.after(a, a_depth), emit.after(b, across * emit.lanes), *results]

            fresh = builder.fcmp_ordered("==", beta, ir.Constant(emit.number, 0.0))
            with builder.if_then(builder.not_(fresh)):  # fetch C while the sums are computed
                at = emit.place(c)
                for _ in range(count):
                    emit.prefetch(at, across * emit.lanes)
                    at = emit.after(at, c_row)
            zeros = [emit.zero] * (count * across)
            sums = emit.loop(depth, [emit.place(a), emit.place(panel), *zeros], multiply)[2:]
            whole = builder.icmp_signed(">=", width, I64(across * emit.lanes))
            partly = [None] * (across - 1) + [emit.mask(width, (across - 1) * emit.lanes)]
            with builder.if_else(whole) as (all_columns, some_columns):
                for branch, masks in ((all_columns, [None] * across), (some_columns, partly)):
                    with branch, builder.if_else(fresh) as (new, old):
                        with new:
                            write(sums, masks, add=False)
                        with old:
                            write(sums, masks, add=True)

        def of_width(across: int) -> None:
            emit.cases(rows, range(1, TILE_ROWS[across] + 1), lambda count: tile(across, count))

        vectors = builder.sdiv(builder.add(width, I64(emit.lanes - 1)), I64(emit.lanes))
        emit.cases(vectors, range(1, TILE_VECTORS + 1), of_width)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def copy_rows(typing_context, count, source, source_row, target, target_row, vectors, width, one):
    """Copy rows of ``vectors`` vectors, padded with zeros beyond ``width`` numbers."""
    place = types.intp
    signature = types.void(place, place, place, place, place, place, place, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count, source, source_row, target, target_row, vectors, width, _ = arguments
        emit = Vectors(builder, signature.args[-1])
        with cgutils.for_range(builder, vectors) as across:
            first = builder.mul(across.index, I64(emit.lanes))
            left = builder.sub(width, first)
            mask = emit.mask(left, 0)
            here, there = emit.after(emit.place(source), first), emit.after(emit.place(target), first)
            with builder.if_else(builder.icmp_signed(">=", left, I64(emit.lanes))) as (whole, part):
                for branch, chosen in ((whole, None), (part, mask)):
                    with branch, cgutils.for_range(builder, count) as down:
                        value = emit.load(emit.after(here, builder.mul(down.index, source_row)), chosen)
                        emit.store(value, emit.after(there, builder.mul(down.index, target_row)))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _transpose(typing_context, source, source_row, target, target_row, one):
    """Copy a square of ``lanes`` by ``lanes`` numbers, transposed."""
    place = types.intp
    signature = types.void(place, place, place, place, one)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, source_row, target, target_row, _ = arguments
        emit = Vectors(builder, signature.args[-1])
        at, there, half = emit.place(source), emit.place(target), emit.lanes // 2
        rows = []
        for _ in range(emit.lanes):
            rows.append(emit.load(at))
            at = emit.after(at, source_row)
        # Perfect shuffles: log2(lanes) times, the two halves of the rows are interleaved.
        order = [lane for place in range(emit.lanes) for lane in (place, emit.lanes + place)]
        kind = ir.VectorType(I32, emit.lanes)
        low, high = ir.Constant(kind, order[: emit.lanes]), ir.Constant(kind, order[emit.lanes :])
        for _ in range(emit.lanes.bit_length() - 1):
            pairs = zip(rows[:half], rows[half:], strict=True)
            rows = [builder.shuffle_vector(x, y, order) for x, y in pairs for order in (low, high)]
        for row in rows:
            emit.store(row, there)
            there = emit.after(there, target_row)
        return context.get_dummy_value()

    return signature, generate


@njit(nogil=True)
def _transpose_rows(item, source, source_row, rows, depth, panel, full, one):
    """Copy (rows, depth) numbers, transposed, into a panel, whose other columns become zero."""
    lanes = VECTOR_BYTES // item
    whole = depth // lanes * lanes
    for j in range(0, full, lanes):
        squares = whole if j + lanes <= rows else 0
        for k in range(0, squares, lanes):
            _transpose(source + (j * source_row + k) * item, source_row, panel + (k * full + j) * item, full, one)
        for jj in range(j, j + lanes):
            for k in range(squares, depth):
                _copy_number(source + (jj * source_row + k) * item, jj < rows, panel + (k * full + jj) * item, one)


@intrinsic
def _copy_number(typing_context, source, there, target, one):
    """Copy one number, or store zero if there is none."""
    place = types.intp

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, there, target, _ = arguments
        emit = Vectors(builder, signature.args[-1])
        with builder.if_else(there) as (some, none):
            with some:
                builder.store(builder.load(emit.place(source)), emit.place(target))
            with none:
                builder.store(ir.Constant(emit.number, 0.0), emit.place(target))
        return context.get_dummy_value()

    return types.void(place, types.boolean, place, one), generate


def product_kernel(item, alpha, a, a_row, a_depth, b, b_row, trans_b, beta, c, c_row, m, n, depth, scratch):
    """Compute C = beta C + alpha A B with shapes (m, depth), (depth, n), (m, n), each given by its address and strides.

    ``item`` is the size of a number in bytes.
    """
    lanes = VECTOR_BYTES // item
    parts = (depth + PANEL_DEPTH - 1) // PANEL_DEPTH
    for part in range(parts):
        start = depth * part // parts
        length = depth * (part + 1) // parts - start
        beta_here = beta if part == 0 else beta * 0 + 1  # one, of the same type
        j = 0
        while j < n:
            width = block(n - j, lanes, TILE_VECTORS)
            across = (width + lanes - 1) // lanes
            full = across * lanes
            if trans_b:
                _transpose_rows(item, b + (j * b_row + start) * item, b_row, width, length, scratch, full, alpha)
            else:
                copy_rows(length, b + (start * b_row + j) * item, b_row, scratch, full, across, width, alpha)
            tiles = (m + TILE_ROWS[across] - 1) // TILE_ROWS[across]
            for tile in range(tiles):
                i = m * tile // tiles
                _tile(
                    m * (tile + 1) // tiles - i, a + (i * a_row + start * a_depth) * item, a_row, a_depth, scratch,
                    length, c + (i * c_row + j) * item, c_row, width, alpha, beta_here,
                )  # fmt: skip
            j += width


@njit(nogil=True, inline="always")
def product(kernel, alpha, A, trans_a, B, trans_b, beta, C, scratch):
    """Compute C = beta C + alpha A B with shapes (m, k), (k, n), (m, n), as BLAS's gemm does.

    ``kernel`` is the address of ``product_kernel``. The numbers of a row are contiguous, the rows need not be.
    ``scratch`` holds at least PANEL_BYTES.

    In NumPy::

        left, right = A.T if trans_a else A, B.T if trans_b else B
        C[:] = alpha * (left @ right) + (beta * C if beta else 0)
    """
    item = A.itemsize
    a_row, a_depth, depth = A.strides[0] // item, 1, A.shape[1]
    if trans_a:
        a_row, a_depth, depth = 1, a_row, A.shape[0]
    call(
        kernel,
        (
            item, alpha, A.ctypes.data, a_row, a_depth, B.ctypes.data, B.strides[0] // item, trans_b, beta,
            C.ctypes.data, C.strides[0] // item, C.shape[0], C.shape[1], depth, scratch.ctypes.data,
        ),
    )  # fmt: skip
