"""One layer's part of a step, for some of its rows and some of its units: what ``span.py`` is made of."""

from __future__ import annotations

import numpy as np
from numba import njit

from handgrad.compiled.functions import activate, differentiate
from handgrad.compiled.pairs import forward_pairs, gradient_pairs
from handgrad.compiled.rectified import delta_pairs, entries_in, list_units
from handgrad.compiled.tiles import product
from handgrad.compiled.updates import update
from handgrad.compiled.vectors import matrix_at

FULL = 0.6  # share of the pairs of a hidden layer up to which leaving zeros out beats the dense product
FAST_SUM = {"contract", "nsz", "arcp", "reassoc"}


@njit(nogil=True, inline="always")
def matrix(buffer, shape, memory, layer):
    """View a layer's (height, units) matrix in a flat buffer."""
    height, units = memory.height, shape.sizes[layer]
    first = shape.at[layer] * height
    return matrix_at(buffer, first, height, units)


@njit(nogil=True, inline="always")
def weights_of(theta, shape, layer):
    """View W[layer] (d_in, d_out)."""
    first, d_in, d_out = shape.w_at[layer], shape.sizes[layer], shape.sizes[layer + 1]
    return matrix_at(theta, first, d_in, d_out)


@njit(nogil=True, inline="always")
def place_of(shape, layer, block, apart):
    """Say where a block of W[layer] begins in a vector and how far apart its rows lie.

    ``block`` is (first input, last input, first unit, last unit). Where owners lie ``apart``, all rows into a thread's
    units follow one another, and then come the next thread's.
    """
    top, _, first, last = block
    d_in, units = shape.sizes[layer], shape.sizes[layer + 1]
    if apart:
        return shape.w_at[layer] + first * d_in + top * (last - first), last - first
    return shape.w_at[layer] + top * units + first, units


@njit(nogil=True, inline="always")
def own_weights(vector, shape, layer, block):
    """View a thread's block of W[layer] in a span's vector, where the owners of W[0] lie apart."""
    top, bottom, first, last = block
    begin, width = place_of(shape, layer, block, layer == 0)
    return matrix_at(vector, begin, bottom - top, width)[:, : last - first]


@njit(nogil=True, inline="always")
def biases_of(theta, shape, layer):
    """View b[layer] (d_out,)."""
    d_out = shape.sizes[layer + 1]
    first = shape.w_at[layer] + shape.sizes[layer] * d_out
    return theta[first : first + d_out]


@njit(nogil=True)
def list_block(shape, rules, memory, layer, rows, first, last):
    """List a block's entries that are not zero, where the layer's zeros can be left out."""
    at = memory.pair_at[layer]
    if at < memory.pair_at[layer + 1]:
        H = input_of(shape, rules, memory, layer)[:rows]
        list_units(H, first, last, at, memory.room, memory.ends, memory.entry_rows)


@njit(nogil=True)
def leaves_zeros_out(inputs, memory, layer, rows):
    """Say whether a layer's products leave its input's zeros out: all threads give the same answer."""
    if layer == 0:
        return inputs.starts.size > 0
    first, last = memory.pair_at[layer], memory.pair_at[layer + 1]
    return first < last and entries_in(first, last, memory.room, memory.ends) <= FULL * (last - first) * rows


@njit(nogil=True)
def lists_of(memory, layer, first):
    """Say where the lists of a layer's input are, from unit ``first`` on: their begin, room, ends and rows."""
    c = memory.pair_at[layer] + first // 2
    return c * memory.room, memory.room, memory.ends[c:], memory.entry_rows


@njit(nogil=True)
def entries_of(shape, rules, memory, layer, first):
    """Say where the entries of a layer's input are, from unit ``first`` on, as ``pairs.py`` wants to be told."""
    lists = lists_of(memory, layer, first)
    if layer == 0:
        return *lists, memory.entry_values.ctypes.data, 0, 0
    H = input_of(shape, rules, memory, layer)[:, first:]
    return *lists, H.ctypes.data, shape.sizes[layer], 2


@njit(nogil=True)
def input_of(shape, rules, memory, layer):
    """View what the weights of a layer are multiplied with: its input, after dropout."""
    return matrix(memory.M if rules.rates[layer] > 0.0 else memory.H, shape, memory, layer)


@njit(nogil=True)
def forward_block(theta, shape, inputs, rules, memory, layer, start, end, first, last, scratch):
    """(3.4) without the bias: X W for rows start .. end, units first .. last; the last layer's goes into D."""
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    target = memory.D if layer == shape.sizes.size - 2 else memory.H
    Z = matrix(target, shape, memory, layer + 1)[start:end]
    W = own_weights(theta, shape, layer, (0, shape.sizes[layer], first, last))
    if leaves_zeros_out(inputs, memory, layer, end - start):
        forward_pairs(memory.kernels.pairs, entries_of(shape, rules, memory, layer, 0), W, Z, first, scratch)
    else:
        X = input_of(shape, rules, memory, layer)[start:end]
        product(memory.kernels.product, one, X, False, W, False, zero, Z[:, first:last], scratch)


@njit(nogil=True)
def activate_block(theta, shape, memory, layer, start, end, first, last):
    """(3.4): turn a block of H[layer], which holds X W, into f(X W + b)."""
    H = matrix(memory.H, shape, memory, layer)
    Z = matrix(memory.Z, shape, memory, layer) if memory.Z.size else H
    activate(shape.codes[layer - 1], H, biases_of(theta, shape, layer - 1), Z, start, end, first, last)


