"""Solvers, learning rates and first weights of the estimators that scikit-learn does not have."""

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import SettingError, ShapeError
from handgrad.network import INITIALISERS, MLP
from handgrad.training import (
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    Adam,
    AdamW,
    Examples,
    Lion,
    Nesterov,
    TrainingSettings,
    TrainingState,
    cosine,
    train,
)

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
PAIR = np.column_stack([X[:, 0] * X[:, 1], np.sin(X[:, 2])])
QUICK: dict[str, Any] = {"hidden_layer_sizes": (6, 5), "max_iter": 12, "learning_rate_init": 0.01, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def halving(step: int, total: int, peak: float) -> float:
    """Halve the rate in the second half of the steps."""
    return peak if 2 * step < total else peak / 2


def constant_weights(rng: Any, d_in: int, d_out: int) -> tuple[Any, Any]:
    """Draw weights that are all positive."""
    return rng.uniform(0.1, 0.2, (d_in, d_out)), np.zeros(d_out)


def called(one: Any) -> str:
    """Name a function, or a name."""
    return getattr(one, "__name__", one)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("sgd", "adam")])
def test_every_optimizer_solves(name: str) -> None:
    """By its name, as by an object with the same constants; it learns, also in parts and after pickling."""
    rate = 0.002 if name == "lion" else 0.02
    named, itself = (
        MLPClassifier((10, 10), solver=solver, learning_rate_init=rate, max_iter=150, random_state=0).fit(X, Y)
        for solver in (name, OPTIMIZERS[name])
    )
    assert named.score(X, Y) > 0.9
    assert_array_equal(named.coefs_[0], itself.coefs_[0])
    moved = pickle.loads(pickle.dumps(named))
    for one in (named, moved):
        one.partial_fit(X, Y)
    assert_array_equal(named.coefs_[1], moved.coefs_[1])


@pytest.mark.parametrize(
    ("solver", "name", "others"),
    [
        (SGD(), "sgd", {"momentum": 0}),
        (Nesterov(0.8), "sgd", {"momentum": 0.8}),
        ("momentum", "sgd", {"nesterovs_momentum": False}),
        (Adam(0.8, 0.99, 1e-30), "adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-30}),
    ],
    ids=str,
)
def test_an_object_takes_the_steps_of_the_name(solver: Any, name: str, others: dict[str, Any]) -> None:
    """Scikit-learn's solvers are these optimizers, on the objective that it differentiates, of several outputs too."""
    for kind, y in ((MLPClassifier, Y), (MLPRegressor, PAIR)):
        found = kind(**QUICK, solver=solver).fit(X, y)
        expected = kind(**QUICK, solver=name, **others).fit(X, y)
        assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-9)


def test_constants_of_sgd_and_adam_are_theirs_alone() -> None:
    """Another solver has its own, and does not look at momentum or beta_1."""
    one, other = (MLPClassifier(**QUICK, solver="adamw", momentum=momentum).fit(X, Y) for momentum in (0.1, 0.9))
    third = MLPClassifier(**QUICK, solver="adamw", beta_1=0.1).fit(X, Y)
    assert_array_equal(one.coefs_[0], other.coefs_[0])
    assert_array_equal(one.coefs_[0], third.coefs_[0])


