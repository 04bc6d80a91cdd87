"""The losses and activations of an estimator: what we call them, and those that are the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError
from handgrad.estimator.ranges import remedy_for
from handgrad.network.activations import Activation
from handgrad.network.checks import check_activation, check_loss
from handgrad.network.losses import Criterion, Focal, Loss, OutActivation, Targets
from handgrad.network.mlp import MLP

USUAL: Mapping[Targets, OutActivation] = {"classes": "softmax", "answers": "sigmoid", "numbers": "identity"}
ROWS = 12  # whose targets a loss is checked with


def our_activation(given: Any) -> Any:
    """Return our name of an activation, or of several; only one is called differently in scikit-learn.

    Examples
    --------
    >>> our_activation(["logistic", "gelu"])
    ('sigmoid', 'gelu')
    """
    if isinstance(given, Iterable) and not isinstance(given, str):
        return tuple(our_activation(one) for one in given)
    return "sigmoid" if isinstance(given, str) and given == "logistic" else given


def our_loss(given: Any, targets: Targets, names: Mapping[str, str]) -> str | Criterion:
    """Return the loss that an estimator's parameter stands for.

    Parameters
    ----------
    given : str, Loss, Huber, Quantile, Focal or callable
        A function takes ``(outputs, y, sample_weight)`` and returns ``(value, gradient)``.
    targets : {"classes", "answers", "numbers"}
        What the loss must be for.
    names : mapping of str to str
        The names that are allowed, and those that we have for them.

    Raises
    ------
    SettingError
        If it is none of these, or is for other targets.

    Examples
    --------
    >>> our_loss("log_loss", "answers", {"log_loss": "binary_cross_entropy"})
    'binary_cross_entropy'
    >>> our_loss(Focal(gamma=1.0), "answers", {})
    Focal(gamma=1.0, targets='answers')
    """
    if isinstance(given, str) and given in names:
        return names[given]
    if isinstance(given, Focal) and targets != "numbers":
        return replace(given, targets=targets)
    if isinstance(given, str | type) or not (hasattr(given, "function") or callable(given)):
        words = "one of " + ", ".join(names) + ", or a loss itself"
        raise SettingError(f"loss is {given!r}", words, remedy_for("loss", given, words))
    loss: Criterion = given if hasattr(given, "function") else Loss(given, targets, USUAL[targets])
    if loss.targets != targets or (targets != "numbers" and loss.out_activation != USUAL[targets]):
        raise SettingError(
            f"loss is {given!r}, for {loss.targets} and {loss.out_activation}",
            f"a loss for {targets} and {USUAL[targets]}",
            "pass such a loss, or a function of your own alone",
        )
    return loss


def check_functions(network: MLP, y: NDArray[Any]) -> None:
    """Check those of a network's functions that are the user's own with finite differences.

    Parameters
    ----------
    network : MLP
    y : ndarray of shape (n,) or (n, k)
        The targets of the examples.

    Raises
    ------
    SettingError, ShapeError
        If a derivative is wrong.

    Examples
    --------
    >>> check_functions(MLP((2, 3, 2), activation="tanh"), np.array([0, 1]))
    """
    for activation in {id(one): one for one in network.activations if isinstance(one, Activation)}.values():
        check_activation(activation)
    if isinstance(network.loss, Loss):
        some = y[np.linspace(0, len(y) - 1, min(len(y), ROWS)).astype(int)]
        check_loss(network.loss, some, network.layer_sizes[-1])
