"""Optimizers: pure recurrences on flat vectors.

An optimizer consists of its constants. ``slots`` is the number of vectors it needs besides the parameters; they start
at zero and belong to the caller, and ``update`` changes them and the parameters in place. ``step`` counts from 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.floating[Any]]
Slots = Iterable[Vector]


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
        The share of the velocity that is kept, in [0, 1).

    Examples
    --------
    >>> theta, velocity = np.array([1.0]), np.array([1.0])
    >>> Momentum(beta=0.5).update(theta, np.array([2.0]), [velocity], 0.25, step=1)
    >>> theta, velocity
    (array([0.375]), array([2.5]))
    """

    beta: float = 0.9
    slots: ClassVar[int] = 1

    def update(self, vector: Vector, gradient: Vector, state: Slots, learning_rate: float, step: int) -> None:
        """Move the parameters one step, in place."""
        (velocity,) = state
        velocity *= self.beta
        velocity += gradient
        vector -= learning_rate * velocity


@dataclass(frozen=True)
class Nesterov:
    r"""Nesterov's momentum, as Sutskever et al. (2013) adapted it to neural networks.

    :math:`v \leftarrow \beta v + g`, :math:`\theta \leftarrow \theta - \eta (g + \beta v)`.

    Parameters
    ----------
    beta : float, default 0.9
        In [0, 1).

    Examples
    --------
    >>> theta, velocity = np.array([1.0]), np.array([1.0])
    >>> Nesterov(beta=0.5).update(theta, np.array([2.0]), [velocity], 0.25, step=1)
    >>> theta, velocity
    (array([0.1875]), array([2.5]))
    """

    beta: float = 0.9
    slots: ClassVar[int] = 1

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
    r"""Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2).

    First :math:`\theta \leftarrow (1 - \eta \lambda) \theta`, including the biases, then Adam's step.

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


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nesterov": Nesterov(),
    "adam": Adam(),
    "adamw": AdamW(),
}
