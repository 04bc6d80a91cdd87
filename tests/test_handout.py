"""The exercise's own network: against 40 digits, against differences, and against the notebook's own equations.

The file is long because it is the one independent check of the oracle that all other tests rely on.
"""

import os
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from strategies import finite_floats

from handgrad.data import load_data
from handgrad.errors import ShapeError
from handgrad.handout import (
    accuracy,
    cross_entropy,
    del_sigmoid,
    delta_last_layer,
    delta_last_layer_easy_approach,
    fcc,
    gradient_descent,
    sigmoid,
    softmax,
    stochastic_gradient_descent,
)
from handgrad.network import MLP, Parameters
from handgrad.training import Examples, TrainingSettings, TrainingState, train

WEIGHTS, BIASES = ("W_i_h1", "W_h1_h2", "W_h2_o"), ("b_h1", "b_h2", "b_out")
PARAMETERS = tuple(name for pair in zip(WEIGHTS, BIASES, strict=True) for name in pair)
EVERY_ARRAY = (
    *PARAMETERS,
    *(f"d{name}" for name in PARAMETERS),
    "h1",
    "h2",
    "out",
    "delta_h1",
    "delta_h2",
    "delta_out",
)
TINY_SIZES = (3, 4, 3, 3)


def tiny() -> tuple[fcc, np.ndarray, np.ndarray]:
    """Draw a network small enough for exact arithmetic, and four examples of three classes."""
    rng = np.random.RandomState(7)
    return fcc(*TINY_SIZES, rng=rng), rng.randn(4, 3), np.array([0, 2, 1, 2])


def notebook_softmax(X: np.ndarray) -> np.ndarray:
    """Compute softmax as the notebook does, with the largest entry of the whole array added."""
    E = np.exp(X + X.max())
    return E / E.sum(axis=1, keepdims=True)


def notebook_network(seed: int) -> dict[str, np.ndarray]:
    """Draw the notebook's six arrays, in its order."""
    rng = np.random.RandomState(seed)
    found = {}
    for (d_in, d_out), W, b in zip(pairwise((784, 400, 400, 10)), WEIGHTS, BIASES, strict=True):
        found[W], found[b] = rng.randn(d_in, d_out), rng.randn(d_out)
    return found


def notebook_step(net: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, learning_rate: float) -> None:
    """Take one step of the notebook's equations; here a delta has one row for each example until it is kept."""
    n = len(X)
    W1, b1, W2, b2, W3, b3 = (net[name] for name in PARAMETERS)
    h1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    h2 = 1 / (1 + np.exp(-(h1 @ W2 + b2)))
    out = notebook_softmax(h2 @ W3 + b3)
    delta3 = out.copy()
    delta3[np.arange(n), y] -= 1
    delta2 = delta3 @ W3.T * (h2 - h2**2)
    delta1 = delta2 @ W2.T * (h1 - h1**2)
    for name, below, delta in zip(WEIGHTS, (X, h1, h2), (delta1, delta2, delta3), strict=True):
        net[f"d{name}"] = below.T @ delta / n
    for name, delta in zip(BIASES, (delta1, delta2, delta3), strict=True):
        net[f"d{name}"] = delta.sum(axis=0) / n
    for name in PARAMETERS:
        net[name] = net[name] - learning_rate * net[f"d{name}"]
    net |= {"h1": h1, "h2": h2, "out": out, "delta_h1": delta1.T, "delta_h2": delta2.T, "delta_out": delta3.T}


def exact_loss(values: list[Any], X: np.ndarray, y: np.ndarray) -> Any:
    """Compute the mean cross-entropy example by example and unit by unit, in mpmath's numbers."""
    total = mp.mpf(0)
    for row, label in zip(X.tolist(), y.tolist(), strict=True):
        H, place = [mp.mpf(x) for x in row], 0
        for layer, (d_in, d_out) in enumerate(pairwise(TINY_SIZES)):
            Z = [values[place + d_in * d_out + j] for j in range(d_out)]
            for j in range(d_out):
                Z[j] += sum(H[i] * values[place + i * d_out + j] for i in range(d_in))
            place += (d_in + 1) * d_out
            H = Z if layer == 2 else [1 / (1 + mp.exp(-z)) for z in Z]
        total += mp.log(sum(mp.exp(z) for z in H)) - H[label]
    return total / len(X)


