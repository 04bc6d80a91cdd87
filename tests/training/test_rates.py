"""The learning rates that are chosen for whoever names none."""

import numpy as np
import pytest
from sampling import sampled

from handgrad.data import load_data
from handgrad.errors import DivergenceError
from handgrad.network import ACTIVATIONS, LOSSES, MLP, Focal, Huber
from handgrad.network.initialisers import INITIALISERS
from handgrad.training import OPTIMIZERS, Examples, Momentum, TrainingSettings, TrainingState, train
from handgrad.training.rates import suitable_rate

# What cannot be done in 40 epochs: outputs are numbers, and either all hidden units are positive, so that the outputs
# first have to lose a large common part, or the whole model is linear, which ends below 95%.
CANNOT = {
    (activation, loss)
    for activation in ("identity", "sigmoid", "softplus")
    for loss in ("squared_error", "absolute_error", "huber", "quantile", "poisson")
}


def accuracy(optimizer: str, activation: str, loss: str, init: str = "he_normal") -> float:
    """Train on the digits as ``handgrad train`` does by default, and return the test accuracy."""
    data = load_data("digits")
    network = MLP((data.n_features, 400, 400, data.n_classes), activation, loss)
    rate = suitable_rate(network, OPTIMIZERS[optimizer], init)
    settings = TrainingSettings(
        optimizer=optimizer, learning_rate=rate, schedule="cosine", epochs=40, evaluate_every=40
    )
    state = TrainingState.start(network.initialise(0, init, "float32"), settings)
    examples, tests = (Examples(data.X_train, data.y_train), Examples(data.X_test, data.y_test))
    try:
        *_, last = train(network, state, examples, {"test": tests}, settings=settings)
    except DivergenceError:
        return 0.0
    return last.figures["test_accuracy"]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_training_without_a_rate_takes_the_suitable_one(optimizer: str) -> None:
    """The same bits as with that rate given."""
    X, y = np.random.default_rng(0).random((40, 5)).astype(np.float32), np.arange(40) % 3
    network = MLP((5, 8, 3), "relu")
    vectors = []
    for rate in (None, suitable_rate(network, OPTIMIZERS[optimizer])):
        settings = TrainingSettings(optimizer=optimizer, learning_rate=rate, epochs=2)
        state = TrainingState.start(network.initialise(0, dtype="float32"), settings)
        list(train(network, state, Examples(X, y), settings=settings))
        vectors.append(state.parameters.vector.copy())
    np.testing.assert_array_equal(*vectors)


def test_momentum_of_ones_own_is_heeded() -> None:
    """A gradient that stays the same is added up 1 / (1 - beta) times, and the rate is smaller by as much."""
    network = MLP((5, 8, 3), "tanh")
    rates = [suitable_rate(network, Momentum(beta=beta)) for beta in (0.0, 0.5, 0.95)]
    np.testing.assert_allclose(rates, [0.1, 0.05, 0.005])


@pytest.mark.parametrize(
    ("name", "loss"), [("huber", Huber(0.5)), ("focal", Focal(1.0)), ("binary_focal", Focal(1.0, "answers"))]
)
def test_a_constant_of_ones_own_leaves_the_rate_of_its_loss(name: str, loss: Huber | Focal) -> None:
    """What suits a loss suits it with another constant as well."""
    rates = [suitable_rate(MLP((64, 50, 10), "sigmoid", one), OPTIMIZERS["sgd"]) for one in (name, loss)]
    assert rates[0] == rates[1]
    assert rates[0] != suitable_rate(MLP((64, 50, 10), "sigmoid", "squared_error"), OPTIMIZERS["sgd"])


@pytest.mark.parametrize("optimizer", sampled(["adam", "sgd"], 2))
def test_what_was_only_changed_in_the_optimizer_trains(optimizer: str) -> None:
    """The main job with another optimizer, and nothing else said, learns the digits."""
    assert accuracy(optimizer, "tanh", "cross_entropy") >= 0.95


@pytest.mark.parametrize(("optimizer", "activation"), [("rmsprop", "elu"), ("lion", "identity")])
def test_optimizers_of_long_steps_learn_with_a_steep_loss(optimizer: str, activation: str) -> None:
    """The Poisson loss grows exponentially with the outputs."""
    assert accuracy(optimizer, activation, "poisson") >= 0.95


# A third of all combinations, in which each pair of a loss, an activation and an optimizer occurs. Muon takes ten times
# as long, so each activation and each loss meets it, but not in each pair.
COMBINATIONS = [
    (loss, activation, optimizer)
    for i, loss in enumerate(LOSSES)
    for j, activation in enumerate(ACTIVATIONS)
    for k, optimizer in enumerate(OPTIMIZERS)
    if ((i - j) % len(LOSSES) == 0 if optimizer == "muon" else (i + j + k) % 3 == 0)
]


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "activation", "optimizer"), COMBINATIONS)
def test_every_pair_learns_the_digits(loss: str, activation: str, optimizer: str) -> None:
    """At least 95% with the default rate, but for those listed, which learn something."""
    assert accuracy(optimizer, activation, loss) >= (0.4 if (activation, loss) in CANNOT else 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("init", [name for name in INITIALISERS if name not in ("he_normal", "normal")])
def test_every_initialisation_learns_the_digits(init: str, activation: str, optimizer: str) -> None:
    """From any weights but those of the notebook, which are so large that 40 epochs end between 73 and 94%."""
    assert accuracy(optimizer, activation, "cross_entropy", init) >= 0.95


def test_a_velocity_that_is_kept_entirely_has_a_rate() -> None:
    """With a beta of 1, as scikit-learn allows, the learning rate is small, but not 0."""
    assert 0 < suitable_rate(MLP((64, 50, 10), "tanh"), Momentum(beta=1.0)) < 0.01
