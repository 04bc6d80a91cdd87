"""TensorFlow: gradient and update of a step as one ``tf.function``; with ``jit`` it is compiled by XLA."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the import, since it prints to stderr

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.contests import Task
from benchmarks.data import Data, first_weights

VERSIONS = ("tensorflow-cpu", "numpy")
DTYPE = np.float32
BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01
ACTIVATIONS = {"sigmoid": tf.sigmoid, "relu": tf.nn.relu}


class TensorFlow:
    """Variables and the function that takes a step with them."""

    def __init__(self, task: Task, data: Data, threads: int, jit: bool) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.task = task
        self.X, self.y = tf.constant(data.X), tf.constant(data.y)
        self.weights = [tf.Variable(a.astype(DTYPE)) for pair in first_weights(task, 0) for a in pair]
        self.m = [tf.Variable(tf.zeros_like(w)) for w in self.weights]
        self.v = [tf.Variable(tf.zeros_like(w)) for w in self.weights]
        scalar = tf.TensorSpec((), DTYPE)
        rows = tf.TensorSpec((task.batch_size,), tf.int32)
        self.batch_step = tf.function(
            lambda rows, *rates: self._step(tf.gather(self.X, rows), tf.gather(self.y, rows), *rates),
            input_signature=(rows, scalar, scalar, scalar),
            jit_compile=jit,
        )
        self.full_step = tf.function(
            lambda *rates: self._step(self.X, self.y, *rates), input_signature=(scalar,) * 3, jit_compile=jit
        )
        self.forward = tf.function(
            self._outputs, input_signature=(tf.TensorSpec((None, task.sizes[0]), DTYPE),), jit_compile=False
        )
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Go back to the first weights and a fresh optimizer."""
        for w, first in zip(self.weights, [a for pair in first_weights(self.task, seed) for a in pair], strict=True):
            w.assign(first.astype(DTYPE))
        for slot in (*self.m, *self.v):
            slot.assign(tf.zeros_like(slot))
        self.taken = 0

    def _logits(self, X: tf.Tensor) -> tf.Tensor:
        for W, b in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            X = ACTIVATIONS[self.task.activation](tf.matmul(X, W) + b)
        return tf.matmul(X, self.weights[-2]) + self.weights[-1]

    def _outputs(self, X: tf.Tensor) -> tf.Tensor:
        Z = self._logits(X)
        return Z if self.task.loss == "squared_error" else tf.nn.softmax(Z)

    def _loss(self, X: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        Z = self._logits(X)
        if self.task.loss == "squared_error":
            return tf.reduce_mean(tf.square(Z[:, 0] - y))
        k, smoothing = self.task.sizes[-1], self.task.label_smoothing
        targets = (1 - smoothing) * tf.one_hot(y, k) + smoothing / k
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, Z))

    def _step(self, X: tf.Tensor, y: tf.Tensor, length: tf.Tensor, root: tf.Tensor, keep: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = self._loss(X, y)
        for w, g, m, v in zip(self.weights, tape.gradient(loss, self.weights), self.m, self.v, strict=True):
            if self.task.optimizer == "sgd":
                w.assign_sub(length * g)
            else:
                m.assign(BETA1 * m + (1 - BETA1) * g)
                v.assign(BETA2 * v + (1 - BETA2) * g * g)
                w.assign(keep * w - length * m / (tf.sqrt(v) * root + EPSILON))

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Call the function of a step, and at the end wait for the last one."""
        adam, size = self.task.optimizer != "sgd", self.task.batch_size
        rows = None if order is None else tf.constant(order.astype(np.int32).reshape(len(rates), size))
        for j, rate in enumerate(rates):
            self.taken += 1
            length = DTYPE(rate / (1 - BETA1**self.taken) if adam else rate)
            root = DTYPE((1 - BETA2**self.taken) ** -0.5)
            keep = DTYPE(1 - rate * DECAY if self.task.optimizer == "adamw" else 1.0)
            if rows is None:
                self.full_step(length, root, keep)
            else:
                self.batch_step(rows[j], length, root, keep)
        self.weights[0].numpy()

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, or numbers."""
        return np.asarray(self.forward(X))


def build(task: Task, data: Data, threads: int, jit: bool = False) -> TensorFlow:
    """Build the runner."""
    return TensorFlow(task, data, threads, jit)
