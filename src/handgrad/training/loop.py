"""The training loop: a generator of records. It prints nothing, and whoever consumes it may stop it at any record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DivergenceError, SettingError, ShapeError
from handgrad.network.losses import LOSSES
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import epoch_order
from handgrad.training.engines.choice import make_engine
from handgrad.training.examples import Examples, check_examples
from handgrad.training.schedules import SCHEDULES
from handgrad.training.settings import TrainingSettings


@dataclass(frozen=True)
class Record:
    """One thing that training reports: an evaluation, or the loss of one batch.

    Attributes
    ----------
    kind : {"evaluation", "batch"}
    epoch : int
        Epochs completed.
    step : int
        Steps taken. A batch's record tells of the state before its own step.
    learning_rate : float
        The one of the next step (of the last one, after the end).
    train_seconds : float
        Time spent in training steps so far; evaluation does not count.
    train_loss, train_accuracy, test_loss, test_accuracy : float, optional
        An evaluation's figures on the whole training and test part: the plain loss, without penalty, smoothing and
        dropout. None without a test part; accuracies are None where the targets are numbers.
    batch_loss : float, optional
        A batch's objective, as it was differentiated: with penalty, smoothing and dropout.
    batch_accuracy : float, optional
    gradient_norm : float, optional
        The length of the batch's gradient, before clipping.
    """

    kind: Literal["evaluation", "batch"]
    epoch: int
    step: int
    learning_rate: float
    train_seconds: float
    train_loss: float | None = None
    train_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    batch_loss: float | None = None
    batch_accuracy: float | None = None
    gradient_norm: float | None = None


def steps_per_epoch(n: int, settings: TrainingSettings) -> int:
    """Count the steps that one epoch over n examples takes.

    Examples
    --------
    >>> steps_per_epoch(60000, TrainingSettings(batch_size=64))
    938
    """
    if settings.full_batch:
        return 1
    return n // settings.batch_size if settings.drop_last else -(-n // settings.batch_size)


def train(
    network: MLP,
    parameters: Parameters,
    X: NDArray[Any],
    y: NDArray[Any],
    X_test: NDArray[Any] | None = None,
    y_test: NDArray[Any] | None = None,
    *,
    sample_weight: NDArray[Any] | None = None,
    orders: Iterable[NDArray[np.integer[Any]]] | None = None,
    settings: TrainingSettings | None = None,
) -> Iterator[Record]:
    """Train a network, yielding records on the way: an evaluation before each epoch and one at the end.

    The parameters are changed in place, and at each record they are whole. Training happens while records are asked
    for; a consumer that asks no more has stopped it.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        Where to start; NumPy, float32 or float64, which is the precision of all that is computed.
    X : ndarray of shape (n, d)
        Training examples, finite.
    y : ndarray of shape (n,) or (n, k)
        Their targets: class numbers, answers or numbers, as the network's loss wants them. Any loss takes class numbers
        where there is an output for each class.
    X_test, y_test : ndarray, optional
        A part to evaluate on, which is not trained on.
    sample_weight : ndarray of shape (n,), optional
        At least 0; weight 2 means the same as the example twice in its batch.
    orders : iterable of integer ndarrays of shape (n,), optional
        The order of the examples for each epoch, in place of the one that the settings' seed draws.
    settings : TrainingSettings, optional

    Yields
    ------
    Record

    Raises
    ------
    ShapeError
        If the arrays do not fit the network or each other.
    SettingError
        If labels, weights or values are outside their range, or an epoch would have no batch.
    DivergenceError
        If the loss is no longer finite. The parameters are then of no use.

    Examples
    --------
    >>> X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    >>> network = MLP((2, 8, 2), "tanh")
    >>> settings = TrainingSettings(learning_rate=1.0, epochs=200, full_batch=True, evaluate_every=100)
    >>> for record in train(network, network.initialise(seed=0), X, y, settings=settings):
    ...     print(record.step, record.train_accuracy)
    0 0.75
    100 1.0
    200 1.0
    """
    settings = settings if settings is not None else TrainingSettings()
    examples = check_examples(network, X, y, sample_weight)
    if (X_test is None) != (y_test is None):
        given, missing = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise ShapeError(f"{given} without {missing}", "both, or neither", f"pass {missing} too")
    tests = check_examples(network, X_test, y_test) if X_test is not None and y_test is not None else None
    if settings.label_smoothing and LOSSES[network.loss].targets == "numbers":
        raise SettingError(
            f"label_smoothing is {settings.label_smoothing} with the loss {network.loss}",
            "0, since numbers are no labels",
            "leave it out, or take cross_entropy",
        )
    if parameters.layer_sizes != network.layer_sizes:
        raise ShapeError(
            f"parameters for layer sizes {parameters.layer_sizes}",
            f"layer sizes {network.layer_sizes}",
            "initialise the parameters with this network",
        )
    per_epoch = steps_per_epoch(len(examples), settings)
    if per_epoch == 0:
        raise SettingError(
            f"batch_size is {settings.batch_size} with {len(examples)} examples, and drop_last",
            "at least one whole batch an epoch",
            "set a smaller batch_size",
        )
    if orders is None:
        orders = (epoch_order(len(examples), settings.seed, epoch) for epoch in range(settings.epochs))
    return _records(network, parameters, examples, tests, settings, per_epoch, iter(orders))


def _records(
    network: MLP,
    parameters: Parameters,
    examples: Examples,
    tests: Examples | None,
    settings: TrainingSettings,
    per_epoch: int,
    orders: Iterator[NDArray[np.integer[Any]]],
) -> Iterator[Record]:
    """Run the loop, in the order in which things happen."""
    total = per_epoch * settings.epochs
    state = np.zeros((settings.recurrence.slots, parameters.vector.size), parameters.vector.dtype)
    span = settings.log_every or per_epoch
    engine = make_engine(network, parameters, examples, settings)
    engine.prepare()
    step, seconds = 0, 0.0

    def learning_rate(at: int) -> float:
        return SCHEDULES[settings.schedule](at, total, settings.learning_rate)

    def evaluation(epoch: int) -> Record:
        rate = learning_rate(min(step, total - 1))
        with np.errstate(over="ignore", invalid="ignore"):
            train_loss, train_accuracy = engine.evaluate(examples)
            if not isfinite(train_loss):
                raise _diverged(train_loss, f"after step {step}", rate)
            test_loss, test_accuracy = engine.evaluate(tests) if tests is not None else (None, None)
        return Record("evaluation", epoch, step, rate, seconds, train_loss, train_accuracy, test_loss, test_accuracy)

    for epoch in range(settings.epochs):
        if epoch % settings.evaluate_every == 0:
            yield evaluation(epoch)
        order, ends = _epoch(len(examples), per_epoch, settings, orders)
        for start in range(0, per_epoch, span):
            part = ends[start : start + span]
            first = int(ends[start - 1]) if start else 0
            began = perf_counter()
            with np.errstate(over="ignore", invalid="ignore"):
                rates = [learning_rate(step + offset) for offset in range(len(part))]
                log = engine.run_span(state, order[first : part[-1]], part - first, rates, step)
            seconds += perf_counter() - began
            if not isfinite(log.total_loss):
                raise _diverged(log.total_loss, f"within steps {step + 1} to {step + len(part)}", rates[0])
            if settings.log_every:
                yield Record(
                    "batch",
                    epoch,
                    step,
                    rates[0],
                    seconds,
                    batch_loss=log.loss,
                    batch_accuracy=log.accuracy,
                    gradient_norm=log.gradient_norm,
                )
            step += len(part)
    yield evaluation(settings.epochs)


def _diverged(loss: float, where: str, learning_rate: float) -> DivergenceError:
    """Describe a loss that is no longer finite."""
    return DivergenceError(
        f"the training loss is {loss} {where}",
        "a finite loss",
        f"lower the learning rate (it is {learning_rate:g}) or clip the gradient",
    )


def _epoch(
    n: int, per_epoch: int, settings: TrainingSettings, orders: Iterator[NDArray[np.integer[Any]]]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.int64]]:
    """Give the order of an epoch's examples, and where in it each batch ends."""
    if settings.full_batch or settings.batch_size >= n or not settings.shuffle:
        order: NDArray[np.integer[Any]] | None = np.arange(n)
    else:
        order = next(orders, None)
    if order is None or order.shape != (n,):
        found = "no order" if order is None else f"an order of shape {order.shape}"
        raise ShapeError(
            f"{found} for an epoch of {n} examples", f"shape ({n},) for each epoch", "give one permutation an epoch"
        )
    size = n if settings.full_batch else settings.batch_size
    return order, np.minimum(size * np.arange(1, per_epoch + 1), n)
