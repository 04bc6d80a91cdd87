"""Losses and activations of one's own: right ones pass the check, and each kind of mistake is seen."""

# ruff: noqa: ARG005 - not every function needs all that it is called with

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from handgrad.errors import SettingError, ShapeError
from handgrad.network import (
    ACTIVATIONS,
    LOSSES,
    MLP,
    Activation,
    Focal,
    Huber,
    Loss,
    Quantile,
    check_activation,
    check_loss,
    gradcheck,
    shares,
)

NUMBERS = np.array([[0.3, -1.0], [2.0, 0.1], [-0.7, 1.5], [30.0, -4.0]])


def targets(loss: Any) -> np.ndarray:
    """Choose a few targets for two outputs."""
    if loss.targets == "classes":
        return np.array([0, 1, 1, 0])
    return (NUMBERS > 0).astype(float) if loss.targets == "answers" else np.maximum(NUMBERS, 0)


def log_cosh(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Compute a right loss of numbers."""
    R, w = outputs - y, shares(outputs, sample_weight)
    return (w * (np.logaddexp(R, -R) - np.log(2))).sum(), w * np.tanh(R)


@pytest.mark.parametrize("name", list(LOSSES))
def test_our_losses_pass(name: str) -> None:
    """Every loss in the table is a mean with the gradient of its value."""
    check_loss(LOSSES[name], targets(LOSSES[name]), 2)


@pytest.mark.parametrize(
    "loss",
    [Huber(0.3), Huber(7.0), Quantile(0.05), Quantile(0.9), Focal(0.0), Focal(0.5), Focal(3.0, "answers")],
    ids=str,
)
def test_constants_of_ones_own_have_their_gradient(loss: Any) -> None:
    """Whatever the constant, also through a network."""
    check_loss(loss, targets(loss), 2)
    network, X = MLP((3, 4, 2), "tanh", loss), np.random.default_rng(1).standard_normal((4, 3))
    report = gradcheck(lambda p: network.value_and_gradient(p, X, targets(loss)), network.initialise(1))
    assert report.passed, str(report)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_our_activations_pass(name: str) -> None:
    """Every activation in the table has its derivative."""
    check_activation(ACTIVATIONS[name])


def test_a_loss_of_ones_own_trains_like_ours() -> None:
    """A function that computes what one of ours does gives the same value and gradient, to the bit."""
    X, y = np.random.default_rng(0).standard_normal((4, 3)), NUMBERS
    ours = MLP((3, 4, 2), "tanh", "squared_error")
    parameters = ours.initialise(0)
    own = MLP((3, 4, 2), "tanh", Loss(lambda Z, y, w=None: LOSSES["squared_error"].function(Z, y, w)))
    value, gradient = own.value_and_gradient(parameters, X, y, l2=0.1)
    wanted_value, wanted_gradient = ours.value_and_gradient(parameters, X, y, l2=0.1)
    assert value == wanted_value
    np.testing.assert_array_equal(gradient.vector, wanted_gradient.vector)


MISTAKES: list[tuple[str, Callable[..., Any], type, tuple[str, ...]]] = [
    (
        "a percent",
        lambda Z, y, w=None: (log_cosh(Z, y, w)[0], 1.01 * log_cosh(Z, y, w)[1]),
        SettingError,
        ("gradient",),
    ),
    ("a sign", lambda Z, y, w=None: (log_cosh(Z, y, w)[0], -log_cosh(Z, y, w)[1]), SettingError, ("gradient is",)),
    (
        "no mean in the gradient",
        lambda Z, y, w=None: (log_cosh(Z, y, w)[0], np.tanh(Z - y)),
        SettingError,
        ("gradient",),
    ),
    ("a sum", lambda Z, y, w=None: (np.abs(Z - y).sum(), np.sign(Z - y)), SettingError, ("for 4 examples", "mean")),
    ("weights ignored", lambda Z, y, w=None: log_cosh(Z, y), SettingError, ("with weights", "weighted mean")),
    ("a value for each", lambda Z, y, w=None: (np.abs(Z - y), np.sign(Z - y)), ShapeError, ("value has shape (4, 2)",)),
    ("a gradient of the mean", lambda Z, y, w=None: (0.0, np.zeros(2)), ShapeError, ("gradient has shape (2,)",)),
    (
        "examples that depend on each other",
        lambda Z, y, w=None: (log_cosh(Z - Z.mean(axis=0), y, w)[0], log_cosh(Z, y, w)[1]),
        SettingError,
        ("mean of the losses of each",),
    ),
]


@pytest.mark.parametrize(
    ("function", "error", "words"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_wrong_loss_is_refused(function: Any, error: Any, words: tuple[str, ...], refused: Any) -> None:
    """With what it claims and what was measured."""
    check_loss(Loss(log_cosh), NUMBERS, 2)
    with refused(error, *words):
        check_loss(Loss(function), NUMBERS, 2)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("away", [0.0, 1e6])
def test_targets_of_any_size_raise_no_alarm(size: float, away: float, refused: Any) -> None:
    """Neither large targets nor targets far from zero hide a wrong gradient, or make a right one look wrong."""
    y = away + size * NUMBERS
    for loss in (Loss(log_cosh), LOSSES["squared_error"], LOSSES["huber"], Quantile(0.9)):
        check_loss(loss, y, 2)
    with refused(SettingError, "gradient is"):
        check_loss(Loss(lambda Z, y, w=None: (log_cosh(Z, y, w)[0], 1.01 * log_cosh(Z, y, w)[1])), y, 2)


def test_the_numbers_of_a_wrong_gradient_are_shown(refused: Any) -> None:
    """The claimed derivative is half of the one that was measured."""
    with refused(SettingError, "gradient is 0.5 ", "expected 1,"):
        check_loss(Loss(lambda Z, y, w=None: ((shares(Z, w) * Z).sum(), shares(Z, w) / 2)), np.zeros((1, 1)), 1)


@pytest.mark.parametrize(
    ("activation", "error", "words"),
    [
        (Activation(np.sin, lambda Z, H: H), SettingError, ("derivative at", "finite differences")),
        (Activation(np.tanh, lambda Z, H: 1 - H), SettingError, ("derivative at",)),
        (Activation(lambda Z: Z - Z.mean(), lambda Z, H: np.ones_like(Z)), SettingError, ("derivative at",)),
        (
            Activation(np.sin, lambda Z, H: np.cos(Z).sum()),
            ShapeError,
            ("derivative whose result has shape ()", "(8, 8)"),
        ),
        (
            Activation(lambda Z: Z[:, :1], lambda Z, H: np.ones_like(Z)),
            ShapeError,
            ("function whose result has shape (8, 1)",),
        ),
        (Activation(lambda Z: Z * np.nan, lambda Z, H: Z * np.nan), SettingError, ("nan",)),
    ],
    ids=["another function", "a factor", "a mean", "a number", "a column", "NaN"],
)
def test_a_wrong_activation_is_refused(
    activation: Activation, error: Any, words: tuple[str, ...], refused: Any
) -> None:
    """One whose derivative is wrong, of another shape, or whose units depend on one another."""
    check_activation(Activation(np.sin, lambda Z, H: np.cos(Z)))
    with refused(error, *words):
        check_activation(activation)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Huber(0.0), ("delta is 0.0", "above 0")),
        (lambda: Quantile(1.0), ("level is 1.0", "(0, 1)")),
        (lambda: Quantile("high"), ("level is 'high'",)),
        (lambda: Focal(-1.0), ("gamma is -1.0",)),
        (lambda: Focal(targets="numbers"), ("targets is 'numbers'", "classes, answers")),
        (lambda: Loss("huber"), ("'huber'", "a function")),
        (lambda: Loss(log_cosh, "ranks"), ("targets is 'ranks'", "numbers")),
        (lambda: Loss(log_cosh, out_activation="log"), ("out_activation is 'log'", "exp")),
        (lambda: MLP((2, 2), loss=log_cosh), ("loss <function", "in Loss")),
        (lambda: MLP((2, 2, 2), activation=np.sin), ("activation <ufunc", "in Activation")),
    ],
)
def test_constants_out_of_range_are_refused(make: Callable[[], Any], words: tuple[str, ...], refused: Any) -> None:
    """With the name, the value and the range."""
    with refused(SettingError, *words):
        make()


def test_the_usual_constants_are_the_name() -> None:
    """A loss with the constants that its name stands for is that loss, for the compiled engine and in files too."""
    assert MLP((2, 1), loss=Huber()) == MLP((2, 1), loss="huber")
    assert MLP((2, 1), loss=Quantile(0.9)) != MLP((2, 1), loss="quantile")
    assert MLP((2, 1), loss=Focal(targets="answers")).loss == "binary_focal"


def test_smoothing_a_loss_of_ones_own_is_refused(refused: Any) -> None:
    """Unless its function has a parameter for it."""
    network = MLP(
        (2, 2), loss=Loss(lambda Z, y, w=None: LOSSES["cross_entropy"].function(Z, y, w), "classes", "softmax")
    )
    logits, y = np.ones((2, 2)), np.array([0, 1])
    with refused(SettingError, "label_smoothing is 0.1"):
        network.loss_and_gradient(logits, y, label_smoothing=0.1)
    value, _ = MLP((2, 2), loss=Focal(0.0)).loss_and_gradient(logits, y, label_smoothing=0.1)
    assert value == pytest.approx(float(MLP((2, 2)).loss_and_gradient(logits, y, label_smoothing=0.1)[0]))


def test_first_weights_of_ones_own(refused: Any) -> None:
    """A function of your own draws them; weights or biases of another shape are refused."""
    network = MLP((2, 3, 1))
    parameters = network.initialise(0, lambda rng, d_in, d_out: (np.full((d_in, d_out), 2.0), np.ones(d_out)))
    assert parameters.vector.tolist() == [2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 1]
    with refused(ShapeError, "shapes (3, 2) and (3,)", "(2, 3) and (3,)"):
        network.initialise(0, lambda rng, d_in, d_out: (np.ones((d_out, d_in)), np.ones(d_out)))
