"""Penalties on the weights, each with its gradient."""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.network.parameters import Array, namespace


def penalty(W: Sequence[Array], l1: float = 0.0, l2: float = 0.0) -> tuple[Array, list[Array]]:
    r"""Compute :math:`l_1 \sum |W| + \frac{l_2}{2} \sum W^2` and its gradient, :math:`l_1 \, \mathrm{sign}(W) + l_2 W`.

    Biases, and whatever else is not a weight, are not penalised. At 0, where the absolute value has a kink, its
    derivative counts as 0. Both terms together are the elastic net (Zou and Hastie, 2005).

    Parameters
    ----------
    W : sequence of arrays
        The weights of all layers.
    l1, l2 : float
        At least 0.

    Returns
    -------
    value : array of shape ()
    dW : list of arrays

    Examples
    --------
    >>> import numpy as np
    >>> value, dW = penalty([np.array([[3.0], [-1.0]])], l1=0.5, l2=2.0)
    >>> float(value), dW[0].tolist()
    (12.0, [[6.5], [-2.5]])
    """
    xp = namespace(*W)
    value, dW = 0.0, [l2 * weights for weights in W]
    if l2:
        value = value + l2 / 2 * sum(xp.sum(weights * weights) for weights in W)
    if l1:
        value = value + l1 * sum(xp.sum(xp.abs(weights)) for weights in W)
        dW = [gradient + l1 * xp.sign(weights) for weights, gradient in zip(W, dW, strict=True)]
    return value, dW
