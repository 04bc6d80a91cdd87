r"""The losses by name: each returns its value and its gradient together.

Every loss has the form :math:`L = \sum_m w_m \, l_m / \sum_m w_m`, a mean over the examples m, weighted if weights are
given, and returns ``(L, dZ)``, where ``dZ = dL/dZ`` has the shape of Z, the logits or raw outputs. The number reported
is the number differentiated. The code uses only the array API standard; results have the dtype of Z.

The file may have over 300 lines, because all losses, with their constants, are best compared in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import signature
from math import inf
from typing import Any, ClassVar, Literal, Protocol, cast, get_args

import numpy as np

from handgrad.errors import SettingError
from handgrad.network.activations import identity, sigmoid
from handgrad.network.classification import binary_cross_entropy, binary_focal, cross_entropy, focal, softmax
from handgrad.network.parameters import Array, namespace
from handgrad.network.regression import HUBER_DELTA, absolute_error, huber, poisson, quantile, squared_error

LossFunction = Callable[..., tuple[Array, Array]]  # (outputs, y, sample_weight) to the mean loss and its gradient
Targets = Literal["classes", "answers", "numbers"]
OutActivation = Literal["softmax", "sigmoid", "identity", "exp"]


def exp(Z: Array) -> Array:
    """Compute the exponential function."""
    return namespace(Z).exp(Z)


OUT_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "identity": identity,
    "exp": exp,
}


class Criterion(Protocol):
    """What a network requires of a loss.

    Attributes
    ----------
    function : callable
        ``(Z, y, sample_weight)`` to ``(value, dZ)``; one with a parameter ``label_smoothing`` can smooth labels.
    targets : {"classes", "answers", "numbers"}
        One class number per row, yes-or-no answers, or numbers.
    out_activation : {"softmax", "sigmoid", "identity", "exp"}
        What turns outputs into predictions. With exp, the targets must be at least 0.
    """

    @property
    def function(self) -> LossFunction:
        """Compute the value and the gradient."""

    @property
    def targets(self) -> Targets:
        """Say what the targets are."""

    @property
    def out_activation(self) -> OutActivation:
        """Say what turns outputs into predictions."""


@dataclass(frozen=True)
class Loss:
    """A loss that is a function: one of ours, or your own.

    Parameters
    ----------
    function : callable
        Takes outputs of shape (n, k), targets, and weights of shape (n,) or None; returns the mean loss, weighted if
        there are weights, and its gradient with respect to the outputs.
    targets : {"classes", "answers", "numbers"}, default "numbers"
        What the targets are: one class number per row (n,), answers in [0, 1], or numbers (n, k).
    out_activation : {"softmax", "sigmoid", "identity", "exp"}, default "identity"
        What turns outputs into predictions. With exp, the targets must be at least 0.

    Raises
    ------
    SettingError
        If the function cannot be called, or the kind of the targets or of the predictions is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad.network import MLP, shares
    >>> def log_cosh(outputs, y, sample_weight=None):
    ...     w = shares(outputs, sample_weight)
    ...     return (w * np.log(np.cosh(outputs - y))).sum(), w * np.tanh(outputs - y)
    >>> network = MLP((2, 1), loss=Loss(log_cosh))
    >>> value, gradient = network.value_and_gradient(network.initialise(0), np.eye(2), np.zeros((2, 1)))
    """

    function: LossFunction
    targets: Targets = "numbers"
    out_activation: OutActivation = "identity"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise SettingError(f"a loss that is {self.function!r}", "a function", "pass one of (outputs, y, weights)")
        _in("targets", self.targets, get_args(Targets))
        _in("out_activation", self.out_activation, get_args(OutActivation))


@dataclass(frozen=True)
class Huber:
    """Huber's loss with a constant of your own, as :func:`huber` computes it.

    Parameters
    ----------
    delta : float, default 1.0
        The largest deviation that is squared; above 0.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = Huber(delta=2.0).function(np.array([[3.0]]), np.array([0.0]))
    >>> float(value), dZ.tolist()
    (4.0, [[2.0]])
    """

    delta: float = HUBER_DELTA
    targets: ClassVar[Targets] = "numbers"
    out_activation: ClassVar[OutActivation] = "identity"

    def __post_init__(self) -> None:
        _set_number(self, "delta", lambda delta: 0 < delta < inf, "a number above 0")

    def function(self, Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
        """Compute the value and the gradient."""
        return huber(Z, y, sample_weight, self.delta)


@dataclass(frozen=True)
class Quantile:
    """The loss whose minimum is a quantile of the targets, as :func:`quantile` computes it.

    Parameters
    ----------
    level : float, default 0.5
        Which quantile, in (0, 1); 0.5 is the median.

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = Quantile(0.9).function(np.array([[3.0]]), np.array([5.0]))
    >>> float(value), dZ.tolist()
    (1.8, [[-0.9]])
    """

    level: float = 0.5
    targets: ClassVar[Targets] = "numbers"
    out_activation: ClassVar[OutActivation] = "identity"

    def __post_init__(self) -> None:
        _set_number(self, "level", lambda level: 0 < level < 1, "a number in (0, 1)")

    def function(self, Z: Array, y: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
        """Compute the value and the gradient."""
        return quantile(Z, y, sample_weight, self.level)


@dataclass(frozen=True)
class Focal:
    """Focal loss, in which confidently classified examples count less: :func:`focal` or :func:`binary_focal`.

    Parameters
    ----------
    gamma : float, default 2.0
        How much less, at least 0; with 0 it is cross-entropy.
    targets : {"classes", "answers"}, default "classes"

    Examples
    --------
    >>> import numpy as np
    >>> value, dZ = Focal(gamma=0.0).function(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(value), 6), dZ.tolist()
    (0.693147, [[0.5, -0.5]])
    """

    gamma: float = 2.0
    targets: Literal["classes", "answers"] = "classes"

    def __post_init__(self) -> None:
        _set_number(self, "gamma", lambda gamma: 0 <= gamma < inf, "a number of at least 0")
        _in("targets", self.targets, ("classes", "answers"))

    @property
    def out_activation(self) -> OutActivation:
        """What turns outputs into predictions."""
        return "softmax" if self.targets == "classes" else "sigmoid"

    def function(
        self, Z: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0
    ) -> tuple[Array, Array]:
        """Compute the value and the gradient."""
        loss = focal if self.targets == "classes" else binary_focal
        return loss(Z, y, sample_weight, label_smoothing, self.gamma)


def criterion_of(loss: str | Criterion) -> Criterion:
    """Return a loss itself, looked up if it is given by name.

    Examples
    --------
    >>> criterion_of("quantile")
    Quantile(level=0.5)
    """
    return LOSSES[loss] if isinstance(loss, str) else loss


def with_constant(name: str, constant: float | None) -> str | Criterion:
    """Return a loss with a constant, such as the level of quantile; None stands for the usual one.

    Raises
    ------
    SettingError
        If the loss has no constant, or it is outside its range.

    Examples
    --------
    >>> with_constant("quantile", 0.9)
    Quantile(level=0.9)
    """
    if constant is None:
        return name
    if name not in CONSTANTS:
        found = f"loss_constant is {constant} with the loss {name}, which has no constant"
        raise SettingError(found, "one of " + ", ".join(CONSTANTS), "leave out loss_constant, or choose another loss")
    try:
        return cast(Criterion, replace(cast(Any, LOSSES[name]), **{CONSTANTS[name]: constant}))
    except SettingError as error:
        found = f"loss_constant is {constant}, the {CONSTANTS[name]} of {name}"
        raise SettingError(found, error.wanted, "set loss_constant to such a number") from error


def name_of(loss: str | Criterion) -> str:
    """Name a loss, whatever its constant; one of your own has no name, but an empty text.

    Examples
    --------
    >>> name_of("poisson"), name_of(Huber(0.5)), name_of(Focal(1.0, "answers"))
    ('poisson', 'huber', 'binary_focal')
    """
    if isinstance(loss, str):
        return loss
    kind = type(loss), loss.targets
    return next((name for name in CONSTANTS if (type(LOSSES[name]), LOSSES[name].targets) == kind), "")


def check_smoothing(loss: str | Criterion, label_smoothing: float) -> None:
    """Refuse to smooth the labels of a loss that has none, or that cannot.

    Raises
    ------
    SettingError

    Examples
    --------
    >>> check_smoothing("huber", 0.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    handgrad.errors.SettingError: label_smoothing is 0.1 with the loss huber; expected 0, because ...
    """
    criterion = criterion_of(loss)
    if label_smoothing and "label_smoothing" not in signature(criterion.function).parameters:
        found, wanted = f"label_smoothing is {label_smoothing} with the loss {loss}", "0"
        wanted += ", because numbers are not labels" if criterion.targets == "numbers" else ""
        raise SettingError(found, wanted, "leave it out, or use cross_entropy")


def _in(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Refuse a kind that is unknown."""
    if value not in known:
        raise SettingError(f"{name} is {value!r}", "one of " + ", ".join(known), f"correct {name}")


def _set_number(loss: Criterion, name: str, holds: Callable[[Any], bool], wanted: str) -> None:
    """Refuse a constant that is no number in its range; a NumPy number would change the type of float32 gradients."""
    value = getattr(loss, name)
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not holds(value):
        raise SettingError(f"{name} is {value!r}", wanted, f"set {name} to such a number")
    object.__setattr__(loss, name, float(value))


LOSSES: dict[str, Criterion] = {
    "cross_entropy": Loss(cross_entropy, "classes", "softmax"),
    "binary_cross_entropy": Loss(binary_cross_entropy, "answers", "sigmoid"),
    "focal": Focal(),
    "binary_focal": Focal(targets="answers"),
    "squared_error": Loss(squared_error),
    "absolute_error": Loss(absolute_error),
    "huber": Huber(),
    "quantile": Quantile(),
    "poisson": Loss(poisson, out_activation="exp"),
}
CONSTANTS = {"focal": "gamma", "binary_focal": "gamma", "huber": "delta", "quantile": "level"}
