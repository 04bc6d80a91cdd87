"""Epochs that are computed ahead: nobody can tell, except by the time it takes."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.utils import check_random_state

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import DivergenceError, SettingError
from handgrad.estimator.epochs import AHEAD, Batches, Epochs, spans
from handgrad.estimator.rates import Rate
from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState
from handgrad.training.engines.reference import NumpyEngine

X, Y = load_iris(return_X_y=True)
NUMBERS = make_regression(90, 5, random_state=0)


def both(kind, X, y, **parameters):
    """Fit twice: with epochs computed ahead, and one by one, because a callback looks at each."""
    fitted = []
    for callbacks in (None, [[].append]):
        rng = np.random.RandomState(3)
        model = kind(random_state=rng, callbacks=callbacks, **parameters)
        error = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.fit(X, y)
            except (DivergenceError, SettingError) as raised:
                error = str(raised)
        fitted.append((model, error, rng.random_sample()))
    return fitted


NETWORK, MOMENTUM = MLP((4, 5, 3)), TrainingSettings(batch_size=50, optimizer="momentum")
STOPS = {"tol": 0.02, "n_iter_no_change": 2, "max_iter": 300}


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_iter": 2 * AHEAD + 3},
        {"max_iter": 20, "batch_size": 32, "dropout": 0.2},
        {"max_iter": 20, "solver": "sgd", "momentum": 0.9, "learning_rate_init": 0.01},
        {"max_iter": 20, "solver": "sgd", "learning_rate": "cosine", "learning_rate_init": 0.01, "shuffle": False},
        {"learning_rate_init": 0.01, **STOPS},
        {"learning_rate_init": 0.01, "engine": "compiled", "batch_size": 40, **STOPS},
        {"max_iter": 40, "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 0.05},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())),
)
def test_a_fit_that_looks_ahead_is_the_same(parameters):
    """Weights, losses, optimizer's state, and the random numbers that come next: all bits agree."""
    (ahead, _, next_ahead), (one_by_one, _, next_one) = both(MLPClassifier, X, Y, **parameters)
    assert ahead.n_iter_ == one_by_one.n_iter_
    assert ahead.loss_curve_ == one_by_one.loss_curve_
    assert (ahead.t_, ahead._state.step) == (one_by_one.t_, one_by_one._state.step)
    np.testing.assert_array_equal(ahead._state.parameters.vector, one_by_one._state.parameters.vector)
    np.testing.assert_array_equal(ahead._state.slots, one_by_one._state.slots)
    assert next_ahead == next_one


@pytest.mark.parametrize("early", [2, 3, 5])
def test_a_fit_stops_within_what_was_computed_ahead(early):
    """The number of epochs is that of the one whose loss ended it, and training goes on from there."""
    (ahead, *_), (one_by_one, *_) = both(
        MLPClassifier, X, Y, tol=10.0, n_iter_no_change=early, max_iter=50, warm_start=True
    )
    assert ahead.n_iter_ == one_by_one.n_iter_ == early + 2
    for model in (ahead, one_by_one):
        model.fit(X, Y)
    np.testing.assert_array_equal(ahead._state.parameters.vector, one_by_one._state.parameters.vector)


def test_a_fit_that_diverges_says_so_in_the_same_epoch():
    """The losses before it are kept, and the message is the same."""
    (ahead, error, _), (one_by_one, expected, _) = both(
        MLPRegressor, *NUMBERS, solver="sgd", learning_rate_init=0.1, momentum=0.0, n_iter_no_change=100
    )
    assert expected is not None
    assert error == expected
    assert ahead.loss_curve_ == one_by_one.loss_curve_
    assert len(ahead.loss_curve_) % AHEAD  # else the test shows nothing


@pytest.mark.parametrize(("last", "tol"), [(5, 10.0), (20, 1e-4)])
def test_a_schedule_that_fails_later_fails_when_its_step_comes(last, tol):
    """One that is asked for a rate too early fails in its own epoch, or not at all if the fit is over by then."""
    (ahead, error, _), (one_by_one, expected, _) = both(
        MLPClassifier,
        X,
        Y,
        learning_rate=lambda step, _, peak: peak if step < last else -1.0,
        tol=tol,
        n_iter_no_change=2,
        max_iter=60,
    )
    assert (expected is None) == (tol == 10.0)
    assert error == expected
    assert ahead.loss_curve_ == one_by_one.loss_curve_
    assert len(ahead.loss_curve_) == (4 if tol == 10.0 else 20)


