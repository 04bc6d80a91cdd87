"""The reference engine: training steps in plain NumPy, the definition of what any faster engine computes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from handgrad.network.mlp import MLP
from handgrad.network.normalisation import RATE, batch_statistics
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_keys, dropout_masks
from handgrad.training.constraints import limit_norms
from handgrad.training.engines.protocol import BatchGradient, SpanLog
from handgrad.training.examples import Examples, counts_right
from handgrad.training.metrics import correct
from handgrad.training.optimizers import for_network
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState

# A larger batch is processed in chunks of this many rows, whose gradients are added up: the working memory does not
# grow with the batch, and a chunk's activations stay in the cache.
CHUNK = 512
_MAPPED_BLOCK = 31 << 20  # bytes


@cache  # finding the libraries of a process takes 1 to 20 milliseconds, as long as a short training
def thread_pools() -> ThreadpoolController:
    """Find the thread pools of the libraries that NumPy computes with, once."""
    return ThreadpoolController()


@dataclass(frozen=True)
class NumpyEngine:
    """Training steps in NumPy, on a number of threads (None: as many as the BLAS library chooses)."""

    network: MLP
    examples: Examples
    settings: TrainingSettings
    threads: int | None = None
    name: ClassVar[str] = "numpy"

    def prepare(self) -> None:
        """Let the C library keep the memory of temporary arrays instead of returning it to the system at each step.

        glibc returns what is free above twice the largest block that it has ever mapped and freed, up to 32 MiB. The
        pages of this block are never touched, so it takes no memory.
        """
        np.empty(_MAPPED_BLOCK, dtype=np.uint8)

    def run_span(
        self,
        state: TrainingState,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
    ) -> SpanLog:
        """Take one step for each batch: its gradient, then the update."""
        losses: list[float] = []
        first: tuple[float | None, float] | None = None
        with self._limited():
            for (begin, end), learning_rate in zip(pairwise([0, *ends]), learning_rates, strict=True):
                batch = self._gradient(state, order[begin:end])
                norm = self._update(state, batch.gradient, learning_rate)
                losses.append(batch.loss)
                first = first or (batch.accuracy, norm)
        if first is None:
            raise ValueError("a span of no steps")
        return SpanLog(tuple(losses), *first)

    def gradient(self, state: TrainingState, rows: NDArray[np.integer[Any]]) -> BatchGradient:
        """Compute the objective on a batch and its gradient."""
        with self._limited():
            return self._gradient(state, rows)

    def update(self, state: TrainingState, gradient: NDArray[Any], learning_rate: float) -> float:
        """Clip the gradient, take the optimizer's step, and return the norm before clipping."""
        with self._limited():
            return self._update(state, gradient, learning_rate)

    def evaluate(self, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
        """Compute the mean loss and the accuracy."""
        with self._limited():
            return evaluate(self.network, parameters, examples)

    def _limited(self) -> AbstractContextManager[Any]:
        """Limit the threads of NumPy's libraries, if a number was set."""
        return nullcontext() if self.threads is None else thread_pools().limit(limits=self.threads)

    def _gradient(self, state: TrainingState, rows: NDArray[np.integer[Any]]) -> BatchGradient:
        """Compute the objective on a batch and its gradient, chunk by chunk."""
        network, examples, settings, parameters = self.network, self.examples, self.settings, state.parameters
        dtype = parameters.vector.dtype
        total_weight = float(examples.weight[rows].sum()) if examples.weight is not None else float(len(rows))
        objective, right = 0.0, 0
        gradient = np.zeros_like(parameters.vector)
        classes = counts_right(network, examples)
        rates = dropout_rates(network, settings)
        keys = dropout_keys(settings.seed, np.array([state.step]), len(rates))[0] if any(rates) else None
        widths, averaged = network.layer_sizes[:-1], network.learnt_count < network.parameter_count
        chunk = len(rows) if averaged else CHUNK  # the mean of a batch is not that of its chunks
        for start in range(0, len(rows), chunk):
            part = rows[start : start + chunk]
            X, y = examples.X[part].astype(dtype, copy=False), examples.y[part]
            weight = None if examples.weight is None else examples.weight[part]
            share = (len(part) if weight is None else float(weight.sum())) / total_weight if total_weight else 0.0
            value, part_gradient, cache = network.differentiate(
                parameters,
                X,
                y,
                sample_weight=weight if share else None,  # weights that are all zero have no mean
                label_smoothing=settings.label_smoothing,
                l1=settings.l1 if start == 0 else 0.0,
                l2=settings.l2 if start == 0 else 0.0,
                masks=None if keys is None else dropout_masks(keys, rates, widths, start, len(part), dtype),
                share=share,
            )
            objective += float(value)
            gradient += part_gradient.vector
            right += correct(cache.Z[-1], y) if classes else 0
            if averaged:
                learnt = network.learnt_count
                gradient[learnt:] = parameters.vector[learnt:] - batch_statistics(cache.normalised)
        return BatchGradient(objective, right / len(rows) if classes else None, gradient)

    def _update(self, state: TrainingState, gradient: NDArray[Any], learning_rate: float) -> float:
        """Clip, step, and count the step; running averages only follow those of the batches."""
        settings, learnt, parameters = self.settings, self.network.learnt_count, state.parameters
        vector, moved = parameters.vector, gradient[:learnt]
        norm = float(np.linalg.norm(moved))
        if settings.clip is not None and norm > settings.clip:
            moved *= settings.clip / norm
        optimizer = for_network(settings.recurrence, self.network.layer_sizes)
        optimizer.update(vector[:learnt], moved, state.slots[:, :learnt], learning_rate, state.step + 1)
        vector[learnt:] -= RATE * gradient[learnt:]
        if settings.max_norm is not None:
            limit_norms(parameters, settings.max_norm)
        state.step += 1
        return norm


def dropout_rates(network: MLP, settings: TrainingSettings) -> list[float]:
    """List the share of the inputs and of each hidden layer that is dropped."""
    return [settings.input_dropout, *[settings.dropout] * (len(network.layer_sizes) - 2)]


def evaluate(network: MLP, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
    """Compute the mean loss and the accuracy on examples, without dropout, label smoothing or penalty.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    examples : Examples
        At least one row.

    Returns
    -------
    loss : float
        The mean, weighted if the examples are.
    accuracy : float or None
        The share of examples that are right, each counting one; None if the targets are numbers.

    Examples
    --------
    >>> network = MLP((2, 2))
    >>> evaluate(network, Parameters((2, 2)), Examples(np.zeros((4, 2)), np.array([0, 0, 0, 1])))
    (0.6931471805599453, 0.75)
    """
    dtype = parameters.vector.dtype
    loss, right, total = 0.0, 0, 0.0
    classes = counts_right(network, examples)
    for start in range(0, len(examples), CHUNK):
        part = slice(start, start + CHUNK)
        weight = None if examples.weight is None else examples.weight[part]
        logits, _ = network.forward(parameters, examples.X[part].astype(dtype, copy=False))
        y = examples.y[part]
        share = float(len(y)) if weight is None else float(weight.sum())
        if share:
            loss += share * float(network.loss_and_gradient(logits, y, weight)[0])
        total += share
        right += correct(logits, y) if classes else 0
    return loss / total, right / len(examples) if classes else None
