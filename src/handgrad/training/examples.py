"""Examples to train on or to evaluate: rows, targets and weights, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError, ShapeError
from handgrad.network.losses import LOSSES
from handgrad.network.mlp import MLP


@dataclass(frozen=True)
class Examples:
    """Rows and targets, with a weight for each row where there are weights."""

    X: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])


def check_examples(
    network: MLP, X: NDArray[Any], y: NDArray[Any], sample_weight: NDArray[Any] | None = None
) -> Examples:
    """Refuse examples that do not fit the network, or that would train it wrongly without a word.

    Parameters
    ----------
    network : MLP
    X, y, sample_weight
        As for :func:`train`.

    Returns
    -------
    examples : Examples

    Raises
    ------
    ShapeError, SettingError
        As for :func:`train`.

    Examples
    --------
    >>> len(check_examples(MLP((2, 3)), np.zeros((4, 2)), np.array([0, 1, 2, 0])))
    4
    """
    d, k = network.layer_sizes[0], network.layer_sizes[-1]
    if X.ndim != 2 or X.shape[1] != d or len(X) == 0:
        raise ShapeError(f"X of shape {X.shape}", f"shape (n, {d}) with n from 1", "give one row an example")
    n = len(X)
    targets = LOSSES[network.loss].targets
    if y.shape not in ([(n,)] if targets == "classes" else [(n, k), (n,)]):
        wanted = (
            f"shape ({n},)" if targets == "classes" else f"shape ({n}, {k}), or ({n},) for one output or for classes"
        )
        raise ShapeError(f"y of shape {y.shape} with the loss {network.loss}", wanted, "give one target an example")
    # Some rows at a time: a mask for all would be a quarter of the examples' own size.
    if not all(np.isfinite(X[first : first + 4096]).all() for first in range(0, n, 4096)):
        raise SettingError("X holds NaN or infinity", "finite numbers", "drop or fill those rows")
    if targets == "classes" or (y.ndim == 1 and k > 1):
        if not np.issubdtype(y.dtype, np.integer):
            raise SettingError(f"y of dtype {y.dtype}", "class numbers, integers", "convert with y.astype(int)")
        low, high = int(y.min()), int(y.max())
        if low < 0 or high >= k:
            raise SettingError(
                f"labels from {low} to {high} for {k} outputs",
                f"0 to {k - 1}",
                "number the classes from 0, or widen the output",
            )
    elif not np.isfinite(y).all() or (targets == "answers" and (y.min() < 0 or y.max() > 1)):
        wanted = "numbers in [0, 1]" if targets == "answers" else "finite numbers"
        raise SettingError(f"targets outside that for the loss {network.loss}", wanted, "mend y")
    if sample_weight is not None:
        if sample_weight.shape != (n,):
            raise ShapeError(f"sample_weight of shape {sample_weight.shape}", f"({n},)", "give one weight an example")
        if not (np.isfinite(sample_weight).all() and (sample_weight >= 0).all() and sample_weight.any()):
            raise SettingError(
                "sample_weight with negative, non-finite or only zero values", "weights from 0", "mend them"
            )
    return Examples(X, y, sample_weight)


def counts_right(network: MLP, examples: Examples) -> bool:
    """Say whether there are right answers to count: classes or answers, but no numbers."""
    labels = examples.y.ndim == 1 and network.layer_sizes[-1] > 1
    return labels or LOSSES[network.loss].targets != "numbers"