@njit(nogil=True)
def delta_block(theta, shape, inputs, rules, memory, layer, key, offset, rows, start, end, first, last, scratch):
    """(4.26): D[layer] from D of the next layer, for some rows and units."""
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    H = matrix(memory.H, shape, memory, layer)
    Z = matrix(memory.Z, shape, memory, layer) if memory.Z.size else H
    D = matrix(memory.D, shape, memory, layer)
    after = matrix(memory.D, shape, memory, layer + 1)[start:end]
    W = weights_of(theta, shape, layer)[first:last]
    if leaves_zeros_out(inputs, memory, layer, rows):
        delta_pairs(memory.kernels.dots, *lists_of(memory, layer, first), after, W, D[:, first:last])
    else:
        product(memory.kernels.product, one, after, False, W, True, zero, D[start:end, first:last], scratch)
    if rules.rates[layer] > 0.0:
        drop(key, rules.rates[layer], offset, D, D, start, end, first, last)
    differentiate(shape.codes[layer - 1], D, H, Z, start, end, first, last)


@njit(nogil=True)
def drop(key, rate, offset, source, target, start, end, first, last):
    """Multiply a block by a dropout mask, as ``batches.dropout_masks`` draws it, ``offset`` rows into the batch."""
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


@njit(nogil=True, fastmath=FAST_SUM)
def gradient_block(dW, db, alpha, keep_W, keep_b, shape, inputs, rules, memory, layer, rows, block, biases, scratch):
    """(4.27) and (4.28): dW = keep dW + alpha gradient, for a block of W and some biases, from the batch's rows.

    ``block`` is as in ``place_of``, ``biases`` (first, last).
    """
    top, bottom, first, last = block
    D = matrix(memory.D, shape, memory, layer + 1)[:rows]
    if leaves_zeros_out(inputs, memory, layer, rows):
        entries = entries_of(shape, rules, memory, layer, top)
        gradient_pairs(memory.kernels.pairs, entries, D[:, first:last], alpha, keep_W, dW, scratch)  # (4.27)
    else:
        X = input_of(shape, rules, memory, layer)[:rows, top:bottom]
        product(memory.kernels.product, alpha, X, True, D[:, first:last], False, keep_W, dW, scratch)  # (4.27)
    first, last = biases
    for j in range(db.size):
        db[j] *= keep_b
    for i in range(rows):
        d = D[i, first:last]
        for j in range(db.size):
            db[j] += alpha * d[j]  # (4.28)


@njit(nogil=True)
def sum_of(numbers):
    """Add numbers up, one after the other."""
    total = 0.0
    for number in numbers:
        total += number
    return total


@njit(nogil=True)
def square_columns(W, squares):
    """Add the squares of each column of a block: squares[j] += sum over i of W[i, j]^2."""
    for i in range(W.shape[0]):
        w = W[i]
        for j in range(w.size):
            squares[j] += float(w[j]) * float(w[j])


@njit(nogil=True, fastmath=FAST_SUM)
def square_rows(W, squares):
    """Add up the squares of each row of a block: squares[i] = sum over j of W[i, j]^2."""
    for i in range(W.shape[0]):
        w, total = W[i], 0.0
        for j in range(w.size):
            total += float(w[j]) * float(w[j])
        squares[i] = total


@njit(nogil=True)
def add_penalty(dW, theta, l2, shape, layer, block):
    """Add l2 W to a block of dW."""
    W = own_weights(theta, shape, layer, block)
    for i in range(W.shape[0]):
        g, w = dW[i], W[i]
        for j in range(w.size):
            g[j] += l2 * w[j]


@njit(nogil=True)
def update_block(theta, gradient, dW, width, state, shape, rules, layer, block, biases, scale, corrections):
    """Move a block of W and some biases against their gradient.

    Of W's it lies in the vector ``dW``, ``width`` numbers a row; where ``width`` is 0, it lies in ``gradient``, as that
    of the biases does. In ``state`` the owners of all layers lie apart.
    """
    count = block[3] - block[2]
    begin, step = place_of(shape, layer, block, layer == 0)
    at, _ = place_of(shape, layer, block, True)
    rows = block[1] - block[0]
    if step == count and width in (0, count):  # rows that follow one another everywhere are one
        rows, count = min(rows, 1), rows * count
    for i in range(rows):
        row = i * width if width else begin
        update_part(theta, dW[row : row + count], state, rules, begin, at, scale, corrections)
        begin, at = begin + step, at + count
    begin = shape.w_at[layer] + shape.sizes[layer] * shape.sizes[layer + 1] + biases[0]
    count = biases[1] - biases[0]
    update_part(theta, gradient[begin : begin + count], state, rules, begin, begin, scale, corrections)


@njit(nogil=True, inline="always")
def update_part(theta, gradient, state, rules, begin, at, scale, corrections):
    """Move the parameters from ``begin`` on, whose state begins at ``at``: as many as the gradient has numbers."""
    w, end = theta[begin : begin + gradient.size], at + gradient.size
    v = state[0, at:end] if state.shape[0] > 0 else w
    s = state[1, at:end] if state.shape[0] > 1 else v
    update(rules.optimizer, rules.constants, w, gradient, v, s, scale, corrections)
