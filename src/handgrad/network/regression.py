"""Losses of numbers.

Each takes raw outputs and returns its value and its gradient together, as ``losses.py`` describes.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from handgrad.network.parameters import Array
from handgrad.network.targets import shares, targets_like

HUBER_DELTA = 1.0


def squared_error(Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    r"""Mean squared error: :math:`l = (z - t)^2`, averaged over examples and outputs, with gradient :math:`2 (z - t)`.

    Parameters
    ----------
    Z : array of shape (n, k)
        Raw outputs.
    y : array of shape (n, k), or (n,)
        Targets. Shape (n,) stands for (n, 1) if k = 1; integers of shape (n,) stand for classes 0 .. k - 1 if k > 1.
    sample_weight : array of shape (n,), optional
        As for :func:`~handgrad.network.cross_entropy`.

    Returns
    -------
    value : array of shape ()
    dZ : array of shape (n, k)

    Raises
    ------
    ShapeError
        If y has any other shape.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = squared_error(np.array([[1.0], [3.0]]), np.array([0.0, 3.0]))
    >>> float(value), dZ.tolist()
    (0.5, [[1.0], [0.0]])
    """
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    return array_namespace(Z).sum(w * R * R), 2 * w * R


def absolute_error(Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    r"""Mean absolute error: :math:`l = |z - t|`, with gradient :math:`\mathrm{sign}(z - t)`, 0 at the kink.

    Parameters and return values are those of :func:`squared_error`.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = absolute_error(np.array([[1.0], [3.0]]), np.array([0.0, 3.0]))
    >>> float(value), dZ.tolist()
    (0.5, [[0.5], [0.0]])
    """
    xp = array_namespace(Z)
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    return xp.sum(w * xp.abs(R)), w * xp.sign(R)


def huber(Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    r"""Huber's loss (1964): :math:`(z - t)^2 / 2` up to :math:`|z - t| = 1`, and :math:`|z - t| - 1/2` beyond.

    Its gradient is :math:`z - t`, clipped to [-1, 1]. Parameters and return values are those of :func:`squared_error`.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = huber(np.array([[0.5], [3.0]]), np.array([0.0, 0.0]))
    >>> float(value), dZ.tolist()
    (1.3125, [[0.25], [0.5]])
    """
    xp = array_namespace(Z)
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    C = xp.clip(R, -HUBER_DELTA, HUBER_DELTA)
    return xp.sum(w * C * (R - 0.5 * C)), w * C