def test_optimizers_and_schedules_are_searched() -> None:
    """A search clones estimators with them, and finds the best."""
    grid = {"solver": ["adam", "lion", AdamW(weight_decay=0.1)], "learning_rate": ["cosine", halving]}
    search = GridSearchCV(MLPClassifier((8,), max_iter=20, random_state=0), grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 6
    model = MLPClassifier(solver=AdamW(weight_decay=0.1), learning_rate=halving, initialiser=constant_weights)
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("solver", ["sgd", "adam", "lion"])
@pytest.mark.parametrize("schedule", [*SCHEDULES, halving], ids=called)
def test_a_schedule_is_that_of_the_training_loop(schedule: Any, solver: str) -> None:
    """The weights are those of ``train`` with this schedule, from the same first ones, over all epochs."""
    model = MLPClassifier(
        (6,), solver=solver, learning_rate=schedule, shuffle=False, batch_size=40, max_iter=6, momentum=0,
        learning_rate_init=0.05, random_state=0, initialiser="he_normal", alpha=0, n_iter_no_change=99,
    ).fit(X, Y)  # fmt: skip
    network = MLP((4, 6, 3), "relu")
    name = schedule if isinstance(schedule, str) else "constant"
    settings = TrainingSettings(solver, 0.05, name, epochs=6, batch_size=40, shuffle=False, engine="numpy")
    state = TrainingState.start(network.initialise(np.random.RandomState(0), "he_normal"), settings)
    if isinstance(schedule, str):
        list(train(network, state, Examples(X, Y), settings=settings))
    else:
        vector, slots = state.parameters.vector, state.slots
        for step in range(24):
            rows = slice(step % 4 * 40, step % 4 * 40 + 40)
            _, gradient = network.value_and_gradient(state.parameters, X[rows], Y[rows])
            OPTIMIZERS[solver].update(vector, gradient.vector, slots, 0.05 if step < 12 else 0.025, step + 1)
    assert_allclose(np.concatenate([model.coefs_[0].ravel(), model.intercepts_[1]]),
                    np.concatenate([state.parameters.W[0].ravel(), state.parameters.b[1]]), atol=1e-12)  # fmt: skip


def test_a_schedule_counts_the_steps_of_a_stream_and_begins_anew_in_a_fit() -> None:
    """partial_fit goes on along it to its end, and stays there; a fit with warm_start begins at its peak again."""
    seen: list[tuple[int, int]] = []

    def noted(step: int, total: int, peak: float) -> float:
        seen.append((step, total))
        return cosine(step, total, peak)

    model = MLPClassifier((4,), learning_rate=noted, batch_size=75, max_iter=2, warm_start=True, random_state=0)
    for _ in range(3):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (3, 4), (3, 4)]
    seen.clear()
    model.fit(X, Y)
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4)]


@pytest.mark.parametrize(
    "initialiser", [*INITIALISERS, constant_weights], ids=lambda one: getattr(one, "__name__", one)
)
def test_first_weights_are_drawn_by_the_initialiser(initialiser: Any) -> None:
    """From the estimator's own random state; at a rate near 0 they stay what they were."""
    found = MLPClassifier((6, 5), initialiser=initialiser, learning_rate_init=1e-12, max_iter=1, random_state=5).fit(
        X, Y
    )
    expected = MLP((4, 6, 5, 3)).initialise(np.random.RandomState(5), initialiser)
    for one, other in zip(found.coefs_ + found.intercepts_, [*expected.W, *expected.b], strict=True):
        assert_allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("solver", ["adamw", Lion()], ids=str)
def test_scikit_learns_rates_serve_other_solvers(solver: Any) -> None:
    """The rate adaptive falls five-fold when nothing improves, and the training ends when it is below 1e-6."""
    model = MLPClassifier(
        (6,), solver=solver, learning_rate="adaptive", tol=1.0, n_iter_no_change=1, max_iter=99, random_state=0
    ).fit(X, Y)
    assert model.n_iter_ < 99
    other = MLPClassifier(**QUICK, solver=solver, learning_rate="invscaling").fit(X, Y)
    plain = MLPClassifier(**QUICK, solver=solver).fit(X, Y)
    assert np.abs(other.coefs_[0] - plain.coefs_[0]).max() > 1e-3


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"solver": "newton"},
            "solver is 'newton'; expected one of lbfgs, sgd, adam, .*, or an optimizer itself",
        ),
        ({"solver": AdamW}, "solver is <class"),
        ({"solver": None}, "solver is None"),
        ({"learning_rate": "linear"}, "learning_rate is 'linear'; expected one of constant, .*, one_cycle"),
        ({"learning_rate": 0.1}, "learning_rate is 0.1"),
        ({"initialiser": "xavier"}, "initialiser is 'xavier'; expected one of normal, .*, or None"),
        ({"initialiser": 3}, "initialiser is 3"),
    ],
)
def test_what_is_none_is_refused(parameters: dict[str, Any], words: str) -> None:
    """With all that would do."""
    with pytest.raises(SettingError, match=words):
        MLPClassifier(**parameters).fit(X, Y)


def test_first_weights_of_another_shape_are_refused() -> None:
    """Those that are transposed, for example."""
    with pytest.raises(ShapeError, match=r"shapes \(6, 4\) and \(6,\); expected \(4, 6\) and \(6,\)"):
        MLPClassifier((6,), initialiser=lambda _, d_in, d_out: (np.ones((d_out, d_in)), np.ones(d_out))).fit(X, Y)
