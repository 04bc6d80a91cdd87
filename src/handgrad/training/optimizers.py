"""Optimizers: pure recurrences on flat vectors.

An optimizer consists of its constants. ``slots`` is the number of vectors it needs besides the parameters; they start
at zero and belong to the caller, and ``update`` changes them and the parameters in place. ``step`` counts from 1.

The file has over 300 lines because the optimizers are best compared side by side; half of it is documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, sqrt
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError, ShapeError
from handgrad.training.orthogonal import orthogonalised

Vector = NDArray[np.floating[Any]]
Slots = Iterable[Vector]


def check_constants(optimizer: Any) -> None:
    """Refuse constants outside their ranges; 1 is allowed for the share of a velocity that is kept, as in scikit-learn.

    Raises
    ------
    SettingError

    Examples
    --------
    >>> Momentum(beta=5.0)
    Traceback (most recent call last):
    handgrad.errors.SettingError: beta is 5.0; expected a number in [0, 1]. Set beta to such a number.
    """
    for name, value in vars(optimizer).items():
        if name == "layer_sizes":
            continue
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if name in ("beta1", "beta2", "alpha") or (name == "beta" and isinstance(optimizer, Muon)):
            holds, wanted = number and 0 <= value < 1, "a number in [0, 1)"
        elif name == "beta":
            holds, wanted = number and 0 <= value <= 1, "a number in [0, 1]"
        else:
            holds, wanted = number and 0 <= value < inf, "a number of at least 0"
        if not holds:
            raise SettingError(f"{name} is {value!r}", wanted, f"set {name} to such a number")


class Optimizer(Protocol):
    """What an engine requires of an optimizer."""

    slots: ClassVar[int]

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""


@dataclass(frozen=True)
class SGD:
    r"""Gradient descent: :math:`\theta \leftarrow \theta - \eta g`.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> SGD().update(theta, np.array([2.0]), [], 0.25, step=1)
    >>> theta
    array([0.5])
    """

    slots: ClassVar[int] = 0

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        vector -= learning_rate * gradient


@dataclass(frozen=True)
class Momentum:
    r"""Polyak's heavy ball (1964): :math:`v \leftarrow \beta v + g`, :math:`\theta \leftarrow \theta - \eta v`.

    Parameters
    ----------
    beta : float, default 0.9
        The share of the velocity that is kept, in [0, 1].

    Examples
    --------
    >>> theta, velocity = np.array([1.0]), np.array([1.0])
    >>> Momentum(beta=0.5).update(theta, np.array([2.0]), [velocity], 0.25, step=1)
    >>> theta, velocity
    (array([0.375]), array([2.5]))
    """

    beta: float = 0.9
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        (velocity,) = state
        velocity *= self.beta
        velocity += gradient
        vector -= learning_rate * velocity


@dataclass(frozen=True)
class Nesterov:
    r"""Nesterov's momentum, as Sutskever et al. (2013) adapted it to neural networks, in PyTorch's form.

    :math:`v \leftarrow \beta v + g`, :math:`\theta \leftarrow \theta - \eta (g + \beta v)`. The paper takes the
    gradient at a point ahead of its parameters; here :math:`\theta` is that point, and nothing else differs.

    Parameters
    ----------
    beta : float, default 0.9
        The share of the velocity that is kept, in [0, 1].

    Examples
    --------
    >>> theta, velocity = np.array([1.0]), np.array([1.0])
    >>> Nesterov(beta=0.5).update(theta, np.array([2.0]), [velocity], 0.25, step=1)
    >>> theta, velocity
    (array([0.1875]), array([2.5]))
    """

    beta: float = 0.9
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        (velocity,) = state
        velocity *= self.beta
        velocity += gradient
        vector -= learning_rate * (gradient + self.beta * velocity)


@dataclass(frozen=True)
class Adam:
    r"""Adam (Kingma and Ba, 2015, algorithm 1).

    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`, :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`,
    :math:`\theta \leftarrow \theta - \eta \, \hat m / (\sqrt{\hat v} + \epsilon)` with
    :math:`\hat m = m / (1 - \beta_1^t)` and :math:`\hat v = v / (1 - \beta_2^t)`.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        In [0, 1).
    epsilon : float, default 1e-8

    Examples
    --------
    The first step moves every coordinate by the learning rate:

    >>> theta = np.array([1.0, 1.0])
    >>> Adam().update(theta, np.array([2.0, -300.0]), [np.zeros(2), np.zeros(2)], 0.25, step=1)
    >>> theta.round(6)
    array([0.75, 1.25])
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    slots: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        m, v = state
        m *= self.beta1
        m += (1 - self.beta1) * gradient
        v *= self.beta2
        v += (1 - self.beta2) * (gradient * gradient)
        denominator = np.sqrt(v)
        denominator /= sqrt(1 - self.beta2**step)
        denominator += self.epsilon
        np.divide(m, denominator, out=denominator)
        denominator *= learning_rate / (1 - self.beta1**step)
        vector -= denominator


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam with decoupled weight decay (Loshchilov and Hutter, 2019), in PyTorch's form.

    First :math:`\theta \leftarrow (1 - \eta \lambda) \theta`, including the biases, then Adam's step. Here
    :math:`\eta` is the whole learning rate; the paper's algorithm 2 multiplies its :math:`\lambda` by the schedule
    alone. So divide a :math:`\lambda` of the paper by the highest learning rate.

    Parameters
    ----------
    beta1, beta2, epsilon
        As for :class:`Adam`.
    weight_decay : float, default 0.01
        :math:`\lambda`, at least 0.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> AdamW(weight_decay=0.4).update(theta, np.array([0.0]), [np.zeros(1), np.zeros(1)], 0.25, step=1)
    >>> theta
    array([0.9])
    """

    weight_decay: float = 0.01

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        vector *= 1 - learning_rate * self.weight_decay
        super().update(vector, gradient, state, learning_rate, step)


@dataclass(frozen=True)
class RMSprop:
    r"""RMSprop (Tieleman and Hinton, 2012), in PyTorch's form.

    :math:`v \leftarrow \alpha v + (1 - \alpha) g^2`, :math:`\theta \leftarrow \theta - \eta g / (\sqrt v + \epsilon)`.

    Parameters
    ----------
    alpha : float, default 0.99
        The share of the average of squares that is kept, in [0, 1).
    epsilon : float, default 1e-8

    Examples
    --------
    >>> theta, squares = np.array([1.0]), np.array([0.0])
    >>> RMSprop(alpha=0.75, epsilon=0.0).update(theta, np.array([2.0]), [squares], 0.25, step=1)
    >>> theta, squares
    (array([0.5]), array([1.]))
    """

    alpha: float = 0.99
    epsilon: float = 1e-8
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        (squares,) = state
        squares *= self.alpha
        squares += (1 - self.alpha) * (gradient * gradient)
        vector -= learning_rate * gradient / (np.sqrt(squares) + self.epsilon)


@dataclass(frozen=True)
class Lion:
    r"""Lion (Chen et al., 2023, algorithm 2): every coordinate moves by the learning rate.

    :math:`\theta \leftarrow (1 - \eta \lambda) \theta - \eta \, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g)`, and only
    then :math:`m \leftarrow \beta_2 m + (1 - \beta_2) g`.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.99
        In [0, 1).
    weight_decay : float, default 0.01
        :math:`\lambda`, at least 0; of all parameters, including the biases.

    Examples
    --------
    >>> theta, momentum = np.array([1.0, 1.0]), np.zeros(2)
    >>> Lion(weight_decay=0.0).update(theta, np.array([2.0, -300.0]), [momentum], 0.25, step=1)
    >>> theta
    array([0.75, 1.25])
    """

    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.01
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        (momentum,) = state
        vector *= 1 - learning_rate * self.weight_decay
        vector -= learning_rate * np.sign(self.beta1 * momentum + (1 - self.beta1) * gradient)
        momentum *= self.beta2
        momentum += (1 - self.beta2) * gradient


@dataclass(frozen=True)
class Muon:
    r"""Muon (Jordan et al., 2024): the momentum of a hidden layer's weights, made orthogonal.

    For a matrix between two hidden layers, :math:`M \leftarrow \beta M + (1 - \beta) G` and
    :math:`W \leftarrow (1 - \eta \lambda) W - 0.2 \, \eta \sqrt{\max(d_{in}, d_{out})} \, O`, where O is nearly the
    matrix with the singular vectors of :math:`\beta M + (1 - \beta) G` and singular values of 1. The factor makes the
    step as large as AdamW's (Liu et al., 2025), so that one learning rate suits both: :class:`AdamW` updates the first
    and the last layer's weights, and all biases; with fewer than two hidden layers, that is everything.

    Parameters
    ----------
    beta : float, default 0.95
        The share of the momentum that is kept, in [0, 1).
    weight_decay : float, default 0.01
        :math:`\lambda`, at least 0, for all parameters.
    beta1, beta2, epsilon : float, default 0.9, 0.999 and 1e-8
        The constants of AdamW.
    layer_sizes : tuple of int, default ()
        Those of the network, which say where in the vector its matrices are. An engine fills them in.

    Examples
    --------
    The singular values of the step of a hidden layer are of one size, and those of the gradient are not:

    >>> theta, gradient = np.zeros(37), np.random.default_rng(0).standard_normal(37)
    >>> Muon(layer_sizes=(2, 4, 4, 1)).update(theta, gradient, np.zeros((2, 37)), 0.25, step=1)
    >>> [np.linalg.svd(G[12:28].reshape(4, 4), compute_uv=False).round(2).tolist() for G in (gradient, theta)]
    [[2.77, 1.95, 1.52, 0.34], [0.11, 0.1, 0.07, 0.07]]
    """

    beta: float = 0.95
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    layer_sizes: tuple[int, ...] = ()
    slots: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_constants(self)

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        momentum, squares = state
        other = AdamW(self.beta1, self.beta2, self.epsilon, self.weight_decay)
        for part, shape in self._parts(vector.size):
            if shape is None:
                other.update(vector[part], gradient[part], (momentum[part], squares[part]), learning_rate, step)
                continue
            momentum[part] *= self.beta
            momentum[part] += (1 - self.beta) * gradient[part]
            ahead = self.beta * momentum[part] + (1 - self.beta) * gradient[part]
            length = 0.2 * learning_rate * sqrt(max(shape))
            vector[part] *= 1 - learning_rate * self.weight_decay
            vector[part] -= length * orthogonalised(ahead.reshape(shape)).ravel()

    def _parts(self, size: int) -> Iterator[tuple[slice, tuple[int, int] | None]]:
        """Divide a vector into the matrices between hidden layers, with their shapes, and what lies between them."""
        start, rest, last = 0, 0, len(self.layer_sizes) - 2
        for layer, shape in enumerate(pairwise(self.layer_sizes)):
            end = start + shape[0] * shape[1]
            if 0 < layer < last:
                yield slice(rest, start), None
                yield slice(start, end), shape
                rest = end
            start = end + shape[1]
        if not 0 < start <= size:  # a network may have more than weights and biases, behind them
            raise ShapeError(
                f"{size} parameters for Muon with layer sizes {self.layer_sizes}",
                f"at least the {start} weights and biases of the layers" if start else "those of the network",
                "set layer_sizes to those of the network",
            )
        yield slice(rest, size), None


def for_network(optimizer: Optimizer, layer_sizes: tuple[int, ...]) -> Optimizer:
    """Tell an optimizer that works on matrices where they are; others work on the vector as a whole.

    Examples
    --------
    >>> for_network(Muon(), (4, 3)).layer_sizes
    (4, 3)
    >>> for_network(SGD(), (4, 3))
    SGD()
    """
    return replace(optimizer, layer_sizes=layer_sizes) if isinstance(optimizer, Muon) else optimizer


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nesterov": Nesterov(),
    "adam": Adam(),
    "adamw": AdamW(),
    "rmsprop": RMSprop(),
    "lion": Lion(),
    "muon": Muon(),
}
