"""One layer's part of a step, for some rows of the batch and some units: what ``phases.py`` consists of."""

from __future__ import annotations

import numpy as np
from numba import njit

from handgrad.compiled.dropout import drop
from handgrad.compiled.elementwise import activate, differentiate
from handgrad.compiled.optimizers import update
from handgrad.compiled.pairs import forward_pairs, gradient_pairs
from handgrad.compiled.partition import own_weights, place_of
from handgrad.compiled.rectified import delta_pairs, entries_in, list_units
from handgrad.compiled.tiles import product
from handgrad.compiled.vectors import ZERO, matrix_at

SPARSE_BELOW = 0.6  # share of a hidden layer's pairs up to which leaving zeros out beats the dense product
REORDER = {"contract", "nsz", "arcp", "reassoc"}


# Views


@njit(nogil=True, inline="always")
def matrix(buffer, network, height, layer):
    """View layer l's matrix (height, sizes[l]) in a buffer."""
    return matrix_at(buffer, network.at[layer] * height, height, network.sizes[layer])


@njit(nogil=True, inline="always")
def weights_of(theta, network, layer):
    """View W[layer] (d_in, d_out)."""
    return matrix_at(theta, network.w_at[layer], network.sizes[layer], network.sizes[layer + 1])


@njit(nogil=True, inline="always")
def biases_of(theta, network, layer):
    """View b[layer] (d_out,)."""
    d_out = network.sizes[layer + 1]
    first = network.w_at[layer] + network.sizes[layer] * d_out
    return theta[first : first + d_out]


@njit(nogil=True)
def input_of(context, layer):
    """View what the weights of a layer are multiplied with: its input, after dropout."""
    workspace = context.workspace
    buffer = workspace.M if context.settings.dropout[layer] > 0.0 else workspace.H
    return matrix(buffer, context.network, workspace.height, layer)


# Zeros that are left out


@njit(nogil=True)
def list_block(context, layer, rows, first, last):
    """List the non-zero entries of some units of a layer, if its zeros may be left out."""
    workspace = context.workspace
    at = workspace.pair_at[layer]
    if at < workspace.pair_at[layer + 1]:
        H = input_of(context, layer)[:rows]
        list_units(H, first, last, at, workspace.room, workspace.ends, workspace.entry_rows)


@njit(nogil=True)
def leaves_zeros_out(context, layer, rows):
    """Decide whether a layer's products leave out the zeros of its input; all threads decide the same."""
    if layer == 0:
        return context.examples.starts.size > 0
    workspace = context.workspace
    first, last = workspace.pair_at[layer], workspace.pair_at[layer + 1]
    limit = SPARSE_BELOW * (last - first) * rows
    return first < last and entries_in(first, last, workspace.room, workspace.ends) <= limit


@njit(nogil=True)
def lists_of(workspace, layer, first):
    """Return the lists of a layer's input from unit ``first`` on: begin, room, ends and rows."""
    c = workspace.pair_at[layer] + first // 2
    return c * workspace.room, workspace.room, workspace.ends[c:], workspace.entry_rows


@njit(nogil=True)
def entries_of(context, layer, first):
    """Return the entries of a layer's input from unit ``first`` on: the lists, and where the values are."""
    workspace = context.workspace
    lists = lists_of(workspace, layer, first)
    if layer == 0:
        return *lists, workspace.entry_values.ctypes.data, 0, 0
    H = input_of(context, layer)[:, first:]
    return *lists, H.ctypes.data, context.network.sizes[layer], 2


# Forward


@njit(nogil=True)
def forward_block(context, layer, block, scratch):
    """(3.4) without the bias: a block of H[layer] W[layer], which goes into H[layer + 1]; in the last layer into D."""
    start, end, first, last = block
    network, workspace, theta = context.network, context.workspace, context.theta
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    target = workspace.D if layer == network.sizes.size - 2 else workspace.H
    Z = matrix(target, network, workspace.height, layer + 1)[start:end]
    W = own_weights(theta, network, layer, (ZERO, network.sizes[layer], first, last))
    if leaves_zeros_out(context, layer, end - start):
        forward_pairs(workspace.kernels.pairs, entries_of(context, layer, ZERO), W, Z, first, scratch)
    else:
        X = input_of(context, layer)[start:end]
        product(workspace.kernels.product, one, X, False, W, False, zero, Z[:, first:last], scratch)


@njit(nogil=True)
def activate_block(context, layer, block):
    """(3.4): turn a block of H[layer], which holds X W, into f(X W + b)."""
    network, workspace = context.network, context.workspace
    H = matrix(workspace.H, network, workspace.height, layer)
    Z = matrix(workspace.Z, network, workspace.height, layer) if workspace.Z.size else H
    activate(network.activations[layer - 1], H, biases_of(context.theta, network, layer - 1), Z, block)


# Backward


