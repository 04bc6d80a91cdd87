"""The reference engine: a span of training steps in plain NumPy, the definition of what any faster engine computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_keys, dropout_masks
from handgrad.training.engines.protocol import SpanLog
from handgrad.training.examples import Examples, counts_right
from handgrad.training.metrics import correct
from handgrad.training.settings import TrainingSettings

# A larger batch is passed over in chunks of so many rows, whose gradients are added up: the working memory does not
# grow with the batch, and a chunk's activations stay in the cache.
CHUNK = 512


def run_span(
    network: MLP,
    parameters: Parameters,
    state: NDArray[Any],
    examples: Examples,
    order: NDArray[np.integer[Any]],
    ends: NDArray[np.integer[Any]],
    learning_rates: Sequence[float],
    first_step: int,
    settings: TrainingSettings,
) -> SpanLog:
    """Take one optimizer step for each batch, changing the parameters and the optimizer's state in place.

    This is the definition of what any other engine does with the same arguments.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    state : ndarray of shape (slots, parameters)
        The optimizer's.
    examples : Examples
    order : integer ndarray
        The rows of all steps, one batch after the other.
    ends : integer ndarray
        Where in ``order`` each batch ends.
    learning_rates : sequence of float
        One for each step.
    first_step : int
        Steps taken before this span.
    settings : TrainingSettings

    Returns
    -------
    SpanLog
    """
    first: tuple[float, float | None, float] | None = None
    total_loss = 0.0
    begin = 0
    for step, (end, learning_rate) in enumerate(zip(ends, learning_rates, strict=True), start=first_step):
        rows = order[begin:end]
        begin = end
        loss, accuracy, gradient = batch_gradient(network, parameters, examples, rows, step, settings)
        total_loss += loss
        norm = None
        if first is None or settings.clip is not None:
            norm = float(np.linalg.norm(gradient))
        if first is None and norm is not None:
            first = (loss, accuracy, norm)
        if settings.clip is not None and norm is not None and norm > settings.clip:
            gradient *= settings.clip / norm
        settings.recurrence.update(parameters.vector, gradient, state, learning_rate, step + 1)
    if first is None:
        raise ValueError("a span of no steps")
    return SpanLog(*first, total_loss)


def dropout_rates(network: MLP, settings: TrainingSettings) -> list[float]:
    """List the share to drop of the inputs and of each hidden layer."""
    return [settings.input_dropout, *[settings.dropout] * (len(network.layer_sizes) - 2)]


def batch_gradient(
    network: MLP,
    parameters: Parameters,
    examples: Examples,
    rows: NDArray[np.integer[Any]],
    step: int,
    settings: TrainingSettings,
) -> tuple[float, float | None, NDArray[Any]]:
    """Compute the objective on a batch, the share of right answers, and the flat gradient, chunk by chunk."""
    dtype = parameters.vector.dtype
    total_weight = float(examples.weight[rows].sum()) if examples.weight is not None else float(len(rows))
    objective, right = 0.0, 0
    gradient = np.zeros_like(parameters.vector)
    classes = counts_right(network, examples)
    rates = dropout_rates(network, settings)
    keys = dropout_keys(settings.seed, np.array([step]), len(rates))[0] if any(rates) else None
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        X, y = examples.X[part].astype(dtype, copy=False), examples.y[part]
        weight = None if examples.weight is None else examples.weight[part]
        share = (len(part) if weight is None else float(weight.sum())) / total_weight if total_weight else 0.0
        masks = None if keys is None else dropout_masks(keys, rates, network.layer_sizes[:-1], start, len(part), dtype)
        logits, cache = network.forward(parameters, X, masks)
        right += correct(logits, y) if classes else 0
        if share == 0.0:  # only examples of weight zero: nothing to learn from them
            continue
        value, dlogits = network.loss_and_gradient(logits, y, weight, settings.label_smoothing)
        objective += share * float(value)
        gradient += network.backward(parameters, cache, share * dlogits).vector
    if settings.l2:
        penalty, penalty_gradient = network.l2_penalty(parameters, settings.l2)
        objective += float(penalty)
        gradient += penalty_gradient.vector
    return objective, right / len(rows) if classes else None, gradient


def evaluate(network: MLP, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
    """Compute the loss and the accuracy on all examples, without dropout, smoothing or penalty.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    examples : Examples
        At least one row.

    Returns
    -------
    loss : float
        The mean, weighted where the examples are.
    accuracy : float or None
        The share of right answers, each example counting one; None where the targets are numbers.

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


@dataclass(frozen=True)
class NumpyEngine:
    """The functions above for one training, on so many threads (None: as many as the BLAS library takes)."""

    network: MLP
    parameters: Parameters
    examples: Examples
    settings: TrainingSettings
    threads: int | None = None
    pools: ThreadpoolController = field(default_factory=ThreadpoolController)
    name: ClassVar[str] = "numpy"

    def prepare(self) -> None:
        """Do nothing: NumPy is compiled already."""

    def run_span(
        self,
        state: NDArray[Any],
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
    ) -> SpanLog:
        """Take the steps of a span."""
        with self.pools.limit(limits=self.threads):
            return run_span(
                self.network, self.parameters, state, self.examples,
                order, ends, learning_rates, first_step, self.settings,
            )  # fmt: skip

    def evaluate(self, examples: Examples) -> tuple[float, float | None]:
        """Compute loss and accuracy on all examples."""
        with self.pools.limit(limits=self.threads):
            return evaluate(self.network, self.parameters, examples)
