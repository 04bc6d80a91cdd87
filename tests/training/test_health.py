"""What is measured inside a network."""

import numpy as np
import pytest

from handgrad.network import MLP, Parameters
from handgrad.training import (
    Examples,
    Record,
    TrainingSettings,
    TrainingState,
    evaluate,
    gradient_norms,
    layer_health,
    some_examples,
    train,
)


def examples(rows: int, width: int = 5, classes: int = 3) -> Examples:
    """Draw examples."""
    rng = np.random.default_rng(7)
    return Examples(rng.random((rows, width)), rng.integers(0, classes, rows))


def with_weights(activation: str, W: list[list[float]]) -> tuple[MLP, Parameters]:
    """Make a network of one hidden layer with these weights, and an output layer of ones and twos."""
    network = MLP((len(W), len(W[0]), 2), activation)
    parameters = Parameters(network.layer_sizes)
    parameters.W[0][:] = W
    parameters.W[1][:] = [1.0, 2.0]
    return network, parameters


@pytest.mark.parametrize(
    ("activation", "idle"), [("relu", 0.5), ("elu", 0.25), ("gelu", 0.25), ("leaky_relu", 0.0), ("identity", 0.0)]
)
def test_units_are_idle_if_no_example_moves_them(activation: str, idle: float) -> None:
    """A rectifier that is negative for all; a smooth one only far from zero; a leaky one never."""
    network, parameters = with_weights(activation, [[1.0, 2.0, -1.0, -20.0]])
    X = np.array([[0.5], [1.0]])
    assert layer_health(network, parameters, Examples(X, np.array([0, 1])))[0].idle == idle


def test_one_example_is_enough_to_keep_a_unit() -> None:
    """A unit that fires for a single row is not idle."""
    network, parameters = with_weights("relu", [[1.0, -1.0]])
    X = np.linspace(0.1, 1, 100)[:, None]
    y = np.arange(100) % 2
    assert layer_health(network, parameters, Examples(X, y))[0].idle == 0.5
    X[7] = -1
    assert layer_health(network, parameters, Examples(X, y))[0].idle == 0


@pytest.mark.parametrize(("activation", "edge"), [("sigmoid", 4.357), ("tanh", 2.179)])
def test_outputs_are_saturated_beyond_an_edge(activation: str, edge: float) -> None:
    """Where the slope is a twentieth of the steepest, on both sides; each output of each example counts."""
    network, parameters = with_weights(activation, [[edge + 0.01, -edge - 0.01, edge - 0.01, 0.0]])
    X = np.array([[1.0], [-1.0], [0.5], [0.0]])
    found = layer_health(network, parameters, Examples(X, np.array([0, 1, 0, 1])))
    assert found[0].saturated == 4 / 16
    assert found[1].saturated is None


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_is_that_of_the_loss(weighted: bool) -> None:
    """Its norm agrees with finite differences of the loss that is reported, layer by layer."""
    network = MLP((5, 4, 3), "tanh")
    parameters = network.initialise(3)
    some = examples(20)
    if weighted:
        some = Examples(some.X, some.y, np.linspace(0, 2, 20))
    layers = layer_health(network, parameters, some)
    for layer, W in zip(layers, parameters.W, strict=True):
        slopes = []
        for place in np.ndindex(W.shape):
            sides = []
            for step in (1e-5, -1e-5):
                W[place] += step
                sides.append(evaluate(network, parameters, some)[0])
                W[place] -= step
            slopes.append((sides[0] - sides[1]) / 2e-5)
        assert layer.gradient == pytest.approx(np.linalg.norm(slopes), rel=1e-6)
        assert (layer.weights, layer.count) == (pytest.approx(np.linalg.norm(W)), W.size)


def test_weights_of_zero_have_no_mean() -> None:
    """If no measured example has a weight, they count alike."""
    network, some = MLP((5, 4, 3)), examples(20)
    none = Examples(some.X, some.y, np.zeros(20))
    assert layer_health(network, network.initialise(3), none) == layer_health(network, network.initialise(3), some)


def test_the_same_examples_are_always_chosen() -> None:
    """With their labels and weights, in their order, from the whole set; a small set is taken whole."""
    n = 3000
    whole = Examples(np.arange(n)[:, None] / n, np.arange(n) % 7, np.arange(n) / 2)
    some, again = some_examples(whole), some_examples(whole)
    rows = (some.X[:, 0] * n).round().astype(int)
    assert (np.diff(rows) > 0).all()
    assert np.abs(np.histogram(rows, 5, (0, n))[0] - 60).max() < 30
    assert some.weight is not None
    for found, wanted in ((again.X, some.X), (some.y, rows % 7), (some.weight, rows / 2)):
        np.testing.assert_array_equal(found, wanted)
    few = examples(300)
    assert some_examples(few) is few


def evaluations(**settings: bool) -> list[Record]:
    """Train a little, and return the evaluations."""
    network, data = MLP((5, 4, 3)), examples(60)
    chosen = TrainingSettings(epochs=2, learning_rate=0.1, **settings)
    state = TrainingState.start(network.initialise(0), chosen)
    return list(train(network, state, data, {"test": examples(20)}, settings=chosen))


def test_log_layers_adds_the_gradients_of_the_moment() -> None:
    """Each evaluation has one more figure for each layer, and the others are as without."""
    plain, logged = evaluations(), evaluations(log_layers=True)
    for one, other in zip(plain, logged, strict=True):
        names = [name for name in other.figures if name not in one.figures]
        assert names == ["gradient_norm_1", "gradient_norm_2"]
        assert {name: other.figures[name] for name in one.figures} == one.figures
    network = MLP((5, 4, 3))
    first = gradient_norms(network, network.initialise(0), examples(60))
    assert {name: logged[0].figures[name] for name in first} == first
    assert logged[-1].figures["gradient_norm_1"] != first["gradient_norm_1"]
