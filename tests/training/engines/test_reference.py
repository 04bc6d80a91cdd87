"""A single step: objective and gradient, weights, penalty, clipping, and batches larger than a chunk."""

import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from handgrad.network import MLP, Parameters
from handgrad.training import Examples, Record, TrainingSettings, TrainingState, evaluate, train
from handgrad.training.engines import reference

NETWORK = MLP((4, 6, 5, 3), "tanh")


def toy(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Draw examples of four inputs and three classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 4)), rng.integers(0, 3, n)


def weights(n: int = 40) -> np.ndarray:
    """Draw a weight for each example."""
    return np.random.default_rng(1).uniform(0.2, 3, n)


def first_step(
    start: Parameters, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, **settings: Any
) -> tuple[Record, np.ndarray]:
    """Take one step from a copy of the parameters; return the batch's record and where the step led."""
    parameters = start.copy()
    chosen = TrainingSettings(**{"log_every": 1, "learning_rate": 1.0, "full_batch": True, "epochs": 1, **settings})
    state = TrainingState.start(parameters, chosen)
    records = train(NETWORK, state, Examples(X, y, sample_weight), settings=chosen)
    record = next(record for record in records if record.kind == "batch")
    return record, parameters.vector


# Objective and gradient


@pytest.mark.parametrize(
    ("options", "weighted"),
    [
        pytest.param({}, False, id="plain"),
        pytest.param({"l2": 0.3}, False, id="l2", marks=pytest.mark.slow),
        pytest.param({"label_smoothing": 0.2}, False, id="smoothing", marks=pytest.mark.slow),
        pytest.param({"dropout": 0.4, "input_dropout": 0.2}, False, id="dropout", marks=pytest.mark.slow),
        pytest.param({}, True, id="weights", marks=pytest.mark.slow),
        pytest.param({"l2": 0.3, "label_smoothing": 0.2, "dropout": 0.4, "input_dropout": 0.2}, True, id="all"),
    ],
)
@pytest.mark.parametrize("batch", [{}, {"full_batch": False, "batch_size": 16}], ids=["full", "batch of 16"])
def test_reported_loss_is_the_one_differentiated(options: dict, weighted: bool, batch: dict) -> None:
    """Along every coordinate, the step follows the slope of exactly the loss that its record reports."""
    X, y = toy()
    start, w = NETWORK.initialise(seed=1), weights() if weighted else None
    record, arrived = first_step(start, X, y, w, **options, **batch)
    gradient = start.vector - arrived
    assert record.figures["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    for i in range(len(gradient)):
        losses = []
        for shift in (1e-5, -1e-5):
            moved = start.copy()
            moved.vector[i] += shift
            losses.append(first_step(moved, X, y, w, **options, **batch)[0].figures["batch_loss"])
        assert gradient[i] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6, abs=1e-9), f"coordinate {i}"


def test_reported_loss_without_options_is_the_evaluations() -> None:
    """A full batch without penalty, smoothing and dropout has the loss and accuracy of an evaluation."""
    X, y = toy()
    start = NETWORK.initialise(seed=1)
    record, _ = first_step(start, X, y)
    loss, accuracy = evaluate(NETWORK, start, Examples(X, y))
    assert record.figures["batch_loss"] == pytest.approx(loss, rel=1e-14)
    assert record.figures["batch_accuracy"] == accuracy


def test_penalty_is_half_of_l2_times_squared_weights_and_spares_biases() -> None:
    """With l2 the objective rises by l2 / 2 times the sum of squared weights, and the gradient by l2 times them."""
    X, y = toy()
    start = NETWORK.initialise(np.random.RandomState(0), "normal")
    (plain, to), (with_l2, to_l2) = (first_step(start, X, y, l2=l2) for l2 in (0.0, 0.5))
    assert with_l2.figures["batch_loss"] - plain.figures["batch_loss"] == pytest.approx(
        0.25 * sum((W**2).sum() for W in start.W), rel=1e-12
    )
    wanted = Parameters.pack([0.5 * W for W in start.W], [np.zeros_like(b) for b in start.b])
    np.testing.assert_allclose(to - to_l2, wanted.vector, rtol=0, atol=1e-14)


@pytest.mark.parametrize("clip", [1e-3, 0.05])
def test_clip_bounds_the_length_of_the_step(clip: float) -> None:
    """A longer gradient is scaled down to the bound; the record has its norm before clipping."""
    X, y = toy()
    start = NETWORK.initialise(seed=1)
    (free, to), (clipped, to_clipped) = (first_step(start, X, y, clip=bound) for bound in (None, clip))
    step, short = start.vector - to, start.vector - to_clipped
    assert clipped.figures["gradient_norm"] == free.figures["gradient_norm"] > clip
    assert np.linalg.norm(short) == pytest.approx(clip, rel=1e-10)
    np.testing.assert_allclose(short, step * clip / np.linalg.norm(step), rtol=0, atol=1e-14)


def test_clip_leaves_a_short_gradient() -> None:
    """A gradient within the bound is not changed by a single bit."""
    X, y = toy()
    start = NETWORK.initialise(seed=1)
    record, arrived = first_step(start, X, y, clip=1e3)
    assert record.figures["gradient_norm"] < 1e3
    np.testing.assert_array_equal(arrived, first_step(start, X, y)[1])


