"""Losses and activations of the estimators: scikit-learn's Poisson, and constants and functions of one's own."""

# ruff: noqa: ARG001 - derivatives take (Z, H)

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import SettingError, ShapeError
from handgrad.network import Activation, Focal, Huber, Loss, Quantile, one_hot, shares, sigmoid, softmax
from handgrad.network.checks import check_loss

RNG = np.random.default_rng(0)
X = RNG.standard_normal((150, 3))
COUNTS = RNG.poisson(np.exp(X[:, 0] / 2 + 0.5)).astype(float)
NUMBERS = np.sin(X[:, 0]) + 0.1 * RNG.standard_normal(150)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (7, 5), "random_state": 3, "max_iter": 30}
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning"),  # of scikit-learn 1.7
]


def classes(name: str) -> tuple[Any, Any]:
    """Load examples of three classes, of two, or of several labels."""
    if name == "labels":
        rows, y = make_multilabel_classification(100, n_features=6, n_classes=3, random_state=0)
    else:
        rows, y = (load_iris if name == "iris" else load_breast_cancer)(return_X_y=True)
    return StandardScaler().fit_transform(rows)[::2], y[::2]


def half_squares(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Compute what scikit-learn minimises for numbers."""
    R, w = outputs - y, shares(outputs, sample_weight)
    return (w * R * R).sum() / 2, w * R


def half_gradient(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Compute the same with half the gradient."""
    value, gradient = half_squares(outputs, y, sample_weight)
    return value, gradient / 2


def own_log_loss(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Compute the log loss of classes, or of answers in one column."""
    w = shares(outputs, sample_weight)
    if outputs.shape[1] == 1:
        T, P = y.reshape(-1, 1), sigmoid(outputs)
        return -(w * (T * np.log(P) + (1 - T) * np.log(1 - P))).sum(), w * (P - T)
    T, P = one_hot(outputs, y), softmax(outputs)
    return -(w * T * np.log(P)).sum(), w * (P - T)


def gamma_deviance(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Compute the loss of positive numbers whose spread grows with their mean, exp of the output."""
    w, ratio = shares(outputs, sample_weight), y * np.exp(-outputs)
    return (w * (ratio + outputs)).sum(), w * (1 - ratio)


def snake(Z: Any) -> Any:
    """Compute an activation that PyTorch does not have."""
    return Z + np.sin(Z) ** 2


def del_snake(Z: Any, H: Any) -> Any:
    """Compute its derivative."""
    return 1 + np.sin(2 * Z)


def wrong_del_snake(Z: Any, H: Any) -> Any:
    """Forget the inner derivative."""
    return 1 + np.sin(Z)


def own_tanh(Z: Any, H: Any) -> Any:
    """Compute the derivative of tanh."""
    return (1 - H) * (1 + H)


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "sgd", "batch_size": 30, "learning_rate_init": 0.02},
        {"solver": "sgd", "batch_size": 50, "learning_rate_init": 0.02, "learning_rate": "adaptive", "tol": 0.05},
        {"solver": "adam", "batch_size": 30, "epsilon": 1e-30},
        {"solver": "lbfgs", "alpha": 0.1},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())),
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", [1, 2])
def test_poisson_is_scikit_learns(parameters: dict[str, Any], weighted: bool, columns: int) -> None:
    """The same weights, losses and predictions, for one count or two; with weights, if all are in one batch."""
    y = COUNTS if columns == 1 else np.column_stack([COUNTS, COUNTS[::-1]])
    weight = RNG.integers(1, 4, len(X)).astype(float) if weighted else None
    if weighted:
        parameters = {**parameters, "batch_size": len(X)}
    mine, other = (kind("poisson", **QUICK, **parameters) for kind in (MLPRegressor, theirs.MLPRegressor))
    mine.fit(X, y, sample_weight=weight)
    other.fit(X, y, sample_weight=weight)
    for found, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert_allclose(found, expected, rtol=0, atol=1e-8)
    assert mine.loss_ == pytest.approx(other.loss_, rel=1e-8)
    assert mine.out_activation_ == other.out_activation_ == "exp"
    assert_allclose(mine.predict(X), other.predict(X), rtol=1e-7)
    assert mine.predict(X).min() > 0


def test_counts_below_zero_are_refused() -> None:
    """With the loss poisson; a count of 0 is one."""
    with pytest.raises(SettingError, match="poisson does not accept; expected finite numbers of at least 0"):
        MLPRegressor("poisson", **QUICK).fit(X, NUMBERS)
    MLPRegressor("poisson", **QUICK).fit(X, 0 * COUNTS)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_has_its_share_of_targets_below(level: float) -> None:
    """Of targets that do not depend on the inputs, the share below the prediction is the level."""
    y = np.random.default_rng(1).exponential(size=1000)
    model = MLPRegressor(Quantile(level), (), solver="sgd", learning_rate_init=0.05, max_iter=150, random_state=0)
    model.fit(np.ones((1000, 1)), y)
    assert np.mean(y < model.predict(np.ones((1, 1)))[0]) == pytest.approx(level, abs=0.03)


