"""A span of training steps as one compiled call of each thread: the mathematics of ``network/mlp.py``, for speed only.

Each thread owns some units of every hidden layer: it alone computes their activations (3.4) and deltas (4.26), for the
whole batch, and it alone changes the weights into them (4.27) and their biases (4.28). So weights stay in the cache of
the core that uses them, and nothing is summed over threads: any number of threads gives the same bits. The last layer
has few units, and there each thread takes some rows of the batch, loss (4.30) and all. Between two layers the threads
meet; but from its deltas of layer 1 on, which nobody else needs for W[0], each goes on by itself to the next batch.

What a thread owns of the optimizer's state, and of W[0], lies together during a span, not beside the others' in each
row, which avoids false sharing caused by the prefetcher. (4.26) wants whole rows of the other W.

Plain SGD needs no gradient array: the product of (4.27) is added to W itself. The other optimizers use the gradient of
some rows of W as soon as it is there, unless it is to be clipped first. A batch of more rows than the buffers hold is
passed over in several turns, whose gradients are added up.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from handgrad.compiled.caching import njit_cached
from handgrad.compiled.denormals import flush_denormals, restore
from handgrad.compiled.functions import lose
from handgrad.compiled.layers import (
    activate_block,
    add_penalty,
    biases_of,
    delta_block,
    drop,
    forward_block,
    gradient_block,
    list_block,
    matrix,
    own_weights,
    square_columns,
    square_rows,
    sum_of,
    update_block,
)
from handgrad.compiled.meeting import arrive, meet, wait
from handgrad.compiled.pairs import list_inputs
from handgrad.compiled.updates import SGD, corrected
from handgrad.compiled.vectors import VECTOR_BYTES, matrix_at

BUNCH = VECTOR_BYTES // 4  # units are dealt out by so many: whole vectors, of AVX-512 whole cache lines
TOGETHER = 200  # rows of W whose gradient is computed and used at once: 784 make four blocks, 400 make two
RIGHT = 0  # column of ``parts``


@njit(nogil=True)
def own(units, layer, thread, threads):
    """Say which units of a layer are a thread's; who gets more changes from layer to layer."""
    bunches, rank = (units + BUNCH - 1) // BUNCH, (thread + layer) % threads
    return min(units, bunches * rank // threads * BUNCH), min(units, bunches * (rank + 1) // threads * BUNCH)


@njit(nogil=True)
def own_block(shape, layer, thread, threads):
    """Say which rows and columns of W[layer] are a thread's: all into its units; of the last layer, some rows."""
    if layer == shape.sizes.size - 2:
        top, bottom = own(shape.sizes[layer], layer, thread, threads)
        return top, bottom, 0, shape.sizes[layer + 1]
    first, last = own(shape.sizes[layer + 1], layer, thread, threads)
    return 0, shape.sizes[layer], first, last


@njit(nogil=True)
def take_examples(inputs, rules, memory, shape, examples, key, offset, start, end, thread, threads):
    """Bring rows start .. end of the batch into H[0]; or, where zeros are left out, a thread's part of its entries."""
    if inputs.starts.size == 0:
        H = matrix(memory.H, shape, memory, 0)
        for i in range(start, end):
            h, x = H[i], inputs.X[examples[i]]
            for j in range(x.size):  # h[:] = x would compile for seconds, for the sake of its error message
                h[j] = x[j]
        if rules.rates[0] > 0.0:
            M = matrix(memory.M, shape, memory, 0)
            drop(key, rules.rates[0], offset, H, M, start, end, 0, H.shape[1])
        return
    pairs = memory.pair_at[1]
    list_inputs(
        inputs.X, inputs.pairs, inputs.values, inputs.starts, examples, pairs * thread // threads,
        pairs * (thread + 1) // threads, memory.room, memory.ends, memory.entry_rows, memory.entry_values,
    )  # fmt: skip


@njit(nogil=True)
def gradients(target, alpha, keep_W, keep_b, shape, inputs, rules, memory, rows, layers, thread, threads):
    """(4.27) and (4.28) for what a thread owns of some layers: target = keep target + alpha gradient."""
    for layer in range(layers[0], layers[1]):
        block, biases = own_block(shape, layer, thread, threads), own(shape.sizes[layer + 1], layer, thread, threads)
        dW = own_weights(target, shape, layer, block)
        db = biases_of(target, shape, layer)[biases[0] : biases[1]]
        gradient_block(
            dW, db, alpha, keep_W, keep_b, shape, inputs, rules, memory, layer, rows, block, biases,
            memory.scratch[thread],
        )  # fmt: skip


@njit(nogil=True)
def updates(theta, gradient, state, shape, rules, scale, corrections, thread, threads):
    """Move all that a thread owns against its gradient."""
    for layer in range(shape.sizes.size - 1):
        block, biases = own_block(shape, layer, thread, threads), own(shape.sizes[layer + 1], layer, thread, threads)
        update_block(theta, gradient, gradient, 0, state, shape, rules, layer, block, biases, scale, corrections)


@njit(nogil=True)
def gradients_and_updates(
    theta, gradient, state, shape, inputs, rules, memory, rows, rate, corrections, layers, thread, threads, backwards
):  # fmt: skip
    """Do both for some layers, some rows of W at a time: their gradient never leaves the cache.

    Every other step goes ``backwards``: what it begins with was used last, and is there still (0.98 of such a step).
    """
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    if rules.optimizer == SGD:  # no gradient array: W = (1 - rate l2) W - rate H^T dZ is one product
        shrink, alpha = theta.dtype.type(1.0 - rate * rules.l2), theta.dtype.type(-rate)
        gradients(theta, alpha, shrink, one, shape, inputs, rules, memory, rows, layers, thread, threads)
        return
    for layer in range(layers[0], layers[1]):
        top, bottom, first, last = own_block(shape, layer, thread, threads)
        biases = own(shape.sizes[layer + 1], layer, thread, threads)
        blocks = max(1, (bottom - top + TOGETHER - 1) // TOGETHER)  # one at least: there may be biases without rows
        for number in range(blocks):
            start = top + TOGETHER * (blocks - 1 - number if backwards else number)
            block = start, min(bottom, start + TOGETHER), first, last
            db = biases_of(gradient, shape, layer)[biases[0] : biases[1]]
            vector, width = memory.rows[thread], last - first
            dW: Any = matrix_at(vector, 0, TOGETHER, width)[: block[1] - start, :width]
            gradient_block(
                dW, db, one, zero, zero, shape, inputs, rules, memory, layer, rows, block, biases,
                memory.scratch[thread],
            )  # fmt: skip
            if rules.l2 > 0.0:
                add_penalty(dW, theta, theta.dtype.type(rules.l2), shape, layer, block)
            if width:
                update_block(
                    theta, gradient, vector, width, state, shape, rules, layer, block, biases, 1.0, corrections
                )  # fmt: skip
            biases = biases[0], biases[0]  # they are done


@njit(nogil=True)
def own_squares(vector, shape, thread, threads, biases_too, squares):
    """Add up the squares of a thread's weights, or gradients, unit by unit; rows of the last W come after all units.

    Each unit has one owner, so the total, taken in the order of units, has the same bits with any number of threads.
    """
    layers = shape.sizes.size - 1
    for layer in range(layers):
        block = own_block(shape, layer, thread, threads)
        W = own_weights(vector, shape, layer, block)
        first, last = own(shape.sizes[layer + 1], layer, thread, threads)
        units = squares[shape.at[layer + 1] + first : shape.at[layer + 1] + last]
        for j in range(units.size):
            units[j] = 0.0
        if layer == layers - 1:
            behind = shape.at[layers] + shape.sizes[layers]
            square_rows(W, squares[behind + block[0] : behind + block[1]])
        else:
            square_columns(W, units)
        if biases_too:
            square_columns(matrix_at(biases_of(vector, shape, layer), first, 1, last - first), units)


@njit(nogil=True, error_model="numpy")
def take_steps(
    theta, gradient, state, shape, inputs, rules, plan, memory, log, thread, threads, stop, halted, sleep
):  # fmt: skip
    """As ``train_span``, whatever counts as zero."""
    real = theta.dtype.type
    one, zero = real(1), real(0)
    board, parts, scratch = memory.board, memory.parts, memory.scratch[thread]
    layers, height = shape.sizes.size - 1, memory.height
    begin = 0
    for step in range(plan.ends.size):
        size = plan.ends[step] - begin
        total = float(size)
        if inputs.weights.size:
            total = 0.0
            for i in range(begin, plan.ends[step]):
                total += inputs.weights[plan.order[i]]
        turns = (size + height - 1) // height
        wants_norm = step == 0 or rules.clip > 0.0
        rate, keys = plan.learning_rates[step], plan.keys[step]
        corrections = corrected(rules.optimizer, rules.constants, rate, plan.first_step + step + 1)
        loss, parts[thread, RIGHT] = 0.0, 0.0
        if rules.l2 > 0.0:
            own_squares(theta, shape, thread, threads, False, memory.squares[0])
        for turn in range(turns):
            offset = turn * height
            rows = min(height, size - offset)
            examples = plan.order[begin + offset : begin + offset + rows]
            start, end = rows * thread // threads, rows * (thread + 1) // threads
            if thread == 0:
                halted[0] = stop[0]
            take_examples(inputs, rules, memory, shape, examples, keys[0], offset, start, end, thread, threads)
            if not meet(board, threads, stop, sleep):
                return -1
            if halted[0]:  # Ctrl-C: nothing has been changed yet in this step
                return step
            for layer in range(layers - 1):
                first, last = own(shape.sizes[layer + 1], layer, thread, threads)
                forward_block(theta, shape, inputs, rules, memory, layer, 0, rows, first, last, scratch)  # (3.4)
                activate_block(theta, shape, memory, layer + 1, 0, rows, first, last)  # (3.4)
                if rules.rates[layer + 1] > 0.0:
                    H, M = matrix(memory.H, shape, memory, layer + 1), matrix(memory.M, shape, memory, layer + 1)
                    drop(keys[layer + 1], rules.rates[layer + 1], offset, H, M, 0, rows, first, last)
                list_block(shape, rules, memory, layer + 1, rows, first, last)
                if not meet(board, threads, stop, sleep):
                    return -1
            outputs = shape.sizes[layers]
            forward_block(theta, shape, inputs, rules, memory, layers - 1, start, end, 0, outputs, scratch)  # (3.4)
            for i in range(start, end):
                weight = inputs.weights[examples[i]] if inputs.weights.size else 1.0
                memory.share[i] = weight / total if total > 0.0 else 0.0
            parts[thread, RIGHT] += lose(
                shape.loss, matrix(memory.D, shape, memory, layers)[start:end], examples[start:end],
                biases_of(theta, shape, layers - 1), inputs.labels, inputs.targets, memory.share[start:end],
                rules.smoothing,
            )  # fmt: skip  # (4.30)
            for layer in range(layers - 1, 0, -1):  # (4.26)
                if layer == layers - 1:
                    first, last, top, bottom = 0, shape.sizes[layer], start, end
                else:
                    first, last = own(shape.sizes[layer], layer - 1, thread, threads)
                    top, bottom = 0, rows
                delta_block(
                    theta, shape, inputs, rules, memory, layer, keys[layer], offset, rows, top, bottom, first, last,
                    scratch,
                )  # fmt: skip
                if layer > 1 and not meet(board, threads, stop, sleep):
                    return -1
            last_turn, collected = turn == turns - 1, turns > 1 or rules.clip > 0.0
            early = layers > 2 and not collected and not wants_norm
            ticket = arrive(board, threads)
            if early:  # W[0] needs no other's deltas, and no other needs it: whoever is late catches up meanwhile
                gradients_and_updates(
                    theta, gradient, state, shape, inputs, rules, memory, rows, rate, corrections, (0, 1), thread,
                    threads, step % 2,
                )  # fmt: skip
            if not wait(board, ticket, threads, stop, sleep):
                return -1
            if thread == 0:  # row by row and unit by unit, whoever computed them
                loss += sum_of(memory.share[:rows])
                if last_turn:
                    penalty = 0.5 * rules.l2 * sum_of(memory.squares[0]) if rules.l2 > 0.0 else 0.0
                    log.losses[step] = loss + penalty
                    log.rights[step] = sum_of(parts[:, RIGHT]) / size
            if collected or wants_norm:
                keep = zero if turn == 0 else one
                gradients(gradient, one, keep, keep, shape, inputs, rules, memory, rows, (0, layers), thread, threads)
            if last_turn:
                scale = 1.0
                if rules.l2 > 0.0 and (collected or wants_norm):
                    for layer in range(layers):
                        block = own_block(shape, layer, thread, threads)
                        dW = own_weights(gradient, shape, layer, block)
                        add_penalty(dW, theta, real(rules.l2), shape, layer, block)
                if wants_norm:
                    own_squares(gradient, shape, thread, threads, True, memory.squares[1])
                    if not meet(board, threads, stop, sleep):
                        return -1
                    norm = math.sqrt(sum_of(memory.squares[1]))
                    if thread == 0:
                        log.norms[step] = norm
                    if rules.clip > 0.0 and norm > rules.clip:
                        scale = rules.clip / norm
                if collected:
                    updates(theta, gradient, state, shape, rules, scale, corrections, thread, threads)
                else:
                    if early:  # the next batch may be listed
                        ticket = arrive(board, threads)
                    gradients_and_updates(
                        theta, gradient, state, shape, inputs, rules, memory, rows, rate, corrections,
                        (1 if early else 0, layers), thread, threads, step % 2,
                    )  # fmt: skip
            if not early:
                ticket = arrive(board, threads)
            if not wait(board, ticket, threads, stop, sleep):
                return -1
        begin = plan.ends[step]
    return plan.ends.size


@njit_cached(error_model="numpy")
def train_span(
    theta, gradient, state, shape, inputs, rules, plan, memory, log, thread, threads, stop, halted, sleep
):  # fmt: skip
    """Take the steps of a span, as one of its threads. Returns how many were taken, or -1 if a thread was missing."""
    before: int = flush_denormals()
    taken = take_steps(
        theta, gradient, state, shape, inputs, rules, plan, memory, log, thread, threads, stop, halted, sleep
    )  # fmt: skip
    restore(before)
    return taken
