"""The compiled engine against the NumPy one: the same meaning for all that can be trained, and which one is taken.

The file is long, over 300 lines, because whatever an engine can be asked for is asked of both.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from sampling import sampled
from strategies import COMPILED_ACTIVATIONS, COMPILED_LOSSES, COMPILED_OPTIMIZERS

from handgrad.errors import DivergenceError, SettingError
from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters
from handgrad.training import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Examples,
    Momentum,
    Record,
    TrainingSettings,
    TrainingState,
    make_predictor,
    train,
)
from handgrad.training.engines.choice import PRICES, pick_engine, saved_seconds
from handgrad.training.engines.protocol import SpanLog
from handgrad.training.engines.reference import NumpyEngine

NEEDED = ("numba", "joblib")
N = 60
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@pytest.fixture(scope="module")
def compiled() -> ModuleType:
    """Give the compiled engine's module, where there is what it needs."""
    for name in NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed")
    from handgrad.training.engines import compiled

    return compiled


def dense(n: int = N, d: int = 11) -> np.ndarray:
    """Draw inputs none of which is zero."""
    return np.random.default_rng(0).standard_normal((n, d))


def sparse(n: int = N, d: int = 40) -> np.ndarray:
    """Draw inputs of which 19% are not zero, as MNIST's; the first example and the last input have none but zeros."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.19)
    X[0], X[:, -1] = 0, 0
    return X


def classes(k: int, n: int = N) -> np.ndarray:
    """Draw class numbers."""
    return np.random.default_rng(1).integers(0, k, n)


@dataclass(frozen=True)
class Outcome:
    """Where a training led, and what it told on the way."""

    vector: np.ndarray
    records: list[Record]


def outcome(
    engine: str,
    network: MLP,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None = None,
    dtype: Any = np.float64,
    steps: int = 200,
    **options: Any,
) -> Outcome:
    """Train for so many steps or a few more."""
    chosen = {"batch_size": 16, "learning_rate": 0.05, "threads": 1, "log_every": 3, "evaluate_every": 20, **options}
    per_epoch = 1 if chosen.get("full_batch") else -(-len(X) // chosen["batch_size"])
    settings = TrainingSettings(engine=engine, epochs=-(-steps // per_epoch), **chosen)
    parameters = network.initialise(seed=1, dtype=dtype)
    X = X.astype(dtype)
    state, tests = TrainingState.start(parameters, settings), {"test": Examples(X[:7], y[:7])}
    records = list(train(network, state, Examples(X, y, weight), tests, settings=settings))
    return Outcome(parameters.vector, records)


def assert_same(
    network: MLP,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None = None,
    dtype: Any = np.float64,
    threads: int = 1,
    **options: Any,
) -> None:
    """Both engines must lead to the same place, and tell the same on the way."""
    ours = outcome("numpy", network, X, y, weight, dtype, **options)
    theirs = outcome("compiled", network, X, y, weight, dtype, **options, threads=threads)
    double = dtype == np.float64
    assert theirs.vector.dtype == ours.vector.dtype == dtype
    moved = np.abs(ours.vector - network.initialise(seed=1).vector).max()
    assert moved > 1e-4 or network.layer_sizes[-1] == 1, "nothing was trained"
    if double:
        largest = np.abs(ours.vector).max()
        np.testing.assert_allclose(theirs.vector, ours.vector, rtol=0, atol=1e-9 * largest)
    near = {"rel": 1e-8, "abs": 1e-9} if double else {"rel": 1e-4, "abs": 1e-6}
    assert len(theirs.records) == len(ours.records) > 3
    for told, wanted in zip(theirs.records, ours.records, strict=True):
        assert (told.kind, told.epoch, told.step) == (wanted.kind, wanted.epoch, wanted.step)
        assert told.learning_rate == wanted.learning_rate
        assert list(told.figures) == list(wanted.figures)
        for name, value in wanted.figures.items():
            if name.endswith("accuracy") and not double:  # one example may lie on the border
                assert told.figures[name] == pytest.approx(value, abs=1.01 / 7), (name, wanted)
            else:
                assert told.figures[name] == pytest.approx(value, **near), (name, wanted)


pytestmark = pytest.mark.filterwarnings("error")
uses_compiled = pytest.mark.usefixtures("compiled")


# The same meaning: networks


@uses_compiled
@DTYPES
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_every_activation_means_the_same(activation: str, dtype: type) -> None:
    """With each activation, 200 steps end at the same parameters and tell the same losses."""
    assert_same(MLP((11, 13, 7, 5), activation), dense(), classes(5), dtype=dtype)


@uses_compiled
@DTYPES
def test_every_layer_may_have_its_own_activation(dtype: type) -> None:
    """Layers with activations of their own, among them ones that keep the pre-activation, mean the same."""
    names = ("silu", "relu", "gelu", "tanh", "softplus", "identity")
    assert_same(MLP((11, 6, 5, 9, 4, 8, 7, 3), names), dense(), classes(3), dtype=dtype)


@uses_compiled
@pytest.mark.parametrize("threads", sampled([1, 2, 3, 40], 2))
@pytest.mark.parametrize(
    "layer_sizes", [(1, 2), (11, 3), (3, 1, 2), (1, 65, 33, 5), (2, 3, 5, 7, 11), (17, 65, 1, 31, 2, 4), (65, 63, 9)]
)
def test_every_depth_and_width_means_the_same(layer_sizes: tuple[int, ...], threads: int) -> None:
    """From no hidden layer to four, of 1 to 65 units, on fewer threads than rows or inputs and on more."""
    X, y = dense(d=layer_sizes[0]), classes(layer_sizes[-1])
    assert_same(MLP(layer_sizes, "tanh"), X, y, threads=threads, steps=200 if threads == 1 else 40)


# The same meaning: losses


FRACTIONS = np.random.default_rng(2).random((N, 3))
NUMBERS = 2 * np.random.default_rng(3).standard_normal((N, 3))
TARGETS = {
    "cross_entropy, classes": ("cross_entropy", classes(5), 5),
    "cross_entropy, one class": ("cross_entropy", classes(1), 1),
    "binary_cross_entropy, classes": ("binary_cross_entropy", classes(5), 5),
    "binary_cross_entropy, answers": ("binary_cross_entropy", (FRACTIONS > 0.5).astype(int), 3),
    "binary_cross_entropy, yes or no": ("binary_cross_entropy", FRACTIONS[:, 0] > 0.5, 1),
    "binary_cross_entropy, column": ("binary_cross_entropy", (FRACTIONS[:, :1] > 0.5).astype(float), 1),
    "binary_cross_entropy, fractions": ("binary_cross_entropy", FRACTIONS, 3),
    **{
        f"{loss}, {form}": (loss, y, k)
        for loss in ("squared_error", "absolute_error", "huber")
        for form, y, k in (
            ("classes", classes(5), 5),
            ("numbers", NUMBERS, 3),
            ("column", NUMBERS[:, :1], 1),
            ("flat", NUMBERS[:, 0], 1),
        )
    },
}


@uses_compiled
@DTYPES
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("case", sampled(TARGETS, 6))
def test_every_loss_means_the_same(case: str, weighted: bool, dtype: type) -> None:
    """Each loss, on each form of targets that it takes, leads to the same place and counts the same right answers."""
    loss, y, k = TARGETS[case]
    weight = np.random.default_rng(4).uniform(0, 3, N) if weighted else None
    assert_same(MLP((11, 9, 6, k), ("tanh", "sigmoid"), loss), dense(), y, weight, dtype, learning_rate=0.01, threads=2)


# The same meaning: options


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "l2": {"l2": 0.1},
    "clip": {"clip": 0.1},
    "smoothing": {"label_smoothing": 0.2},
    "dropout": {"dropout": 0.3},
    "input dropout": {"input_dropout": 0.2},
    "both dropouts": {"dropout": 0.3, "input_dropout": 0.2},
    "schedule": {"schedule": "one_cycle"},
    "all": {"l2": 0.1, "clip": 0.1, "label_smoothing": 0.2, "dropout": 0.3, "input_dropout": 0.2},
}


@uses_compiled
@pytest.mark.parametrize("options", sampled(OPTIONS, 3))
@pytest.mark.parametrize("optimizer", COMPILED_OPTIMIZERS)
def test_every_option_means_the_same_with_every_optimizer(optimizer: str, options: str) -> None:
    """Penalty, clipping, smoothing, dropout and schedule, one by one and together, for each optimizer."""
    network = MLP((11, 13, 7, 5), ("relu", "sigmoid"))
    rate = 0.01 if "adam" in optimizer else 0.05  # faster, Adam makes much of differences in rounding
    assert_same(network, dense(), classes(5), optimizer=optimizer, learning_rate=rate, **OPTIONS[options])


@uses_compiled
@pytest.mark.parametrize("options", ["plain", "dropout", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_options_mean_the_same_in_single_precision(optimizer: str, options: str) -> None:
    """In float32 the losses agree to 1e-4 too."""
    network = MLP((11, 13, 7, 5), "sigmoid")
    assert_same(network, dense(), classes(5), None, np.float32, optimizer=optimizer, **OPTIONS[options])


@uses_compiled
@pytest.mark.parametrize(
    "optimizer", [Momentum(0.5), Adam(0.8, 0.95, 1e-3), AdamW(0.7, 0.9, 1e-4, 0.3), Adam(0, 0)], ids=str
)
def test_an_optimizers_own_constants_are_used(optimizer: Any) -> None:
    """An optimizer with constants of its own means the same."""
    assert_same(MLP((11, 13, 5)), dense(), classes(5), optimizer=optimizer)


@uses_compiled
@pytest.mark.parametrize("options", ["plain", "l2", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("zeros", ["some", "a batch of them"])
def test_weights_of_zero_mean_the_same(zeros: str, optimizer: str, options: str) -> None:
    """Examples of weight 0 count nothing, even where a whole batch has no other."""
    weight = np.random.default_rng(4).uniform(0.2, 3, N)
    if zeros == "some":
        weight[::3] = 0
    else:
        weight[16:32] = 0
    network = MLP((11, 13, 7, 5), "tanh")
    assert_same(network, dense(), classes(5), weight, optimizer=optimizer, shuffle=False, **OPTIONS[options])


@uses_compiled
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "batches",
    sampled(
        [
            {"batch_size": 7, "drop_last": True},
            {"batch_size": 7},
            {"full_batch": True},
            {"batch_size": 60},
            {"batch_size": 1},
            {"batch_size": 64},
        ],
        2,
    ),
    ids=str,
)
def test_every_batch_size_means_the_same(batches: dict, optimizer: str, threads: int) -> None:
    """One example a step, a smaller last batch or none, as many as there are, more, and all of them."""
    assert_same(MLP((11, 13, 5)), dense(), classes(5), optimizer=optimizer, threads=threads, **batches)


@uses_compiled
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("options", sampled(["all", "plain", "l2", "clip", "both dropouts"], 5))
@pytest.mark.parametrize("optimizer", sampled(["adam", "sgd"], 2))
@pytest.mark.parametrize("inputs", [dense, sparse])
def test_a_batch_in_several_turns_means_the_same(
    inputs: Any, optimizer: str, options: str, threads: int, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of more rows than the buffers hold is the same batch, with weights, dropout and all."""
    monkeypatch.setattr(compiled, "ROWS", 8)  # turns of 8 or 24 rows; the last one smaller
    X, weight = inputs(), np.random.default_rng(4).uniform(0, 3, N)
    network = MLP((X.shape[1], 13, 5))
    rest = {"optimizer": optimizer, "threads": threads, **OPTIONS[options]}
    assert_same(network, X, classes(5), weight, full_batch=True, steps=60, **rest)
    assert_same(network, X, classes(5), batch_size=26, steps=30, **rest)