def as_flat(net: fcc, prefix: str = "") -> np.ndarray:
    """Concatenate the six arrays, or with the prefix "d" their gradients."""
    return np.concatenate([getattr(net, prefix + name).ravel() for name in PARAMETERS])


def mnist_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first rows of the real MNIST's training part; without it the test is skipped."""
    if not (Path(os.environ.get("HANDGRAD_DATA") or "/nowhere") / "mnist").is_dir():
        pytest.skip("HANDGRAD_DATA names no folder with mnist/ in it")
    data = load_data("mnist")
    return data.X_train[:n].astype(np.float64), data.y_train[:n]


def random_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of MNIST's shape: four pixels of five are black."""
    rng = np.random.default_rng(3)
    X = rng.random((n, 784)) * (rng.random((n, 784)) < 0.2)
    return X, rng.integers(0, 10, n)


# Gradients


def test_gradient_is_the_derivative_with_40_digits() -> None:
    """Every gradient agrees to 1e-12 with the derivative of the loss, computed example by example with 40 digits."""
    net, X, y = tiny()
    net.forward_propagation(X)
    net.backprop(y)
    with mp.workdps(40):
        values, h = [mp.mpf(x) for x in as_flat(net).tolist()], mp.mpf(10) ** -13
        wanted = []
        for i in range(len(values)):
            up, down = ([*values[:i], values[i] + s * h, *values[i + 1 :]] for s in (1, -1))
            wanted.append(float((exact_loss(up, X, y) - exact_loss(down, X, y)) / (2 * h)))
    np.testing.assert_allclose(as_flat(net, "d"), wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_gradient_is_what_differences_of_its_own_loss_measure() -> None:
    """Central differences of the network's own loss agree with every gradient, entry by entry."""
    net, X, y = tiny()
    net.forward_propagation(X)
    net.backprop(y)
    for name in PARAMETERS:
        array, h = getattr(net, name), 1e-5
        for index in np.ndindex(array.shape):
            kept, losses = array[index], []
            for shift in (h, -h):
                array[index] = kept + shift
                losses.append(cross_entropy(net.forward_propagation(X), y))
            array[index] = kept
            measured = (losses[0] - losses[1]) / (2 * h)
            assert getattr(net, f"d{name}")[index] == pytest.approx(measured, rel=1e-6, abs=1e-9), (name, index)


def test_loss_is_the_definition_with_40_digits() -> None:
    """The loss that the network reports is the definition's, to 1e-14."""
    net, X, y = tiny()
    with mp.workdps(40):
        wanted = float(exact_loss([mp.mpf(x) for x in as_flat(net).tolist()], X, y))
    assert cross_entropy(net.forward_propagation(X), y) == pytest.approx(wanted, rel=1e-14)


@given(H=arrays.arrays(np.float64, (3, 4), elements=st.floats(0, 1)))
def test_derivative_of_the_sigmoid_is_taken_from_its_value(H: np.ndarray) -> None:
    """The derivative from the value h is h - h^2."""
    np.testing.assert_allclose(del_sigmoid(H), H - H**2, rtol=0, atol=1e-16)


@pytest.mark.parametrize("x", [-700.0, -30.0, -1.0, 0.0, 1e-9, 2.0, 40.0])
def test_sigmoid_is_the_definition_with_40_digits(x: float) -> None:
    """The sigmoid agrees with 1 / (1 + e^-x) to a few units in the last place, far out too."""
    with mp.workdps(40):
        wanted = float(1 / (1 + mp.exp(-mp.mpf(x))))
    np.testing.assert_allclose(sigmoid(np.array([x])), [wanted], rtol=1e-15)


# The last layer


def logits(limit: float) -> st.SearchStrategy[np.ndarray]:
    """Five rows of four logits, at most so large."""
    return arrays.arrays(np.float64, (5, 4), elements=finite_floats(limit))


CLASSES = arrays.arrays(np.int64, 5, elements=st.integers(0, 3))


@given(X=logits(300), y=CLASSES)
def test_softmax_and_cross_entropy_are_the_notebooks(X: np.ndarray, y: np.ndarray) -> None:
    """Where the notebook's formulas stay finite, ours give the same to 1e-12."""
    theirs = notebook_softmax(X)
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(softmax(X), theirs, rtol=1e-12, atol=0)
    np.testing.assert_allclose(cross_entropy(softmax(X), y), np.mean(-np.log(theirs[np.arange(5), y])), rtol=1e-12)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ([1e308, 1e308, -1e308], [0.5, 0.5, 0]),
        ([-1e308, -1e308, -1e308], [1 / 3, 1 / 3, 1 / 3]),
        ([1e308, -1e308, 0], [1, 0, 0]),
        ([710, 710 - np.log(3), -800], [0.75, 0.25, 0]),
        ([-5000, -5000, -5000 - np.log(2)], [0.4, 0.4, 0.2]),
    ],
)
def test_softmax_is_right_where_the_notebooks_is_not_finite(row: list[float], wanted: list[float]) -> None:
    """For logits at which the notebook's formula overflows or divides 0 by 0, beside ordinary rows, ours is right."""
    X = np.array([row, [0.0, 0.0, 0.0]])
    with np.errstate(all="ignore"):
        assert not np.isfinite(notebook_softmax(X)).all()
    np.testing.assert_allclose(softmax(X), [wanted, [1 / 3, 1 / 3, 1 / 3]], rtol=1e-12, atol=0)


