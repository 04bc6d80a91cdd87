"""What can be trained: every option, every loss, and every accepted form of targets and examples."""

import numpy as np
import pytest

from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, train

NETWORK = MLP((4, 8, 3))


def toy() -> tuple[np.ndarray, np.ndarray]:
    """Draw examples of four inputs whose class is the largest of three of them."""
    X = np.random.default_rng(0).standard_normal((60, 4))
    return X, X[:, :3].argmax(axis=1)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dropout": 0.2},
        {"input_dropout": 0.1},
        {"label_smoothing": 0.1},
        {"clip": 0.5},
        {"full_batch": True, "epochs": 400},
        {"optimizer": "momentum", "learning_rate": 0.1},
        {"optimizer": "nesterov", "learning_rate": 0.1},
        {"optimizer": "adam", "learning_rate": 0.01, "schedule": "one_cycle"},
        {"optimizer": "adamw", "learning_rate": 0.01},
        {"optimizer": "rmsprop", "learning_rate": 0.01},
        {"optimizer": "lion", "learning_rate": 0.003},
        {"optimizer": "muon", "learning_rate": 0.01},
    ],
    ids=str,
)
def test_classes_are_learnt_with_every_option(options: dict) -> None:
    """On a toy problem that a network can solve, training with any option reaches at least 90% accuracy."""
    parameters = NETWORK.initialise(seed=1)
    settings = TrainingSettings(**{"epochs": 60, "batch_size": 10, **options})
    *_, last = train(NETWORK, TrainingState.start(parameters, settings), Examples(*toy()), settings=settings)
    assert last.figures["train_accuracy"] >= 0.9


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("shape", [(200,), (200, 1), (200, 2)])
def test_numbers_are_learnt_and_have_no_accuracy(loss: str, shape: tuple[int, ...]) -> None:
    """With a regression loss, a curve is fitted to a tenth of its spread, and no record has an accuracy."""
    X = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    curve = np.sin(2 * X[:, :1]) + X[:, 1:] ** 2
    y = np.broadcast_to(curve, (200, 2))[:, : shape[1] if len(shape) == 2 else 1].reshape(shape)
    network = MLP((2, 24, shape[1] if len(shape) == 2 else 1), "tanh", loss)
    parameters = network.initialise(seed=0)
    settings = TrainingSettings("adam", 0.03, schedule="cosine", epochs=100, log_every=5)
    records = list(
        train(
            network,
            TrainingState.start(parameters, settings),
            Examples(X, y),
            {"test": Examples(X, y)},
            settings=settings,
        )
    )
    assert not any(name.endswith("accuracy") for record in records for name in record.figures)
    fitted, _ = network.forward(parameters, X)
    assert np.abs(fitted - curve).mean() < 0.1 * curve.std()


@pytest.mark.parametrize("shape", [(100,), (100, 1)])
@pytest.mark.parametrize("dtype", [int, float, bool])
def test_one_output_learns_yes_or_no(shape: tuple[int, ...], dtype: type) -> None:
    """With one output and binary cross-entropy, answers of any dtype are learned, and accuracy counts them."""
    X = np.random.default_rng(0).standard_normal((100, 2))
    network = MLP((2, 8, 1), "tanh", "binary_cross_entropy")
    parameters, y = network.initialise(), (X[:, 0] > X[:, 1])
    settings = TrainingSettings("adam", 0.03, epochs=40)
    examples = Examples(X, y.astype(dtype).reshape(shape))
    *_, last = train(network, TrainingState.start(parameters, settings), examples, settings=settings)
    right = (network.predict(parameters, X)[:, 0] > 0.5) == y
    assert last.figures["train_accuracy"] == right.mean() >= 0.95


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy", "absolute_error", "huber"])
def test_class_numbers_train_any_loss_with_an_output_for_each(loss: str) -> None:
    """Class numbers stand for one-hot targets with every loss, and accuracy is the share of correct classes."""
    X, y = toy()
    network = MLP((4, 16, 3), "tanh", loss)
    ends = []
    for targets in (y, np.eye(3)[y]):
        parameters = network.initialise(seed=1)
        settings = TrainingSettings("adam", 0.02, epochs=60)
        *_, last = train(network, TrainingState.start(parameters, settings), Examples(X, targets), settings=settings)
        ends.append((parameters.vector, last))
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    assert ends[0][1].figures["train_accuracy"] >= 0.9


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int32])
def test_examples_may_have_any_real_dtype(dtype: type) -> None:
    """Examples are converted to the precision of the parameters."""
    X = np.random.default_rng(0).integers(0, 5, (30, 4))
    ends = []
    for examples in (X.astype(dtype), X.astype(np.float64)):
        parameters = NETWORK.initialise(seed=1)
        state, settings = TrainingState.start(parameters), TrainingSettings(epochs=3)
        for _ in train(NETWORK, state, Examples(examples, X[:, 0] % 3), settings=settings):
            pass
        ends.append(parameters.vector)
    np.testing.assert_array_equal(*ends)
