"""The first layer over its non-zero inputs only: exactly the same sums, less the products with zero.

MNIST's pixels are 19 % non-zero. The examples are kept by rows: those of example m are ``columns[starts[m] :
starts[m + 1]]``, with their values beside them. Eight rows of W (or of dZ) at a time, so that the sum is read and
written once for eight products.
"""

from __future__ import annotations

from numba import njit

from handgrad.compiled.caching import njit_cached

FAST_SUM = {"contract", "nsz", "arcp", "reassoc"}


@njit_cached()
def compress(X, columns, values, starts):
    """Write the non-zero entries of X, row by row, and where each row starts; columns may be empty, to count only."""
    place = 0
    for i in range(X.shape[0]):
        starts[i] = place
        for j in range(X.shape[1]):
            if X[i, j] != 0:
                if columns.size:
                    columns[place] = j
                    values[place] = X[i, j]
                place += 1
    starts[X.shape[0]] = place


@njit(nogil=True, inline="always")
def add_eight(z, A, rows, values, p):
    """Add eight rows of A, each times its value, to z."""
    a0, a1, a2, a3 = A[rows[p]], A[rows[p + 1]], A[rows[p + 2]], A[rows[p + 3]]
    a4, a5, a6, a7 = A[rows[p + 4]], A[rows[p + 5]], A[rows[p + 6]], A[rows[p + 7]]
    v0, v1, v2, v3 = values[p], values[p + 1], values[p + 2], values[p + 3]
    v4, v5, v6, v7 = values[p + 4], values[p + 5], values[p + 6], values[p + 7]
    for j in range(z.size):
        z[j] += (v0 * a0[j] + v1 * a1[j] + v2 * a2[j] + v3 * a3[j]) + (
            v4 * a4[j] + v5 * a5[j] + v6 * a6[j] + v7 * a7[j]
        )


@njit(nogil=True, inline="always")
def add_two(z, A, rows, values, p):
    """Add two rows of A, each times its value, to z."""
    a0, a1 = A[rows[p]], A[rows[p + 1]]
    v0, v1 = values[p], values[p + 1]
    for j in range(z.size):
        z[j] += v0 * a0[j] + v1 * a1[j]


@njit(nogil=True, fastmath=FAST_SUM)
def add_rows(z, A, rows, values, start, end):
    """Add rows of A, each times its value, to z."""
    p = start
    while p + 8 <= end:
        add_eight(z, A, rows, values, p)
        p += 8
    while p + 2 <= end:
        add_two(z, A, rows, values, p)
        p += 2
    if p < end:
        a, v = A[rows[p]], values[p]
        for j in range(z.size):
            z[j] += v * a[j]


@njit(nogil=True)
def forward_sparse(columns, values, starts, examples, W, Z):
    """(3.4) without the bias: Z = X W for some examples."""
    for i in range(Z.shape[0]):
        Z[i] = 0
        m = examples[i]
        add_rows(Z[i], W, columns, values, starts[m], starts[m + 1])


@njit(nogil=True)
def gradient_sparse(columns, values, starts, examples, D, alpha, keep, target, first, end, count, rows, scaled):
    """(4.27) for rows first .. end of W: target = keep * target + alpha * X^T dZ.

    ``count`` (d + 1,), ``rows`` and ``scaled`` (as many as there are entries) are a thread's own working memory: the
    entries, sorted by column.
    """
    width = end - first
    count[: width + 1] = 0
    for i in range(D.shape[0]):
        m = examples[i]
        for p in range(starts[m], starts[m + 1]):
            c = columns[p] - first
            if 0 <= c < width:
                count[c + 1] += 1
    for c in range(width):
        count[c + 1] += count[c]
    for i in range(D.shape[0]):
        m = examples[i]
        for p in range(starts[m], starts[m + 1]):
            c = columns[p] - first
            if 0 <= c < width:
                place = count[c]
                rows[place] = i
                scaled[place] = alpha * values[p]
                count[c] = place + 1
    begin = 0
    for c in range(width):  # count[c] is now where column c ends
        w = target[first + c]
        if keep == 0:
            w[:] = 0
        elif keep != 1:
            for j in range(w.size):
                w[j] *= keep
        add_rows(w, D, rows, scaled, begin, count[c])
        begin = count[c]
