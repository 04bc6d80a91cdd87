"""The phases of a step, for one of the threads: gather, forward, loss, backward and update.

Plain SGD needs no gradient array: ``update`` subtracts the product of (4.27) from W itself. For the other optimizers
it computes the gradient of some rows of W at a time, and uses it while it is in the cache. If the whole gradient is
needed first, it is collected in ``context.gradient`` (``collect``, ``penalise``, ``update_collected``): because it is
clipped or handed out, or because the batch has more rows than the buffers. Both ways give the same bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit
from numpy.typing import NDArray

from handgrad.compiled.barrier import barrier
from handgrad.compiled.dropout import drop
from handgrad.compiled.elementwise import loss_and_gradient
from handgrad.compiled.layers import (
    activate_block,
    add_penalty,
    bias_gradient,
    biases_of,
    delta_block,
    forward_block,
    gradient_block,
    list_block,
    matrix,
    square_columns,
    square_rows,
    update_biases,
    update_block,
)
from handgrad.compiled.optimizers import SGD
from handgrad.compiled.pairs import list_inputs
from handgrad.compiled.partition import own_weights, partition, partition_outputs, partition_rows, partition_weights
from handgrad.compiled.tiles import PANEL_DEPTH
from handgrad.compiled.vectors import ZERO, matrix_at

# Inlined by numba into the loop over the steps: as functions of their own, which LLVM would optimise once by themselves
# and again within the loop, they would add a third to the time of compilation.
phase = njit(nogil=True, error_model="numpy", inline="always")
GRADIENT_ROWS = 200  # of W, computed and used at once: 784 make four blocks, 400 make two


class Batch(NamedTuple):
    """A micro-batch: the part of a batch that the buffers hold at a time, usually all of it."""

    rows: NDArray[Any]  # (m,) of the examples
    offset: int  # rows of the batch that come before
    weight: float  # of the whole batch
    keys: NDArray[Any]  # (L,) of the dropout masks


@phase
def gather(context, batch, thread):
    """Copy a thread's rows of the batch into H[0]; or, if zeros are left out, list its part of their entries."""
    examples, workspace, threads = context.examples, context.workspace, context.team.threads
    if examples.starts.size == 0:
        H, rate = matrix(workspace.H, context.network, workspace.height, 0), context.settings.dropout[0]
        start, end = partition_rows(batch.rows.size, thread, threads)
        for i in range(start, end):
            h, x = H[i], examples.X[batch.rows[i]]
            for j in range(x.size):  # h[:] = x would compile for seconds, for the sake of its error message
                h[j] = x[j]
        if rate > 0.0:
            M = matrix(workspace.M, context.network, workspace.height, 0)
            drop(batch.keys[0], rate, batch.offset, H, M, (start, end, ZERO, H.shape[1]))
        return
    pairs = workspace.pair_at[1]
    list_inputs(
        examples.X, examples.pairs, examples.values, examples.starts, batch.rows, pairs * thread // threads,
        pairs * (thread + 1) // threads, workspace.room, workspace.ends, workspace.entry_rows, workspace.entry_values,
    )  # fmt: skip


@phase
def forward(context, batch, thread):
    """(3.4): H of every layer for a thread's units, and its rows' logits; returns False if a thread is missing."""
    network, workspace, team = context.network, context.workspace, context.team
    last, rows, scratch = network.sizes.size - 2, batch.rows.size, workspace.scratch[thread]
    for layer in range(last + 1):
        block = partition_outputs(network, layer, rows, thread, team.threads)
        forward_block(context, layer, block, scratch)
        if layer == last:
            break
        rate = context.settings.dropout[layer + 1]
        activate_block(context, layer + 1, block)
        if rate > 0.0:
            H = matrix(workspace.H, network, workspace.height, layer + 1)
            M = matrix(workspace.M, network, workspace.height, layer + 1)
            drop(batch.keys[layer + 1], rate, batch.offset, H, M, block)
        list_block(context, layer + 1, rows, block[2], block[3])
        if not barrier(team):
            return False
    return True


@phase
def loss(context, batch, thread):
    """(4.30): the loss and the deltas of the last layer, for a thread's rows. Returns how many are correct."""
    network, workspace, examples = context.network, context.workspace, context.examples
    layers = network.sizes.size - 1
    start, end = partition_rows(batch.rows.size, thread, context.team.threads)
    for i in range(start, end):
        weight = examples.weights[batch.rows[i]] if examples.weights.size else 1.0
        workspace.losses[i] = weight / batch.weight if batch.weight > 0.0 else 0.0
    return loss_and_gradient(
        network.loss, matrix(workspace.D, network, workspace.height, layers)[start:end], batch.rows[start:end],
        biases_of(context.theta, network, layers - 1), examples.labels, examples.targets, workspace.losses[start:end],
        context.settings.smoothing,
    )  # fmt: skip


