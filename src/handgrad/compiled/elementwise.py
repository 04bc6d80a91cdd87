"""Activations, their derivatives and the losses as loops that the compiler turns into vector instructions.

Each line computes what the function of the same name in ``network/activations.py``, ``network/classification.py`` or
``network/regression.py`` computes.
``code`` is a function's number in the tables below; functions that they do not name have no compiled version.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

from handgrad.network.activations import LEAK
from handgrad.network.regression import HUBER_DELTA

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, GELU, SILU, SOFTPLUS = range(9)
CROSS_ENTROPY, BINARY_CROSS_ENTROPY, SQUARED_ERROR, ABSOLUTE_ERROR, HUBER = range(5)
ACTIVATION_CODES = {
    "identity": IDENTITY,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SILU,
    "softplus": SOFTPLUS,
}
LOSS_CODES = {
    "cross_entropy": CROSS_ENTROPY,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "squared_error": SQUARED_ERROR,
    "absolute_error": ABSOLUTE_ERROR,
    "huber": HUBER,
}
NEEDS_Z = (GELU, SILU, SOFTPLUS)  # their derivatives are functions of Z; the others' of H

# Without "reassoc": the rounding trick below needs both its addition and its subtraction.
FAST = {"contract", "nsz", "arcp"}
F = np.float32


@intrinsic
def _float_of_bits(typing_context, bits):
    """Reinterpret the bits of an int32 as a float32."""
    return types.float32(types.int32), lambda context, builder, _, arguments: builder.bitcast(
        arguments[0], context.get_value_type(types.float32)
    )


@njit(inline="always", fastmath=FAST)
def _exp32(x):
    """e^x for -87 <= x <= 88: 2^k e^r with k whole, r in +-0.35, and Cephes' polynomial for e^r (2e-7 relative).

    numba has no vector exp; this one becomes vector instructions.
    """
    k = (x * F(1.44269504088896341) + F(12582912.0)) - F(12582912.0)  # rounds to whole numbers
    r = (x - k * F(0.693359375)) - k * F(-2.12194440e-4)
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    return (p * r * r + r + F(1)) * _float_of_bits((np.int32(k) + np.int32(127)) << np.int32(23))


def _exp_minus(x):
    """e^-|x|."""


@overload(_exp_minus)
def _(x):
    if x is types.float32:

        def vectorised(x):
            x = -abs(x)
            return _exp32(F(-87) if x < F(-87) else x)  # NaN stays NaN

        return vectorised
    return lambda x: math.exp(-abs(x))


def _sigmoid(z):
    """As ``activations.sigmoid``."""


@overload(_sigmoid)
def _(z):
    one = z(1)  # of z's type: a plain 1 would turn float32 arithmetic into float64

    def sigmoid(z):
        e = _exp_minus(z)
        q = one / (one + e)
        return q if z >= 0 else e * q

    return sigmoid


def _tanh(z):
    """As ``activations.tanh``."""


@overload(_tanh)
def _(z):
    if z is not types.float32:
        return lambda z: math.tanh(z)

    def vectorised(z):
        """Cephes' polynomial near zero, (1 - e^-2|z|) / (1 + e^-2|z|) elsewhere."""
        e = _exp_minus(z + z)
        far = (F(1) - e) / (F(1) + e)
        s = z * z
        p = F(-5.70498872745e-3)
        p = p * s + F(2.06390887954e-2)
        p = p * s + F(-5.37397155531e-2)
        p = p * s + F(1.33314422036e-1)
        p = p * s + F(-3.33332819422e-1)
        near = z + z * s * p
        return near if s < F(0.390625) else (far if z >= F(0) else -far)

    return vectorised


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def activate(code, H, biases, Z, block):
    """(3.4): turn a block of H, which holds X W, into f(X W + b); Z gets the pre-activation if the derivative needs it.

    In NumPy::

        start, end, first, last = block
        pre_activation = H[start:end, first:last] + biases[first:last]
        H[start:end, first:last] = ACTIVATIONS[name].function(pre_activation)
    """
    start, end, first, last = block
    zero = H.dtype.type(0)
    leak = H.dtype.type(LEAK)
    b = biases[first:last]
    for i in range(start, end):
        h, kept = H[i, first:last], Z[i, first:last]
        if code == SIGMOID:
            for j in range(h.size):
                h[j] = _sigmoid(h[j] + b[j])
        elif code == RELU:
            for j in range(h.size):
                z = h[j] + b[j]
                h[j] = zero if z < zero else z
        elif code == TANH:
            for j in range(h.size):
                h[j] = _tanh(h[j] + b[j])
        elif code == LEAKY_RELU:
            for j in range(h.size):
                z = h[j] + b[j]
                h[j] = z if z > zero else leak * z
        elif code == ELU:
            for j in range(h.size):
                z = h[j] + b[j]
                h[j] = z if z > zero else math.expm1(z)
        elif code == IDENTITY:
            for j in range(h.size):
                h[j] += b[j]
        else:
            for j in range(h.size):
                kept[j] = h[j] + b[j]
            if code == SILU:
                for j in range(h.size):
                    h[j] = kept[j] * _sigmoid(kept[j])
            elif code == GELU:
                for j in range(h.size):
                    h[j] = kept[j] * _normal_cdf(kept[j])
            else:  # SOFTPLUS
                for j in range(h.size):
                    z = kept[j]
                    h[j] = max(z, zero) + math.log1p(math.exp(-abs(z)))