def test_a_large_delta_is_half_the_squared_error() -> None:
    """Huber's loss beyond which no residual lies learns what scikit-learn's squared error learns."""
    found = MLPRegressor(Huber(delta=1e3), **QUICK).fit(X, NUMBERS)
    expected = MLPRegressor("squared_error", **QUICK, epsilon=1e-8).fit(X, NUMBERS)
    assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-6)
    assert MLPRegressor("huber", **QUICK).fit(X, NUMBERS).loss_ == MLPRegressor(Huber(), **QUICK).fit(X, NUMBERS).loss_


@pytest.mark.parametrize("name", ["iris", "cancer", "labels"])
def test_focal_with_gamma_0_is_the_log_loss(name: str) -> None:
    """For classes, answers and labels; by its name it has gamma 2, and is another loss."""
    rows, y = classes(name)
    plain, zero, two, named = (
        MLPClassifier(**QUICK, loss=loss).fit(rows, y) for loss in ("log_loss", Focal(0.0), Focal(2.0), "focal")
    )
    assert_allclose(zero.predict_proba(rows), plain.predict_proba(rows), atol=1e-9)
    assert_array_equal(named.predict_proba(rows), two.predict_proba(rows))
    assert np.abs(two.predict_proba(rows) - plain.predict_proba(rows)).max() > 1e-4


@pytest.mark.parametrize("name", ["iris", "cancer"])
def test_smoothed_labels_keep_the_network_from_being_sure(name: str) -> None:
    """The most that is predicted stays near the smoothed target."""
    rows, y = classes(name)
    sure, smooth = (
        MLPClassifier((20,), solver="lbfgs", max_iter=300, alpha=0, random_state=0, label_smoothing=share).fit(rows, y)
        for share in (0.0, 0.2)
    )
    largest = 1 - 0.2 * (2 / 3 if name == "iris" else 1 / 2)
    assert sure.predict_proba(rows).max() > 0.999
    assert smooth.predict_proba(rows).max() == pytest.approx(largest, abs=0.03)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_loss_of_ones_own_learns_what_ours_does(solver: str) -> None:
    """A function that computes scikit-learn's objective finds the weights that the loss of that name finds."""
    found, expected = (
        MLPRegressor(loss, **QUICK, solver=solver).fit(X, NUMBERS) for loss in (half_squares, "squared_error")
    )
    assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-7)
    assert found.loss_ == pytest.approx(expected.loss_, rel=1e-6)


@pytest.mark.parametrize("name", ["iris", "cancer"])
def test_a_loss_of_ones_own_classifies(name: str) -> None:
    """With classes as numbers (n,), and probabilities from softmax or sigmoid; weights of classes are its weights."""
    rows, y = classes(name)
    for weights in (None, "balanced"):
        found, expected = (
            MLPClassifier(**QUICK, loss=loss, class_weight=weights).fit(rows, y) for loss in (own_log_loss, "log_loss")
        )
        assert_allclose(found.predict_proba(rows), expected.predict_proba(rows), atol=1e-8)


def test_predictions_of_ones_own_may_be_exponentials() -> None:
    """A loss with out_activation exp predicts positive numbers, and wants targets of at least 0."""
    y = np.exp(NUMBERS)
    model = MLPRegressor(Loss(gamma_deviance, out_activation="exp"), (10,), solver="lbfgs", random_state=0).fit(X, y)
    assert model.out_activation_ == "exp"
    assert model.predict(X).min() > 0
    assert model.score(X, y) > 0.9
    with pytest.raises(SettingError, match="at least 0"):
        model.fit(X, -y)


def test_a_wrong_gradient_is_refused_with_both_numbers() -> None:
    """Before anything is trained: what it claims, what was measured, and where."""
    model = MLPRegressor(half_gradient)
    with pytest.raises(
        SettingError, match=r"gradient is (\S+) for the output \S+ and the target \S+; expected (\S+), as"
    ) as caught:
        model.fit(X, NUMBERS)
    claimed, measured = (
        float(text.split(" ")[position])
        for text, position in ((caught.value.found, 5), (caught.value.wanted.replace(",", ""), 0))
    )
    assert claimed == pytest.approx(measured / 2, rel=1e-5)
    assert not hasattr(model, "coefs_")
    with pytest.raises(SettingError, match="derivative at"):
        MLPRegressor(activation=Activation(snake, wrong_del_snake)).fit(X, NUMBERS)


@pytest.mark.parametrize(
    "activation", [Activation(snake, del_snake), ("relu", Activation(snake, del_snake))], ids=["all", "one"]
)
def test_an_activation_of_ones_own_learns(activation: Any) -> None:
    """For all layers, or for one of them."""
    model = MLPRegressor(hidden_layer_sizes=(10, 10), activation=activation, solver="lbfgs", random_state=0).fit(
        X, NUMBERS
    )
    assert model.score(X, NUMBERS) > 0.9


