"""JAX: a round of mini-batches is one jitted ``lax.scan`` with donated parameters; a full-batch step is one call."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.contests import Task
from benchmarks.data import Data, first_weights

VERSIONS = ("jax", "jaxlib", "numpy")
DTYPE = np.float32
BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01
ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}

Tree = Any


def logits_of(task: Task, weights: Tree, X: jax.Array) -> jax.Array:
    """Compute the last layer's outputs."""
    activate = ACTIVATIONS[task.activation]
    for W, b in weights[:-1]:
        X = activate(X @ W + b)
    W, b = weights[-1]
    return X @ W + b


def loss_of(task: Task, weights: Tree, X: jax.Array, y: jax.Array) -> jax.Array:
    """Compute the mean loss of a batch."""
    Z = logits_of(task, weights, X)
    if task.loss == "squared_error":
        return jnp.mean((Z[:, 0] - y) ** 2)
    k = task.sizes[-1]
    targets = (1 - task.label_smoothing) * jax.nn.one_hot(y, k) + task.label_smoothing / k
    return -jnp.mean(jnp.sum(targets * jax.nn.log_softmax(Z), axis=1))


def updated(task: Task, carry: Tree, gradient: Tree, rate: jax.Array) -> Tree:
    """Take the optimizer's step."""
    weights, m, v, t = carry
    tree_map, t = jax.tree_util.tree_map, t + 1
    if task.optimizer == "sgd":
        return tree_map(lambda w, g: w - rate * g, weights, gradient), m, v, t
    m = tree_map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, gradient)
    v = tree_map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, gradient)
    length, root = rate / (1 - BETA1**t), 1 / jnp.sqrt(1 - BETA2**t)
    keep = 1 - rate * DECAY if task.optimizer == "adamw" else 1.0
    weights = tree_map(lambda w, m, v: keep * w - length * m / (jnp.sqrt(v) * root + EPSILON), weights, m, v)
    return weights, m, v, t


class Jax:
    """Arrays on JAX's side, and the compiled functions of a task."""

    def __init__(self, task: Task, data: Data) -> None:
        self.task = task
        self.X, self.y = jnp.asarray(data.X), jnp.asarray(data.y)
        self.reset(0)
        gradient = jax.grad(partial(loss_of, task))

        def full_step(carry: Tree, X: jax.Array, y: jax.Array, rate: jax.Array) -> Tree:
            return updated(task, carry, gradient(carry[0], X, y), rate)

        def epochs(carry: Tree, X: jax.Array, y: jax.Array, rows: jax.Array, rates: jax.Array) -> Tree:
            def step(carry: Tree, now: tuple[jax.Array, jax.Array]) -> tuple[Tree, None]:
                batch, rate = now
                x = X.at[batch].get(mode="promise_in_bounds")
                return full_step(carry, x, y.at[batch].get(mode="promise_in_bounds"), rate), None

            return jax.lax.scan(step, carry, (rows, rates))[0]

        self.full_step = jax.jit(full_step, donate_argnums=0)
        self.epochs = jax.jit(epochs, donate_argnums=0)
        mean = (lambda Z: Z) if task.loss == "squared_error" else jax.nn.softmax
        self.forward = jax.jit(lambda weights, X: mean(logits_of(task, weights, X)))

    def reset(self, seed: int) -> None:
        """Go back to the first weights."""
        weights = [(jnp.asarray(W, DTYPE), jnp.asarray(b, DTYPE)) for W, b in first_weights(self.task, seed)]
        needs_state = self.task.optimizer != "sgd"
        m, v = (jax.tree_util.tree_map(jnp.zeros_like, weights if needs_state else []) for _ in range(2))
        self.carry = jax.block_until_ready((weights, m, v, jnp.zeros((), DTYPE)))

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Run the round, and wait for it."""
        if order is None:
            for rate in rates:
                self.carry = self.full_step(self.carry, self.X, self.y, np.float32(rate))
        else:
            rows = order.astype(np.int32).reshape(len(rates), self.task.batch_size)
            self.carry = self.epochs(self.carry, self.X, self.y, rows, np.array(rates, DTYPE))
        jax.block_until_ready(self.carry)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, or numbers."""
        return np.asarray(self.forward(self.carry[0], X))


def build(task: Task, data: Data, threads: int) -> Jax:  # noqa: ARG001 - it takes the cores that the process may use
    """Build the runner."""
    return Jax(task, data)
