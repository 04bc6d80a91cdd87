"""The reference engine: a span of training steps in plain NumPy, the definition of what any faster engine computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.network.losses import LOSSES
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_masks
from handgrad.training.metrics import correct
from handgrad.training.settings import TrainingSettings

# A larger batch is passed over in chunks of so many rows, whose gradients are added up: the working memory does not
# grow with the batch, and a chunk's activations stay in the cache.
CHUNK = 512


@dataclass(frozen=True)
class Examples:
    """Rows and targets, with a weight for each row where there are weights."""

    X: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])


@dataclass(frozen=True)
class SpanLog:
    """What happened in the first step of a span, and the sum of the losses of all, which shows a divergence."""

    loss: float
    accuracy: float | None
    gradient_norm: float
    total_loss: float


def run_span(
    network: MLP,
    parameters: Parameters,
    state: list[NDArray[Any]],
    examples: Examples,
    batches: list[NDArray[np.integer[Any]] | slice],
    learning_rates: list[float],
    first_step: int,
    settings: TrainingSettings,
) -> SpanLog:
    """Take one optimizer step for each batch, changing the parameters and the optimizer's state in place.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    state : list of ndarrays
        The optimizer's slots.
    examples : Examples
    batches : list of index arrays or slices
        The rows of each step.
    learning_rates : list of float
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
    for offset, (rows, learning_rate) in enumerate(zip(batches, learning_rates, strict=True)):
        step = first_step + offset
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


def batch_gradient(
    network: MLP,
    parameters: Parameters,
    examples: Examples,
    rows: NDArray[np.integer[Any]] | slice,
    step: int,
    settings: TrainingSettings,
) -> tuple[float, float | None, NDArray[Any]]:
    """Compute the objective on a batch, the share of right answers, and the flat gradient, chunk by chunk."""
    dtype = parameters.vector.dtype
    index = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
    total_weight = float(examples.weight[index].sum()) if examples.weight is not None else float(len(index))
    objective, right = 0.0, 0
    gradient = np.zeros_like(parameters.vector)
    classes = counts_right(network, examples)
    rates = [settings.input_dropout, *[settings.dropout] * (len(network.layer_sizes) - 2)]
    for chunk, start in enumerate(range(0, len(index), CHUNK)):
        part = index[start : start + CHUNK]
        X, y = examples.X[part].astype(dtype, copy=False), examples.y[part]
        weight = None if examples.weight is None else examples.weight[part]
        share = (len(part) if weight is None else float(weight.sum())) / total_weight if total_weight else 0.0
        masks = dropout_masks(len(part), network.layer_sizes[:-1], rates, settings.seed, step, chunk, dtype)
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
    return objective, right / len(index) if classes else None, gradient


def counts_right(network: MLP, examples: Examples) -> bool:
    """Say whether there are right answers to count: classes or answers, but no numbers."""
    labels = examples.y.ndim == 1 and network.layer_sizes[-1] > 1
    return labels or LOSSES[network.loss].targets != "numbers"


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