def test_clip_holds_in_every_step() -> None:
    """Every step is clipped, whether reported or not: none is longer than the rate times the bound."""
    X, y = toy()
    parameters = NETWORK.initialise(seed=1)
    settings = TrainingSettings(learning_rate=2.0, clip=0.01, batch_size=8, epochs=3, evaluate_every=3, log_every=1)
    places = [
        parameters.vector.copy()
        for record in train(NETWORK, TrainingState.start(parameters, settings), Examples(X, y), settings=settings)
    ]
    lengths = [np.linalg.norm(b - a) for a, b in pairwise(places)]
    assert len(lengths) == 16
    assert max(lengths) <= 2.0 * 0.01 * (1 + 1e-10)


# Sample weights


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weight_two_is_the_example_twice(optimizer: str) -> None:
    """On the full batch, integer weights train and are evaluated like that many copies of each example."""
    X, y = toy(12)
    copies = np.array([0, 1, 2, 3, 1, 1, 5, 1, 2, 1, 0, 1])
    settings = TrainingSettings(optimizer, 0.1, full_batch=True, epochs=20, l2=0.01)
    ends = []
    for examples, weight in (((X, y), copies.astype(float)), ((X.repeat(copies, 0), y.repeat(copies)), None)):
        parameters = NETWORK.initialise(seed=2)
        state = TrainingState.start(parameters, settings)
        *_, last = train(NETWORK, state, Examples(*examples, weight), settings=settings)
        ends.append((parameters.vector, last.figures["train_loss"]))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=0, atol=1e-12)
    assert ends[0][1] == pytest.approx(ends[1][1], rel=1e-12)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_only_ratios_of_weights_matter(factor: float) -> None:
    """Multiplying all weights by a factor changes nothing but rounding."""
    X, y = toy()
    start = NETWORK.initialise(seed=1)
    np.testing.assert_allclose(
        first_step(start, X, y, factor * weights())[1], first_step(start, X, y, weights())[1], rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_a_batch_of_weight_zero_teaches_nothing(l2: float) -> None:
    """A batch in which all weights are 0 moves the network by the penalty alone, and its loss is the penalty."""
    X, y = toy(16)
    parameters = NETWORK.initialise(seed=1)
    settings = TrainingSettings(learning_rate=0.1, batch_size=8, epochs=1, shuffle=False, log_every=1, l2=l2)
    examples = Examples(X, y, np.repeat([0.0, 1.0], 8))
    records = train(NETWORK, TrainingState.start(parameters), examples, settings=settings)
    before = parameters.copy()
    next(records)
    empty = next(records)
    assert empty.figures["batch_loss"] == pytest.approx(l2 / 2 * sum((W**2).sum() for W in before.W), rel=1e-14)
    wanted = Parameters.pack([W * (1 - 0.1 * l2) for W in before.W], before.b)
    np.testing.assert_allclose(parameters.vector, wanted.vector, rtol=1e-14)
    *_, last = records
    assert np.isfinite(last.figures["train_loss"])


# Chunks


@pytest.mark.parametrize("weighting", ["none", "random", "a chunk of zeros"])
def test_a_batch_in_chunks_is_the_batch_in_one_piece(weighting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the chunk size, loss, accuracy and step are the same to 1e-12."""
    X, y = toy(100)
    w = {"none": None, "random": weights(100), "a chunk of zeros": np.repeat([0.0, 1.0], [30, 70])}[weighting]
    start, found = NETWORK.initialise(seed=1), {}
    for chunk in (1000, 100, 99, 30, 7, 1):
        monkeypatch.setattr(reference, "CHUNK", chunk)
        record, arrived = first_step(start, X, y, w, l2=0.1, label_smoothing=0.1)
        found[chunk] = (
            record.figures["batch_loss"],
            record.figures["batch_accuracy"],
            arrived,
            *evaluate(NETWORK, start, Examples(X, y, w)),
        )
    whole = found.pop(1000)
    for chunk, cut in found.items():
        assert cut[0] == pytest.approx(whole[0], rel=1e-12), chunk
        np.testing.assert_allclose(cut[2], whole[2], rtol=0, atol=1e-12)
        assert cut[3] == pytest.approx(whole[3], rel=1e-12), chunk
        assert (cut[1], cut[4]) == (whole[1], whole[4]), chunk


def test_working_memory_of_a_full_batch_does_not_grow_with_the_examples() -> None:
    """A step and an evaluation over ten times the examples need hardly more memory, whatever their dtype."""
    network = MLP((4, 64, 64, 3))
    peaks = []
    for n in (3_000, 30_000):
        X, y = toy(n)
        settings = TrainingSettings(learning_rate=0.1, full_batch=True, epochs=2, dropout=0.1)
        examples = Examples(X.astype(np.float32), y)
        records = train(network, TrainingState.start(network.initialise()), examples, settings=settings)
        tracemalloc.start()
        for _ in records:
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]


def test_evaluation_knows_no_dropout_smoothing_or_penalty() -> None:
    """An evaluation reports the plain loss and accuracy of the network."""
    X, y = toy()
    parameters = NETWORK.initialise(seed=1)
    settings = TrainingSettings(dropout=0.5, input_dropout=0.3, label_smoothing=0.3, l2=1.0, epochs=2)
    state, tests = TrainingState.start(parameters), {"test": Examples(X[:5], y[:5])}
    for record in train(NETWORK, state, Examples(X, y), tests, settings=settings):
        logits, _ = NETWORK.forward(parameters, X)
        P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert record.figures["train_loss"] == pytest.approx(-np.log(P[np.arange(40), y]).mean(), rel=1e-12)
        assert record.figures["train_accuracy"] == np.mean(P.argmax(axis=1) == y)
        assert record.figures["test_loss"] == pytest.approx(-np.log(P[np.arange(5), y[:5]]).mean(), rel=1e-12)
        assert record.figures["test_accuracy"] == np.mean(P[:5].argmax(axis=1) == y[:5])
