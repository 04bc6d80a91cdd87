"""handgrad: one span of steps is one call of an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contestants import Unable
from benchmarks.contests import Task
from benchmarks.data import Data, first_weights
from benchmarks.machine import cores
from handgrad.errors import SettingError
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training import (
    Examples,
    TrainingSettings,
    TrainingState,
    check_examples,
    make_engine,
    make_predictor,
)

VERSIONS = ("handgrad", "numpy", "scipy", "numba", "llvmlite")
DTYPE = np.float32


class Ours:
    """An engine and the state of its training."""

    def __init__(self, task: Task, data: Data, threads: int, engine: str) -> None:
        self.task = task
        self.network = MLP(task.sizes, task.activation, task.loss)
        parameters = Parameters(task.sizes, np.zeros(self.network.parameter_count, DTYPE))
        settings = TrainingSettings(
            optimizer=task.optimizer,
            learning_rate=task.learning_rate,
            schedule=task.schedule,
            batch_size=task.batch_size,
            full_batch=task.kind == "full batch",
            drop_last=True,
            label_smoothing=task.label_smoothing,
            engine=engine,
            threads=None if threads == cores() else threads,  # None: as many as handgrad takes by itself
        )
        self.state = TrainingState.start(parameters, settings)
        self.reset(0)
        self.predict = make_predictor(self.network, parameters, engine)
        examples = Examples(data.X, data.y)
        check_examples(self.network, examples)
        self.n = len(examples)
        try:
            self.engine, _ = make_engine(self.network, examples, settings, DTYPE)
        except SettingError as error:
            raise Unable(error.found) from error
        if task.kind != "predict":
            self.engine.prepare()

    def reset(self, seed: int) -> None:
        """Go back to the first weights; the arrays stay, because the predictor holds them."""
        weights = first_weights(self.task, seed)
        self.state.parameters.vector[:] = Parameters.pack([W for W, _ in weights], [b for _, b in weights]).vector
        self.state.slots[:] = 0
        self.state.step = 0

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Run spans: all steps in one, but for full batches, which are spans of one step, as in ``train``."""
        if order is None:
            rows, ends = np.arange(self.n), np.array([self.n])
            for rate in rates:
                self.engine.run_span(self.state, rows, ends, [rate])
        else:
            ends = self.task.batch_size * np.arange(1, len(rates) + 1)
            self.engine.run_span(self.state, order, ends, rates)


def build(task: Task, data: Data, threads: int, engine: str) -> Ours:
    """Build the runner."""
    return Ours(task, data, threads, engine)
