"""The recording network: the learner's own from outside, and without mathematics."""

import copy
from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pytest

from handgrad import handout
from handgrad.exercises import tasks
from handgrad.exercises.sandbox.inside import recorder
from handgrad.exercises.sandbox.inside.recorder import Recording

Weights = dict[str, np.ndarray]
X, Y = np.linspace(-1, 1, 28).reshape(7, 4), np.arange(7) % 5


class Extended(handout.fcc):
    """A class with more than the sheet asks for."""

    rate = 0.125

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.params = {name: getattr(self, name) for name in tasks.PARAMETERS}

    def forward_propagation(self, inputs, training=True):
        """Take another argument, and another name."""
        return super().forward_propagation(inputs) if training else None

    def backprop(self, X, labels):
        """Take the examples, too, and give something back."""
        self.forward_propagation(X)
        super().backprop(labels)
        return "done"

    def gradient_step(self, learning_rate=None):
        """Know a rate of its own."""
        super().gradient_step(self.rate if learning_rate is None else learning_rate)

    forward = forward_propagation

    def predict(self, X):
        """Be the learner's own."""
        return self.forward_propagation(X, training=False).argmax(axis=1)

    @property
    def classes(self):
        """Be a property."""
        return len(self.b_out)

    def train_step(self, X, y, rate):
        """Do all three."""
        self.forward(X)
        self.backprop(X, labels=y)
        self.gradient_step(learning_rate=rate)


class Slots:
    """A class with nothing but its weights, which are not set one by one."""

    __slots__ = ("b_h1", "b_h2", "b_out", "params")

    def __init__(self, *sizes: int) -> None:
        self.params = OrderedDict((f"W{i}", np.zeros(shape)) for i, shape in enumerate(pairwise(sizes)))

    W_i_h1 = property(lambda self: self.params["W0"])
    W_h1_h2 = property(lambda self: self.params["W1"])
    W_h2_o = property(lambda self: self.params["W2"])


@pytest.fixture
def weights() -> Weights:
    """Give the weights of a network that the sheet's own class drew."""
    net = handout.fcc(4, 3, 2, 5, rng=np.random.RandomState(0))
    return {name: getattr(net, name) for name in tasks.PARAMETERS}


def events(recording: Recording) -> list[tuple[str, object, int, float | None]]:
    """List what was recorded."""
    return [
        (method, None if value is None else value.tolist(), step, rate)
        for method, value, step, rate in recording.log.events
    ]


@pytest.mark.parametrize("kind", [recorder.fcc, handout.fcc])
def test_it_has_what_the_sheets_network_has(weights: Weights, kind: type) -> None:
    """The same attributes and methods, and after a step arrays of the same shapes."""
    own, recording = handout.fcc(4, 3, 2, 5), Recording(kind, weights)
    assert recorder.PARAMETERS == tasks.PARAMETERS
    assert set(vars(recording.network)) == set(vars(own))
    with recording:
        recording.network.forward_propagation(X)
        recording.network.backprop(Y)
        recording.network.gradient_step(0.1)
    own.forward_propagation(X)
    own.backprop(Y)
    for name, value in vars(own).items():
        assert np.shape(getattr(recording.network, name)) == np.shape(value), name
    assert recording.network.n_trainable == own.n_trainable


@pytest.mark.parametrize("kind", [recorder.fcc, handout.fcc, Extended])
def test_it_knows_no_mathematics(weights: Weights, kind: type) -> None:
    """Probabilities are drawn, anew for other weights or rows alone, and every gradient is one."""
    with (recording := Recording(kind, weights)):
        net = recording.network
        drawn = [net.forward_propagation(rows) for rows in (X[:3], X[:3], X[1:4])]
        assert np.array_equal(drawn[2], net.out)
        net.backprop(*([X, Y] if kind is Extended else [Y]))
        net.gradient_step(0.1)
        drawn.append(net.forward_propagation(X[:3]))
    assert all(out.shape == (3, 5) and (out > 0).all() and np.allclose(out.sum(axis=1), 1) for out in drawn)
    assert [np.array_equal(drawn[0], out) for out in drawn] == [True, True, False, False]
    for name in tasks.PARAMETERS:
        assert np.all(getattr(net, f"d{name}") == 1), name


@pytest.mark.parametrize("X", [np.zeros((0, 4)), np.zeros(4), np.zeros((3, 9)), 5, [[1.0, 2.0]], None])
def test_no_order_and_no_shape_makes_it_raise(weights: Weights, X: object) -> None:
    """A routine that calls methods too early, or with the wrong rows, is recorded to its end all the same."""
    with (recording := Recording(recorder.fcc, weights)):
        net = recording.network
        net.gradient_step(0.5)
        net.backprop(X)
        net.forward_propagation(X)
        net.gradient_step(0.5)
    assert [(event[0], event[2]) for event in recording.log.events] == [
        ("gradient_step", 0), ("backprop", 0), ("forward_propagation", 0), ("gradient_step", 0),
    ]  # fmt: skip
    assert (recording.log.step, recording.log.rate) == (1, pytest.approx(0.5))


