"""The notebook's two trainings: its figures, its settings, its random numbers, its results."""

from typing import Any

import numpy as np
import pytest

from handgrad.errors import ShapeError
from handgrad.handout import fcc, gradient_descent, stochastic_gradient_descent
from handgrad.reproduction import EXPERIMENTS, NETWORK, run
from handgrad.training import TrainingSettings

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

# Typed from the notebook's printout: iteration, test loss, test accuracy, train loss, train accuracy.
PRINTED_GD = """
    0    19.479279548133853   0.1353   19.653523403657122   0.13226666666666667
    100   2.282769668031916   0.5941    2.4319569058890083  0.57965
    200   1.573850466163723   0.7007    1.6520382064719452  0.6910666666666667
    300   1.296911010188398   0.7445    1.3371711957554957  0.7404666666666667
    400   1.142345153274019   0.7731    1.1521656169086645  0.7698666666666667
    500   1.0402612586580389  0.7876    1.0261024142379838  0.7897
    600   0.9656370013641344  0.8009    0.9324061314836917  0.8044166666666667
"""
# Epoch, test loss, test accuracy.
PRINTED_SGD = """
    0  20.258685506517264   0.0926
    1   0.829246421718839   0.8072
    2   0.6006060028525041  0.8547
"""


def small_mnist() -> Arrays:
    """Draw 150 training and 40 test examples of MNIST's shape, in ten classes that can be told apart."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 190)
    X = (rng.random((190, 784)) * (rng.random((10, 784)) < 0.2)[y]).astype(np.float32)
    return X[:150], y[:150], X[150:], y[150:]


@pytest.mark.parametrize(("name", "text"), [("gd", PRINTED_GD), ("sgd", PRINTED_SGD)])
def test_figures_are_those_of_the_printout(name: str, text: str) -> None:
    """Every figure that the notebook printed is there, digit by digit, and no other."""
    rows = [line.split() for line in text.strip().splitlines()]
    wanted = {int(at): tuple(map(float, figures)) for at, *figures in rows}
    assert EXPERIMENTS[name].printed == wanted
    order = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")
    assert EXPERIMENTS[name].figures == order[: len(rows[0]) - 1]


def test_settings_are_the_notebooks() -> None:
    """Gradient descent at 0.1 throughout: 1000 full batches, or 10 epochs of whole batches of 64 in shuffled order."""
    for name, epochs in (("gd", 1000), ("sgd", 10)):
        settings = EXPERIMENTS[name].settings
        assert (settings.optimizer, settings.learning_rate, settings.schedule) == ("sgd", 0.1, "constant")
        assert (settings.l2, settings.clip, settings.dropout, settings.label_smoothing) == (0, None, 0, 0)
        assert settings.epochs == epochs
    gd, sgd = EXPERIMENTS["gd"].settings, EXPERIMENTS["sgd"].settings
    assert (gd.full_batch, gd.evaluate_every) == (True, 100)
    assert (sgd.full_batch, sgd.batch_size, sgd.drop_last, sgd.shuffle, sgd.log_every) == (False, 64, True, True, 100)
    assert (NETWORK.layer_sizes, NETWORK.activations) == ((784, 400, 400, 10), ("sigmoid", "sigmoid"))
    assert NETWORK.loss == "cross_entropy"


def test_stochastic_gradient_descent_is_the_handouts_after_the_notebooks_seed() -> None:
    """From the same seed, weights, orders, batches and evaluations are the exercise's own, but for float32."""
    X, y, X_test, y_test = small_mnist()
    rng = np.random.RandomState(42)
    net = fcc(784, 400, 400, 10, rng=rng)
    evaluations, batches = stochastic_gradient_descent(
        net, X.astype(float), y, X_test.astype(float), y_test, 0.1, 64, epochs=4, rng=rng
    )
    records = list(run(EXPERIMENTS["sgd"], (X, y, X_test, y_test), seed=42, epochs=4, threads=1))
    ours = [(r.epoch, r.figures["test_loss"], r.figures["train_loss"]) for r in records if r.kind == "evaluation"]
    assert np.allclose(ours, [(row.done, row.test_loss, row.train_loss) for row in evaluations], rtol=1e-4)
    ours = [(r.epoch, r.step, r.figures["batch_loss"]) for r in records if r.kind == "batch"]
    assert np.allclose(ours, [(row.epoch, 2 * row.epoch, row.train_loss) for row in batches], rtol=1e-4)
    assert len(batches) == 4


def test_gradient_descent_is_the_handouts_after_the_notebooks_seed() -> None:
    """From the same seed, full-batch descent is the exercise's own, but for float32."""
    X, y, X_test, y_test = small_mnist()
    net = fcc(784, 400, 400, 10, rng=np.random.RandomState(7))
    wanted = gradient_descent(net, X.astype(float), y, X_test.astype(float), y_test, 0.1, num_iterations=6)
    records = list(run(EXPERIMENTS["gd"], (X, y, X_test, y_test), seed=7, epochs=6, threads=1))
    assert [record.kind for record in records] == ["evaluation"] * 2
    ours = [(r.epoch, r.figures["test_loss"], r.figures["train_loss"]) for r in records]
    assert np.allclose(ours, [(row.done, row.test_loss, row.train_loss) for row in wanted], rtol=1e-4)
    assert [(r.figures["test_accuracy"], r.figures["train_accuracy"]) for r in records] == [
        (row.test_accuracy, row.train_accuracy) for row in wanted
    ]


def test_seeds_differ() -> None:
    """Another seed starts from other weights."""
    first, other = (
        next(run(EXPERIMENTS["gd"], small_mnist(), seed, epochs=1)).figures["train_loss"] for seed in (0, 1)
    )
    assert abs(first - other) > 1e-3


def test_examples_of_another_size_are_refused(refused: Any) -> None:
    """Examples that have not MNIST's 784 pixels are refused before anything is trained."""
    X, y, X_test, y_test = small_mnist()
    with refused(ShapeError, "64 features", "784"):
        run(EXPERIMENTS["gd"], (X[:, :64], y, X_test[:, :64], y_test), seed=0, epochs=1)


def test_settings_stay_the_notebooks_for_any_length() -> None:
    """A shorter run does not change the experiment itself."""
    before = TrainingSettings(**vars(EXPERIMENTS["gd"].settings))
    next(run(EXPERIMENTS["gd"], small_mnist(), seed=0, epochs=3))
    assert EXPERIMENTS["gd"].settings == before
