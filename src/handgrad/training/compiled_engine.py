"""The compiled engine gives ``handgrad.compiled`` its arrays, and means what the NumPy engine means."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import astuple
from typing import Any, NamedTuple

import joblib
import numba
import numpy as np
from numpy.typing import DTypeLike, NDArray
from threadpoolctl import ThreadpoolController

from handgrad.compiled import functions
from handgrad.compiled.blas import gemm_address
from handgrad.compiled.caching import compile_for
from handgrad.compiled.span import evaluate_rows, train_span
from handgrad.compiled.sparse import compress
from handgrad.network.activations import ACTIVATIONS
from handgrad.network.losses import LOSSES
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.batches import dropout_keys
from handgrad.training.examples import Examples, counts_right
from handgrad.training.numpy_engine import SpanLog, dropout_rates
from handgrad.training.optimizers import OPTIMIZERS
from handgrad.training.settings import TrainingSettings

ROWS = 512  # of each thread in one turn: their activations stay in a core's cache
# Below this share of inputs that are not zero, leaving zeros out beats the dense product (measured at 64 rows: 0.19
# takes 0.55 of the dense time forward and 0.9 backward).
SPARSE = 0.3

# One compiled call at a time in a process: not every threading layer of numba bears two.
_one_at_a_time = threading.Lock()


class Sparse(NamedTuple):
    """The examples without their zeros, by rows, and the threads' working memory to sort them by columns."""

    columns: NDArray[np.uint16]
    values: NDArray[Any]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    rows: NDArray[np.int32]
    scaled: NDArray[Any]


