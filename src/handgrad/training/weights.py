"""Weights of classes, for classes of very different sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def balanced_weights(y: NDArray[np.integer[Any]], k: int) -> NDArray[np.float64]:
    r"""Give each class the same total weight: :math:`w_c = n / (k' n_c)`, as in scikit-learn.

    Here :math:`n_c` examples of n are of class c, and k' classes have examples. The weight of an example is that of its
    class: ``Examples(X, y, balanced_weights(y, k)[y])``. Its part in the mean over a batch is its weight divided by the
    sum of the batch's weights, as in PyTorch's ``CrossEntropyLoss(weight)``.

    Parameters
    ----------
    y : integer array of shape (n,)
        Classes 0 to k - 1.
    k : int
        Number of classes.

    Returns
    -------
    array of shape (k,)
        0 for a class without examples.

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]), 3)
    array([0.66666667, 2.        , 0.        ])
    """
    counts = np.bincount(y, minlength=k)
    weights = np.zeros(k)
    weights[counts > 0] = len(y) / (np.count_nonzero(counts) * counts[counts > 0])
    return weights
