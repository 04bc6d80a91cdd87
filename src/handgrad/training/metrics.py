"""Measures of how well a network classifies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def correct(logits: NDArray[Any], y: NDArray[Any]) -> int:
    """Count the rows whose largest logit is the true class or, for yes-or-no outputs, whose answers are all right.

    Parameters
    ----------
    logits : ndarray of shape (n, k)
    y : ndarray of shape (n,) or (n, k)
        Class numbers if y is one-dimensional and k > 1; otherwise answers, 0 or 1.

    Returns
    -------
    int

    Examples
    --------
    >>> correct(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    1
    """
    if y.ndim == 1 and logits.shape[1] > 1:
        return int(np.count_nonzero(logits.argmax(axis=1) == y))
    return int(np.count_nonzero(((logits > 0) == (y.reshape(logits.shape) > 0.5)).all(axis=1)))


def confusion_counts(predicted: NDArray[Any], y: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Count how often class i (row) was predicted as class j (column).

    Parameters
    ----------
    predicted, y : integer ndarrays of shape (n,)
    k : int
        Number of classes.

    Returns
    -------
    ndarray of shape (k, k)

    Examples
    --------
    >>> confusion_counts(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    array([[1, 1],
           [0, 1]])
    """
    return np.bincount(y * k + predicted, minlength=k * k).reshape(k, k)


def recalls(predicted: NDArray[Any], y: NDArray[Any], k: int) -> NDArray[np.float64]:
    """Return the share of each class's examples that were predicted as this class.

    Parameters
    ----------
    predicted, y : integer ndarrays of shape (n,)
    k : int
        Number of classes.

    Returns
    -------
    ndarray of shape (k,)
        NaN for a class without examples.

    Examples
    --------
    >>> recalls(np.array([0, 1, 1]), np.array([0, 1, 0]), 3)
    array([0.5, 1. , nan])
    """
    counts = np.bincount(y, minlength=k)
    shares = np.full(k, np.nan)
    shares[counts > 0] = np.bincount(y[predicted == y], minlength=k)[counts > 0] / counts[counts > 0]
    return shares