@uses_compiled
@pytest.mark.parametrize("options", ["plain", "clip", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_how_often_is_logged_changes_no_bit(optimizer: str, options: str) -> None:
    """An epoch in one span, in spans of two and of one step, ends at the same bits."""
    network, rest = MLP((11, 13, 5)), {"optimizer": optimizer, **OPTIONS[options]}
    ends = [
        outcome("compiled", network, dense(), classes(5), log_every=log_every, steps=40, **rest).vector
        for log_every in (None, 2, 1)
    ]
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


# The same meaning: inputs


def make(compiled: ModuleType, network: MLP, examples: Examples, threads: int = 1, **options: Any) -> Any:
    """Make a compiled engine."""
    dtype = options.pop("dtype", np.float64)
    return compiled.CompiledEngine(network, examples, TrainingSettings(**options), dtype, threads)


def leaves_zeros_out(engine: Any) -> bool:
    """Say whether an engine computes its first layer over non-zero inputs only."""
    return engine.context.examples.starts.size > 0


@uses_compiled
@DTYPES
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("threads", sampled([2, 1, 3, 50], 2))
def test_sparse_inputs_mean_the_same(threads: int, optimizer: str, dtype: type, compiled: ModuleType) -> None:
    """Leaving zeros out changes nothing: also with an empty row, an empty column, more threads than columns and l2."""
    X, y, network = sparse(), classes(5), MLP((40, 13, 5))
    assert leaves_zeros_out(make(compiled, network, Examples(X, y)))
    assert_same(network, X, y, None, dtype, threads=threads, optimizer=optimizer, l2=0.05, dropout=0.2, steps=60)


@DTYPES
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("options", ["plain", "dropout", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(("bias", "left_out"), [(-0.5, True), (0.5, False)], ids=["few units on", "many units on"])
def test_zeros_behind_rectifiers_mean_the_same(
    bias: float, left_out: bool, optimizer: str, options: str, threads: int, dtype: type, compiled: ModuleType
) -> None:
    """Leaving out units that are off changes nothing, and is done where many are; also in turns, and of odd layers."""
    from handgrad.compiled.layers import SPARSE_BELOW
    from handgrad.compiled.rectified import entries_in

    n = 600
    network, examples = MLP((11, 48, 31, 24, 16, 5), "relu"), Examples(dense(n).astype(dtype) / 4, classes(5, n))
    settings = {"optimizer": optimizer, "batch_size": 300, **OPTIONS[options]}
    vectors = []
    for count in (threads, None):
        parameters = network.initialise(seed=1, dtype=dtype, initialiser="he_normal")
        for b in parameters.b[:-1]:
            b[:] = bias
        first, chosen = parameters.vector.copy(), TrainingSettings(**settings)
        engine: Any = NumpyEngine(network, examples, chosen, 1)
        if count:
            engine = compiled.CompiledEngine(network, examples, chosen, dtype, count)
            workspace = engine.context.workspace
        vectors.append(one_span(engine, np.arange(n), np.array([300, 600]), parameters)[0] - first)
    at, rows = workspace.pair_at, 300 - 256  # of the last turn
    assert at.tolist() == [0, 0, 24, 24, 36, 36]
    shares = [
        entries_in(at[k], at[k + 1], workspace.room, workspace.ends) / (24 * rows if k == 1 else 12 * rows)
        for k in (1, 3)
    ]
    if options == "plain":  # dropout makes zeros of its own
        assert [share <= SPARSE_BELOW for share in shares] == [left_out, left_out]
    largest = np.abs(vectors[1]).max()
    assert largest > 1e-3
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=0, atol=(1e-12 if dtype is np.float64 else 1e-4) * largest)


@uses_compiled
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_all_inputs_zero_mean_the_same(optimizer: str, compiled: ModuleType) -> None:
    """Examples of zeros only train the biases and those weights that see them."""
    X, y, network = np.zeros((N, 6)), classes(5), MLP((6, 8, 5))
    assert leaves_zeros_out(make(compiled, network, Examples(X, y)))
    assert_same(network, X, y, optimizer=optimizer, l2=0.1, threads=2)


def test_zeros_are_multiplied_where_leaving_them_out_does_not_pay(compiled: ModuleType) -> None:
    """Dense inputs, input dropout and more inputs than 16 bits count take the dense product."""
    network, y = MLP((40, 13, 5)), classes(5)
    assert not leaves_zeros_out(make(compiled, network, Examples(dense(d=40), y)))
    assert not leaves_zeros_out(make(compiled, network, Examples(sparse(), y), input_dropout=0.1))


@uses_compiled
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("inputs", [dense, sparse])
def test_large_layers_and_batches_mean_the_same(inputs: Callable[[int, int], np.ndarray], threads: int) -> None:
    """Gradients of several blocks of rows, and sums of more rows than the first cache holds, are the same ones."""
    X, y = inputs(600, 501), classes(5, 600)
    network = MLP((501, 450, 40, 5), "relu")
    assert_same(network, X, y, threads=threads, steps=6, batch_size=300, optimizer="adamw", learning_rate=1e-3)


@uses_compiled
@pytest.mark.parametrize("d", [2**16 - 1, 2**16, 2**16 + 5])
def test_inputs_as_many_as_16_bits_count_and_more_mean_the_same(d: int) -> None:
    """Around 65,536 inputs, where a column's number no longer fits 16 bits, the last ones are still seen."""
    X = np.zeros((6, d))
    X[np.arange(6), [0, d - 1, d - 2, 65535 % d, 65534, 7]] = 1.0
    assert_same(MLP((d, 2)), X, classes(2, 6), steps=20, threads=2, learning_rate=0.5)


FORMS = {
    "read-only": np.copy,
    "Fortran's order": np.asfortranarray,
    "every second row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "not aligned": lambda a: np.frombuffer(b"." + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "whole numbers": lambda a: a.astype(np.uint8),
    "float32": lambda a: a.astype(np.float32),
    "float16": lambda a: a.astype(np.float16),
}


def read_only(array: np.ndarray) -> np.ndarray:
    """Forbid writing."""
    array.flags.writeable = False
    return array


def one_span(engine: Any, order: np.ndarray, ends: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, SpanLog]:
    """Take some steps; return where they led and their log."""
    log = engine.run_span(TrainingState.start(parameters, engine.settings), order, ends, [0.1] * len(ends))
    return parameters.vector, log


ORDER, ENDS = np.random.default_rng(5).permutation(N), np.array([16, 32, 48, 60])


@DTYPES
@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("inputs", [dense, sparse])
def test_every_form_of_an_array_gives_the_same_bits(
    inputs: Any, form: str, dtype: type, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory order, strides, alignment, byte order and dtype do not matter, and nothing is compiled anew for them."""
    from handgrad.compiled import pairs

    X, y = np.abs(inputs()).round(), classes(5)  # whole numbers, which every dtype holds
    network = MLP((X.shape[1], 9, 5))
    examples = Examples(X.astype(dtype), y, np.ones(N))
    engine = make(compiled, network, examples, dtype=dtype, batch_size=16)
    engine.prepare()
    parameters = network.initialise(seed=1, dtype=dtype)
    vector, log = one_span(engine, ORDER, ENDS, parameters)
    figures = engine.evaluate(parameters, examples)
    for function in (compiled.train_span, compiled.evaluate_rows, pairs.compress):
        monkeypatch.setattr(function, "_can_compile", False)
    labels, weight, order, ends = y.astype(np.uint8), np.ones(N, int), ORDER.astype(np.int32), ENDS.astype(np.int32)
    if form == "read-only":  # and nothing else, so that nothing is converted
        labels, weight, order, ends = y.copy(), np.ones(N), ORDER.copy(), ENDS.copy()
    other = Examples(read_only(FORMS[form](examples.X)), read_only(labels), read_only(weight))
    engine = make(
        compiled, network, other, dtype=dtype, batch_size=16, dropout=0, input_dropout=0, l2=0, label_smoothing=0
    )
    parameters = network.initialise(seed=1, dtype=dtype)
    again, same_log = one_span(engine, read_only(order), read_only(np.repeat(ends, 2))[::2], parameters)
    np.testing.assert_array_equal(again, vector)
    assert same_log == log
    assert engine.evaluate(parameters, other) == figures
    assert engine.evaluate(parameters, Examples(other.X, other.y)) == pytest.approx(figures, rel=1e-6)


def test_a_column_of_numbers_may_have_any_form(compiled: ModuleType) -> None:
    """Targets in Fortran's order, in float32 or as whole numbers give the same bits."""
    network, X = MLP((11, 9, 3), loss="squared_error"), dense()
    y = NUMBERS.round()
    vector, log = one_span(make(compiled, network, Examples(X, y)), ORDER, ENDS, network.initialise(seed=1))
    for form in ("Fortran's order", "every second row", "float32"):
        engine = make(compiled, network, Examples(X, read_only(FORMS[form](y))))
        again, same_log = one_span(engine, ORDER, ENDS, network.initialise(seed=1))
        np.testing.assert_array_equal(again, vector)
        assert same_log == log


# Figures


@DTYPES
@pytest.mark.parametrize("options", ["plain", "clip", "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_spans_log_means_the_same(optimizer: str, options: str, dtype: type, compiled: ModuleType) -> None:
    """There is a loss of each step; accuracy and gradient norm are those of the first one."""
    network, examples = MLP((11, 13, 5), "tanh"), Examples(dense().astype(dtype), classes(5))
    settings = {"optimizer": optimizer, "batch_size": 16, **OPTIONS[options]}
    theirs = make(compiled, network, examples, threads=2, dtype=dtype, **settings)
    ours = NumpyEngine(network, examples, TrainingSettings(**settings), 1)
    found, wanted = (
        one_span(engine, ORDER, ENDS, network.initialise(seed=1, dtype=dtype))[1] for engine in (theirs, ours)
    )
    near = 1e-12 if dtype is np.float64 else 1e-5
    assert len(wanted.losses) == len(ENDS)
    for name, value in vars(wanted).items():
        assert getattr(found, name) == pytest.approx(value, rel=near), name


@DTYPES
@pytest.mark.parametrize("n", [1, 5, 513, 1500])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("inputs", [dense, sparse])
def test_an_evaluation_means_the_same(
    inputs: Any, weighted: bool, n: int, dtype: type, compiled: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss and accuracy agree on the examples of the training and on others, in several turns too."""
    monkeypatch.setattr(compiled, "ROWS", 300)
    X, y = inputs(n).astype(dtype), classes(5, n)
    weight = np.random.default_rng(4).uniform(0.1, 3, n) if weighted else None
    network, rest = MLP((X.shape[1], 13, 5), "tanh"), {"label_smoothing": 0.1, "dropout": 0.5, "l2": 1.0}
    examples, others = Examples(X, y, weight), Examples(X[: n // 2 + 1] + 1, y[: n // 2 + 1])
    theirs = make(compiled, network, examples, threads=2, dtype=dtype, **rest)
    ours, parameters = NumpyEngine(network, examples, TrainingSettings(**rest), 1), network.initialise(1, dtype=dtype)
    for part in (examples, others):
        loss, accuracy = ours.evaluate(parameters, part)
        found = theirs.evaluate(parameters, part)
        assert found[0] == pytest.approx(loss, rel=1e-12 if dtype is np.float64 else 1e-5)
        assert found[1] == accuracy


# The same bits


def digest(threads: int) -> str:
    """Train with everything on, and return the parameters' bits."""
    rest = {"optimizer": "adam", "threads": threads, "steps": 20, **OPTIONS["both dropouts"]}
    return outcome("compiled", MLP((11, 13, 5)), dense(), classes(5), None, np.float32, **rest).vector.tobytes().hex()


@uses_compiled
def test_the_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    """Twice in a process, and once more in another one, the same training ends at the same bits."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; import test_compiled; "
        "print(test_compiled.digest(1), test_compiled.digest(3))"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(Path(__file__).parents[2])]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    for threads, elsewhere in zip((1, 3), done.stdout.split(), strict=True):
        assert digest(threads) == digest(threads) == elsewhere


# Divergence


@uses_compiled
@DTYPES
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("epochs", [1, 2, 50])
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_divergence_is_noticed(loss: str, epochs: int, engine: str, dtype: type, refused: Any) -> None:
    """A learning rate that throws the parameters out of range ends either engine with the error that says so."""
    network = MLP((4, 8, 3), "relu", loss)
    rate = float(np.finfo(dtype).max) / 4
    settings = TrainingSettings(learning_rate=rate, epochs=epochs, full_batch=True, engine=engine, threads=1)
    X = 100 * dense(d=4).astype(dtype)
    with refused(DivergenceError, "finite", "learning rate"):
        list(
            train(
                network,
                TrainingState.start(network.initialise(dtype=dtype), settings),
                Examples(X, classes(3)),
                settings=settings,
            )
        )


@DTYPES
@pytest.mark.parametrize("place", [0, -1], ids=["first weight", "last bias"])
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_nan_is_never_swallowed(activation: str, place: int, dtype: type, compiled: ModuleType) -> None:
    """A parameter that is no number makes every loss and the gradient none, whatever the activation between."""
    network, examples = MLP((11, 7, 6, 5), activation), Examples(dense().astype(dtype), classes(5))
    engine, parameters = make(compiled, network, examples, dtype=dtype), network.initialise(seed=1, dtype=dtype)
    parameters.vector[place] = np.nan
    assert np.isnan(engine.evaluate(parameters, examples)[0])
    _, log = one_span(engine, ORDER, ENDS, parameters)
    assert np.isnan([*log.losses, log.gradient_norm]).all()


@uses_compiled
@pytest.mark.parametrize("options", [*OPTIONS, "micro-batches"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("inputs", [dense, sparse])
def test_numbers_that_are_not_finite_leave_nothing_behind(
    inputs: Any, threads: int, options: str, compiled: ModuleType
) -> None:
    """An engine that has trained a network of NaNs trains the next one with the bits of a new engine."""
    X, y, network = inputs(), classes(5), MLP((inputs().shape[1], 24, 9, 5), ("relu", "sigmoid"))
    chosen = {"batch_size": 16, "optimizer": "adam", "threads": threads, **OPTIONS.get(options, {"full_batch": True})}
    if options == "micro-batches":
        X, y = np.tile(X, (40, 1)), np.tile(y, 40)
    examples, order = Examples(X, y), np.tile(np.arange(len(X)), 2)
    ends = np.array([len(X), 2 * len(X)]) if options == "micro-batches" else np.array([16, 32, 48, 64, 80, 96])
    broken = network.initialise(seed=2)
    broken.vector[:] = np.nan
    found = []
    for engine in (used := make(compiled, network, examples, **chosen), make(compiled, network, examples, **chosen)):
        if engine is used:
            one_span(engine, order, ends, broken)
        found.append(one_span(engine, order, ends, network.initialise(seed=1)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


# Which engine


BIG = MLP((100, 100, 10))
ONCE = TrainingSettings(epochs=1)
MANY = 32 * int(PRICES["loaded"] / saved_seconds(BIG, 32, ONCE) + 1)  # save just more than code that is loaded costs
LOTS = 100 * MANY


@dataclass(frozen=True)
class Own(SGD):
    """Gradient descent under another name."""


@dataclass(frozen=True)
class Foreign:
    """An optimizer with more constants than any known one."""

    constants: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5)
    slots: ClassVar[int] = 1

    def update(self, vector: Any, gradient: Any, state: Any, learning_rate: float, step: int) -> None:  # noqa: ARG002
        """Move the parameters one step, in place."""
        vector -= learning_rate * gradient


@uses_compiled
@pytest.mark.parametrize(
    ("n", "settings", "name"),
    [
        (MANY, {}, "compiled"),
        (MANY - 32, {}, "numpy"),
        (MANY, {"engine": "numpy"}, "numpy"),
        (1, {"engine": "compiled"}, "compiled"),
        (MANY // 10 + 32, {"epochs": 10}, "compiled"),
    ],
)
def test_auto_takes_the_compiled_engine_where_there_is_work_for_it(n: int, settings: dict, name: str) -> None:
    """What is asked for is taken; auto asks how much there is to compute, where the code is loaded."""
    from handgrad.training.engines.code import stage_of

    assert stage_of("float64") == "loaded"
    settings = {"epochs": 1, **settings}
    assert pick_engine(BIG, n, TrainingSettings(**settings), np.float64, repeated=True) == (name, None)


@uses_compiled
@pytest.mark.parametrize(
    ("optimizer", "dtype", "piece"), [(Own(), np.float64, "Own"), ("sgd", np.float16, "float16")], ids=["own", "half"]
)
def test_what_the_compiled_engine_does_not_support_is_said(
    optimizer: Any, dtype: type, piece: str, refused: Any
) -> None:
    """An unknown optimizer or precision falls back with its reason, or is refused where the engine was asked for."""
    name, reason = pick_engine(BIG, LOTS, TrainingSettings(optimizer, epochs=1), dtype)
    assert name == "numpy"
    assert piece in reason
    with refused(SettingError, "compiled", piece, "numpy"):
        pick_engine(BIG, 1, TrainingSettings(optimizer, engine="compiled"), dtype)


@uses_compiled
@pytest.mark.parametrize("kind", ["activation", "loss", "optimizer", "subclass"])
def test_what_is_new_is_never_mistaken_for_what_is_known(
    kind: str, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    """A new activation, loss or optimizer, also one derived from a known one, falls back to NumPy with the reason."""
    network, options = {"sizes": (100, 100, 10), "activation": "sigmoid", "loss": "cross_entropy"}, {"optimizer": "sgd"}
    if kind == "activation":
        monkeypatch.setitem(ACTIVATIONS, "new", ACTIVATIONS["tanh"])
        network["activation"] = "new"
    elif kind == "loss":
        monkeypatch.setitem(LOSSES, "new", LOSSES["squared_error"])
        network["loss"] = "new"
    else:
        monkeypatch.setitem(OPTIMIZERS, "new", Own() if kind == "subclass" else Foreign())
        options["optimizer"] = "new"
    new = MLP(network["sizes"], network["activation"], network["loss"])
    name, reason = pick_engine(new, LOTS, TrainingSettings(**options, epochs=1), np.float64)
    assert name == "numpy"
    assert {"subclass": "Own", "optimizer": "Foreign"}.get(kind, f"{kind} new") in (reason or "")
    with refused(SettingError, "compiled", "numpy"):
        pick_engine(new, 1, TrainingSettings(**options, engine="compiled"), np.float64)
    X, parameters = np.ones((3, 100)), new.initialise()
    assert make_predictor(new, parameters)(X).shape == (3, 10)
    settings = TrainingSettings(**options, epochs=1, batch_size=2, learning_rate=0.01)
    state, examples = TrainingState.start(parameters, settings), Examples(X, np.array([0, 1, 2]))
    assert [record.step for record in train(new, state, examples, settings=settings)] == [0, 2]


ABSENT = """
import json, sys
sys.modules[sys.argv[1]] = None
import numpy as np
from handgrad.errors import SettingError
from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, train
from handgrad.training.engines import pick_engine
network, found = MLP((4, 8, 3)), {}
found["small"] = pick_engine(network, 10, TrainingSettings(), "float64")
found["large"] = pick_engine(network, 10**12, TrainingSettings(), "float64")
X, y = np.ones((9, 4)), np.arange(9) % 3
state, examples = TrainingState.start(network.initialise()), Examples(X, y)
found["steps"] = [r.step for r in train(network, state, examples, settings=TrainingSettings(epochs=1))]
try:
    next(train(network, state, examples, settings=TrainingSettings(engine="compiled")))
except SettingError as error:
    found["error"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", NEEDED)
def test_without_its_libraries_the_numpy_engine_serves(name: str, tmp_path: Path) -> None:
    """Without numba or joblib, auto takes NumPy and says why, and asking for the other is an error."""
    if name != "numba":
        pytest.importorskip("numba", reason="numba is not installed, and is named first")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ABSENT, name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["small"] == ["numpy", None]
    assert found["large"][0] == "numpy"
    assert f"{name} cannot be imported" in found["large"][1]
    assert found["steps"] == [0, 1]
    assert f"{name} cannot be imported" in found["error"]
    assert "expected" in found["error"]


# Prediction and threads


@uses_compiled
@pytest.mark.parametrize("loss", COMPILED_LOSSES)
@DTYPES
@pytest.mark.parametrize("d", [40, 41])
def test_predictions_are_the_networks(d: int, dtype: type, loss: str) -> None:
    """Compiled prediction gives what ``MLP.predict`` gives, for one row, some and many, with zeros and without."""
    near = 1e-12 if dtype is np.float64 else 1e-6
    network = MLP((d, 50, 33, 3), ("relu", "gelu"), loss)
    parameters = network.initialise(seed=3, dtype=dtype)
    predict = make_predictor(network, parameters, "compiled", threads=2)
    for X in (dense(300, d), np.pad(sparse(300), ((0, 0), (0, d - 40)), "edge"), np.zeros((1, d)), dense(0, d)):
        for rows in (X, X[:1], X[:5]):
            rows = rows.astype(dtype)
            np.testing.assert_allclose(predict(rows), network.predict(parameters, rows), rtol=near, atol=near)
    parameters.vector[:] *= 2
    np.testing.assert_allclose(predict(rows), network.predict(parameters, rows), rtol=near, atol=near)


@uses_compiled
def test_a_predictor_is_refused_what_compiled_code_cannot_do(refused: Any) -> None:
    """Half precision is predicted by NumPy, unless compiled code was asked for."""
    network = MLP((4, 3))
    parameters = Parameters((4, 3), np.ones(15, np.float16))
    assert make_predictor(network, parameters)(np.ones((2, 4), np.float16)).shape == (2, 3)
    with refused(SettingError, "compiled", "float16"):
        make_predictor(network, parameters, "compiled")


@uses_compiled
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("X", [dense(N, 40), sparse()], ids=["dense", "sparse"])
def test_any_number_of_threads_gives_the_same_bits(X: np.ndarray, optimizer: str) -> None:
    """One thread, two or five: each number is computed in the same order, whoever computes it."""
    network = MLP((40, 50, 8, 40), "tanh")  # with three threads, some have outputs but no rows of the last W
    vectors = []
    for threads in (1, 2, 3, 5):
        parameters = network.initialise(seed=1)
        settings = TrainingSettings(
            optimizer, 0.01, epochs=3, batch_size=16, l2=0.01, engine="compiled", threads=threads
        )
        for _ in train(network, TrainingState.start(parameters, settings), Examples(X, classes(40)), settings=settings):
            pass
        vectors.append(parameters.vector)
    for vector in vectors[1:]:
        np.testing.assert_array_equal(vector, vectors[0])


def test_a_predictor_may_be_called_from_several_threads() -> None:
    """Eight threads get what each gets alone, with rows for one thread of its own and for several."""
    network = MLP((64, 50, 10), "relu")
    predict = make_predictor(network, network.initialise(0, dtype=np.float32), "compiled", rows=10**6)
    batches = [np.random.default_rng(i).normal(size=(20 + 400 * i, 64)).astype(np.float32) for i in range(8)]
    wanted = [predict(X) for X in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: (i % 8, predict(batches[i % 8])), range(400)))
    assert [i for i, outputs in found if not np.array_equal(outputs, wanted[i])] == []
