"""Which thread owns which units and weights, and where its weights are in a vector.

A ``block`` of a matrix is (first row, last row, first column, last column), the last ones excluded.
"""

from __future__ import annotations

from numba import njit

from handgrad.compiled.vectors import VECTOR_BYTES, matrix_at

UNITS = VECTOR_BYTES // 4  # dealt out together: whole vectors, with AVX-512 whole cache lines


@njit(nogil=True)
def partition(units, layer, thread, threads):
    """Return a thread's units of a layer; which thread gets more changes from layer to layer."""
    vectors, rank = (units + UNITS - 1) // UNITS, (thread + layer) % threads
    return min(units, vectors * rank // threads * UNITS), min(units, vectors * (rank + 1) // threads * UNITS)


@njit(nogil=True)
def partition_weights(network, layer, thread, threads):
    """Return a thread's block of W[layer]: the columns of its units; of the last layer, some rows."""
    if layer == network.sizes.size - 2:
        top, bottom = partition(network.sizes[layer], layer, thread, threads)
        return top, bottom, 0, network.sizes[layer + 1]
    first, last = partition(network.sizes[layer + 1], layer, thread, threads)
    return 0, network.sizes[layer], first, last


@njit(nogil=True)
def partition_outputs(network, layer, rows, thread, threads):
    """Return a thread's block of a layer's outputs: all rows of its units; of the last layer, some rows."""
    start, end, first, last = 0, rows, 0, network.sizes[layer + 1]
    if layer == network.sizes.size - 2:
        start, end = partition_rows(rows, thread, threads)
    else:
        first, last = partition(network.sizes[layer + 1], layer, thread, threads)
    return start, end, first, last


@njit(nogil=True)
def partition_rows(rows, thread, threads):
    """Return a thread's rows of a micro-batch."""
    return rows * thread // threads, rows * (thread + 1) // threads


@njit(nogil=True, inline="always")
def place_of(network, layer, block, by_owner):
    """Return where a block of W[layer] begins in a vector, and the distance between its rows.

    If a vector is laid out ``by_owner``, all rows of a thread's columns come first, then those of the next thread.
    """
    top, _, first, last = block
    d_in, units = network.sizes[layer], network.sizes[layer + 1]
    if by_owner:
        return network.w_at[layer] + first * d_in + top * (last - first), last - first
    return network.w_at[layer] + top * units + first, units


@njit(nogil=True, inline="always")
def own_weights(vector, network, layer, block):
    """View a thread's block of W[layer] in ``theta`` or ``gradient``, in which W[0] is laid out by owner."""
    top, bottom, first, last = block
    begin, width = place_of(network, layer, block, layer == 0)
    return matrix_at(vector, begin, bottom - top, width)[:, : last - first]
