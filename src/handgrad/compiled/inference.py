"""Evaluation and prediction: forward through all layers, a chunk of rows at a time; the threads share the chunks.

Zeros are left out in any layer whose input has enough of them: MNIST's pixels, and units with a rectifier. As in
training, products go by pairs of columns, but row by row for a few rows, and for an odd number of columns.
"""

from __future__ import annotations

import math

from numba import njit

from handgrad.compiled.elementwise import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, activate, loss_and_gradient
from handgrad.compiled.layers import biases_of, matrix, sum_of, weights_of
from handgrad.compiled.pairs import forward_pairs
from handgrad.compiled.rectified import list_units
from handgrad.compiled.runtime import flush_denormals, njit_cached, restore
from handgrad.compiled.sparse import forward_sparse
from handgrad.compiled.tiles import product
from handgrad.compiled.vectors import ZERO

FEW = 3  # rows for which listing pairs, or packing W into panels, costs more than it gains


@njit(nogil=True)
def entries_of(X):
    """Count the non-zero numbers."""
    count = 0
    for i in range(X.shape[0]):
        x = X[i]
        for j in range(x.size):
            count += x[j] != 0
    return count


@njit(nogil=True)
def compress_block(X, columns, values, begins, ends):
    """Write the non-zero entries of X row by row, without a branch, which would often be mispredicted."""
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
def forward_rows(theta, network, X, workspace, sparse_below):
    """(3.4) for some rows, through all layers; the last layer's X W, without its bias, goes into D."""
    layers, rows = network.sizes.size - 1, X.shape[0]
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    x = matrix(workspace.H, network, workspace.height, 0)[:rows]
    for i in range(rows):
        h, given = x[i], X[i]
        for j in range(h.size):
            h[j] = given[j]
    for layer in range(layers):
        W = weights_of(theta, network, layer)
        target = matrix(workspace.D if layer == layers - 1 else workspace.H, network, workspace.height, layer + 1)
        few = rows <= FEW
        sparse = workspace.columns.size and (few or entries_of(x) < sparse_below * x.size)
        if sparse and not few and x.shape[1] % 2 == 0:
            list_units(x, ZERO, x.shape[1], ZERO, rows + 1, workspace.ends, workspace.columns)
            entries = ZERO, rows + 1, workspace.ends, workspace.columns, x.ctypes.data, x.shape[1], ZERO + 2
            forward_pairs(workspace.kernels.pairs, entries, W, target[:rows], ZERO, workspace.scratch)
        elif sparse:
            compress_block(x, workspace.columns, workspace.values, workspace.begins, workspace.ends)
            begins, ends = workspace.begins[:rows], workspace.ends[:rows]
            forward_sparse(workspace.kernels.sums, workspace.columns, workspace.values, begins, ends, W, target[:rows])
        else:
            product(workspace.kernels.product, one, x, False, W, False, zero, target[:rows], workspace.scratch)
        if layer < layers - 1:
            Z = matrix(workspace.Z, network, workspace.height, layer + 1) if workspace.Z.size else target
            block = ZERO, rows, ZERO, target.shape[1]
            activate(network.activations[layer], target, biases_of(theta, network, layer), Z, block)
        x = target[:rows]
    return x


@njit_cached(error_model="numpy")
def evaluate_rows(theta, network, examples, workspace, sparse_below, losses, n_correct, thread, threads, stop):
    """Write each chunk's weighted loss and number of correct rows."""
    height, n = workspace.height, examples.X.shape[0]
    before: int = flush_denormals()
    for chunk in range(thread, losses.size, threads):
        if stop[0]:
            break
        start, end = chunk * height, min(n, (chunk + 1) * height)
        Z = forward_rows(theta, network, examples.X[start:end], workspace, sparse_below)
        for i in range(end - start):
            workspace.begins[i] = start + i
            workspace.losses[i] = examples.weights[start + i] if examples.weights.size else 1.0
        n_correct[chunk] = loss_and_gradient(
            network.loss, Z, workspace.begins, biases_of(theta, network, network.sizes.size - 2), examples.labels,
            examples.targets, workspace.losses, 0.0,
        )  # fmt: skip
        losses[chunk] = sum_of(workspace.losses[: end - start])
    restore(before)


@njit_cached(error_model="numpy")
def predict_rows(theta, network, X, workspace, sparse_below, outputs, thread, threads, stop):
    """Write the predictions: probabilities of classes or answers, or numbers as they are."""
    height, n, b = workspace.height, X.shape[0], biases_of(theta, network, network.sizes.size - 2)
    before: int = flush_denormals()
    for first in range(thread * height, n, threads * height):
        if stop[0]:
            break
        last = min(n, first + height)
        Z = forward_rows(theta, network, X[first:last], workspace, sparse_below)
        for i in range(last - first):
            z, output = Z[i], outputs[first + i]
            for j in range(b.size):
                output[j] = z[j] + b[j]
            if network.loss == CROSS_ENTROPY:
                largest, total = output.max(), 0.0
                for j in range(b.size):
                    output[j] = math.exp(output[j] - largest)
                    total += output[j]
                for j in range(b.size):
                    output[j] /= total
            elif network.loss == BINARY_CROSS_ENTROPY:
                for j in range(b.size):
                    output[j] = 1.0 / (1.0 + math.exp(-output[j]))
    restore(before)
