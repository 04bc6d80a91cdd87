"""Matrix products from inside compiled code, without Python between two of them.

``scipy.linalg.cython_blas`` publishes the addresses of BLAS's own functions. The address is an argument, not a constant
of the compiled code, so that the code can be kept on disk: it differs from one process to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

POINTER = ir.IntType(8).as_pointer()
TRANSPOSED, PLAIN = ord("T"), ord("N")


def gemm_address(dtype: Any) -> int:
    """Return the address of sgemm or dgemm.

    Examples
    --------
    >>> gemm_address(np.float32) != gemm_address(np.float64)
    True
    """
    name = {"f": "sgemm", "d": "dgemm"}[np.dtype(dtype).char]
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


@intrinsic  # its first argument is numba's; callers leave it out
def _call(typing_context, address, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
    """Call Fortran's gemm, every argument by its address."""
    small, size, place = types.int8, types.int32, types.intp
    signature = types.void(place, small, small, size, size, size, alpha, place, size, place, size, alpha, place, size)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        address, *values = arguments
        pointers = []
        for place, value in enumerate(values):
            if place in (6, 8, 11):  # a, b and c are addresses already
                pointers.append(builder.inttoptr(value, POINTER))
            else:
                slot = cgutils.alloca_once_value(builder, value)
                pointers.append(builder.bitcast(slot, POINTER))
        function = ir.FunctionType(ir.VoidType(), [POINTER] * len(values))
        builder.call(builder.inttoptr(address, function.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, generate


@njit(nogil=True, inline="always")
def product(address, alpha, A, B, beta, C):
    """Compute C = alpha A B + beta C, row by row arrays (m, k), (k, n), (m, n); rows may lie apart."""
    item = A.itemsize
    _call(
        address, PLAIN, PLAIN, C.shape[1], C.shape[0], A.shape[1], alpha, B.ctypes.data, B.strides[0] // item,
        A.ctypes.data, A.strides[0] // item, beta, C.ctypes.data, C.strides[0] // item,
    )  # fmt: skip


@njit(nogil=True, inline="always")
def product_right_transposed(address, alpha, A, B, beta, C):
    """Compute C = alpha A B^T + beta C with shapes (m, k), (n, k), (m, n)."""
    item = A.itemsize
    _call(
        address, TRANSPOSED, PLAIN, C.shape[1], C.shape[0], A.shape[1], alpha, B.ctypes.data, B.strides[0] // item,
        A.ctypes.data, A.strides[0] // item, beta, C.ctypes.data, C.strides[0] // item,
    )  # fmt: skip


@njit(nogil=True, inline="always")
def product_left_transposed(address, alpha, A, B, beta, C):
    """Compute C = alpha A^T B + beta C with shapes (k, m), (k, n), (m, n)."""
    item = A.itemsize
    _call(
        address, PLAIN, TRANSPOSED, C.shape[1], C.shape[0], A.shape[0], alpha, B.ctypes.data, B.strides[0] // item,
        A.ctypes.data, A.strides[0] // item, beta, C.ctypes.data, C.strides[0] // item,
    )  # fmt: skip
