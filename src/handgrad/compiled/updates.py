"""The optimizers' recurrences on a part of the flat vector, as in ``training/optimizers.py``."""

from __future__ import annotations

import math

from numba import njit

from handgrad.compiled.functions import FAST

SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def update(code, constants, theta, gradient, v, s, scale, rate, step):
    """Move theta one step; ``gradient`` is scaled first; ``v`` and ``s`` are the state, where there is one."""
    real = theta.dtype.type
    g = gradient
    rate_ = real(rate)
    scale_ = real(scale)
    if code == SGD:
        for i in range(theta.size):
            theta[i] -= rate_ * (scale_ * g[i])
        return
    beta = real(constants[0])
    if code == MOMENTUM:
        for i in range(theta.size):
            v[i] = beta * v[i] + scale_ * g[i]
            theta[i] -= rate_ * v[i]
        return
    if code == NESTEROV:
        for i in range(theta.size):
            v[i] = beta * v[i] + scale_ * g[i]
            theta[i] -= rate_ * (scale_ * g[i] + beta * v[i])
        return
    beta2, epsilon = real(constants[1]), real(constants[2])
    keep1, keep2 = real(1.0 - constants[0]), real(1.0 - constants[1])
    root = real(1.0 / math.sqrt(1.0 - constants[1] ** step))
    length = real(rate / (1.0 - constants[0] ** step))
    decay = real(1.0 - rate * constants[3]) if code == ADAMW else real(1.0)
    for i in range(theta.size):
        x = scale_ * g[i]
        v[i] = beta * v[i] + keep1 * x
        s[i] = beta2 * s[i] + keep2 * (x * x)
        theta[i] = decay * theta[i] - length * v[i] / (math.sqrt(s[i]) * root + epsilon)