def test_an_activation_of_ones_own_learns_what_ours_does() -> None:
    """Tanh, written anew, finds the same weights."""
    found, expected = (
        MLPRegressor(activation=one, **QUICK).fit(X, NUMBERS) for one in (Activation(np.tanh, own_tanh), "tanh")
    )
    assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [{"loss": half_squares}, {"loss": Quantile(0.8)}, {"activation": Activation(snake, del_snake)}],
    ids=["function", "constant", "activation"],
)
def test_what_is_ones_own_survives_copies_and_searches(parameters: dict[str, Any]) -> None:
    """Clone and pickle keep it, and it goes on learning; a search chooses among such values."""
    model = MLPRegressor(**{**QUICK, **parameters})
    assert clone(model).get_params() == model.get_params()
    model.fit(X, NUMBERS)
    moved = pickle.loads(pickle.dumps(model))
    assert_array_equal(moved.predict(X), model.predict(X))
    for one in (model, moved):
        one.partial_fit(X, NUMBERS)
    assert_array_equal(moved.predict(X), model.predict(X))
    ((name, value),) = parameters.items()
    search = GridSearchCV(MLPRegressor(**QUICK), {name: [value]}, cv=2).fit(X, NUMBERS)
    assert search.best_params_ == {name: value}


@pytest.mark.parametrize(
    ("estimator", "y", "words"),
    [
        (
            MLPRegressor("hinge"),
            NUMBERS,
            "loss is 'hinge'; expected one of squared_error, .*, quantile, poisson, or a loss",
        ),
        (MLPRegressor("cross_entropy"), NUMBERS, "loss is 'cross_entropy'"),
        (MLPRegressor(Focal()), NUMBERS, "for classes and softmax; expected a loss for numbers"),
        (MLPRegressor(Quantile), NUMBERS, "loss is <class"),
        (MLPClassifier(loss="squared_error"), COUNTS > 1, "expected one of log_loss, focal, or a loss"),
        (MLPClassifier(loss=Huber()), COUNTS > 1, "for numbers and identity; expected a loss for answers and sigmoid"),
        (MLPClassifier(loss=3), COUNTS > 1, "loss is 3"),
        (MLPClassifier(label_smoothing=1.0), COUNTS > 1, "label_smoothing is 1.0"),
        (MLPClassifier(loss=own_log_loss, label_smoothing=0.1), COUNTS > 1, "label_smoothing is 0.1 with the loss"),
        (
            MLPRegressor(activation=np.tanh),
            NUMBERS,
            "activation <ufunc 'tanh'>; .* Wrap a function of your own in Activation",
        ),
        (
            MLPRegressor(activation=(np.tanh, own_tanh), hidden_layer_sizes=(3, 3)),
            NUMBERS,
            "Wrap a function of your own",
        ),
    ],
)
def test_what_is_no_loss_or_activation_is_refused(estimator: Any, y: Any, words: str) -> None:
    """With what was found and what would do."""
    with pytest.raises(SettingError, match=words):
        estimator.fit(X, y)


def test_a_shape_that_was_broadcast_is_named() -> None:
    """Answers (n,) beside outputs (n, 1) would make a matrix of both."""

    def broadcast(outputs: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        return np.mean((outputs - y) ** 2), outputs - y

    with pytest.raises(ShapeError, match=r"gradient has shape \(12, 12\); expected \(12, 1\)"):
        MLPClassifier(loss=broadcast).fit(X, COUNTS > 1)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda Z, y, w: None, "a loss that returns NoneType; expected .value, gradient."),  # noqa: ARG005
        (lambda Z, y, w: (0.0, [0.0] * len(y)), "a loss whose gradient is a list"),  # noqa: ARG005
        (lambda Z, y: (0.0, Z), "a loss that cannot be called with .outputs, y, sample_weight."),  # noqa: ARG005
        (lambda Z, y, w: (np.nan, 0 * Z), "a loss of nan for outputs from"),  # noqa: ARG005
        (lambda Z, y, w: (0.0, (0 * Z).astype(np.float32)), "dtype float32; expected float64"),  # noqa: ARG005
    ],
)
def test_a_loss_of_another_form_is_described(loss: Any, words: str) -> None:
    """What it returned, or cannot be called with; no traceback from within."""
    with pytest.raises((SettingError, ShapeError), match=words):
        MLPRegressor(loss, max_iter=1).fit(X, X[:, 0])


def test_a_function_may_change_its_argument() -> None:
    """The check gives it a copy, so that a right derivative is not called wrong."""

    def squared(Z: Any, y: Any, sample_weight: Any = None) -> Any:
        w = shares(Z, sample_weight)
        Z -= y
        return (w * Z * Z).sum(), 2 * w * Z

    check_loss(Loss(squared), X[:6, :1], outputs=1)
