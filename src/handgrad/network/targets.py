"""Targets and weights as every loss uses them: checked, and in the shape and dtype of the outputs."""

from __future__ import annotations

from array_api_compat import device

from handgrad.errors import SettingError, ShapeError
from handgrad.network.parameters import Array, namespace


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
    xp, k = namespace(Z), Z.shape[1]
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


def shares(Z: Array, sample_weight: Array | None) -> Array:
    """Return each example's share of the mean, which is 1 / n without weights; the shares sum to 1.

    Parameters
    ----------
    Z : array of shape (n, k)
        The outputs, whose dtype the shares get.
    sample_weight : array of shape (n,), optional
        Non-negative weights, not all zero.

    Returns
    -------
    array of shape (n, 1)

    Raises
    ------
    ShapeError
        If there are no examples, or not as many weights.
    SettingError
        If a weight is negative or NaN, or all are zero.

    Examples
    --------
    >>> import numpy as np
    >>> shares(np.zeros((2, 3)), np.array([1, 3]))
    array([[0.25],
           [0.75]])
    """
    xp = namespace(Z)
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


def targets_like(Z: Array, y: Array) -> Array:
    """Return y with the shape (n, k) and the dtype of Z: (n,) stands for (n, 1) if k = 1, else for class numbers.

    Raises
    ------
    ShapeError, SettingError
        If that is not possible.

    Examples
    --------
    >>> import numpy as np
    >>> targets_like(np.zeros((2, 1)), np.array([3, 4]))
    array([[3.],
           [4.]])
    """
    xp = namespace(Z)
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
