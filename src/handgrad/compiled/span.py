"""A span of training steps as one compiled call: the mathematics of ``network/mlp.py``, for speed and nothing else.

A step has two phases, each shared out to the threads without any of them waiting for another within it:

1. every thread takes some rows of the batch through forward, loss and deltas ((3.4), (4.30), (4.26));
2. every thread takes some rows of each W and computes their gradient from the whole batch ((4.27), (4.28)).

Plain SGD needs no gradient array: the product of phase 2 is added to W itself. Every other optimizer moves its part of
the flat vector in a third phase. A batch of more rows than the buffers hold is passed over in several turns.

The file is long, over 300 lines, because a step is worth reading from its first line to its last.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from handgrad.compiled.blas import product, product_left_transposed, product_right_transposed
from handgrad.compiled.caching import njit_cached
from handgrad.compiled.functions import activate, differentiate, lose
from handgrad.compiled.sparse import forward_sparse, gradient_sparse
from handgrad.compiled.updates import update

FAST_SUM = {"contract", "nsz", "arcp", "reassoc"}


@njit(nogil=True, inline="always")
def rows_of(buffer, at, height, start, end, width):
    """View rows start .. end of the (height, width) matrix that begins at at * height in a flat buffer."""
    first = at * height + start * width
    return buffer[first : first + (end - start) * width].reshape(end - start, width)


@njit(nogil=True, inline="always")
def weights_of(theta, sizes, w_at, layer):
    """View W[layer] (d_in, d_out)."""
    first = w_at[layer]
    return theta[first : first + sizes[layer] * sizes[layer + 1]].reshape(sizes[layer], sizes[layer + 1])


@njit(nogil=True, inline="always")
def biases_of(theta, sizes, w_at, layer):
    """View b[layer] (d_out,)."""
    first = w_at[layer] + sizes[layer] * sizes[layer + 1]
    return theta[first : first + sizes[layer + 1]]


@njit(nogil=True)
def forward_rows(
    address, theta, sizes, w_at, at, codes, keys, rates, sparse, examples, H, M, Z, D, height, start, end, offset
):  # fmt: skip
    """(3.4) for some rows: H[0] -> H[1] -> ... and the last layer's X W, without its bias, into D.

    M is H after dropout, in layers that have some; ``offset`` is how many rows of the batch went before, in earlier
    turns.
    """
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    layers = sizes.size - 1
    for layer in range(layers):
        last = layer == layers - 1
        h = rows_of(D if last else H, at[layer + 1], height, start, end, sizes[layer + 1])
        W = weights_of(theta, sizes, w_at, layer)
        if layer == 0 and sparse.starts.size:
            forward_sparse(sparse.columns, sparse.values, sparse.starts, examples, W, h)  # (3.4)
        else:
            x = rows_of(H, at[layer], height, start, end, sizes[layer])
            if rates[layer] > 0.0:
                m = rows_of(M, at[layer], height, start, end, sizes[layer])
                drop(keys[layer], rates[layer], start + offset, x, m)
                x = m
            product(address, one, x, W, zero, h)  # (3.4)
        if not last:
            z = rows_of(Z, at[layer + 1], height, start, end, sizes[layer + 1]) if Z.size else h
            activate(codes[layer], h, biases_of(theta, sizes, w_at, layer), z)  # (3.4)


@njit(nogil=True)
def backward_rows(address, theta, sizes, w_at, at, codes, keys, rates, H, Z, D, height, start, end, offset):
    """(4.26) for some rows: D of the last layer -> ... -> D of the first."""
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    for layer in range(sizes.size - 2, 0, -1):
        after = rows_of(D, at[layer + 1], height, start, end, sizes[layer + 1])
        d = rows_of(D, at[layer], height, start, end, sizes[layer])
        h = rows_of(H, at[layer], height, start, end, sizes[layer])
        z = rows_of(Z, at[layer], height, start, end, sizes[layer]) if Z.size else h
        product_right_transposed(address, one, after, weights_of(theta, sizes, w_at, layer), zero, d)  # (4.26)
        if rates[layer] > 0.0:
            drop(keys[layer], rates[layer], start + offset, d, d)
        differentiate(codes[layer - 1], d, h, z)  # (4.26)


@njit(nogil=True)
def drop(key, rate, first, source, target):
    """Multiply by a dropout mask, as ``batches.dropout_masks`` draws it."""
    scale = source.dtype.type(1.0 / (1.0 - rate))
    zero = source.dtype.type(0)
    threshold = np.uint64(rate * 16777216.0)
    width = np.uint64(source.shape[1])
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            index = np.uint64(first + i) * width + np.uint64(j)
            target[i, j] = source[i, j] * scale if (mix(key, index) >> np.uint64(40)) >= threshold else zero


@njit(nogil=True, inline="always")
def mix(key, index):
    """As ``batches.mix``: splitmix64 (Steele, Lea and Flood, 2014)."""
    z = key + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(nogil=True)
def gather(X, order, first, H, height, start, end):
    """Copy the examples of some rows of the batch into H[0]."""
    x = rows_of(H, 0, height, start, end, X.shape[1])
    for i in range(end - start):
        x[i] = X[order[first + start + i]]


@njit(nogil=True, fastmath=FAST_SUM)
def gradient_rows(
    address, target, alpha, keep_W, keep_b, sizes, w_at, at, rates, sparse, examples, H, M, D, height, thread, threads
):  # fmt: skip
    """(4.27) and (4.28) for some rows of every W: target = keep * target + alpha * gradient."""
    rows = examples.size
    for layer in range(sizes.size - 1):
        d_in, d_out = sizes[layer], sizes[layer + 1]
        start, end = d_in * thread // threads, d_in * (thread + 1) // threads
        d = rows_of(D, at[layer + 1], height, 0, rows, d_out)
        if end > start:
            W = weights_of(target, sizes, w_at, layer)
            if layer == 0 and sparse.starts.size:
                gradient_sparse(
                    sparse.columns, sparse.values, sparse.starts, examples, d, alpha, keep_W, W, start, end,
                    sparse.counts[thread], sparse.rows[thread], sparse.scaled[thread],
                )  # fmt: skip  # (4.27)
            else:
                x = rows_of(M if rates[layer] > 0.0 else H, at[layer], height, 0, rows, d_in)[:, start:end]
                product_left_transposed(address, alpha, x, d, keep_W, W[start:end])  # (4.27)
        start, end = d_out * thread // threads, d_out * (thread + 1) // threads
        b = biases_of(target, sizes, w_at, layer)[start:end]
        for j in range(b.size):
            b[j] *= keep_b
        for i in range(rows):
            for j in range(b.size):
                b[j] += alpha * d[i, start + j]  # (4.28)


@njit(nogil=True, fastmath=FAST_SUM)
def square_of_weights(theta, sizes, w_at, thread, threads):
    """Sum the squares of some rows of every W."""
    total = 0.0
    for layer in range(sizes.size - 1):
        start, end = sizes[layer] * thread // threads, sizes[layer] * (thread + 1) // threads
        total += square_of(weights_of(theta, sizes, w_at, layer)[start:end].ravel())
    return total


@njit(nogil=True, fastmath=FAST_SUM)
def square_of(vector):
    """Sum the squares."""
    total = 0.0
    for i in range(vector.size):
        total += float(vector[i]) * float(vector[i])
    return total


@njit(nogil=True)
def sum_of(parts, column):
    """Sum the threads' parts: in a loop, since ``parts.sum()`` would have the threads meet once more."""
    total = 0.0
    for thread in range(parts.shape[0]):
        total += parts[thread, column]
    return total