@njit(inline="always")
def _normal_cdf(z):
    """As ``activations.normal_cdf``."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def differentiate(code, D, H, Z, block):
    """(4.26): turn a block of D, which holds dH, into dZ = dH f'(Z).

    In NumPy::

        start, end, first, last = block
        derivative = ACTIVATIONS[name].derivative(Z, H)
        D[start:end, first:last] *= derivative[start:end, first:last]
    """
    start, end, first, last = block
    one = D.dtype.type(1)
    zero = D.dtype.type(0)
    leak = D.dtype.type(LEAK)
    for i in range(start, end):
        d, h, kept = D[i, first:last], H[i, first:last], Z[i, first:last]
        if code == SIGMOID:
            for j in range(d.size):
                d[j] *= h[j] * (one - h[j])
        elif code == RELU:
            for j in range(d.size):
                d[j] = d[j] if h[j] > zero else zero
        elif code == TANH:
            for j in range(d.size):
                d[j] *= (one - h[j]) * (one + h[j])
        elif code == LEAKY_RELU:
            for j in range(d.size):
                d[j] = d[j] if h[j] > zero else leak * d[j]
        elif code == ELU:
            for j in range(d.size):
                d[j] *= one if h[j] > zero else h[j] + one
        elif code == SILU:
            for j in range(d.size):
                z = kept[j]
                d[j] *= _sigmoid(z) * (one + z * _sigmoid(-z))
        elif code == GELU:
            for j in range(d.size):
                z = kept[j]
                d[j] *= _normal_cdf(z) + z * math.exp(-0.5 * z * z) * 0.3989422804014327
        elif code == SOFTPLUS:
            for j in range(d.size):
                d[j] *= _sigmoid(kept[j])


@njit(nogil=True, inline="always")
def _log1pexp(z):
    """As ``activations.softplus``."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


@njit(nogil=True, error_model="numpy")
def loss_and_gradient(code, Z, rows, b, labels, targets, losses, smoothing):
    """(4.30): turn logits without their biases, Z (m, k), into dL/dZ, and return how many rows are predicted correctly.

    ``rows`` (m,) gives each row's place in ``labels``, or in ``targets`` if there are no labels. ``losses`` (m,) holds
    the rows' weights, which are replaced by their weighted losses: the caller adds these up in a fixed order.

    In NumPy::

        logits, y = Z + b, (labels if labels.size else targets)[rows]
        each = [network.loss_and_gradient(logits[[i]], y[[i]], None, smoothing) for i in range(len(Z))]
        Z[:] = losses[:, None] * np.concatenate([gradient for _, gradient in each])
        losses *= [value for value, _ in each]
    """
    k = Z.shape[1]
    n_correct = 0
    for i in range(Z.shape[0]):
        row = rows[i]
        z = Z[i]
        top = 0
        for j in range(k):
            z[j] += b[j]
            if z[j] > z[top]:
                top = j
        weight = losses[i]
        label = labels[row] if labels.size else -1
        all_correct = True
        total = 0.0
        if code == CROSS_ENTROPY:
            largest, expected = z[top], (1.0 - smoothing) * float(z[top] - z[label])
            if smoothing > 0.0:  # otherwise only the label's logit counts, however far below the others it is
                for j in range(k):
                    expected += smoothing / k * float(largest - z[j])
            for j in range(k):
                z[j] = _exp_minus(largest - z[j])
                total += float(z[j])
            losses[i] = weight * (expected + math.log(total))
            for j in range(k):
                z[j] = weight * (float(z[j]) / total - smoothing / k)
            z[label] -= weight * (1.0 - smoothing)
            n_correct += top == label
            continue
        loss = 0.0
        for j in range(k):
            t = float(targets[row, j]) if labels.size == 0 else (1.0 if j == label else 0.0)
            x = float(z[j])
            if code == BINARY_CROSS_ENTROPY:
                all_correct = all_correct and ((x > 0.0) == (t > 0.5))
                t = (1.0 - smoothing) * t + smoothing / 2
                loss += weight / k * (t * _log1pexp(-x) + (1.0 - t) * _log1pexp(x))
                z[j] = weight / k * (1.0 / (1.0 + math.exp(-x)) - t)
            elif code == SQUARED_ERROR:
                loss += weight / k * (x - t) * (x - t)
                z[j] = weight / k * 2.0 * (x - t)
            elif code == ABSOLUTE_ERROR:
                loss += weight / k * abs(x - t)
                z[j] = weight / k * np.sign(x - t)
            else:  # HUBER
                cut = min(max(x - t, -HUBER_DELTA), HUBER_DELTA)
                loss += weight / k * cut * (x - t - 0.5 * cut)
                z[j] = weight / k * cut
        losses[i] = loss
        n_correct += (top == label) if labels.size else all_correct
    return n_correct
