"""Evaluation and prediction: forward through all layers, some rows at a time, each thread its own rows.

Zeros are left out in whichever layer there are enough of them: among MNIST's pixels, and behind rectifiers. As in a
training, that goes by pairs of columns; for a row or some, and an odd number of columns, row by row.
"""

from __future__ import annotations

import math

from numba import njit

from handgrad.compiled.caching import njit_cached
from handgrad.compiled.denormals import flush_denormals, restore
from handgrad.compiled.functions import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, activate, lose
from handgrad.compiled.layers import biases_of, matrix, sum_of, weights_of
from handgrad.compiled.pairs import forward_pairs
from handgrad.compiled.rectified import list_units
from handgrad.compiled.sparse import forward_sparse
from handgrad.compiled.tiles import product

FEW = 3  # rows for which listing pairs, or copying W into panels, costs more than it gains


@njit(nogil=True)
def entries_of(X):
    """Count what is not zero."""
    count = 0
    for i in range(X.shape[0]):
        x = X[i]
        for j in range(x.size):
            count += x[j] != 0
    return count


@njit(nogil=True)
def compress_block(X, columns, values, begins, ends):
    """Write the non-zero entries of X row by row; without a branch, which would be mistaken for every other pixel."""
    place = 0
    for i in range(X.shape[0]):
        begins[i] = place
        x = X[i]
        for j in range(x.size):
            columns[place] = j
            values[place] = x[j]
            place += x[j] != 0
        ends[i] = place


@njit(nogil=True)
def forward_rows(theta, shape, X, memory, sparse_below):
    """(3.4) for a few rows, through all layers; the last layer's X W, without its bias, goes into D."""
    layers, rows = shape.sizes.size - 1, X.shape[0]
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    x = matrix(memory.H, shape, memory, 0)[:rows]
    for i in range(rows):
        h, given = x[i], X[i]
        for j in range(h.size):
            h[j] = given[j]
    for layer in range(layers):
        W = weights_of(theta, shape, layer)
        target = matrix(memory.D if layer == layers - 1 else memory.H, shape, memory, layer + 1)
        few = rows <= FEW
        sparse = memory.columns.size and (few or entries_of(x) < sparse_below * x.size)
        if sparse and not few and x.shape[1] % 2 == 0:
            list_units(x, 0, x.shape[1], 0, rows + 1, memory.ends, memory.columns)
            entries = 0, rows + 1, memory.ends, memory.columns, x.ctypes.data, x.shape[1], 2
            forward_pairs(memory.kernels.pairs, entries, W, target[:rows], 0, memory.scratch)
        elif sparse:
            compress_block(x, memory.columns, memory.values, memory.begins, memory.ends)
            begins, ends = memory.begins[:rows], memory.ends[:rows]
            forward_sparse(memory.kernels.sums, memory.columns, memory.values, begins, ends, W, target[:rows])
        else:
            product(memory.kernels.product, one, x, False, W, False, zero, target[:rows], memory.scratch)
        if layer < layers - 1:
            Z = matrix(memory.Z, shape, memory, layer + 1) if memory.Z.size else target
            activate(shape.codes[layer], target, biases_of(theta, shape, layer), Z, 0, rows, 0, target.shape[1])
        x = target[:rows]
    return x


@njit_cached(error_model="numpy")
def evaluate_rows(theta, shape, inputs, memory, sparse_below, losses, rights, thread, threads, stop):
    """Write each chunk's loss, each example's times its weight, and its count of right answers."""
    height, n = memory.height, inputs.X.shape[0]
    before: int = flush_denormals()
    for chunk in range(thread, losses.size, threads):
        if stop[0]:
            break
        start, end = chunk * height, min(n, (chunk + 1) * height)
        Z = forward_rows(theta, shape, inputs.X[start:end], memory, sparse_below)
        for i in range(end - start):
            memory.begins[i] = start + i
            memory.share[i] = inputs.weights[start + i] if inputs.weights.size else 1.0
        rights[chunk] = lose(
            shape.loss, Z, memory.begins, biases_of(theta, shape, shape.sizes.size - 2), inputs.labels,
            inputs.targets, memory.share, 0.0,
        )  # fmt: skip
        losses[chunk] = sum_of(memory.share[: end - start])
    restore(before)


@njit_cached(error_model="numpy")
def predict_rows(theta, shape, X, memory, sparse_below, outputs, thread, threads, stop):
    """Write what the outputs mean: probabilities of classes or answers, or numbers as they are."""
    height, n, b = memory.height, X.shape[0], biases_of(theta, shape, shape.sizes.size - 2)
    before: int = flush_denormals()
    for first in range(thread * height, n, threads * height):
        if stop[0]:
            break
        last = min(n, first + height)
        Z = forward_rows(theta, shape, X[first:last], memory, sparse_below)
        for i in range(last - first):
            z, output = Z[i], outputs[first + i]
            for j in range(b.size):
                output[j] = z[j] + b[j]
            if shape.loss == CROSS_ENTROPY:
                largest, total = output.max(), 0.0
                for j in range(b.size):
                    output[j] = math.exp(output[j] - largest)
                    total += output[j]
                for j in range(b.size):
                    output[j] /= total
            elif shape.loss == BINARY_CROSS_ENTROPY:
                for j in range(b.size):
                    output[j] = 1.0 / (1.0 + math.exp(-output[j]))
    restore(before)