def test_small_batches_are_not_computed_ahead():
    """An epoch of thousands of steps takes seconds, whatever the network: nobody wants to wait for eight of them."""
    assert list(spans(2, Batches(5000, 1, None), MLP((4, 20, 3)))) == [1, 1]


def test_a_velocity_is_that_of_the_rate_also_after_a_return():
    """If the rate was lowered before a span, a training that stops within the span is one without spans."""
    states = []
    for lengths in ([4, 4], [1] * 6):
        state = TrainingState.start(NETWORK.initialise(np.random.default_rng(0)), MOMENTUM)
        rate = Rate("constant", 0.1, 0.5, 0.1, of_velocity=True)
        engine = NumpyEngine(NETWORK, Examples(X, Y), MOMENTUM)
        losses = Epochs(engine, state, Batches(150, 50, np.random.RandomState(0)), rate).losses(lengths)
        for epoch, _ in enumerate(losses, 1):
            if epoch == 4:
                rate.now = 0.02
            if epoch == 6:
                losses.close()
                break
        states.append(state)
    np.testing.assert_array_equal(states[0].parameters.vector, states[1].parameters.vector)


class Pressed(NumpyEngine):
    """Interrupted in the middle of its second span."""

    spans = 0

    def run_span(self, state, order, ends, learning_rates):
        """Take three steps of the second span, and no more."""
        self.spans += 1
        if self.spans == 2:
            super().run_span(state, order, ends[:3], learning_rates[:3])
            raise KeyboardInterrupt
        return super().run_span(state, order, ends, learning_rates)


def test_an_interrupted_span_leaves_the_end_of_an_epoch():
    """The state is that of the last epoch whose loss was given."""
    network, examples = MLP((4, 5, 3)), Examples(X, Y)
    settings = TrainingSettings(batch_size=50)
    states = []
    for kind, lengths in ((Pressed, [4, 4]), (NumpyEngine, [1, 1, 1, 1])):
        state = TrainingState.start(network.initialise(np.random.default_rng(0)), settings)
        epochs = Epochs(
            kind(network, examples, settings),
            state,
            Batches(150, 50, np.random.RandomState(0)),
            Rate("constant", 0.1, 0.5, 0.1),
        )
        losses = []
        try:
            losses.extend(epochs.losses(lengths))
        except KeyboardInterrupt:
            assert kind is Pressed
        states.append(state)
    assert states[0].step == states[1].step == 12
    np.testing.assert_array_equal(states[0].parameters.vector, states[1].parameters.vector)


def test_a_return_gives_nobody_the_same_random_numbers_again():
    """NumPy's own generator, from which other threads may draw, is not set back; the weights are those of the order."""
    network, examples, settings = MLP((4, 5, 3)), Examples(X, Y), TrainingSettings(batch_size=50)
    shared, orders, states = check_random_state(None), [], []

    class Noting(NumpyEngine):
        """Notes the first order."""

        def run_span(self, state, order, ends, learning_rates):
            """Train, as usual."""
            orders.append(order[:150])
            return super().run_span(state, order, ends, learning_rates)

    def trained(rng, lengths):
        states.append(TrainingState.start(network.initialise(np.random.default_rng(0)), settings))
        engine = Noting(network, examples, settings)
        training = Epochs(engine, states[-1], Batches(150, 50, rng), Rate("constant", 0.1, 0.5, 0.1)).losses(lengths)
        next(training)
        return training

    training = trained(shared, [4])
    before = shared.get_state()[1].copy(), shared.get_state()[2]
    training.close()
    np.testing.assert_array_equal(shared.get_state()[1], before[0])
    assert shared.get_state()[2] == before[1]

    class Given:
        """Gives the same order once more."""

        def permutation(self, n):
            """Give it."""
            return orders[0][:n]

    trained(Given(), [1])
    np.testing.assert_array_equal(states[0].parameters.vector, states[1].parameters.vector)