@phase
def backward(context, batch, thread):
    """(4.26): the deltas of all hidden layers, in mirror order; returns False if a thread is missing."""
    network, team, scratch = context.network, context.team, context.workspace.scratch[thread]
    layers = network.sizes.size - 1
    for layer in range(layers - 1, 0, -1):
        start, end, first, last = 0, batch.rows.size, 0, network.sizes[layer]
        if layer == layers - 1:
            start, end = partition_rows(batch.rows.size, thread, team.threads)
        else:
            first, last = partition(network.sizes[layer], layer - 1, thread, team.threads)
        delta_block(context, batch, layer, (start, end, first, last), scratch)
        if layer > 1 and not barrier(team):
            return False
    return True


@phase
def update(context, rows, layers, corrections, thread, backwards):
    """(4.27), (4.28) and the optimizer's step at once, for what a thread owns of some layers.

    Every other step goes ``backwards`` through the rows of W: what it starts with was used last, and is in the cache.
    """
    network, settings, theta, threads = context.network, context.settings, context.theta, context.team.threads
    scratch, vector = context.workspace.scratch[thread], context.workspace.gradient_rows[thread]
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    for layer in range(layers[0], layers[1]):
        top, bottom, first, last = partition_weights(network, layer, thread, threads)
        if settings.optimizer == SGD and settings.l2 == 0.0 and rows <= PANEL_DEPTH:
            block, alpha = (top, bottom, first, last), theta.dtype.type(-corrections[0])
            gradient_block(context, layer, rows, block, alpha, one, own_weights(theta, network, layer, block), scratch)
        elif last > first:
            blocks, width = (bottom - top + GRADIENT_ROWS - 1) // GRADIENT_ROWS, last - first
            for number in range(blocks):
                start = top + GRADIENT_ROWS * (blocks - 1 - number if backwards else number)
                block = start, min(bottom, start + GRADIENT_ROWS), first, last
                dW: Any = matrix_at(vector, 0, GRADIENT_ROWS, width)[: block[1] - start, :width]
                gradient_block(context, layer, rows, block, one, zero, dW, scratch)
                if settings.l2 > 0.0:
                    add_penalty(context, layer, block, dW)
                update_block(context, layer, block, vector, width, 1.0, corrections)
        first, last = partition(network.sizes[layer + 1], layer, thread, threads)
        bias_gradient(context, layer, rows, first, last, zero)
        update_biases(context, layer, first, last, 1.0, corrections)


# The update in two parts


@phase
def collect(context, rows, beta, thread):
    """(4.27), (4.28): gradient = beta gradient + this micro-batch's, for all that a thread owns."""
    network, threads, one = context.network, context.team.threads, context.theta.dtype.type(1)
    for layer in range(network.sizes.size - 1):
        block = partition_weights(network, layer, thread, threads)
        dW = own_weights(context.gradient, network, layer, block)
        gradient_block(context, layer, rows, block, one, beta, dW, context.workspace.scratch[thread])
        first, last = partition(network.sizes[layer + 1], layer, thread, threads)
        bias_gradient(context, layer, rows, first, last, beta)


@phase
def penalise(context, thread):
    """Add l2 W to a thread's part of the gradient."""
    for layer in range(context.network.sizes.size - 1):
        block = partition_weights(context.network, layer, thread, context.team.threads)
        add_penalty(context, layer, block, own_weights(context.gradient, context.network, layer, block))


@phase
def update_collected(context, scale, corrections, thread):
    """Take the optimizer's step with ``scale`` times the gradient, for all that a thread owns."""
    network, threads = context.network, context.team.threads
    for layer in range(network.sizes.size - 1):
        block = partition_weights(network, layer, thread, threads)
        update_block(context, layer, block, context.gradient, ZERO, scale, corrections)
        first, last = partition(network.sizes[layer + 1], layer, thread, threads)
        update_biases(context, layer, first, last, scale, corrections)


@phase
def square(context, vector, squares, with_biases, thread):
    """Add up the squares of a thread's part of a vector by unit, and by row in the last W, whose rows follow all units.

    Each unit has one owner, so the total, taken in the order of units, has the same bits with any number of threads.
    """
    network, threads = context.network, context.team.threads
    layers = network.sizes.size - 1
    for layer in range(layers):
        block = partition_weights(network, layer, thread, threads)
        W = own_weights(vector, network, layer, block)
        first, last = partition(network.sizes[layer + 1], layer, thread, threads)
        units = squares[network.at[layer + 1] + first : network.at[layer + 1] + last]
        for j in range(units.size):
            units[j] = 0.0
        if layer == layers - 1:
            behind = network.at[layers] + network.sizes[layers]
            square_rows(W, squares[behind + block[0] : behind + block[1]])
        else:
            square_columns(W, units)
        if with_biases:
            square_columns(matrix_at(biases_of(vector, network, layer), first, 1, last - first), units)