@njit(nogil=True)
def add_penalty(gradient, theta, l2, sizes, w_at, thread, threads):
    """Add l2 W to some rows of every dW."""
    for layer in range(sizes.size - 1):
        start, end = sizes[layer] * thread // threads, sizes[layer] * (thread + 1) // threads
        g = weights_of(gradient, sizes, w_at, layer)[start:end].ravel()
        w = weights_of(theta, sizes, w_at, layer)[start:end].ravel()
        for i in range(g.size):
            g[i] += l2 * w[i]


@njit_cached(parallel=True)
def train_span(
    address, theta, gradient, state, sizes, w_at, at, codes, loss_code, optimizer, constants,
    X, labels, targets, weights, order, ends, learning_rates, first_step,
    keys, rates, clip, l2, smoothing, sparse, H, M, Z, D, share, height, threads, stop, losses, rights, norms,
):  # fmt: skip
    """Take the steps of a span; ``ends`` says where each batch ends in ``order``. Returns the number of steps taken."""
    real = theta.dtype.type
    one, zero = real(1), real(0)
    parts = np.zeros((threads, 3))  # of each thread: its loss, its right answers, its gradient's squares
    begin = 0
    for step in range(ends.size):
        size = ends[step] - begin
        total = float(size)
        if weights.size:
            total = 0.0
            for i in range(begin, ends[step]):
                total += weights[order[i]]
        turns = (size + height - 1) // height
        fused = optimizer == 0 and clip == 0.0 and turns == 1
        rate = learning_rates[step]
        for turn in range(turns):
            offset = turn * height
            first = begin + offset
            rows = min(height, size - offset)
            for thread in prange(threads):
                start, end = rows * thread // threads, rows * (thread + 1) // threads
                if turn == 0:
                    parts[thread, 0], parts[thread, 1] = 0.0, 0.0
                if end > start:
                    if sparse.starts.size == 0:
                        gather(X, order, first, H, height, start, end)
                    for i in range(start, end):
                        w = weights[order[first + i]] if weights.size else 1.0
                        share[i] = w / total if total > 0.0 else 0.0
                    mine = order[first + start : first + end]
                    forward_rows(
                        address, theta, sizes, w_at, at, codes, keys[step], rates, sparse, mine,
                        H, M, Z, D, height, start, end, offset,
                    )  # fmt: skip
                    loss, right = lose(
                        loss_code, rows_of(D, at[-1], height, start, end, sizes[-1]), mine,
                        biases_of(theta, sizes, w_at, sizes.size - 2), labels, targets, share[start:end], smoothing,
                    )  # fmt: skip
                    parts[thread, 0] += loss
                    parts[thread, 1] += right
                    backward_rows(
                        address, theta, sizes, w_at, at, codes, keys[step], rates, H, Z, D, height, start, end, offset
                    )
                if l2 > 0.0 and turn == 0:
                    parts[thread, 0] += 0.5 * l2 * square_of_weights(theta, sizes, w_at, thread, threads)
            if stop[0]:  # Ctrl-C: nothing has been changed yet in this step
                return step
            if not fused or step == 0:
                keep = zero if turn == 0 else one
                for thread in prange(threads):
                    gradient_rows(
                        address, gradient, one, keep, keep, sizes, w_at, at, rates, sparse,
                        order[first : first + rows], H, M, D, height, thread, threads,
                    )  # fmt: skip
                    if l2 > 0.0 and turn == turns - 1:
                        add_penalty(gradient, theta, real(l2), sizes, w_at, thread, threads)
            if fused:
                # No gradient array: W = (1 - rate l2) W - rate H^T dZ is one product.
                for thread in prange(threads):
                    gradient_rows(
                        address, theta, real(-rate), real(1.0 - rate * l2), one, sizes, w_at, at, rates, sparse,
                        order[first : first + rows], H, M, D, height, thread, threads,
                    )  # fmt: skip
        losses[step] = sum_of(parts, 0)
        rights[step] = sum_of(parts, 1) / size
        scale = 1.0
        if step == 0 or clip > 0.0:
            for thread in prange(threads):
                n = theta.size
                parts[thread, 2] = square_of(gradient[n * thread // threads : n * (thread + 1) // threads])
            norms[step] = math.sqrt(sum_of(parts, 2))
            if clip > 0.0 and norms[step] > clip:
                scale = clip / norms[step]
        if not fused:
            for thread in prange(threads):
                n = theta.size
                start, end = n * thread // threads, n * (thread + 1) // threads
                update(
                    optimizer, constants, theta[start:end], gradient[start:end], state[:, start:end],
                    scale, rate, first_step + step + 1,
                )  # fmt: skip
        begin = ends[step]
    return ends.size


@njit_cached(parallel=True)
def evaluate_rows(
    address, theta, sizes, w_at, at, codes, loss_code,
    X, labels, targets, weights, sparse, H, Z, D, share, height, threads, stop,
):  # fmt: skip
    """Sum the loss over all examples, each times its weight, and count those that are right."""
    parts = np.zeros((threads, 2))
    n = X.shape[0]
    no_keys, no_rates = np.zeros(sizes.size, np.uint64), np.zeros(sizes.size)
    order = np.arange(n)
    for first in range(0, n, height):
        rows = min(height, n - first)
        for thread in prange(threads):
            start, end = rows * thread // threads, rows * (thread + 1) // threads
            if end > start:
                if sparse.starts.size == 0:
                    gather(X, order, first, H, height, start, end)
                for i in range(start, end):
                    share[i] = weights[first + i] if weights.size else 1.0
                mine = order[first + start : first + end]
                forward_rows(
                    address, theta, sizes, w_at, at, codes, no_keys, no_rates, sparse, mine,
                    H, H, Z, D, height, start, end, 0,
                )  # fmt: skip
                loss, right = lose(
                    loss_code, rows_of(D, at[-1], height, start, end, sizes[-1]), mine,
                    biases_of(theta, sizes, w_at, sizes.size - 2), labels, targets, share[start:end], 0.0,
                )  # fmt: skip
                parts[thread, 0] += loss
                parts[thread, 1] += right
        if stop[0]:
            break
    return sum_of(parts, 0), sum_of(parts, 1)
