"""Where a step of the compiled engine spends its time, phase by phase, on one core.

    python -m benchmarks.phases

Each phase is run by itself, many times, on the arrays of a real step: MNIST where it is there, else rows of the same
shape and sparsity. Networks with rectifiers are trained for some epochs before, since their zeros come with training.
The last lines of each table are the whole step, as training takes it, on one core and on all.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numba import njit
from rich.console import Console
from rich.table import Table

from benchmarks import data
from benchmarks.machine import cores
from handgrad.compiled import layers, span
from handgrad.compiled.functions import lose
from handgrad.compiled.updates import corrected
from handgrad.network.mlp import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState
from handgrad.training.engines.compiled import CompiledEngine

REPEATS, ROUNDS = 20, 15
EPOCHS, RATE = 5, 0.01  # of the training before


@njit
def examples(n, shape, inputs, rules, memory, rows):
    """Bring the batch in."""
    for _ in range(n):
        span.take_examples(inputs, rules, memory, shape, np.arange(rows), np.uint64(0), 0, 0, rows, 0, 1)


@njit
def forward(n, theta, shape, inputs, rules, memory, layer, rows):
    """(3.4) without bias and activation."""
    for _ in range(n):
        units = shape.sizes[layer + 1]
        layers.forward_block(theta, shape, inputs, rules, memory, layer, 0, rows, 0, units, memory.scratch[0])


@njit
def activation(n, theta, shape, memory, layer, rows):
    """Bias and activation."""
    for _ in range(n):
        layers.activate_block(theta, shape, memory, layer, 0, rows, 0, shape.sizes[layer])


@njit
def lists(n, shape, rules, memory, layer, rows):
    """List the units that are on."""
    for _ in range(n):
        layers.list_block(shape, rules, memory, layer, rows, 0, shape.sizes[layer])


@njit
def loss(n, theta, shape, inputs, memory, rows):
    """(4.30)."""
    last = shape.sizes.size - 1
    for _ in range(n):
        Z = layers.matrix(memory.D, shape, memory, last)[:rows]
        b = layers.biases_of(theta, shape, last - 1)
        lose(shape.loss, Z, np.arange(rows), b, inputs.labels, inputs.targets, memory.share, 0.0)


@njit
def delta(n, theta, shape, inputs, rules, memory, layer, rows):
    """(4.26)."""
    for _ in range(n):
        units = shape.sizes[layer]
        layers.delta_block(
            theta, shape, inputs, rules, memory, layer, np.uint64(0), 0, rows, 0, rows, 0, units, memory.scratch[0]
        )  # fmt: skip


@njit
def gradient(n, target, alpha, shape, inputs, rules, memory, layer, rows):
    """(4.27) and (4.28), added to the target."""
    for _ in range(n):
        block, biases = span.own_block(shape, layer, 0, 1), span.own(shape.sizes[layer + 1], layer, 0, 1)
        dW = layers.own_weights(target, shape, layer, block)
        db = layers.biases_of(target, shape, layer)[biases[0] : biases[1]]
        one = np.float32(1)
        layers.gradient_block(
            dW, db, alpha, one, one, shape, inputs, rules, memory, layer, rows, block, biases, memory.scratch[0]
        )  # fmt: skip


@njit
def update(n, theta, gradient, state, shape, rules):
    """Move all parameters against a gradient that is there."""
    for _ in range(n):
        corrections = corrected(rules.optimizer, rules.constants, 1e-9, 9)
        span.updates(theta, gradient, state, shape, rules, 1.0, corrections, 0, 1)


def microseconds(call: Callable[[int], Any]) -> float:
    """Time one of many runs: the median of some rounds, each divided by its runs."""
    call(1)
    rounds = []
    for _ in range(ROUNDS):
        began = perf_counter()
        call(REPEATS)
        rounds.append((perf_counter() - began) / REPEATS)
    return 1e6 * float(np.median(rounds))


def phases(settings: TrainingSettings, activation_name: str, X: Any, y: Any) -> list[tuple[str, float, float]]:
    """Time the phases of a step: name, microseconds, and millions of operations that a dense product would take."""
    network, rows = MLP((784, 400, 400, 10), activation_name), settings.batch_size
    parameters = network.initialise(dtype=np.float32)
    checked = Examples(X, y)
    engine = CompiledEngine(network, checked, settings, np.float32, 1)
    engine.prepare()
    shape, inputs, rules, memory, theta = engine.shape, engine.inputs, engine.rules, engine.memory, engine.theta
    state = np.zeros((settings.recurrence.slots, theta.size), np.float32)
    if activation_name == "relu":
        steps = len(checked) // rows * EPOCHS
        order = np.concatenate([np.random.default_rng(k).permutation(len(checked)) for k in range(EPOCHS)])
        start = TrainingState.start(parameters, settings)
        engine.run_span(start, order, rows * np.arange(1, steps + 1), [RATE] * steps)
    theta[:] = parameters.vector
    sizes, found = network.layer_sizes, []

    def add(name: str, call: Callable[[int], Any], operations: float = 0.0) -> None:
        found.append((name, microseconds(call), operations / 1e6))

    def product(layer: int) -> float:
        return 2.0 * rows * sizes[layer] * sizes[layer + 1]

    add("examples in; their entries listed by pairs", lambda n: examples(n, shape, inputs, rules, memory, rows))
    for at in range(3):
        add(f"(3.4) layer {at + 1}", lambda n: forward(n, theta, shape, inputs, rules, memory, at, rows), product(at))  # noqa: B023
        if at < 2:
            add(f"activation {at + 1}", lambda n: activation(n, theta, shape, memory, at + 1, rows))  # noqa: B023
            forward(1, theta, shape, inputs, rules, memory, at, rows)  # as in a step: many activations are not
            activation(1, theta, shape, memory, at + 1, rows)
            if memory.pair_at[at + 1] < memory.pair_at[at + 2]:
                add(
                    f"units of layer {at + 1} that are on, listed",
                    lambda n: lists(n, shape, rules, memory, at + 1, rows),  # noqa: B023
                )
    add("loss, (4.30)", lambda n: loss(n, theta, shape, inputs, memory, rows))
    for at in (2, 1):
        add(f"(4.26) of layer {at}", lambda n: delta(n, theta, shape, inputs, rules, memory, at, rows), product(at))  # noqa: B023
    alpha = np.float32(1e-12)
    for at in (2, 1, 0):
        add(
            f"(4.27), (4.28) layer {at + 1}",
            lambda n: gradient(n, engine.gradient, alpha, shape, inputs, rules, memory, at, rows),  # noqa: B023
            product(at),
        )
    if settings.optimizer != "sgd":
        add("the optimizer's update", lambda n: update(n, theta, engine.gradient, state, shape, rules))
    found.append(("together", sum(time for _, time, _ in found), sum(work for *_, work in found)))
    found.append(("a step of training", step(engine), found[-1][2]))
    threads = cores()
    if threads > 1:
        engine = CompiledEngine(network, checked, settings, np.float32, threads)
        found.append((f"a step of training, {threads} threads", step(engine), found[-1][2]))
    return found


def step(engine: CompiledEngine) -> float:
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
        found = phases(settings, name, inputs, y)
        whole = next(time for phase, time, _ in found if phase == "a step of training")
        for phase, time, work in found:
            speed = f"{1e3 * work / time:.0f}" if work else ""
            table.add_row(phase, f"{time:.0f}", f"{time / whole:.0%}", speed)
        console.print(table)
    console.print("GFLOP/s counts what a dense product would take; where zeros are left out, less is computed.")


if __name__ == "__main__":
    main()
