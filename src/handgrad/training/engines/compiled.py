"""The compiled engine gives ``handgrad.compiled`` its arrays, and means what the NumPy engine means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.compiled.arguments import Inputs, Log, Plan, Room, Rules
from handgrad.compiled.caching import compile_for
from handgrad.compiled.inference import evaluate_rows, predict_rows
from handgrad.compiled.span import train_span
from handgrad.compiled.vectors import LINE_BYTES
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_keys
from handgrad.training.engines.arrays import (
    OPTIMIZER_CODES,
    SPARSE,
    aligned,
    bring_together,
    constants_of,
    fixed,
    inputs_of,
    memory_for,
    room_for,
    set_apart,
    shape_of,
)
from handgrad.training.engines.protocol import SpanLog
from handgrad.training.engines.reference import dropout_rates
from handgrad.training.engines.team import Team
from handgrad.training.examples import Examples, counts_right
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState

ROWS = 256  # in one turn: their activations stay in the cores' caches
CHUNK = 128  # rows of an evaluation or prediction at a time


class CompiledEngine:
    """Runs spans of training steps, each as one compiled call a thread, that holds no lock of the interpreter.

    Parameters
    ----------
    network : MLP
    examples : Examples
    settings : TrainingSettings
        Network and settings must be ones for which ``unsupported`` returns None.
    dtype : dtype
        That of the parameters, float32 or float64.
    threads : int, optional
        By default as many as the process has cores, by its affinity and its container's quota.
    """

    name = "compiled"

    def __init__(
        self,
        network: MLP,
        examples: Examples,
        settings: TrainingSettings,
        dtype: DTypeLike,
        threads: int | None = None,
    ) -> None:
        self.network, self.examples, self.settings, self.dtype = network, examples, settings, np.dtype(dtype)
        batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
        self.shape = shape_of(network)
        self.team = Team(threads or joblib.cpu_count())
        size = network.parameter_count
        optimizer = settings.recurrence
        # A span works on copies that begin at a cache line: 6 % of an epoch.
        self.theta, self.gradient = aligned(size, dtype), aligned(size, dtype)
        room = -(-size // LINE_BYTES) * LINE_BYTES
        self.state = aligned(optimizer.slots * room, dtype).reshape(optimizer.slots, room)
        self.rules = Rules(
            OPTIMIZER_CODES[type(optimizer)],
            constants_of(optimizer),
            float(settings.clip or 0.0),
            float(settings.l2),
            float(settings.label_smoothing),
            np.array(dropout_rates(network, settings), np.float64),
        )
        self.inputs = inputs_of(network, examples, dtype, settings)
        self.memory = memory_for(
            self.shape, min(batch, ROWS), dtype, self.team.threads, self.inputs, bool(self.rules.rates.any())
        )
        self.forward = _Forward(network, dtype, self.team)

    def prepare(self) -> None:
        """Compile what is not compiled yet: in the caller's thread, where Ctrl-C ends it."""
        nothing = np.zeros(0, np.int64)
        log = Log(np.zeros(0), np.zeros(0), np.zeros(0))
        compile_for(train_span, (*self._span_arguments(nothing, nothing, [], 0, log), 0, *self.team.ends))
        evaluation = self.forward.evaluation_arguments(0, self.theta, self.inputs, np.zeros(0), np.zeros(0))
        compile_for(evaluate_rows, (*evaluation, 0, 1, self.team.stop))

    def run_span(
        self,
        state: TrainingState,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
    ) -> SpanLog:
        """Take one step for each batch, as ``NumpyEngine.run_span`` does."""
        log = Log(*np.zeros((3, len(ends))))
        arguments = self._span_arguments(order, ends, learning_rates, state.step, log)
        vector = state.parameters.vector
        self.memory.board[:] = 0
        set_apart(vector, self.theta, self.shape, self.team.threads, 1)
        for slot, apart in zip(state.slots, self.state[:, : self.theta.size], strict=True):
            set_apart(slot, apart, self.shape, self.team.threads, len(self.shape.sizes) - 1)
        try:
            self.team.run(lambda thread: train_span(*arguments, thread, *self.team.ends))
        finally:
            bring_together(self.theta, vector, self.shape, self.team.threads, 1)
            for slot, apart in zip(state.slots, self.state[:, : self.theta.size], strict=True):
                bring_together(apart, slot, self.shape, self.team.threads, len(self.shape.sizes) - 1)
        state.step += len(ends)
        accuracy = float(log.rights[0]) if counts_right(self.network, self.examples) else None
        return SpanLog(float(log.losses[0]), accuracy, float(log.norms[0]), float(log.losses.sum()))

    def evaluate(self, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
        """Compute the mean loss and the accuracy, as ``reference.evaluate`` does."""
        inputs = self.inputs if examples is self.examples else inputs_of(self.network, examples, self.dtype)
        loss, right = self.forward.evaluate(parameters.vector, inputs)
        total = len(examples) if examples.weight is None else float(examples.weight.sum())
        return loss / total, right / len(examples) if counts_right(self.network, examples) else None

    def _span_arguments(
        self,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
        log: Log,
    ) -> tuple[Any, ...]:
        """List the arguments of ``train_span`` that all threads share."""
        steps, rates = len(ends), self.rules.rates
        keys = np.zeros((steps, len(rates)), np.uint64)
        if rates.any():
            keys = dropout_keys(self.settings.seed, np.arange(first_step, first_step + steps), len(rates))
        rates_of_steps = np.array(learning_rates, np.float64)
        plan = Plan(fixed(order, np.int64), fixed(ends, np.int64), rates_of_steps, first_step, keys)
        return self.theta, self.gradient, self.state, self.shape, self.inputs, self.rules, plan, self.memory, log


class Predictor:
    """Computes what a network's outputs mean, as ``MLP.predict`` does, with compiled code; for many calls.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        In float32 or float64. What is changed in them later is seen.
    threads : int, optional
        By default as many as the process has cores.

    Examples
    --------
    >>> predict = Predictor(MLP((2, 2)), Parameters((2, 2)))
    >>> predict(np.ones((1, 2)))
    array([[0.5, 0.5]])
    """

    def __init__(self, network: MLP, parameters: Parameters, threads: int | None = None) -> None:
        self.parameters = parameters
        self.forward = _Forward(network, parameters.vector.dtype, Team(threads or joblib.cpu_count()))

    def __call__(self, X: NDArray[Any]) -> NDArray[Any]:
        """Compute the outputs (n, k) of rows (n, d)."""
        return self.forward.predict(self.parameters.vector, X)


class _Forward:
    """Evaluation and prediction, with the memory that each thread needs for them."""

    def __init__(self, network: MLP, dtype: DTypeLike, team: Team) -> None:
        self.network, self.dtype, self.team = network, np.dtype(dtype), team
        self.shape = shape_of(network)
        self.rooms: list[Room] = []

    def room(self, thread: int) -> Room:
        """Give a thread its room."""
        while len(self.rooms) <= thread:
            self.rooms.append(room_for(self.shape, CHUNK, self.dtype))
        return self.rooms[thread]

    def evaluation_arguments(
        self,
        thread: int,
        vector: NDArray[Any],
        inputs: Inputs,
        losses: NDArray[np.float64],
        rights: NDArray[np.float64],
    ) -> tuple[Any, ...]:
        """List the arguments of ``evaluate_rows`` but the last three."""
        return vector, self.shape, inputs, self.room(thread), SPARSE, losses, rights

    def evaluate(self, vector: NDArray[Any], inputs: Inputs) -> tuple[float, float]:
        """Sum the loss over all examples, each times its weight, and count those that are right."""
        chunks = -(-len(inputs.X) // CHUNK)
        losses, rights = np.zeros(chunks), np.zeros(chunks)
        threads = min(self.team.threads, chunks)
        arguments = [self.evaluation_arguments(thread, vector, inputs, losses, rights) for thread in range(threads)]
        self.team.run(lambda thread: evaluate_rows(*arguments[thread], thread, threads, self.team.stop), threads)
        return float(losses.sum()), float(rights.sum())

    def predict(self, vector: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Compute what the outputs mean."""
        X, outputs = fixed(X, self.dtype), np.empty((len(X), self.network.layer_sizes[-1]), self.dtype)
        threads = max(1, min(self.team.threads, -(-len(X) // CHUNK)))
        shape, stop = self.shape, self.team.stop
        rooms = [self.room(thread) for thread in range(threads)]

        def predict(thread: int) -> None:
            predict_rows(vector, shape, X, rooms[thread], SPARSE, outputs, thread, threads, stop)

        if threads == 1:
            predict(0)  # too short to be worth a thread, or an interrupt
        else:
            self.team.run(predict, threads)
        return outputs