@njit(nogil=True)
def delta_block(context, batch, layer, block, scratch):
    """(4.26): a block of D[layer] from D[layer + 1]."""
    start, end, first, last = block
    network, workspace, rate = context.network, context.workspace, context.settings.dropout[layer]
    one, zero = context.theta.dtype.type(1), context.theta.dtype.type(0)
    H = matrix(workspace.H, network, workspace.height, layer)
    Z = matrix(workspace.Z, network, workspace.height, layer) if workspace.Z.size else H
    D = matrix(workspace.D, network, workspace.height, layer)
    after = matrix(workspace.D, network, workspace.height, layer + 1)[start:end]
    W = weights_of(context.theta, network, layer)[first:last]
    if leaves_zeros_out(context, layer, batch.rows.size):
        delta_pairs(workspace.kernels.dots, *lists_of(workspace, layer, first), after, W, D[:, first:last])
    else:
        product(workspace.kernels.product, one, after, False, W, True, zero, D[start:end, first:last], scratch)
    if rate > 0.0:
        drop(batch.keys[layer], rate, batch.offset, D, D, block)
    differentiate(network.activations[layer - 1], D, H, Z, block)


@njit(nogil=True)
def gradient_block(context, layer, rows, block, alpha, beta, dW, scratch):
    """(4.27): dW = beta dW + alpha H^T dZ, for a block of W[layer], from the first rows of the buffers."""
    top, bottom, first, last = block
    workspace = context.workspace
    D = matrix(workspace.D, context.network, workspace.height, layer + 1)[:rows, first:last]
    if leaves_zeros_out(context, layer, rows):
        gradient_pairs(workspace.kernels.pairs, entries_of(context, layer, top), D, alpha, beta, dW, scratch)
    else:
        X = input_of(context, layer)[:rows, top:bottom]
        product(workspace.kernels.product, alpha, X, True, D, False, beta, dW, scratch)


@njit(nogil=True)
def bias_gradient(context, layer, rows, first, last, beta):
    """(4.28): db = beta db + the sum of the rows of dZ, for some units; if ``beta`` is zero, db is not read."""
    workspace = context.workspace
    D = matrix(workspace.D, context.network, workspace.height, layer + 1)
    db = biases_of(context.gradient, context.network, layer)[first:last]
    for j in range(db.size):
        db[j] = beta * db[j] if beta != 0 else beta  # a NaN of an earlier step is not to come back
    for i in range(rows):
        d = D[i, first:last]
        for j in range(db.size):
            db[j] += d[j]


@njit(nogil=True)
def add_penalty(context, layer, block, dW):
    """Add l2 W to a block of dW."""
    W, l2 = own_weights(context.theta, context.network, layer, block), dW.dtype.type(context.settings.l2)
    for i in range(W.shape[0]):
        g, w = dW[i], W[i]
        for j in range(w.size):
            g[j] += l2 * w[j]


# Sums of squares


@njit(nogil=True)
def sum_of(numbers):
    """Add numbers up, one after the other."""
    total = 0.0
    for number in numbers:
        total += number
    return total


@njit(nogil=True)
def square_columns(W, squares):
    """Add the squares of each column to what is there.

    In NumPy::

        squares += (W.astype(float) ** 2).sum(axis=0)
    """
    for i in range(W.shape[0]):
        w = W[i]
        for j in range(w.size):
            squares[j] += np.float64(w[j]) * np.float64(w[j])


@njit(nogil=True, fastmath=REORDER)
def square_rows(W, squares):
    """Add up the squares of each row.

    In NumPy::

        squares[:] = (W.astype(float) ** 2).sum(axis=1)
    """
    for i in range(W.shape[0]):
        w, total = W[i], 0.0
        for j in range(w.size):
            total += np.float64(w[j]) * np.float64(w[j])
        squares[i] = total


# Updates


@njit(nogil=True)
def update_block(context, layer, block, dW, width, scale, corrections):
    """Move a block of W against its gradient, which has ``width`` numbers a row in the vector ``dW``.

    A width of 0 means that ``dW`` is the context's whole gradient.
    """
    network, count, rows = context.network, block[3] - block[2], block[1] - block[0]
    begin, step = place_of(network, layer, block, layer == 0)
    at, _ = place_of(network, layer, block, True)
    if step == count and width in (0, count):  # consecutive rows are updated as one
        rows, count = min(rows, 1), rows * count
    for i in range(rows):
        row = i * width if width else begin
        update_part(context, dW[row : row + count], begin, at, scale, corrections)
        begin, at = begin + step, at + count


@njit(nogil=True)
def update_biases(context, layer, first, last, scale, corrections):
    """Move some biases of a layer against their gradient."""
    begin = context.network.w_at[layer] + context.network.sizes[layer] * context.network.sizes[layer + 1] + first
    update_part(context, context.gradient[begin : begin + last - first], begin, begin, scale, corrections)


@njit(nogil=True, inline="always")
def update_part(context, gradient, begin, at, scale, corrections):
    """Move the parameters from ``begin`` on, whose state begins at ``at``, against a gradient."""
    slots, settings = context.slots, context.settings
    w, end = context.theta[begin : begin + gradient.size], at + gradient.size
    v = slots[0, at:end] if slots.shape[0] > 0 else w
    s = slots[1, at:end] if slots.shape[0] > 1 else v
    update(settings.optimizer, settings.constants, w, gradient, v, s, scale, corrections)
