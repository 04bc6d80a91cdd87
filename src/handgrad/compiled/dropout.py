"""Dropout masks, drawn where they are needed: a number's fate is a function of a key and of its place."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True)
def drop(key, rate, offset, source, target, block):
    """Multiply a block by a dropout mask, as ``batches.dropout_masks`` draws it, ``offset`` rows into the batch.

    In NumPy::

        (mask,) = dropout_masks([key], [rate], [source.shape[1]], offset, len(source), source.dtype)
        start, end, first, last = block
        target[start:end, first:last] = (source * mask)[start:end, first:last]
    """
    start, end, first, last = block
    scale = source.dtype.type(1.0 / (1.0 - rate))
    zero = source.dtype.type(0)
    threshold = np.uint64(rate * 16777216.0)
    width = np.uint64(source.shape[1])
    for i in range(start, end):
        for j in range(first, last):
            index = np.uint64(offset + i) * width + np.uint64(j)
            target[i, j] = source[i, j] * scale if (mix(key, index) >> np.uint64(40)) >= threshold else zero


@njit(nogil=True, inline="always")
def mix(key, index):
    """As ``batches.mix``: splitmix64 (Steele, Lea and Flood, 2014)."""
    z = key + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
