"""Losses of numbers.

Each takes raw outputs and returns its value and its gradient together, as ``losses.py`` describes.
"""

from __future__ import annotations

from handgrad.network.parameters import Array, namespace
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
    return namespace(Z).sum(w * R * R), 2 * w * R


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
    xp = namespace(Z)
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    return xp.sum(w * xp.abs(R)), w * xp.sign(R)


def huber(Z: Array, y: Array, sample_weight: Array | None = None, delta: float = HUBER_DELTA) -> tuple[Array, Array]:
    r"""Huber's loss (1964): :math:`(z - t)^2 / 2` up to :math:`|z - t| = \delta`, and a straight line beyond.

    The line, :math:`\delta (|z - t| - \delta / 2)`, goes on with the same slope, so the gradient is :math:`z - t`,
    clipped to :math:`[-\delta, \delta]`. Parameters and return values are those of :func:`squared_error`.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = huber(np.array([[0.5], [3.0]]), np.array([0.0, 0.0]))
    >>> float(value), dZ.tolist()
    (1.3125, [[0.25], [0.5]])
    """
    xp = namespace(Z)
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    C = xp.clip(R, -delta, delta)
    return xp.sum(w * C * (R - 0.5 * C)), w * C


def quantile(Z: Array, y: Array, sample_weight: Array | None = None, level: float = 0.5) -> tuple[Array, Array]:
    r"""Pinball loss (Koenker and Bassett, 1978): :math:`q (t - z)` below the target, :math:`(1 - q) (z - t)` above it.

    Its minimum is the q-quantile of the targets: the gradient is -q where the output is below the target and 1 - q
    where it is above (0 at the kink), which adds up to zero when a share q of the targets is below the output.
    Parameters and return values are those of :func:`squared_error`; ``level`` is q, in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = quantile(np.array([[1.0], [1.0]]), np.array([0.0, 3.0]), level=0.75)
    >>> float(value), dZ.tolist()
    (0.875, [[0.125], [-0.375]])
    """
    xp = namespace(Z)
    R, w = Z - targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    slope = (0.5 - level) + 0.5 * xp.sign(R)  # 1 - q above the target, -q below it
    return xp.sum(w * slope * R), w * xp.where(R == 0, xp.zeros_like(R), slope)


def poisson(Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    r"""Half the Poisson deviance of counts t from :math:`\mu = e^z`: :math:`t \log (t / \mu) - t + \mu`.

    Its gradient is :math:`\mu - t`; where t is 0, so is the first term. Up to a constant, it is the negative logarithm
    of the probability of t under a Poisson distribution with the mean :math:`\mu`. Parameters and return values are
    those of :func:`squared_error`; the targets must be at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = poisson(np.array([[0.0], [0.0]]), np.array([0.0, 1.0]))
    >>> float(value), dZ.tolist()
    (0.5, [[0.5], [0.0]])
    """
    xp = namespace(Z)
    T, w = targets_like(Z, y), shares(Z, sample_weight) / Z.shape[1]
    mean, log_T = xp.exp(Z), xp.log(xp.where(T > 0, T, xp.ones_like(T)))
    return xp.sum(w * (T * (log_T - Z) - T + mean)), w * (mean - T)