class CompiledEngine:
    """Runs spans of training steps, each as one compiled call that holds no lock of the interpreter.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        Changed in place.
    examples : Examples
    settings : TrainingSettings
        With an optimizer of ``OPTIMIZERS``' types.
    threads : int, optional
        By default as many as the process has cores, by its affinity and its container's quota.
    """

    name = "compiled"

    def __init__(
        self,
        network: MLP,
        parameters: Parameters,
        examples: Examples,
        settings: TrainingSettings,
        threads: int | None = None,
    ) -> None:
        _start_threads()  # before anything compiled is loaded, which would start them
        self.network, self.parameters, self.examples, self.settings = network, parameters, examples, settings
        self.threads = threads or joblib.cpu_count()
        batch = len(examples) if settings.full_batch else min(settings.batch_size, len(examples))
        dtype = parameters.vector.dtype
        self.height = min(batch, ROWS * self.threads)
        self.sizes = np.array(network.layer_sizes)
        before = np.cumsum((self.sizes[:-1] + 1) * self.sizes[1:])
        self.w_at = np.concatenate([[0], before[:-1]])
        self.at = np.concatenate([[0], np.cumsum(self.sizes[:-1])])
        self.codes = np.array([list(ACTIVATIONS).index(name) for name in network.activations], np.int64)
        self.loss = list(LOSSES).index(network.loss)
        self.rates = np.array(dropout_rates(network, settings), np.float64)
        self.gradient = np.zeros_like(parameters.vector)
        self.H, self.Z, self.D, self.share = self._buffers(self.height)
        self.M = np.zeros_like(self.H) if self.rates.any() else self.H
        self.stop = np.zeros(1, np.uint8)
        self.address = gemm_address(dtype)
        optimizer = settings.recurrence
        self.optimizer = [type(known) for known in OPTIMIZERS.values()].index(type(optimizer))
        self.constants = np.array([*astuple(optimizer), 0.0, 0.0, 0.0, 0.0])[:4]  # type: ignore[call-overload]
        self.inputs = self._inputs(examples, self.height, allow_sparse=settings.input_dropout == 0.0)
        self.worker = ThreadPoolExecutor(1, "handgrad")
        self.pools = ThreadpoolController()

    def prepare(self) -> None:
        """Compile what is not compiled yet: in the caller's thread, where Ctrl-C ends it."""
        nothing = np.zeros(0, np.int64)
        state = np.zeros((self.settings.recurrence.slots, self.gradient.size), self.gradient.dtype)
        span = self._span_arguments(state, nothing, nothing, [], 0)
        for function, arguments in ((train_span, span), (evaluate_rows, self._evaluation_arguments(self.examples))):
            compile_for(function, arguments)

    def run_span(
        self,
        state: NDArray[Any],
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
    ) -> SpanLog:
        """Take the steps of a span, as ``NumpyEngine.run_span`` does."""
        arguments = self._span_arguments(state, order, ends, learning_rates, first_step)
        self._call(lambda: train_span(*arguments))
        losses, rights, norms = arguments[-3:]
        accuracy = float(rights[0]) if counts_right(self.network, self.examples) else None
        return SpanLog(float(losses[0]), accuracy, float(norms[0]), float(losses.sum()))

    def evaluate(self, examples: Examples) -> tuple[float, float | None]:
        """Compute loss and accuracy on all examples, as ``numpy_engine.evaluate`` does."""
        arguments = self._evaluation_arguments(examples)
        loss, right = self._call(lambda: evaluate_rows(*arguments))
        total = len(examples) if examples.weight is None else float(examples.weight.sum())
        return loss / total, right / len(examples) if counts_right(self.network, examples) else None

    def _span_arguments(
        self,
        state: NDArray[Any],
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
        first_step: int,
    ) -> tuple[Any, ...]:
        """List the arguments of ``train_span``; the last three are where it writes what happened."""
        steps = len(ends)
        losses, rights, norms = np.zeros(steps), np.zeros(steps), np.zeros(steps)
        keys = np.zeros((steps, len(self.rates)), np.uint64)
        if self.rates.any():
            keys = dropout_keys(self.settings.seed, np.arange(first_step, first_step + steps), len(self.rates))
        X, labels, targets, weights, sparse = self.inputs
        return (
            self.address, self.parameters.vector, self.gradient, state, self.sizes, self.w_at, self.at, self.codes,
            self.loss, self.optimizer, self.constants, X, labels, targets, weights,
            _fixed(order, np.int64), _fixed(ends, np.int64), np.array(learning_rates, np.float64), first_step,
            keys, self.rates, float(self.settings.clip or 0.0), float(self.settings.l2),
            float(self.settings.label_smoothing), sparse, self.H, self.M, self.Z, self.D, self.share,
            self.height, self.threads, self.stop, losses, rights, norms,
        )  # fmt: skip

    def _evaluation_arguments(self, examples: Examples) -> tuple[Any, ...]:
        """List the arguments of ``evaluate_rows``."""
        inputs = self.inputs if examples is self.examples else self._inputs(examples, 0, allow_sparse=False)
        X, labels, targets, weights, sparse = inputs
        height = min(ROWS * self.threads, len(examples))
        H, Z, D, share = self._buffers(height)
        return (
            self.address, self.parameters.vector, self.sizes, self.w_at, self.at, self.codes, self.loss,
            X, labels, targets, weights, sparse, H, Z, D, share, height, self.threads, self.stop,
        )  # fmt: skip

    def _buffers(self, height: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float64]]:
        """Make the working memory for so many rows: activations, pre-activations where needed, deltas, shares."""
        dtype, size = self.parameters.vector.dtype, int(self.sizes.sum()) * height
        needs_Z = any(code in functions.NEEDS_Z for code in self.codes)
        return np.zeros(size, dtype), np.zeros(size if needs_Z else 0, dtype), np.zeros(size, dtype), np.zeros(height)

    def _inputs(self, examples: Examples, height: int, allow_sparse: bool) -> tuple[Any, ...]:
        """Give the compiled code its arrays: X, class numbers or targets, weights, and X without zeros or nothing."""
        dtype, k = self.parameters.vector.dtype, self.network.layer_sizes[-1]
        X, y = _fixed(examples.X, dtype), examples.y
        classes = y.ndim == 1 and (k > 1 or self.network.loss == "cross_entropy")
        labels = _fixed(y if classes else np.zeros(0), np.int64)
        targets = _fixed(np.zeros((0, 0)) if classes else y.reshape(len(y), k), np.float64)
        weights = _fixed(np.zeros(0) if examples.weight is None else examples.weight, np.float64)
        starts = np.zeros(len(X) + 1 if allow_sparse and X.shape[1] < 2**16 else 0, np.int64)
        columns, values = np.zeros(0, np.uint16), np.zeros(0, dtype)
        if starts.size:
            compress(X, columns, values, starts)
            if starts[-1] > SPARSE * X.size:
                starts = np.zeros(0, np.int64)
            else:
                columns, values = np.empty(starts[-1], np.uint16), np.empty(starts[-1], dtype)
                compress(X, columns, values, starts)
        most = height * int(np.diff(starts).max(initial=0))
        counts = np.zeros((self.threads, X.shape[1] + 1), np.int64)
        rows, scaled = np.zeros((self.threads, most), np.int32), np.zeros((self.threads, most), dtype)
        return X, labels, targets, weights, Sparse(columns, values, starts, counts, rows, scaled)

    def _call(self, compiled: Callable[[], Any]) -> Any:
        """Run a compiled call in a thread of its own, so that Ctrl-C reaches this one, which then asks it to stop."""
        with _one_at_a_time, self.pools.limit(limits=1, user_api="blas"):
            numba_threads = numba.get_num_threads()

            def call() -> Any:
                numba.set_num_threads(min(self.threads, numba_threads))
                return compiled()

            future = self.worker.submit(call)
            try:
                _wait(future)
            except BaseException:
                self.stop[0] = 1
                while not future.done():  # whatever else is pressed: it ends at once, and must not be left behind
                    with suppress(KeyboardInterrupt):
                        _wait(future)
                self.stop[0] = 0
                raise
            return future.result()


def _start_threads() -> None:
    """Start numba's threads, if nobody has, so that they sleep while they wait.

    OpenMP would have them wait in a busy loop, and so keep a core from the very thread that they wait for, wherever
    something else wants a core too: steps of 1 ms took 13 beside two other processes on two cores.
    """
    policy = os.environ.get("OMP_WAIT_POLICY")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        numba.get_num_threads()  # starts them
    finally:
        if policy is None:
            del os.environ["OMP_WAIT_POLICY"]


def _wait(future: Future[Any]) -> None:
    """Wait, second by second: not every system lets Ctrl-C into a longer wait."""
    while not wait([future], timeout=1.0).done:
        pass


def _fixed(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Give an array the one form that the code is compiled for: this dtype, row by row, not to be written.

    Any other form, a mere flag included, would be compiled anew, and for longer than most conversions take.
    """
    fixed = np.require(array, dtype, ("C", "A", "E")).view()
    fixed.flags.writeable = False
    return fixed
