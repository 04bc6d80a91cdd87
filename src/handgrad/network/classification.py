"""Losses of labels: classes, of which one is true, and answers to yes-or-no questions.

Each takes logits and returns its value and its gradient together, as ``losses.py`` describes.
"""

from __future__ import annotations

from handgrad.errors import SettingError, ShapeError
from handgrad.network.activations import sigmoid, softplus
from handgrad.network.parameters import Array, namespace
from handgrad.network.targets import one_hot, shares, targets_like


def softmax(Z: Array) -> Array:
    r"""Compute each row's softmax :math:`p_i = e^{z_i} / \sum_j e^{z_j}`, shifted by the row's largest logit.

    Parameters
    ----------
    Z : array of shape (n, k)

    Returns
    -------
    array of shape (n, k)
        Rows in [0, 1] that sum to 1; finite for all finite logits.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[1e4, 1e4]]))
    array([[0.5, 0.5]])
    """
    return namespace(Z).exp(log_softmax(Z))


def log_softmax(Z: Array) -> Array:
    r"""Compute :math:`z_i - \log \sum_j e^{z_j}` for each row, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([[0.0, 1e4]]))
    array([[-10000.,      0.]])
    """
    xp = namespace(Z)
    Z = Z - xp.max(Z, axis=1, keepdims=True)
    return Z - xp.log(xp.sum(xp.exp(Z), axis=1, keepdims=True))


def cross_entropy(
    Z: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0
) -> tuple[Array, Array]:
    r"""Cross-entropy of the softmax of logits: :math:`l_m = -\sum_i t_i \log p_i`, with gradient :math:`p - t`.

    Softmax and logarithm are computed together (log-sum-exp), so neither overflows. The target t is 1 for the true
    class and 0 elsewhere; smoothing by :math:`\epsilon` changes it to :math:`(1 - \epsilon) t + \epsilon / k`
    (Szegedy et al., 2016).

    Parameters
    ----------
    Z : array of shape (n, k)
        Logits.
    y : integer array of shape (n,)
        The true classes, 0 .. k - 1.
    sample_weight : array of shape (n,), optional
        Non-negative weights, not all zero. A weight of 2 has the effect of including the example twice.
    label_smoothing : float, default 0
        In [0, 1).

    Returns
    -------
    value : array of shape ()
    dZ : array of shape (n, k)

    Raises
    ------
    ShapeError
        If y does not have shape (n,).
    SettingError
        If y is not made of whole numbers from 0 to k - 1, or ``label_smoothing`` is outside [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(value), 6), dZ.tolist()
    (0.693147, [[0.5, -0.5]])
    """
    xp = namespace(Z)
    T, log_P = _class_targets(Z, y, label_smoothing), log_softmax(Z)
    w = shares(Z, sample_weight)
    # A target of 0 times a logarithm of -inf is defined as 0 here; multiplying would give NaN.
    value = xp.sum(w * T * xp.where(T > 0, xp.abs(log_P), xp.zeros_like(T)))
    return value, w * (xp.exp(log_P) - T)


def binary_cross_entropy(
    Z: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0
) -> tuple[Array, Array]:
    r"""Cross-entropy of each logit's sigmoid: :math:`l = \log(1 + e^z) - t z`, with gradient :math:`\sigma(z) - t`.

    The loss of an example is the mean over its outputs, each of which answers a yes-or-no question. Smoothing by
    :math:`\epsilon` changes the target to :math:`(1 - \epsilon) t + \epsilon / 2`.

    Parameters
    ----------
    Z : array of shape (n, k)
        Logits.
    y : array of shape (n, k), or (n,)
        Targets in [0, 1], of any real dtype. Shape (n,) stands for (n, 1) if k = 1; integers of shape (n,) stand for
        classes 0 .. k - 1 if k > 1.
    sample_weight, label_smoothing
        As for :func:`cross_entropy`.

    Returns
    -------
    value : array of shape ()
    dZ : array of shape (n, k)

    Raises
    ------
    ShapeError
        If y has any other shape.
    SettingError
        If ``label_smoothing`` is outside [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = binary_cross_entropy(np.array([[0.0], [1e4]]), np.array([0, 1]))
    >>> round(float(value), 6), dZ.tolist()
    (0.346574, [[0.25], [0.0]])
    """
    xp = namespace(Z)
    _check_smoothing(label_smoothing)
    T = (1 - label_smoothing) * targets_like(Z, y) + label_smoothing / 2
    w = shares(Z, sample_weight) / Z.shape[1]
    # log(1 + e^z) - t z, written so that no two large numbers are subtracted: t = 1 gives softplus(-z).
    value = xp.sum(w * (T * softplus(-Z) + (1 - T) * softplus(Z)))
    return value, w * (sigmoid(Z) - T)


