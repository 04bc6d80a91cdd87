r"""Loss functions on logits (or raw outputs): each returns its value and its gradient together.

Every loss has the form :math:`L = \sum_m w_m \, l_m / \sum_m w_m`, a mean over the examples m, weighted if weights are
given, and returns ``(L, dZ)``, where ``dZ = dL/dZ`` has the shape of Z. The number reported is the number
differentiated. The code uses only the array API standard; results have the dtype of Z.

This file has over 300 lines because the losses are best compared side by side; half of it is documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from array_api_compat import array_namespace, device

from handgrad.errors import SettingError, ShapeError
from handgrad.network.activations import sigmoid, softplus
from handgrad.network.parameters import Array

HUBER_DELTA = 1.0


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
    return array_namespace(Z).exp(log_softmax(Z))


def log_softmax(Z: Array) -> Array:
    r"""Compute :math:`z_i - \log \sum_j e^{z_j}` for each row, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([[0.0, 1e4]]))
    array([[-10000.,      0.]])
    """
    xp = array_namespace(Z)
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
    xp = array_namespace(Z)
    n, k = Z.shape
    if y.shape != (n,):
        raise ShapeError(
            f"labels of shape {tuple(y.shape)} for {n} rows of logits", f"shape ({n},)", "pass one class number per row"
        )
    _check_smoothing(label_smoothing)
    T = (1 - label_smoothing) * one_hot(Z, y) + label_smoothing / k
    log_P = log_softmax(Z)
    w = _weights(Z, sample_weight)
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
    xp = array_namespace(Z)
    _check_smoothing(label_smoothing)
    T = (1 - label_smoothing) * _targets(Z, y) + label_smoothing / 2
    w = _weights(Z, sample_weight) / Z.shape[1]
    # log(1 + e^z) - t z, written so that no two large numbers are subtracted: t = 1 gives softplus(-z).
    value = xp.sum(w * (T * softplus(-Z) + (1 - T) * softplus(Z)))
    return value, w * (sigmoid(Z) - T)


def squared_error(Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    r"""Mean squared error: :math:`l = (z - t)^2`, averaged over examples and outputs, with gradient :math:`2 (z - t)`.

    Parameters
    ----------
    Z : array of shape (n, k)
        Raw outputs.
    y : array of shape (n, k), or (n,)
        Targets. Shape (n,) stands for (n, 1) if k = 1; integers of shape (n,) stand for classes 0 .. k - 1 if k > 1.
    sample_weight : array of shape (n,), optional
        As for :func:`cross_entropy`.

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
    R, w = Z - _targets(Z, y), _weights(Z, sample_weight) / Z.shape[1]
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
    R, w = Z - _targets(Z, y), _weights(Z, sample_weight) / Z.shape[1]
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
    R, w = Z - _targets(Z, y), _weights(Z, sample_weight) / Z.shape[1]
    C = xp.clip(R, -HUBER_DELTA, HUBER_DELTA)
    return xp.sum(w * C * (R - 0.5 * C)), w * C


def one_hot(Z: Array, y: Array) -> Array:
    """Turn labels y of shape (n,) into targets with the shape (n, k) and the dtype of Z: 1 for the true class, else 0.

    Raises
    ------
    SettingError
        If y is not made of whole numbers from 0 to k - 1.

    Examples
    --------
    >>> import numpy as np
    >>> one_hot(np.zeros((2, 3)), np.array([2, 0]))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    xp, k = array_namespace(Z), Z.shape[1]
    if not xp.isdtype(y.dtype, "integral"):
        raise SettingError(
            f"labels of dtype {y.dtype}", "whole numbers", "number the classes from 0 and convert the labels to int64"
        )
    y = xp.astype(y, xp.int64)  # in uint8, class 256 would become class 0
    if not bool(xp.all((y >= 0) & (y < k))):
        raise SettingError(
            f"labels from {int(xp.min(y))} to {int(xp.max(y))} for {k} classes",
            f"class numbers from 0 to {k - 1}",
            "number the classes from 0, or give the network one output per class",
        )
    return xp.astype(y[:, None] == xp.arange(k, dtype=y.dtype, device=device(y))[None, :], Z.dtype)


def _weights(Z: Array, sample_weight: Array | None) -> Array:
    """Return each example's share of the mean, of shape (n, 1); the shares sum to 1."""
    xp = array_namespace(Z)
    n = Z.shape[0]
    if n == 0:
        raise ShapeError("a batch of 0 examples", "at least one example", "leave out empty batches, which have no mean")
    if sample_weight is None:
        return xp.full((n, 1), 1 / n, dtype=Z.dtype, device=device(Z))
    if sample_weight.shape != (n,):
        raise ShapeError(
            f"sample weights of shape {tuple(sample_weight.shape)} for {n} examples",
            f"shape ({n},)",
            "pass one weight per example",
        )
    w = xp.astype(sample_weight, Z.dtype)
    total = xp.sum(w)
    if not (bool(xp.all(w >= 0)) and bool(total > 0)):
        raise SettingError(
            f"sample weights from {float(xp.min(w))} to {float(xp.max(w))}",
            "weights of at least 0 that are not all 0",
            "remove the examples that should not count",
        )
    return (w / total)[:, None]


def _targets(Z: Array, y: Array) -> Array:
    """Return y with the shape and dtype of Z: (n,) stands for (n, 1) if k = 1, and for class numbers otherwise."""
    xp = array_namespace(Z)
    if y.ndim == 1 and Z.shape[1] > 1 and y.shape[0] == Z.shape[0] and xp.isdtype(y.dtype, "integral"):
        return one_hot(Z, y)
    T = xp.astype(xp.reshape(y, (-1, 1)) if y.ndim == 1 else y, Z.dtype)
    if T.shape != Z.shape:
        raise ShapeError(
            f"targets of shape {tuple(y.shape)} for outputs of shape {tuple(Z.shape)}",
            "one target per output",
            "give the network as many outputs as each row has targets",
        )
    return T


def _check_smoothing(label_smoothing: float) -> None:
    """Refuse smoothing that would erase or invert the labels."""
    if not 0 <= label_smoothing < 1:
        raise SettingError(f"label_smoothing is {label_smoothing}", "a number in [0, 1)", "try 0.1, or 0 for none")


@dataclass(frozen=True)
class Loss:
    """A loss and the kind of its targets: one class number per row, yes-or-no answers, or real numbers."""

    function: Callable[..., tuple[Array, Array]]
    targets: Literal["classes", "answers", "numbers"]


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(cross_entropy, "classes"),
    "binary_cross_entropy": Loss(binary_cross_entropy, "answers"),
    "squared_error": Loss(squared_error, "numbers"),
    "absolute_error": Loss(absolute_error, "numbers"),
    "huber": Loss(huber, "numbers"),
}
