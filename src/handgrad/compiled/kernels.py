"""The kernels, compiled by themselves, for those who call them by address."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import from_dtype, types
from numpy.typing import DTypeLike

from handgrad.compiled.caching import compiled_at_an_address
from handgrad.compiled.sparse import sums_kernel
from handgrad.compiled.tiles import product_kernel


class Kernels(NamedTuple):
    """Addresses of ``product_kernel`` and ``sums_kernel`` for one type of number."""

    product: int
    sums: int


@cache
def _compiled(character: str) -> tuple[Any, Any]:
    """Compile both, once in a process; what holds the code is kept, since its memory goes with it."""
    number, place = from_dtype(np.dtype(character)), types.intp
    product = types.void(place, number, *[place] * 5, types.boolean, number, *[place] * 6)
    sums = types.void(*[place] * 11, number)
    return compiled_at_an_address(product_kernel, product), compiled_at_an_address(sums_kernel, sums)


def kernels_for(dtype: DTypeLike) -> Kernels:
    """Compile the kernels for float32 or float64, or load what was kept.

    Examples
    --------
    >>> kernels_for(np.float32) == kernels_for(np.float64)
    False
    """
    return Kernels(*(kernel.address for kernel in _compiled(np.dtype(dtype).char)))
