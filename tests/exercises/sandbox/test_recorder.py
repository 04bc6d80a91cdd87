"""The recording network: like the sheet's own from outside, and without its mathematics."""

import numpy as np
import pytest

from handgrad import handout
from handgrad.exercises import tasks
from handgrad.exercises.sandbox.inside import recorder


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    """Give the weights of a network that the sheet's own class drew."""
    net = handout.fcc(4, 3, 2, 5, rng=np.random.RandomState(0))
    return {name: getattr(net, name) for name in tasks.PARAMETERS}


def test_it_has_what_the_sheets_network_has(weights: dict[str, np.ndarray]) -> None:
    """The same attributes and methods, and after a step arrays of the same shapes."""
    own, net = handout.fcc(4, 3, 2, 5), recorder.fcc(weights)
    assert recorder.PARAMETERS == tasks.PARAMETERS
    assert {name for name in vars(net) if not name.startswith("_")} == set(vars(own))
    X, y = np.zeros((7, 4)), np.arange(7) % 5
    for each in (own, net):
        each.forward_propagation(X)
        each.backprop(y)
        each.gradient_step(0.1)
    for name, value in vars(own).items():
        assert np.shape(getattr(net, name)) == np.shape(value), name
    assert net.n_trainable == own.n_trainable


def test_it_knows_no_mathematics(weights: dict[str, np.ndarray]) -> None:
    """Whatever goes in, every class is equally probable and every gradient is one."""
    net = recorder.fcc(weights)
    assert net.forward_propagation(np.random.default_rng(0).normal(size=(3, 4))).tolist() == [[0.2] * 5] * 3
    net.backprop(np.array([0, 1, 2]))
    for name in tasks.PARAMETERS:
        assert np.all(getattr(net, f"d{name}") == 1), name


@pytest.mark.parametrize("X", [np.zeros((0, 4)), np.zeros(4), np.zeros((3, 9)), 5, [[1.0, 2.0]], None])
def test_no_order_and_no_shape_makes_it_raise(weights: dict[str, np.ndarray], X: object) -> None:
    """A routine that calls methods too early, or with the wrong rows, is recorded to its end all the same."""
    net = recorder.fcc(weights)
    net.gradient_step(0.5)
    net.backprop(X)
    net.forward_propagation(X)
    net.gradient_step(0.5)
    net._log.look()
    assert [(event[0], event[2]) for event in net._log.events] == [
        ("gradient_step", 0), ("backprop", 0), ("forward_propagation", 0), ("gradient_step", 0),
    ]  # fmt: skip
    assert (net._log.step, net._log.rate) == (1, pytest.approx(0.5))
