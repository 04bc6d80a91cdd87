"""The training loop: a generator of records. It prints nothing, and its consumer may stop it at any record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DivergenceError, SettingError, ShapeError
from handgrad.network.losses import check_smoothing
from handgrad.network.mlp import MLP
from handgrad.training.batches import Orders, checked_orders, epoch_order
from handgrad.training.engines.choice import make_engine
from handgrad.training.engines.protocol import Engine
from handgrad.training.examples import Examples, check_examples, checked_sets
from handgrad.training.health import gradient_norms, some_examples
from handgrad.training.rates import suitable_rate
from handgrad.training.schedules import SCHEDULES
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState

SPAN_SECONDS = 0.5  # about how long the steps may take between two points at which a training can be stopped


@dataclass(frozen=True)
class Record:
    """One report of a training run: an evaluation, the figures of one batch, or a divergence.

    Attributes
    ----------
    kind : {"evaluation", "batch", "divergence"}
        The last is never yielded: it stands in the history of a run that returned to a checkpoint.
    epoch : int
        Epochs completed.
    step : int
        Steps taken. A batch's record describes the state before the batch's own step.
    learning_rate : float
        That of the next step (after the end, that of the last one).
    train_seconds : float
        Time spent in training steps so far; evaluation does not count.
    figures : mapping of str to float
        An evaluation has ``train_loss``, ``train_accuracy``, ``test_loss`` and so on: the plain loss and the accuracy
        on the whole of each set, without penalty, label smoothing and dropout. A batch has ``batch_loss`` (the
        objective as it was differentiated, with all of these), ``batch_accuracy`` and ``gradient_norm`` (before
        clipping). There are no accuracies if the targets are numbers. ``log_layers`` adds :func:`gradient_norms`.
    """

    kind: Literal["evaluation", "batch", "divergence"]
    epoch: int
    step: int
    learning_rate: float
    train_seconds: float
    figures: Mapping[str, float] = field(default_factory=dict)


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
    state: TrainingState,
    examples: Examples,
    evaluate_on: Mapping[str, Examples] | None = None,
    *,
    settings: TrainingSettings | None = None,
    orders: Orders | None = None,
    engine: Engine | None = None,
) -> Iterator[Record]:
    """Train a network, yielding records on the way: an evaluation before each epoch and one at the end.

    Training happens while records are requested; a consumer that requests no more has stopped it. The state is changed
    in place and is consistent at every record. Training continues from wherever the state is: a run that was stopped at
    any step and is continued gives the same bits as one that was not. :func:`train_in_spans` can be stopped between
    records, too.

    Parameters
    ----------
    network : MLP
    state : TrainingState
        Where to start, from :meth:`TrainingState.start`, or where to continue.
    examples : Examples
        The training set.
    evaluate_on : mapping of str to Examples, optional
        Further sets to evaluate on, such as ``{"test": ...}``. The names, of letters and digits, are those in the
        records: ``test_loss`` and ``test_accuracy``.
    settings : TrainingSettings, optional
    orders : sequence of integer ndarrays of shape (n,), optional
        The order of the examples in each epoch, instead of the one drawn from the seed.
    engine : Engine, optional
        Made for this network and these examples and settings; by default what :func:`make_engine` returns.

    Yields
    ------
    Record

    Raises
    ------
    ShapeError
        If the arrays do not match the network or each other.
    SettingError
        If labels, weights or values are outside their range, an epoch would have no batch, or the state does not match
        the settings.
    DivergenceError
        If the loss or a parameter is no longer finite. The state is then what it was before the last span of steps.

    Examples
    --------
    >>> X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    >>> network = MLP((2, 8, 2), "tanh")
    >>> settings = TrainingSettings(learning_rate=1.0, epochs=200, full_batch=True, evaluate_every=100)
    >>> state = TrainingState.start(network.initialise(seed=0), settings)
    >>> for record in train(network, state, Examples(X, y), settings=settings):
    ...     print(record.step, record.figures["train_accuracy"])
    0 0.75
    100 1.0
    200 1.0
    """
    spans = train_in_spans(network, state, examples, evaluate_on, settings=settings, orders=orders, engine=engine)
    return (record for record in spans if record is not None)


def train_in_spans(
    network: MLP,
    state: TrainingState,
    examples: Examples,
    evaluate_on: Mapping[str, Examples] | None = None,
    *,
    settings: TrainingSettings | None = None,
    orders: Orders | None = None,
    engine: Engine | None = None,
) -> Iterator[Record | None]:
    """Train a network as :func:`train` does, and yield None as well after every span of steps, about twice a second.

    At each None the state is consistent, so it can be saved, and every record of the steps so far has been yielded.
    Parameters and errors are those of :func:`train`.

    Examples
    --------
    >>> network, settings = MLP((2, 2)), TrainingSettings(epochs=1, batch_size=2)
    >>> state = TrainingState.start(network.initialise(seed=0), settings)
    >>> examples = Examples(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1]))
    >>> [record and record.kind for record in train_in_spans(network, state, examples, settings=settings)]
    ['evaluation', None, 'evaluation']
    """
    settings = settings if settings is not None else TrainingSettings()
    check_examples(network, examples)
    evaluate_on = checked_sets(network, evaluate_on)
    check_smoothing(network.loss, settings.label_smoothing)
    per_epoch = steps_per_epoch(len(examples), settings)
    if per_epoch == 0:
        raise SettingError(
            f"batch_size is {settings.batch_size} with {len(examples)} examples and drop_last",
            "at least one whole batch per epoch",
            "set a smaller batch_size",
        )
    _check_state(network, state, settings, per_epoch)
    if orders is not None:
        orders = checked_orders(orders, len(examples), settings.epochs)
    return _records(network, state, examples, evaluate_on, settings, orders, engine)


def _records(
    network: MLP,
    state: TrainingState,
    examples: Examples,
    evaluate_on: Mapping[str, Examples],
    settings: TrainingSettings,
    orders: Orders | None,
    engine: Engine | None,
) -> Iterator[Record | None]:
    """Run the loop, in the order in which things happen."""
    if engine is None:
        engine, _ = make_engine(network, examples, settings, state.parameters.vector.dtype)
    engine.prepare()
    per_epoch = steps_per_epoch(len(examples), settings)
    total = per_epoch * settings.epochs
    span = settings.log_every or per_epoch
    size = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
    ends = np.minimum(size * np.arange(1, per_epoch + 1), len(examples))

    peak = settings.learning_rate or suitable_rate(network, settings.recurrence)

    def learning_rate(step: int) -> float:
        return SCHEDULES[settings.schedule](step, total, peak)

    def evaluation() -> Record:
        rate = learning_rate(min(state.step, total - 1))
        figures: dict[str, float] = {}
        for name, part in {"train": examples, **evaluate_on}.items():
            with np.errstate(over="ignore", invalid="ignore"):
                loss, accuracy = engine.evaluate(state.parameters, part)
            if name == "train" and not isfinite(loss):
                raise _diverged(f"after step {state.step}", peak)
            figures[f"{name}_loss"] = loss
            if accuracy is not None:
                figures[f"{name}_accuracy"] = accuracy
        figures |= gradient_norms(network, state.parameters, some_examples(examples)) if settings.log_layers else {}
        return Record("evaluation", state.epoch, state.step, rate, state.seconds, figures)

    most = 1  # steps at a time, as many as take SPAN_SECONDS
    for epoch in range(state.epoch, settings.epochs):
        if state.position == 0 and epoch % settings.evaluate_every == 0:
            yield evaluation()
        order = _order(len(examples), epoch, settings, orders)
        last = state.position
        while last < per_epoch:
            if (state.epoch, state.position) != (epoch, last):
                raise SettingError(
                    "a state that something else has changed between two records",
                    "a state of its own for each training",
                    "pass state.copy()",
                )
            first, start, before = last, last - last % span, state.step
            last = min(first + most, start + span, per_epoch)
            begin = int(ends[first - 1]) if first else 0
            good, began = state.copy(), perf_counter()
            with np.errstate(over="ignore", invalid="ignore"):
                rates = [learning_rate(before + offset) for offset in range(last - first)]
                log = engine.run_span(state, order[begin : ends[last - 1]], ends[first:last] - begin, rates)
            seconds = perf_counter() - began
            state.seconds += seconds
            most = max(1, min(int(SPAN_SECONDS * (last - first) / max(seconds, 1e-9)), 8 * most))
            if not (np.isfinite(log.losses).all() and np.isfinite(state.parameters.vector).all()):
                state.become(good)
                raise _diverged(f"within steps {before + 1} to {before + last - first}", peak)
            state.epoch, state.position = epoch + last // per_epoch, last % per_epoch
            if settings.log_every and first == start:
                loss, accuracy = log.losses[0], log.accuracy
                figures = {"batch_loss": loss, "batch_accuracy": accuracy, "gradient_norm": log.gradient_norm}
                known = {name: value for name, value in figures.items() if value is not None}
                yield Record("batch", epoch, before, rates[0], state.seconds, known)
            yield None
    yield evaluation()


def _order(n: int, epoch: int, settings: TrainingSettings, orders: Orders | None) -> NDArray[np.integer[Any]]:
    """Return the order in which an epoch visits the examples."""
    if settings.full_batch or settings.batch_size >= n or not settings.shuffle:
        return np.arange(n)
    return epoch_order(n, settings.seed, epoch) if orders is None else orders[epoch]


def _check_state(network: MLP, state: TrainingState, settings: TrainingSettings, per_epoch: int) -> None:
    """Refuse a state that belongs to another network, optimizer or length of training."""
    network.check_parameters(state.parameters)
    shape = (settings.recurrence.slots, state.parameters.vector.size)
    if state.slots.shape != shape:
        raise ShapeError(
            f"slots of shape {state.slots.shape} with the optimizer {type(settings.recurrence).__name__}",
            f"shape {shape}",
            "start the state with these settings",
        )
    if not (0 <= state.epoch <= settings.epochs and 0 <= state.position < per_epoch):
        raise SettingError(
            f"a state at epoch {state.epoch} and step {state.position} within it",
            f"at most {settings.epochs} epochs of {per_epoch} steps",
            "continue with the batch size of before, and with as many epochs in all as the whole training is to have",
        )


def _diverged(where: str, learning_rate: float) -> DivergenceError:
    """Describe numbers that are no longer finite."""
    return DivergenceError(
        f"the training loss or a parameter is no longer finite {where}",
        "finite numbers",
        f"lower the learning rate (it is {learning_rate:g}) or clip the gradient",
    )
