"""The optimizers' recurrences on a part of the flat vector, as in ``training/optimizers.py``."""

from __future__ import annotations

import math

from numba import njit

from handgrad.compiled.elementwise import FAST

SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)  # from ADAM on they correct the bias of their averages


@njit(nogil=True)
def corrected(code, constants, rate, step):
    """Compute what all parameters share in a step: its length, the factor of Adam's root, and the weight decay."""
    if code < ADAM:
        return rate, 1.0, 1.0
    length, root = rate / (1.0 - constants[0] ** step), 1.0 / math.sqrt(1.0 - constants[1] ** step)
    return length, root, 1.0 - rate * constants[3] if code == ADAMW else 1.0


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def update(code, constants, theta, gradient, v, s, scale, corrections):
    """Move theta one step against ``scale`` times the gradient; ``v`` and ``s`` are the optimizer's slots, if any.

    In NumPy::

        slots = [v, s][: optimizer.slots]
        optimizer.update(theta, gradient.dtype.type(scale) * gradient, slots, learning_rate, step)
    """
    real = theta.dtype.type
    g = gradient
    length, root, decay = real(corrections[0]), real(corrections[1]), real(corrections[2])
    scale = real(scale)
    if code == SGD:
        for i in range(theta.size):
            theta[i] -= length * (scale * g[i])
        return
    beta = real(constants[0])
    if code == MOMENTUM:
        for i in range(theta.size):
            v[i] = beta * v[i] + scale * g[i]
            theta[i] -= length * v[i]
        return
    if code == NESTEROV:
        for i in range(theta.size):
            v[i] = beta * v[i] + scale * g[i]
            theta[i] -= length * (scale * g[i] + beta * v[i])
        return
    beta2, epsilon = real(constants[1]), real(constants[2])
    keep1, keep2 = real(1.0 - constants[0]), real(1.0 - constants[1])
    for i in range(theta.size):
        x = scale * g[i]
        v[i] = beta * v[i] + keep1 * x
        s[i] = beta2 * s[i] + keep2 * (x * x)
        theta[i] = decay * theta[i] - length * v[i] / (math.sqrt(s[i]) * root + epsilon)
