"""The matrix products of an epoch and nothing else: no gathering, no activation, no update.

Forward has one product a layer, the gradients one, and the deltas one for each layer but the first.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contests import Task
from benchmarks.data import Data, first_weights

VERSIONS = ("numpy",)
DTYPE = np.float32
LARGE = 2048


class Floor:
    """Products of one batch's shapes, into arrays that are there already."""

    def __init__(self, task: Task, data: Data) -> None:
        rng = np.random.default_rng(0)
        n, layers = task.batch_size, list(pairwise(task.sizes))
        self.task = task
        self.W = [W.astype(DTYPE) for W, _ in first_weights(task, 0)]
        self.H = [np.ascontiguousarray(data.X[:n]), *(rng.random((n, width), DTYPE) for width in task.sizes[1:-1])]
        self.D = [rng.random((n, width), DTYPE) for width in task.sizes[1:]]
        self.Z = [np.empty((n, d_out), DTYPE) for _, d_out in layers]
        self.dW = [np.empty(sizes, DTYPE) for sizes in layers]
        self.dH = [np.empty((n, d_in), DTYPE) for d_in, _ in layers]
        products = sum(2 * d_in * d_out for d_in, d_out in layers) + sum(d_in * d_out for d_in, d_out in layers[1:])
        self.gflop = 2e-9 * n * products * task.steps_per_epoch

    def reset(self, seed: int) -> None:
        """Do nothing."""

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:  # noqa: ARG002 - the rows do not matter
        """Compute the products of as many steps."""
        layers = range(len(self.W))
        for _ in rates:
            for layer in layers:
                np.matmul(self.H[layer], self.W[layer], out=self.Z[layer])
            for layer in reversed(layers):
                np.matmul(self.H[layer].T, self.D[layer], out=self.dW[layer])
                if layer:
                    np.matmul(self.D[layer], self.W[layer].T, out=self.dH[layer])

    def extras(self) -> dict[str, float]:
        """Measure one large product, and what an epoch would take at its speed."""
        A, B = np.ones((LARGE, LARGE), DTYPE), np.ones((LARGE, LARGE), DTYPE)
        C, seconds = A @ B, []
        for _ in range(5):
            began = perf_counter()
            np.matmul(A, B, out=C)
            seconds.append(perf_counter() - began)
        speed = 2e-9 * LARGE**3 / float(np.median(seconds))
        return {"gflop": self.gflop, "large_product_gflop_per_second": speed, "floor_seconds": self.gflop / speed}


def build(task: Task, data: Data, threads: int) -> Floor:  # noqa: ARG001 - NumPy's threads are set from outside
    """Build the runner."""
    return Floor(task, data)