def focal(
    Z: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0, gamma: float = 2.0
) -> tuple[Array, Array]:
    r"""Focal loss of the softmax of logits (Lin et al., 2017): :math:`l_m = -\sum_i t_i (1 - p_i)^\gamma \log p_i`.

    The factor makes examples count less, the surer the network is of their class. The gradient is
    :math:`p_j \sum_i t_i a_i - t_j a_j` with
    :math:`a_i = (1 - p_i)^\gamma - \gamma p_i (1 - p_i)^{\gamma - 1} \log p_i`, which is 1 where :math:`\gamma = 0`.
    Parameters, return values and errors are those of :func:`cross_entropy`; ``gamma`` is at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = focal(np.array([[0.0, 0.0]]), np.array([1]), gamma=2.0)
    >>> round(float(value), 6), dZ.round(6).tolist()
    (0.173287, [[0.298287, -0.298287]])
    """
    xp = namespace(Z)
    T, log_P = _class_targets(Z, y, label_smoothing), log_softmax(Z)
    w = shares(Z, sample_weight)
    loss, slope = _focal_term(log_P, -xp.expm1(log_P), gamma)
    value = xp.sum(w * T * xp.where(T > 0, loss, xp.zeros_like(T)))
    return value, w * (xp.exp(log_P) * xp.sum(T * slope, axis=1, keepdims=True) - T * slope)


def binary_focal(
    Z: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0, gamma: float = 2.0
) -> tuple[Array, Array]:
    r"""Focal loss of each logit's sigmoid, as for two classes: :math:`-t q^\gamma \log p - (1 - t) p^\gamma \log q`.

    Here :math:`p = \sigma(z)` and :math:`q = 1 - p`. The gradient is :math:`(1 - t) p a(q) - t q a(p)`, with a as for
    :func:`focal`. Parameters, return values and errors are those of :func:`binary_cross_entropy`; ``gamma`` is at
    least 0.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = binary_focal(np.array([[0.0], [1e4]]), np.array([0, 1]), gamma=2.0)
    >>> round(float(value), 6), dZ.round(6).tolist()
    (0.086643, [[0.149143], [0.0]])
    """
    _check_smoothing(label_smoothing)
    T = (1 - label_smoothing) * targets_like(Z, y) + label_smoothing / 2
    w = shares(Z, sample_weight) / Z.shape[1]
    P, Q = sigmoid(Z), sigmoid(-Z)
    yes, slope_yes = _focal_term(-softplus(-Z), Q, gamma)
    no, slope_no = _focal_term(-softplus(Z), P, gamma)
    return namespace(Z).sum(w * (T * yes + (1 - T) * no)), w * ((1 - T) * P * slope_no - T * Q * slope_yes)


def _focal_term(log_P: Array, Q: Array, gamma: float) -> tuple[Array, Array]:
    r"""Return :math:`-q^\gamma \log p` with :math:`q = 1 - p`, and its slope along :math:`-\log p`, which is a."""
    xp, weight = namespace(Q), Q**gamma
    finite = xp.where(log_P == -xp.inf, xp.zeros_like(log_P), log_P)  # p log p is 0 where p is
    ratio = xp.exp(log_P) * finite / xp.where(Q == 0, xp.ones_like(Q), Q)
    return weight * xp.abs(log_P), weight * (1 - gamma * ratio)


def _class_targets(Z: Array, y: Array, label_smoothing: float) -> Array:
    """Return targets (n, k) for class numbers (n,)."""
    n, k = Z.shape
    if y.shape != (n,):
        raise ShapeError(
            f"labels of shape {tuple(y.shape)} for {n} rows of logits", f"shape ({n},)", "pass one class number per row"
        )
    _check_smoothing(label_smoothing)
    return (1 - label_smoothing) * one_hot(Z, y) + label_smoothing / k


def _check_smoothing(label_smoothing: float) -> None:
    """Refuse smoothing that would erase or invert the labels."""
    if not 0 <= label_smoothing < 1:
        raise SettingError(f"label_smoothing is {label_smoothing}", "a number in [0, 1)", "try 0.1, or 0 for none")
