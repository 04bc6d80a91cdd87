"""Penalties on the weights, each with its gradient."""

from __future__ import annotations

from handgrad.network.parameters import Array, Parameters, namespace


def penalty(parameters: Parameters, l1: float = 0.0, l2: float = 0.0) -> tuple[Array, Parameters]:
    r"""Compute :math:`l_1 \sum |W| + \frac{l_2}{2} \sum W^2` and its gradient, :math:`l_1 \, \mathrm{sign}(W) + l_2 W`.

    Biases, and whatever else is not a weight, are not penalised. At 0, where the absolute value has a kink, its
    derivative counts as 0. Both terms together are the elastic net (Zou and Hastie, 2005).

    Parameters
    ----------
    parameters : Parameters
    l1, l2 : float
        At least 0.

    Returns
    -------
    value : array of shape ()
    gradient : Parameters

    Examples
    --------
    >>> import numpy as np
    >>> value, gradient = penalty(Parameters((2, 1), np.array([3.0, -1.0, 5.0])), l1=0.5, l2=2.0)
    >>> float(value), gradient.W[0].tolist(), gradient.b[0].tolist()
    (12.0, [[6.5], [-2.5]], [0.0])
    """
    xp, W = namespace(parameters.vector), parameters.W
    value, dW = 0.0, [l2 * weights for weights in W]
    if l2:
        value = value + l2 / 2 * sum(xp.sum(weights * weights) for weights in W)
    if l1:
        value = value + l1 * sum(xp.sum(xp.abs(weights)) for weights in W)
        dW = [gradient + l1 * xp.sign(weights) for weights, gradient in zip(W, dW, strict=True)]
    rest = {name: xp.zeros_like(array) for name, array in parameters.more.items()}
    return xp.asarray(value), Parameters.pack(dW, [xp.zeros_like(b) for b in parameters.b], rest)
