"""The exercise's own code, float64, with its own loop over batches; it evaluates nothing here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contests import Task
from benchmarks.data import Data, first_weights
from handgrad.handout import fcc

VERSIONS = ("numpy",)
DTYPE = np.float64


class Notebook:
    """The network of ``handgrad.handout``, which is sigmoid, cross-entropy and plain gradient descent."""

    def __init__(self, task: Task, data: Data) -> None:
        self.task, self.data = task, data
        self.network = fcc(*task.sizes)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Go back to the first weights."""
        net = self.network
        (net.W_i_h1, net.b_h1), (net.W_h1_h2, net.b_h2), (net.W_h2_o, net.b_out) = first_weights(self.task, seed)

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Forward, backward, step, as in ``stochastic_gradient_descent``."""
        X, y, size = self.data.X, self.data.y, self.task.batch_size
        for j, rate in enumerate(rates):
            batch = slice(None) if order is None else order[j * size : (j + 1) * size]
            self.network.forward_propagation(X[batch])
            self.network.backprop(y[batch])
            self.network.gradient_step(rate)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities."""
        return self.network.forward_propagation(X)


def build(task: Task, data: Data, threads: int) -> Notebook:  # noqa: ARG001 - NumPy's threads are set from outside
    """Build the runner."""
    return Notebook(task, data)