@given(X=logits(np.finfo(np.float64).max), y=CLASSES)
def test_no_finite_logits_make_the_last_layer_fail(X: np.ndarray, y: np.ndarray) -> None:
    """Whatever the finite logits, probabilities sum to 1, the loss is a number from 0 to 745, and both deltas agree."""
    P = softmax(X)
    np.testing.assert_allclose(P.sum(axis=1), np.ones(5), rtol=1e-12)
    assert 0 <= cross_entropy(P, y) < 745
    np.testing.assert_allclose(delta_last_layer(P, y), delta_last_layer_easy_approach(P, y), rtol=0, atol=1e-12)


def test_a_probability_of_zero_costs_as_much_as_the_smallest_number() -> None:
    """An underflowed probability of the true class counts as 2^-1074, so that its loss is 1074 log 2."""
    assert cross_entropy(np.array([[0.0, 1.0]]), np.array([0])) == pytest.approx(1074 * np.log(2), rel=1e-15)


@pytest.mark.parametrize("delta", [delta_last_layer, delta_last_layer_easy_approach])
@pytest.mark.parametrize("p", [0.0, 5e-324, 1e-310, 1e-20, 0.25, 1.0])
def test_both_deltas_are_probability_minus_target(
    delta: Callable[[np.ndarray, np.ndarray], np.ndarray], p: float
) -> None:
    """Each form of the error of the last layer is p - 1 for the true class and p elsewhere, also underflowed."""
    P = np.array([[p, 1 - p, 0.0], [1 - p, p, 0.0]])
    wanted = np.array([[p - 1, -p], [1 - p, p], [0.0, 0.0]])
    np.testing.assert_allclose(delta(P, np.array([0, 0])), wanted, rtol=0, atol=1e-12)


def test_delta_is_the_derivative_of_the_loss_by_the_logits() -> None:
    """The error of the last layer is what differences of each example's cross-entropy by its logits measure."""
    X, y = np.random.RandomState(0).randn(3, 4), np.array([0, 3, 1])
    for form in (delta_last_layer, delta_last_layer_easy_approach):
        delta = form(softmax(X), y)
        for m, i in np.ndindex(X.shape):
            ends = []
            for shift in (1e-5, -1e-5):
                moved = X[m : m + 1].copy()
                moved[0, i] += shift
                ends.append(cross_entropy(softmax(moved), y[m : m + 1]))
            assert delta[i, m] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-9)


