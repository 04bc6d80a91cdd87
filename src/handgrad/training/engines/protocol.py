"""What the training loop asks of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handgrad.network.parameters import Parameters
from handgrad.training.examples import Examples
from handgrad.training.state import TrainingState


@dataclass(frozen=True)
class BatchGradient:
    """The objective on one batch: its value, the accuracy, and its gradient.

    Attributes
    ----------
    loss : float
        With penalty, label smoothing and dropout.
    accuracy : float or None
        None if the targets are numbers.
    gradient : ndarray of shape (parameters.vector.size,)
        The gradient of ``loss``, before clipping. In the places of the running averages of a batch normalisation, their
        differences from the batch's own mean and variance.
    """

    loss: float
    accuracy: float | None
    gradient: NDArray[Any]


@dataclass(frozen=True)
class SpanLog:
    """The losses of a span's steps, and further figures of its first step.

    Attributes
    ----------
    losses : tuple of float
        As in :class:`BatchGradient`, of each step; one that is not finite reveals a divergence.
    accuracy
        As in :class:`BatchGradient`.
    gradient_norm : float
        Before clipping.
    """

    losses: tuple[float, ...]
    accuracy: float | None
    gradient_norm: float


class Engine(Protocol):
    """What computes the steps of a training run; bound to a network, examples and settings when it is made.

    There are two ways to take steps: :meth:`run_span` takes many and is fast; :meth:`gradient` followed by
    :meth:`update` takes one, for code that has to act in between, such as a sum over several machines. On one machine
    both give the same bits. Both advance ``state.step``; the epoch, the position and the seconds are the caller's.
    """

    @property
    def name(self) -> str:
        """The engine's name in the settings."""

    def prepare(self) -> None:
        """Do what is needed once and is not training, such as compiling."""

    def run_span(
        self,
        state: TrainingState,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
    ) -> SpanLog:
        """Take one step for each batch, changing the state's parameters, slots and step in place.

        Parameters
        ----------
        state : TrainingState
        order : integer ndarray
            The rows of all batches, one batch after the other.
        ends : integer ndarray of shape (steps,)
            Where in ``order`` each batch ends; at least one.
        learning_rates : sequence of float
            One for each step.
        """

    def gradient(self, state: TrainingState, rows: NDArray[np.integer[Any]]) -> BatchGradient:
        """Compute the objective on a batch and its gradient. The state is not changed."""

    def update(self, state: TrainingState, gradient: NDArray[Any], learning_rate: float) -> float:
        """Clip a gradient, take the optimizer's step in place, and return the norm before clipping.

        The gradient may be overwritten.
        """

    def evaluate(self, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
        """Compute the mean loss and the accuracy on examples, without penalty, label smoothing and dropout."""
