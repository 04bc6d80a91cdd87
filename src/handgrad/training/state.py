"""Where a training run stands: everything that continuing it needs besides the data and the settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.network.parameters import Parameters
from handgrad.training.settings import TrainingSettings


@dataclass
class TrainingState:
    """The parameters, the optimizer's slots, and how far training has come.

    :func:`train` changes a state in place, and at every record that it yields the state is consistent: training can be
    continued from it, or from a copy, and gives the same bits as if it had never stopped. The random numbers need no
    state of their own, because the order of the examples is a function of the seed and the epoch, and dropout is a
    function of the seed and the step.

    Parameters
    ----------
    parameters : Parameters
        NumPy, float32 or float64; their dtype is the precision of the training.
    slots : ndarray of shape (optimizer.slots, parameters.vector.size)
        The vectors that the optimizer keeps from step to step, such as Adam's m and v.
    step : int, default 0
        Steps taken.
    epoch : int, default 0
        Epochs completed.
    position : int, default 0
        Steps taken since then, in the epoch that is not yet complete.
    seconds : float, default 0
        Time spent in training steps; evaluation does not count.

    Examples
    --------
    >>> state = TrainingState.start(Parameters((2, 3)), TrainingSettings("adam"))
    >>> state.slots.shape, state.step
    ((2, 9), 0)
    """

    parameters: Parameters
    slots: NDArray[Any]
    step: int = 0
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, parameters: Parameters, settings: TrainingSettings | None = None) -> TrainingState:
        """Return the state before the first step. It shares its parameters with the caller.

        Parameters
        ----------
        parameters : Parameters
            The initial weights and biases.
        settings : TrainingSettings, optional
            Its optimizer determines how many slots there are.

        Returns
        -------
        TrainingState
        """
        optimizer = (settings or TrainingSettings()).recurrence
        vector = parameters.vector
        return cls(parameters, np.zeros((optimizer.slots, vector.size), vector.dtype))

    def copy(self) -> TrainingState:
        """Return a state with a vector and slots of its own."""
        return replace(self, parameters=self.parameters.copy(), slots=self.slots.copy())

    def become(self, other: TrainingState) -> None:
        """Take over the numbers of another state of the same shape, in place."""
        self.parameters.vector[:], self.slots[:] = other.parameters.vector, other.slots
        self.step, self.epoch, self.position, self.seconds = other.step, other.epoch, other.position, other.seconds