def test_accuracy_is_the_share_of_right_rows() -> None:
    """Of four rows, three of which have the true class as the largest entry, accuracy is 3/4."""
    assert accuracy(np.array([[2, 1], [0, 1], [5, 4], [1, 0]]), np.array([0, 1, 0, 1])) == 0.75


# The notebook


def test_weights_are_what_the_notebooks_seed_draws() -> None:
    """After np.random.seed(42), np.random.randn gives the six arrays in the order W, b, W, b, W, b."""
    kept = np.random.get_state()  # noqa: NPY002 - the notebook's own random numbers are the global ones
    try:
        np.random.seed(42)  # noqa: NPY002
        sizes = pairwise((784, 400, 400, 10))
        wanted = [np.random.randn(*shape) for pair in sizes for shape in (pair, pair[1:])]  # noqa: NPY002
    finally:
        np.random.set_state(kept)  # noqa: NPY002
    net = fcc(784, 400, 400, 10, rng=np.random.RandomState(42))
    for name, array in zip(PARAMETERS, wanted, strict=True):
        np.testing.assert_array_equal(getattr(net, name), array, err_msg=name)


def test_number_of_parameters_is_the_one_that_the_notebook_printed() -> None:
    """The network of the exercise has 478,410 weights and biases."""
    assert fcc(784, 400, 400, 10, rng=np.random.RandomState(0)).n_trainable == 478_410


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        pytest.param(lambda: random_rows(300), 5, id="random"),
        pytest.param(lambda: mnist_rows(2000), 20, id="mnist", marks=pytest.mark.slow),
    ],
)
def test_every_array_is_the_notebooks(rows: Callable[[], tuple[np.ndarray, np.ndarray]], steps: int) -> None:
    """After full-batch steps from seed 42, each weight, activation, delta and gradient is the notebook's to 1e-12."""
    X, y = rows()
    ours, theirs = fcc(784, 400, 400, 10, rng=np.random.RandomState(42)), notebook_network(42)
    for _ in range(steps):
        notebook_step(theirs, X, y, 0.1)
        ours.forward_propagation(X)
        ours.backprop(y)
        ours.gradient_step(0.1)
    for name in EVERY_ARRAY:
        got, wanted = getattr(ours, name), theirs[name]
        assert got.shape == wanted.shape, name
        assert np.abs(got - wanted).max() <= 1e-12 * np.abs(wanted).max(), name


# The two training routines


