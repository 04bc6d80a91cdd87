"""The compiled engine: gives ``handgrad.compiled`` its arrays, and computes what the NumPy engine computes."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import joblib
import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.compiled.context import Context, EvaluationWorkspace, Log, Plan
from handgrad.compiled.context import Examples as CompiledExamples
from handgrad.compiled.inference import evaluate_rows, predict_rows
from handgrad.compiled.runtime import compile_for
from handgrad.compiled.step import train_span
from handgrad.compiled.vectors import LINE_BYTES
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_keys
from handgrad.training.engines.arrays import (
    SPARSE,
    aligned,
    evaluation_workspace_for,
    examples_of,
    fixed,
    from_owners,
    network_of,
    settings_of,
    to_owners,
    workspace_for,
)
from handgrad.training.engines.protocol import BatchGradient, SpanLog
from handgrad.training.engines.reference import dropout_rates
from handgrad.training.engines.team import Team
from handgrad.training.examples import Examples, counts_right
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState

ROWS = 256  # of a micro-batch: their activations stay in the cores' caches
SHORT = 3e7  # multiplications and additions that take about a millisecond
CHUNK = 128  # rows of an evaluation or prediction at a time


def keeps_code() -> bool:
    """Say whether compiled code is kept for the next process, because a folder can be written."""
    return train_span.stats.cache_path is not None


class CompiledEngine:
    """Takes the steps of a span in one compiled call of each thread, which does not hold the interpreter's lock.

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
        self.network, self.examples, self.settings = network, examples, settings
        self.team = Team(threads or joblib.cpu_count())
        batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
        size, slots = network.parameter_count, settings.recurrence.slots
        room = -(-size // LINE_BYTES) * LINE_BYTES
        rates = dropout_rates(network, settings)
        described, converted = network_of(network), examples_of(network, examples, dtype, settings)
        self.context = Context(
            theta=aligned(size, dtype),  # a span works on copies that begin at a cache line
            gradient=aligned(size, dtype),
            slots=aligned(slots * room, dtype).reshape(slots, room),
            network=described,
            examples=converted,
            settings=settings_of(settings, rates),
            workspace=workspace_for(described, min(batch, ROWS), dtype, self.team.threads, converted, any(rates)),
            team=self.team.shared,
        )
        self.forward = _Forward(network, dtype, self.team)

    def prepare(self) -> None:
        """Compile what is not compiled yet, in the caller's thread, where Ctrl-C ends it."""
        arguments = self.arguments()
        compile_for(train_span, arguments["training"])
        compile_for(evaluate_rows, arguments["evaluation"])

    def arguments(self) -> dict[str, tuple[Any, ...]]:
        """Return arguments of the types with which training, evaluation and prediction are called."""
        nothing, stop, forward, theta = np.zeros(0, np.int64), self.team.stop, self.forward, self.context.theta
        evaluation = forward.arguments(0, theta, self.context.examples, np.zeros(0), np.zeros(0))
        X, outputs = self.context.examples.X, np.zeros((0, 0), theta.dtype)
        return {
            "training": (self.context, self._plan(nothing, nothing, [], 0), _log(0), 0),
            "evaluation": (*evaluation, 0, 1, stop),
            "prediction": (theta, forward.network, X, forward.workspace(0), SPARSE, outputs, 0, 1, stop),
        }

    def run_span(
        self,
        state: TrainingState,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
    ) -> SpanLog:
        """Take one step for each batch, as ``NumpyEngine.run_span`` does."""
        log = self._run(state, self._plan(order, ends, learning_rates, state.step))
        state.step += len(ends)
        return SpanLog(tuple(log.losses.tolist()), self._accuracy(log), float(log.norms[0]))

    def gradient(self, state: TrainingState, rows: NDArray[np.integer[Any]]) -> BatchGradient:
        """Compute the objective on a batch and its gradient, as the first half of a step."""
        log = self._run(state, self._plan(rows, np.array([len(rows)]), [0.0], state.step, update=False))
        gradient = np.empty_like(state.parameters.vector)
        from_owners(self.context.gradient, gradient, self.context.network, self.team.threads, 1)
        return BatchGradient(float(log.losses[0]), self._accuracy(log), gradient)

    def update(self, state: TrainingState, gradient: NDArray[Any], learning_rate: float) -> float:
        """Clip a gradient, take the optimizer's step and return the norm before clipping: the other half of a step."""
        to_owners(gradient, self.context.gradient, self.context.network, self.team.threads, 1)
        nothing = np.zeros(0, np.int64)
        log = self._run(state, self._plan(nothing, np.zeros(1, np.int64), [learning_rate], state.step, compute=False))
        state.step += 1
        return float(log.norms[0])

    def evaluate(self, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:
        """Compute the mean loss and the accuracy, as ``reference.evaluate`` does."""
        ours = examples is self.examples
        converted = self.context.examples if ours else examples_of(self.network, examples, self.context.theta.dtype)
        loss, n_correct = self.forward.evaluate(parameters.vector, converted)
        total = len(examples) if examples.weight is None else float(examples.weight.sum())
        return loss / total, n_correct / len(examples) if counts_right(self.network, examples) else None

    def _accuracy(self, log: Log) -> float | None:
        """Return the accuracy of a log's first step; None if the targets are numbers."""
        return float(log.accuracies[0]) if counts_right(self.network, self.examples) else None

    def _plan(
        self,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
        compute: bool = True,
        update: bool = True,
    ) -> Plan:
        """Describe the steps to take."""
        steps, rates = len(ends), self.context.settings.dropout
        keys = np.zeros((steps, len(rates)), np.uint64)
        if rates.any():
            keys = dropout_keys(self.settings.seed, np.arange(first_step, first_step + steps), len(rates))
        rates_of_steps = np.array(learning_rates, np.float64)
        return Plan(fixed(order, np.int64), fixed(ends, np.int64), rates_of_steps, first_step, keys, compute, update)

    def _run(self, state: TrainingState, plan: Plan) -> Log:
        """Take the steps of a plan: copy the state in, run all threads, copy it out again."""
        context, threads, layers = self.context, self.team.threads, len(self.network.layer_sizes) - 1
        log = _log(len(plan.ends))
        copies = [(state.parameters.vector, context.theta, 1)]
        copies += [(slot, copy[: slot.size], layers) for slot, copy in zip(state.slots, context.slots, strict=True)]
        for vector, copy, by_owner in copies:
            to_owners(vector, copy, context.network, threads, by_owner)
        context.team.counters[:] = 0
        try:
            if threads == 1 and 6 * self.network.parameter_count * len(plan.order) < SHORT:
                train_span(context, plan, log, 0)  # over before a thread would have started, or a press been noticed
            else:
                self.team.run(lambda thread: train_span(context, plan, log, thread))
        finally:
            if plan.update:
                for vector, copy, by_owner in copies:
                    from_owners(copy, vector, context.network, threads, by_owner)
        return log


def _log(steps: int) -> Log:
    """Make a log for some steps."""
    return Log(*np.zeros((3, steps)))


class Predictor:
    """Computes predictions, as ``MLP.predict`` does, with compiled code; made once for many calls, from any thread.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        In float32 or float64. Later changes to them are seen.
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
    """Evaluation and prediction, with the workspace that each thread needs for them."""

    def __init__(self, network: MLP, dtype: DTypeLike, team: Team) -> None:
        self.dtype, self.outputs, self.team = np.dtype(dtype), network.layer_sizes[-1], team
        self.network = network_of(network)
        self.workspaces: list[EvaluationWorkspace] = []
        self.free = Lock()  # the workspaces serve one caller at a time

    def workspace(self, thread: int) -> EvaluationWorkspace:
        """Return a thread's workspace."""
        while len(self.workspaces) <= thread:
            self.workspaces.append(evaluation_workspace_for(self.network, CHUNK, self.dtype))
        return self.workspaces[thread]

    def arguments(
        self,
        thread: int,
        vector: NDArray[Any],
        examples: CompiledExamples,
        losses: NDArray[np.float64],
        n_correct: NDArray[np.float64],
    ) -> tuple[Any, ...]:
        """List the arguments of ``evaluate_rows`` but the last three."""
        return vector, self.network, examples, self.workspace(thread), SPARSE, losses, n_correct

    def evaluate(self, vector: NDArray[Any], examples: CompiledExamples) -> tuple[float, float]:
        """Sum the weighted loss over all examples, and count the correct ones."""
        chunks = -(-len(examples.X) // CHUNK)
        losses, n_correct = np.zeros(chunks), np.zeros(chunks)
        threads = min(self.team.threads, chunks)
        arguments = [self.arguments(thread, vector, examples, losses, n_correct) for thread in range(threads)]
        if threads == 1 and self.team.threads == 1:
            evaluate_rows(*arguments[0], 0, 1, self.team.stop)
            return float(losses.sum()), float(n_correct.sum())
        self.team.run(lambda thread: evaluate_rows(*arguments[thread], thread, threads, self.team.stop), threads)
        return float(losses.sum()), float(n_correct.sum())

    def predict(self, vector: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
        """Compute predictions."""
        X, outputs = fixed(X, self.dtype), np.empty((len(X), self.outputs), self.dtype)
        threads = max(1, min(self.team.threads, -(-len(X) // CHUNK)))
        network, stop = self.network, self.team.stop

        def predict(thread: int) -> None:
            predict_rows(vector, network, X, self.workspaces[thread], SPARSE, outputs, thread, threads, stop)

        with self.free:
            self.workspace(threads - 1)
            if threads == 1:
                predict(0)  # too short for a thread or an interrupt to be worthwhile
            else:
                self.team.run(predict, threads)
        return outputs
