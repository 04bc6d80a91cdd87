"""Dropout, max-norm, the L1 penalty and normalisation in the estimators."""

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import SettingError

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.05, "max_iter": 10, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_dropout_keeps_a_network_from_learning_by_heart() -> None:
    """Of few examples with some wrong labels: the training loss is larger, and the validation loss smaller."""
    rows, labels = make_classification(500, 40, n_informative=5, flip_y=0.1, random_state=0)
    given = {"X": rows[:100], "y": labels[:100], "X_val": rows[100:], "y_val": labels[100:]}
    plain, dropped = (
        MLPClassifier((100,), dropout=share, max_iter=100, learning_rate_init=0.01, random_state=0).fit(**given)
        for share in (0.0, (0.2, 0.5))
    )
    assert dropped.loss_ > 2 * plain.loss_
    assert dropped.validation_loss_curve_[-1] < 0.9 * plain.validation_loss_curve_[-1]


@pytest.mark.parametrize("options", [{"dropout": (0.2, 0.5)}, {"normalisation": "batch"}, {"normalisation": "layer"}])
def test_seeds_decide_and_pickles_go_on(options: dict[str, Any]) -> None:
    """The same random_state gives the same bits; a copy that was pickled in between takes the same next steps."""
    one, same, other = (MLPClassifier(**{**QUICK, "random_state": seed}, **options).fit(X, Y) for seed in (0, 0, 1))
    assert_array_equal(one.predict_proba(X), same.predict_proba(X))
    assert not np.allclose(one.predict_proba(X), other.predict_proba(X))
    moved = pickle.loads(pickle.dumps(one))
    for estimator in (one, moved):
        estimator.partial_fit(X, Y)
    assert_array_equal(one.predict_proba(X), moved.predict_proba(X))
    assert not np.allclose(one.predict_proba(X), same.predict_proba(X))


def test_the_masks_of_partial_fit_are_those_of_fit() -> None:
    """Ten calls drop the same units as one fit of ten epochs."""
    options = {**QUICK, "dropout": 0.5, "shuffle": False}
    at_once, piecewise = MLPClassifier(**options).fit(X, Y), MLPClassifier(**options)
    for _ in range(10):
        piecewise.partial_fit(X, Y, classes=[0, 1, 2])
    assert_array_equal(at_once.coefs_[0], piecewise.coefs_[0])


def test_max_norm_holds_for_the_weights_into_each_unit() -> None:
    """Whatever is learnt; and without it, they are longer."""
    held, free = (MLPRegressor(**QUICK, max_norm=most).fit(X[:, :3], X[:, 3]) for most in (0.5, None))
    for weights in held.coefs_:
        assert (np.linalg.norm(weights, axis=0) <= 0.5 * (1 + 1e-12)).all()
    assert max(np.linalg.norm(weights, axis=0).max() for weights in free.coefs_) > 1


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_l1_spares_few_inputs(solver: str) -> None:
    """Of twenty inputs, two of which say anything, the weights of the others become small beside theirs."""
    rows, labels = make_classification(300, 20, n_informative=2, n_redundant=0, shuffle=False, random_state=0)
    shares = []
    for strength in (0.0, 10.0):
        found = MLPClassifier((), solver=solver, l1=strength, alpha=0, learning_rate_init=0.01, random_state=0)
        sizes = np.abs(found.set_params(max_iter=300).fit(rows, labels).coefs_[0][:, 0])
        shares.append(sizes[2:].sum() / sizes.sum())
    assert shares[1] < 0.1 * shares[0]


def test_the_penalty_counts_in_the_loss() -> None:
    """As alpha's does: divided by the number of examples."""
    plain, penalised = (MLPClassifier(**QUICK, l1=strength, shuffle=False) for strength in (0.0, 30.0))
    losses = [it.partial_fit(X, Y, classes=[0, 1, 2]).loss_ for it in (plain, penalised)]
    first = MLPClassifier(**{**QUICK, "learning_rate_init": 1e-9}).partial_fit(X, Y, classes=[0, 1, 2])
    sizes = sum(np.abs(weights).sum() for weights in first.coefs_)
    assert_allclose(losses[1] - losses[0], 30 * sizes / 150, rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "solver"),
    [("batch", "adam"), ("batch", "sgd"), ("batch", "lbfgs"), ("layer", "adam"), ("layer", "lbfgs")],
)
def test_normalisation_copes_with_inputs_of_any_scale(kind: str, solver: str) -> None:
    """Of raw measurements in thousands, which saturate a plain network's units, iris is learnt."""
    raw = 1000 * load_iris().data
    options = {**QUICK, "hidden_layer_sizes": (16,), "max_iter": 150, "solver": solver, "activation": "tanh"}
    found = MLPClassifier(**options, normalisation=kind).fit(raw, Y)
    assert found.score(raw, Y) > 0.93
    assert found.score(raw, Y) > MLPClassifier(**options).fit(raw, Y).score(raw, Y)
    assert_allclose(found.predict_proba(raw)[:1], found.predict_proba(raw[:1]), atol=1e-12)


def test_sparse_rows_and_single_precision() -> None:
    """Normalised and dropped like dense ones; float32 stays float32."""
    options = {**QUICK, "normalisation": "batch", "dropout": (0.2, 0.2)}
    dense, thin = MLPClassifier(**options).fit(X, Y), MLPClassifier(**options).fit(sparse.csr_array(X), Y)
    assert_allclose(dense.predict_proba(X), thin.predict_proba(X), atol=1e-12)
    single = MLPClassifier(**options).fit(X.astype(np.float32), Y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_a_grid_finds_them() -> None:
    """They are parameters like any other."""
    grid = {"dropout": [0.0, (0.1, 0.3)], "normalisation": [None, "layer"], "max_norm": [None, 2.0], "l1": [0.0]}
    search = GridSearchCV(MLPClassifier(**{**QUICK, "max_iter": 3}), grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


@pytest.mark.parametrize(
    ("options", "piece"),
    [
        ({"dropout": 1.0}, "dropout is 1.0; expected a number in"),
        ({"dropout": (0.1, 0.2, 0.3)}, "or a tuple of two, for the inputs and the hidden units"),
        ({"l1": -1}, "l1 is -1; expected a number of at least 0"),
        ({"max_norm": 0}, "max_norm is 0; expected a number above 0, or None"),
        ({"normalisation": "group"}, "normalisation is 'group'; expected batch, layer, or None"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout is 0.5 with the solver lbfgs"),
        ({"solver": "lbfgs", "max_norm": 1.0}, "max_norm is 1.0 with the solver lbfgs"),
    ],
)
def test_refusals(options: dict[str, Any], piece: str) -> None:
    """What was found, what is expected, and what to do."""
    with pytest.raises(SettingError) as raised:
        MLPClassifier(**{**QUICK, **options}).fit(X, Y)
    assert piece in str(raised.value)