def toy(n: int = 23) -> tuple[np.ndarray, np.ndarray]:
    """Draw examples of two inputs and three classes."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((n, 2)), rng.integers(0, 3, n)


def test_gradient_descent_reports_the_state_before_its_steps() -> None:
    """Full-batch training is forward, backprop and step, with both parts evaluated before each hundredth and after."""
    X, y = toy()
    net, by_hand = (fcc(2, 4, 4, 3, rng=np.random.RandomState(5)) for _ in range(2))
    history = gradient_descent(net, X[:15], y[:15], X[15:], y[15:], 0.3, num_iterations=7, evaluate_every=3)
    wanted = []
    for done in range(8):
        if done in (0, 3, 6, 7):
            test, training = by_hand.forward_propagation(X[15:]), by_hand.forward_propagation(X[:15])
            figures = (cross_entropy(test, y[15:]), accuracy(test, y[15:]))
            wanted.append((done, *figures, cross_entropy(training, y[:15]), accuracy(training, y[:15])))
        by_hand.forward_propagation(X[:15])
        by_hand.backprop(y[:15])
        by_hand.gradient_step(0.3)
    assert [tuple(row) for row in history] == wanted


class Watched(fcc):
    """A network that keeps the number of each example it trains on: the first input."""

    def backprop(self, y: np.ndarray) -> None:
        """Note the batch, then do as usual."""
        self.batches = [*getattr(self, "batches", []), self.X[:, 0].astype(int).tolist()]
        super().backprop(y)


def test_stochastic_gradient_descent_uses_each_example_once_an_epoch() -> None:
    """An epoch takes whole batches of different examples, in another order each time, and leaves the rest out."""
    X, y = np.arange(23.0).reshape(23, 1), np.arange(23) % 3
    rng = np.random.RandomState(0)
    net = Watched(1, 2, 2, 3, rng=rng)
    evaluations, batches = stochastic_gradient_descent(net, X, y, X, y, 0.1, 5, epochs=3, log_every=3, rng=rng)
    assert [len(batch) for batch in net.batches] == [5] * 12
    epochs = [list(chain.from_iterable(net.batches[start : start + 4])) for start in (0, 4, 8)]
    assert all(len(set(epoch)) == 20 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert [row.done for row in evaluations] == [0, 1, 2, 3]
    assert [(row.epoch, row.step) for row in batches] == [(epoch, step) for epoch in range(3) for step in (0, 3)]


def test_stochastic_gradient_descent_shuffles_as_the_notebook_does() -> None:
    """The random state that drew the weights goes on to shuffle one permutation in place, epoch after epoch."""
    X, y = np.arange(23.0).reshape(23, 1), np.arange(23) % 3
    rng, theirs = np.random.RandomState(42), np.random.RandomState(42)
    net = Watched(1, 2, 2, 3, rng=rng)
    stochastic_gradient_descent(net, X, y, X, y, 0.1, 5, epochs=2, rng=rng)
    for shape in ((1, 2), (2,), (2, 2), (2,), (2, 3), (3,)):
        theirs.randn(*shape)
    permutation, wanted = np.arange(23), []
    for _ in range(2):
        theirs.shuffle(permutation)
        wanted += [permutation[j * 5 : (j + 1) * 5].tolist() for j in range(int(23 / 5))]
    assert net.batches == wanted


# Use in the wrong order


def test_backprop_without_forward_is_refused(refused: Any) -> None:
    """Backprop before any forward pass says that there was none."""
    with refused(ShapeError, "no forward pass", "forward_propagation"):
        tiny()[0].backprop(np.array([0]))


def test_backprop_of_other_examples_is_refused(refused: Any) -> None:
    """Labels that are not as many as the examples of the last forward pass are refused, with both numbers."""
    net, X, y = tiny()
    net.forward_propagation(X)
    with refused(ShapeError, "4 examples", "2 labels"):
        net.backprop(y[:2])
    assert net.dW_i_h1 is None


def test_step_without_gradient_is_refused(refused: Any) -> None:
    """A step before any backprop is refused, and moves nothing."""
    net, X, _ = tiny()
    net.forward_propagation(X)
    before = as_flat(net)
    with refused(ShapeError, "no gradient", "backprop"):
        net.gradient_step(0.1)
    np.testing.assert_array_equal(as_flat(net), before)


# The general network


@pytest.mark.parametrize("batch_size", [None, 16])
def test_the_general_network_trains_to_the_same_weights(batch_size: int | None) -> None:
    """Over 50 steps, on the full batch or on batches in order, ``train`` reaches the handout's weights to 1e-10."""
    rng = np.random.default_rng(2)
    X, y = rng.random((80, 20)), rng.integers(0, 10, 80)
    oracle, network = fcc(20, 30, 30, 10, rng=np.random.RandomState(42)), MLP((20, 30, 30, 10))
    parameters = network.initialise(np.random.RandomState(42), "normal")
    size, epochs = (80, 50) if batch_size is None else (batch_size, 10)
    for _ in range(epochs):
        for start in range(0, 80, size):
            oracle.forward_propagation(X[start : start + size])
            oracle.backprop(y[start : start + size])
            oracle.gradient_step(0.1)
    settings = TrainingSettings(
        "sgd", 0.1, epochs=epochs, batch_size=size, full_batch=batch_size is None, shuffle=False
    )
    *_, last = train(network, TrainingState.start(parameters, settings), Examples(X, y), settings=settings)
    assert last.step == 50
    wanted = Parameters.pack([getattr(oracle, name) for name in WEIGHTS], [getattr(oracle, name) for name in BIASES])
    np.testing.assert_allclose(parameters.vector, wanted.vector, rtol=0, atol=1e-10)
    assert last.figures["train_loss"] == pytest.approx(cross_entropy(oracle.forward_propagation(X), y), rel=1e-10)
