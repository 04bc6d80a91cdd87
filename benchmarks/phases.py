"""Where a step of the compiled engine spends its time, phase by phase, on one core.

    python -m benchmarks.phases

Each phase of ``handgrad.compiled.phases`` is called by itself, many times, on the arrays of a real step: MNIST if it is
there, otherwise rows of the same shape and sparsity. Networks with rectifiers are trained for some epochs first, since
their zeros come with training. The last lines of each table are a whole step of a training, on one core and on all.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from numba import njit
from rich.console import Console
from rich.table import Table

from benchmarks import data
from benchmarks.machine import cores
from handgrad.compiled import phases
from handgrad.network.mlp import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState
from handgrad.training.engines.compiled import CompiledEngine

REPEATS, ROUNDS = 20, 15
EPOCHS, RATE = 5, 0.01  # of the training before
SIZES = (784, 400, 400, 10)


@njit
def nothing(context: Any, batch: Any, thread: int) -> None:
    """Do nothing: what a call from Python costs."""


def microseconds(call: Callable[[], Any]) -> float:
    """Time a call: the median of some rounds of many calls."""
    call()
    rounds = []
    for _ in range(ROUNDS):
        began = perf_counter()
        for _ in range(REPEATS):
            call()
        rounds.append((perf_counter() - began) / REPEATS)
    return 1e6 * float(np.median(rounds))


def time_phases(settings: TrainingSettings, activation: str, X: Any, y: Any) -> list[tuple[str, float, float]]:
    """Time the phases of a step: name, microseconds, and millions of operations that dense products would take."""
    network, rows = MLP(SIZES, activation), settings.batch_size
    examples = Examples(X, y)
    engine = CompiledEngine(network, examples, settings, np.float32, 1)
    state = TrainingState.start(network.initialise(dtype=np.float32), settings)
    if activation == "relu":
        steps = len(examples) // rows * EPOCHS
        order = np.concatenate([np.random.default_rng(k).permutation(len(examples)) for k in range(EPOCHS)])
        engine.run_span(state, order, rows * np.arange(1, steps + 1), [RATE] * steps)
    context = engine.context
    context.theta[:] = state.parameters.vector
    batch = phases.Batch(np.arange(rows), 0, float(rows), np.zeros(len(SIZES) - 1, np.uint64))
    layers, still = (0, len(SIZES) - 1), (0.0, 1.0, 1.0)  # a learning rate of 0
    products = [2e-6 * rows * d_in * d_out for d_in, d_out in pairwise(SIZES)]
    overhead = microseconds(lambda: nothing(context, batch, 0))
    found = []
    for name, call, work in (
        ("gather", lambda: phases.gather(context, batch, 0), 0.0),
        ("forward (3.4)", lambda: phases.forward(context, batch, 0), sum(products)),
        ("loss (4.30)", lambda: phases.loss(context, batch, 0), 0.0),
        ("backward (4.26)", lambda: phases.backward(context, batch, 0), sum(products[1:])),
        ("update (4.27), (4.28)", lambda: phases.update(context, rows, layers, still, 0, False), sum(products)),
    ):
        found.append((name, microseconds(call) - overhead, work))
    found.append(("together", sum(time for _, time, _ in found), sum(work for *_, work in found)))
    found.append(("a step of training", time_step(engine), found[-1][2]))
    if cores() > 1:
        engine = CompiledEngine(network, examples, settings, np.float32, cores())
        found.append((f"a step of training, {cores()} threads", time_step(engine), found[-1][2]))
    return found


def time_step(engine: CompiledEngine) -> float:
    """Time a step of training in microseconds: the median of some spans."""
    rows = engine.settings.batch_size
    steps, whole = len(engine.examples) // rows, []
    order, ends = np.arange(steps * rows), rows * np.arange(1, steps + 1)
    state = TrainingState.start(engine.network.initialise(dtype=np.float32), engine.settings)
    for _ in range(ROUNDS):
        began = perf_counter()
        engine.run_span(state, order, ends, [1e-6] * steps)
        whole.append((perf_counter() - began) / steps)
    return 1e6 * float(np.median(whole))


def main() -> None:
    """Print a table for each of the contests a, e and f."""
    console, mnist = Console(), data.mnist()
    digits = data.PARTS["digits"]() if mnist is None else mnist
    dense = np.random.default_rng(0).random((12_800, 784), np.float32)
    X, y = digits["X_train"][:12_800].astype(np.float32), digits["y_train"][:12_800]
    X /= max(1.0, float(X.max()))
    for title, options, name, inputs in (
        ("a. SGD, sigmoid, batch 64", {"batch_size": 64}, "sigmoid", X),
        ("e. AdamW, ReLU, batch 256", {"batch_size": 256, "optimizer": "adamw"}, "relu", X),
        ("f. SGD, sigmoid, batch 64, inputs without zeros", {"batch_size": 64}, "sigmoid", dense),
    ):
        settings = TrainingSettings(learning_rate=1e-6, engine="compiled", **options)  # type: ignore[arg-type]
        table = Table("phase", "µs", "share", "GFLOP/s", title=title, title_justify="left")
        found = time_phases(settings, name, inputs, y)
        whole = next(time for phase, time, _ in found if phase == "a step of training")
        for phase, time, work in found:
            speed = f"{1e3 * work / time:.0f}" if work else ""
            table.add_row(phase, f"{time:.0f}", f"{time / whole:.0%}", speed)
        console.print(table)
    console.print("GFLOP/s counts what dense products would take; where zeros are left out, less is computed.")


if __name__ == "__main__":
    main()
