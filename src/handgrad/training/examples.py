"""Examples to train on or to evaluate: rows, targets and weights, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError, ShapeError
from handgrad.network.mlp import MLP


@dataclass(frozen=True)
class Examples:
    """Rows and their targets, optionally with a weight for each row.

    Data frames, series, lists and other arrays become NumPy arrays, as in scikit-learn.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        Finite numbers.
    y : ndarray of shape (n,) or (n, k)
        What the network's loss expects: class numbers, answers in [0, 1], or numbers. Every loss accepts class numbers
        if there is one output per class.
    weight : ndarray of shape (n,), optional
        At least 0. Weight 2 means the same as the example twice in its batch.

    Raises
    ------
    SettingError
        If values are not numbers, are masked, or lists are of different lengths.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        for name in ("X", "y", "weight"):
            value = getattr(self, name)
            rows = type(value) is np.ndarray or (name == "X" and hasattr(value, "tocsr"))
            plain = rows and value.dtype.kind in "iuf"
            if not (plain or (name == "weight" and value is None)):
                object.__setattr__(self, name, _as_array(value, name))

    def __len__(self) -> int:
        return int(self.X.shape[0])


def _as_array(value: Any, name: str) -> NDArray[Any]:
    """Turn a data frame, a series or a list into an array of numbers; a single column of targets becomes (n,)."""
    if np.ma.is_masked(value):
        raise SettingError(f"{name} with masked values", "a number in every place", "drop those rows, or fill them")
    try:
        array = np.asarray(value)
        if array.dtype == object:  # of columns of different types, or of numbers that may be missing
            array = np.array(array.tolist())
    except (TypeError, ValueError) as error:
        raise SettingError(f"{name} cannot be made an array ({error})", "rows of equal length", "check them") from error
    if array.dtype.kind not in "biuf":
        remedy = (
            "number the classes with np.unique(y, return_inverse=True)" if name == "y" else "encode words as numbers"
        )
        raise SettingError(f"{name} with values that are not numbers ({array.dtype})", "numbers", remedy)
    if name != "X" and array.ndim == 2 and array.shape[1] == 1 and not isinstance(value, np.ndarray):
        array = array[:, 0]
    return array.astype(np.int64) if array.dtype == bool else array


def check_examples(network: MLP, examples: Examples) -> None:
    """Refuse examples that do not match the network, or that would silently train it wrongly.

    Parameters
    ----------
    network : MLP
    examples : Examples

    Raises
    ------
    ShapeError
        If the arrays do not match the network or each other.
    SettingError
        If rows, targets or weights are outside their range.

    Examples
    --------
    >>> check_examples(MLP((2, 3)), Examples(np.zeros((2, 2)), np.array([0.0, 1.0])))
    Traceback (most recent call last):
    handgrad.errors.SettingError: y of dtype float64; expected class numbers (integers). Convert with y.astype(int).
    """
    if not isinstance(examples, Examples):
        raise SettingError(f"examples of type {type(examples).__name__}", "Examples", "pass Examples(X, y)")
    X, y, weight = examples.X, examples.y, examples.weight
    d, k = network.layer_sizes[0], network.layer_sizes[-1]
    if X.ndim != 2 or X.shape[1] != d or X.shape[0] == 0:
        raise ShapeError(f"X of shape {X.shape}", f"shape (n, {d}) with n at least 1", "pass one row per example")
    n = X.shape[0]
    targets = network.criterion.targets
    if y.shape not in ([(n,)] if targets == "classes" else [(n, k), (n,)]):
        wanted = f"shape ({n},)"
        if targets != "classes":
            wanted = f"shape ({n}, {k}), or ({n},) for a single output or for classes"
        raise ShapeError(f"y of shape {y.shape} with the loss {network.loss}", wanted, "pass one target per example")
    # Some rows at a time: a mask for all of them would be a quarter of the examples' own size.
    entries = X.data if hasattr(X, "tocsr") else X
    if not all(np.isfinite(entries[first : first + 4096]).all() for first in range(0, len(entries), 4096)):
        raise SettingError("X contains NaN or infinity", "finite numbers", "drop or fill those rows")
    if targets == "classes" or (y.ndim == 1 and k > 1):
        if not np.issubdtype(y.dtype, np.integer):
            raise SettingError(f"y of dtype {y.dtype}", "class numbers (integers)", "convert with y.astype(int)")
        lowest, highest = int(y.min()), int(y.max())
        if lowest < 0 or highest >= k:
            raise SettingError(
                f"labels from {lowest} to {highest} for {k} outputs",
                f"0 to {k - 1}",
                "number the classes from 0, or widen the output",
            )
    else:
        low, high, wanted = -inf, inf, "finite numbers"
        if targets == "answers":
            low, high, wanted = 0, 1, "numbers in [0, 1]"
        elif network.criterion.out_activation == "exp":
            low, wanted = 0, "finite numbers of at least 0"
        if not np.isfinite(y).all() or y.min() < low or y.max() > high:
            raise SettingError(f"y with values that the loss {network.loss} does not accept", wanted, "correct y")
    if weight is not None:
        if weight.shape != (n,):
            raise ShapeError(f"weight of shape {weight.shape}", f"({n},)", "pass one weight per example")
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
            raise SettingError(
                "weight with negative, non-finite or only zero values",
                "finite weights of at least 0, not all zero",
                "correct them",
            )


def checked_sets(network: MLP, sets: Mapping[str, Examples] | None) -> dict[str, Examples]:
    """Return the sets to evaluate on, by name, if each could be called so in a record and matches the network."""
    if not isinstance(sets, Mapping | None):
        raise SettingError(f"evaluate_on of type {type(sets).__name__}", "a dict", 'pass {"test": Examples(X, y)}')
    for name, part in (sets or {}).items():
        if not (isinstance(name, str) and name.isalnum()) or name in ("train", "batch"):
            raise SettingError(
                f"a set named {name!r} to evaluate on", "letters and digits, but not 'train' or 'batch'", "rename it"
            )
        check_examples(network, part)
    return dict(sets or {})


def counts_right(network: MLP, examples: Examples) -> bool:
    """Say whether there is an accuracy: for classes and answers, but not for numbers."""
    labels = examples.y.ndim == 1 and network.layer_sizes[-1] > 1
    return labels or network.criterion.targets != "numbers"
