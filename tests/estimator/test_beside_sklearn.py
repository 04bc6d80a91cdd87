"""Beside scikit-learn's own estimators: the same parameters and seed give the same networks."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import neural_network as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import handgrad as ours

Data = tuple[Any, Any]
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")  # of scikit-learn 1.7


def standardised(X: Any) -> Any:
    """Return columns of mean 0 and standard deviation 1."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


def data(name: str) -> Data:
    """Load 120 examples: three classes, two classes, several labels, one number or two."""
    if name == "labels":
        X, y = make_multilabel_classification(120, n_features=8, n_classes=3, random_state=0)
    else:
        load = {"iris": load_iris, "cancer": load_breast_cancer}.get(name, load_diabetes)
        X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:120]
    X, y = standardised(X[rows]), y[rows]
    if "number" in name:
        y = standardised(np.column_stack([y, X[:, 2] ** 2])[:, : 1 + name.endswith("s")])
        y = y if name.endswith("s") else y[:, 0]
    return X, y


def pair(name: str, **parameters: Any) -> tuple[Any, Any]:
    """Make ours and theirs."""
    kind = "MLPRegressor" if "number" in name else "MLPClassifier"
    parameters = {"hidden_layer_sizes": (7, 5), "random_state": 3, "max_iter": 40, **parameters}
    return getattr(ours, kind)(**parameters), getattr(theirs, kind)(**parameters)


def assert_alike(mine: Any, other: Any, tolerance: float = 1e-10) -> None:
    """Compare what was learnt."""
    for found, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert_allclose(found, expected, rtol=0, atol=tolerance)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(mine, name) == getattr(other, name)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["iris", "cancer", "labels", "number"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "sgd", "batch_size": 30, "learning_rate_init": 0.05},
        {"solver": "sgd", "batch_size": 40, "nesterovs_momentum": False, "activation": "tanh", "shuffle": False},
        {"solver": "sgd", "batch_size": 60, "momentum": 0, "learning_rate_init": 0.3, "activation": "logistic"},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "batch_size": 20},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.2, "tol": 0.01, "n_iter_no_change": 2},
        {"solver": "sgd", "activation": "identity", "alpha": 0.5, "learning_rate_init": 0.01},
        {"solver": "lbfgs", "max_iter": 12, "alpha": 0.1},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())),
)
def test_the_same_weights_are_found(name: str, parameters: dict[str, Any]) -> None:
    """Draws, batches, steps, rates and the end of the training are scikit-learn's, up to rounding."""
    X, y = data(name)
    mine, other = pair(name, **parameters)
    mine.fit(X, y)
    other.fit(X, y)
    assert_alike(mine, other)
    assert_allclose(mine.predict(X), other.predict(X), atol=1e-9)
    assert mine.loss_ == pytest.approx(other.loss_, rel=1e-9)
    if parameters["solver"] == "lbfgs":
        assert mine.best_loss_ == mine.loss_
    else:
        assert_allclose(mine.loss_curve_, other.loss_curve_, rtol=1e-9)
        assert mine.best_loss_ == pytest.approx(other.best_loss_, rel=1e-9)
    if "number" not in name:
        assert_allclose(mine.predict_proba(X), other.predict_proba(X), atol=1e-9)
        with np.errstate(divide="ignore"):
            expected = other.predict_log_proba(X)
        found = mine.predict_log_proba(X)
        assert np.isfinite(found).all()  # theirs is not where a probability is 0
        assert_allclose(found[expected > -15], expected[expected > -15], atol=1e-6)
        assert (mine.classes_ == other.classes_).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["iris", "cancer", "labels", "number", "numbers"])
def test_adam_takes_the_same_steps(name: str) -> None:
    """But for its epsilon, which it adds after the correction of the averages, as in its paper; scikit-learn before."""
    X, y = data(name)
    mine, other = pair(name, learning_rate_init=0.01, epsilon=1e-30)
    mine.fit(X, y)
    other.fit(X, y)
    assert_alike(mine, other, tolerance=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["iris", "cancer", "labels", "number"])
def test_early_stopping_holds_the_same_examples_out(name: str) -> None:
    """The scores after each epoch, the epoch of the end, and the best weights are the same."""
    X, y = data(name)
    mine, other = pair(name, solver="sgd", early_stopping=True, batch_size=27, validation_fraction=0.1, tol=0.01)
    mine.fit(X, y)
    other.fit(X, y)
    assert_alike(mine, other)
    assert_allclose(mine.validation_scores_, other.validation_scores_, atol=1e-9)
    assert mine.best_validation_score_ == pytest.approx(other.best_validation_score_)
    assert mine.best_loss_ is other.best_loss_ is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["iris", "cancer", "number"])
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_weighted_examples_count_the_same(name: str, solver: str) -> None:
    """If all examples are in one batch."""
    X, y = data(name)
    weight = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
    mine, other = pair(name, solver=solver, max_iter=10, alpha=0.1)
    mine.fit(X, y, sample_weight=weight)
    other.fit(X, y, sample_weight=weight)
    assert_alike(mine, other)


@pytest.mark.parametrize("name", ["iris", "cancer", "number"])
def test_a_stream_of_examples_trains_the_same(name: str) -> None:
    """partial_fit on one part after another, of different sizes, keeps the momentum."""
    X, y = data(name)
    mine, other = pair(name, solver="sgd", learning_rate_init=0.05, shuffle=False)
    more = {} if name == "number" else {"classes": np.unique(y)}
    for begin, end in ((0, 40), (40, 100), (100, 120), (0, 40)):
        mine.partial_fit(X[begin:end], y[begin:end], **more)
        other.partial_fit(X[begin:end], y[begin:end], **more)
        more = {}
        assert_alike(mine, other)


def test_a_training_that_is_cut_off_warns_in_the_same_words() -> None:
    """So a filter that somebody has written for scikit-learn's warning goes on working."""
    X, y = data("iris")
    said = []
    for one in pair("iris", max_iter=3):
        with pytest.warns(ConvergenceWarning) as warned:
            one.fit(X, y)
        said.append([str(warning.message) for warning in warned])
    assert said[0] == said[1]
