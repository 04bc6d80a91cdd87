"""The kernels, compiled by themselves and called by address."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import DTypeLike

from handgrad.compiled.context import Kernels
from handgrad.compiled.pairs import pairs_kernel
from handgrad.compiled.rectified import dots_kernel
from handgrad.compiled.runtime import compiled_at_an_address
from handgrad.compiled.sparse import sums_kernel
from handgrad.compiled.tiles import product_kernel


@cache
def _compiled(character: str) -> tuple[Any, ...]:
    """Compile them once in a process; the objects are kept, since the code is freed with them."""
    number, place = from_dtype(np.dtype(character)), types.intp
    product = types.void(place, number, *[place] * 5, types.boolean, number, *[place] * 6)
    sums = types.void(*[place] * 11, number)
    pairs = types.void(types.boolean, *[place] * 14, number, number)
    dots = types.void(*[place] * 12, number)
    chosen = (product_kernel, product), (sums_kernel, sums), (pairs_kernel, pairs), (dots_kernel, dots)
    return tuple(compiled_at_an_address(*each) for each in chosen)


def kernels_for(dtype: DTypeLike) -> Kernels:
    """Compile the kernels for float32 or float64, or load them from the cache.

    Examples
    --------
    >>> kernels_for(np.float32) == kernels_for(np.float64)
    False
    """
    return Kernels(*(kernel.address for kernel in _compiled(np.dtype(dtype).char)))