def test_it_is_of_the_learners_class(weights: Weights) -> None:
    """Its own methods and properties are there, and what they do is recorded; then the class is as it was."""
    before = dict(vars(Extended))
    with (recording := Recording(Extended, weights)):
        net = recording.network
        assert type(net) is Extended
        assert net.classes == 5
        net.train_step(X, Y, 0.25)
        assert net.predict(X[:2]).shape == (2,)
    assert events(recording) == [
        ("forward_propagation", X.tolist(), 0, None),
        ("backprop", Y.tolist(), 0, None),
        ("gradient_step", 0.25, 0, None),
        ("forward_propagation", X[:2].tolist(), 1, pytest.approx(0.25)),
    ]
    assert dict(vars(Extended)) == before


def test_a_rate_that_is_the_networks_own_is_seen(weights: Weights) -> None:
    """A step without an argument is the class's own, and its length is measured."""
    with (recording := Recording(Extended, weights)):
        recording.network.backprop(X, Y)
        recording.network.gradient_step()
    assert (recording.log.step, recording.log.rate) == (1, pytest.approx(0.125))


def test_arrays_that_the_class_keeps_elsewhere_are_the_same_ones(weights: Weights) -> None:
    """The weights are put into the arrays that are there."""
    recording = Recording(Extended, weights)
    for name, array in weights.items():
        assert np.array_equal(recording.network.params[name], array)


def test_attributes_that_cannot_be_set_are_filled(weights: Weights) -> None:
    """Properties over arrays get the numbers into these, and what a class has no room for is left out."""
    with (recording := Recording(Slots, weights)):
        net = recording.network
        assert np.array_equal(net.params["W1"], weights["W_h1_h2"])
        assert net.forward_propagation(X).shape == (7, 5)
        for name in tasks.PARAMETERS:
            getattr(net, name)[...] -= 0.5
    assert (recording.log.step, recording.log.rate) == (1, pytest.approx(0.5))


def test_biases_that_share_an_array_do_not_share_their_numbers() -> None:
    """A class that starts with one array for two biases still steps each once."""

    class Shared(handout.fcc):
        def __init__(self, *sizes: int) -> None:
            super().__init__(*sizes)
            self.b_h1 = self.b_h2 = np.zeros(sizes[1])

    square = handout.fcc(4, 3, 3, 5)
    recording = Recording(Shared, {name: getattr(square, name) for name in tasks.PARAMETERS})
    assert np.array_equal(recording.network.b_h1, square.b_h1)
    assert np.array_equal(recording.network.b_h2, square.b_h2)


def test_a_class_that_cannot_make_a_network_still_lends_its_methods(weights: Weights) -> None:
    """Where ``__init__`` fails, the object is made without it."""

    class Unfinished:
        def __init__(self, sizes: list[int]) -> None:
            raise NotImplementedError

        def describe(self):
            return self.W_i_h1.shape

    with (recording := Recording(Unfinished, weights)):
        assert recording.network.describe() == (4, 3)
        assert recording.network.forward_propagation(X).shape == (7, 5)


def test_a_call_that_does_not_fit_fails_as_it_would_without_recording(weights: Weights) -> None:
    """Python's own message about the arguments, and nothing recorded."""
    with (recording := Recording(handout.fcc, weights)):
        with pytest.raises(TypeError, match=r"backprop\(\) missing 1 required positional argument: 'y'"):
            recording.network.backprop()
        with pytest.raises(TypeError, match="unexpected keyword argument 'train'"):
            recording.network.forward_propagation(X, train=True)
    assert recording.log.events == []


def test_a_copy_is_not_recorded(weights: Weights) -> None:
    """What happens to a copy of the network changes nothing in the record."""
    with (recording := Recording(handout.fcc, weights)):
        other = copy.deepcopy(recording.network)
        other.forward_propagation(X)
        other.backprop(Y)
        other.gradient_step(0.5)
    assert (recording.log.events, recording.log.step) == ([], 0)


def test_own_methods_may_do_the_work(weights: Weights) -> None:
    """Watched only, a network computes what it would, and steps are measured along its own gradient."""
    plain = handout.fcc(4, 3, 2, 5)
    for name, array in weights.items():
        setattr(plain, name, array.copy())
    with (recording := Recording(Extended, weights, watched=True)):
        assert recording.network.backprop(X, Y) == "done"
        recording.network.gradient_step(0.25)
    plain.forward_propagation(X)
    plain.backprop(Y)
    plain.gradient_step(0.25)
    np.testing.assert_array_equal(recording.network.W_i_h1, plain.W_i_h1)
    assert [event[0] for event in recording.log.events] == ["forward_propagation", "backprop", "gradient_step"]
    assert (recording.log.step, recording.log.rate) == (1, pytest.approx(0.25))
