"""What our estimators can do that scikit-learn's cannot, and that they live well with the rest of it."""

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import DivergenceError, SettingError, ShapeError
from handgrad.training import AdamW, Record

IRIS = load_iris(return_X_y=True)
SCALED = StandardScaler().fit_transform(IRIS[0]), IRIS[1]
QUICK: dict[str, Any] = {"hidden_layer_sizes": (6,), "solver": "sgd", "learning_rate_init": 0.1, "max_iter": 15}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def compiled() -> None:
    """Skip where nothing can be compiled."""
    pytest.importorskip("numba", reason="numba is not installed")


def fitted(**parameters: Any) -> MLPClassifier:
    """Fit a classifier to the scaled iris data."""
    return MLPClassifier(**{**QUICK, "random_state": 0, **parameters}).fit(*SCALED)


@pytest.mark.parametrize("moved", [lambda it: it, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_weights_are_views_that_go_on_learning(moved: Any) -> None:
    """After copying and unpickling, too: a step changes the very numbers that predict, and it is the same step."""
    one, other = fitted(), moved(fitted())
    for estimator in (one, other):
        weights = estimator.coefs_[0]
        before = weights.copy()
        estimator.partial_fit(*SCALED)
        assert not np.array_equal(before, weights)
    assert_array_equal(one.predict_proba(SCALED[0]), other.predict_proba(SCALED[0]))
    one.coefs_[1][...] = 0
    one.intercepts_[1][...] = [0, 9, 0]
    assert set(one.predict(SCALED[0])) == {1}


def test_sparse_rows_train_and_predict_like_dense_ones() -> None:
    """As text gives them; in any of scipy's formats, without ever being made dense."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:200] / 16, y[:200]
    dense = MLPClassifier(**QUICK, random_state=0).fit(X, y)
    for form in (sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        found = MLPClassifier(**QUICK, random_state=0).fit(form(X), y)
        assert_allclose(found.coefs_[0], dense.coefs_[0], atol=1e-12)
        assert_allclose(found.predict_proba(form(X)), dense.predict_proba(X), atol=1e-12)
        found.partial_fit(form(X), y)


def test_single_precision_stays() -> None:
    """From the examples to the probabilities."""
    X = SCALED[0].astype(np.float32)
    found = MLPClassifier(**QUICK).fit(X, SCALED[1])
    assert {array.dtype for array in [*found.coefs_, *found.intercepts_, found.predict_proba(X)]} == {
        np.dtype("float32")
    }


def test_bytes_do_not_wrap_around() -> None:
    """Pixels in uint8 train like the same numbers in floating point."""
    X, y = load_digits(return_X_y=True)
    X, y = (X[:150] * 15).astype(np.uint8), y[:150]
    found, expected = (
        MLPClassifier(**QUICK, random_state=0).fit(rows / 1.0 if i else rows, y) for i, rows in enumerate([X, X])
    )
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("weights", ["balanced", {0: 3.0, 1: 1.0, 2: 0.5}])
def test_classes_have_weights(weights: Any) -> None:
    """As if each example had the weight of its class, times its own."""
    X, y = SCALED[0][:120], SCALED[1][:120]  # of the third class, only a few
    own = np.linspace(0.5, 2, len(y))
    counts = np.bincount(y)
    of_classes = len(y) / (3 * counts)[y] if weights == "balanced" else np.array([weights[one] for one in y])
    found = MLPClassifier(**QUICK, random_state=0, class_weight=weights).fit(X, y, own)
    expected = MLPClassifier(**QUICK, random_state=0).fit(X, y, own * of_classes)
    assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-12)


def test_examples_of_ones_own_stop_the_training() -> None:
    """The validation loss of each epoch is kept, and the weights are those of the best epoch."""
    rng = np.random.default_rng(0)
    X, y = SCALED[0], rng.permutation(SCALED[1])  # nothing can be learnt from these labels
    found = MLPClassifier(
        (50,),
        learning_rate_init=0.02,
        max_iter=300,
        early_stopping=True,
        scoring="loss",
        random_state=0,
        n_iter_no_change=5,
    ).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    losses = found.validation_loss_curve_
    assert found.n_iter_ == len(losses) < 300
    assert found.validation_scores_ == [-loss for loss in losses]
    of_classes = -found.predict_log_proba(X[1::2])[np.arange(75), y[1::2]].mean()
    assert of_classes == pytest.approx(min(losses)) == pytest.approx(-found.best_validation_score_)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "neg_log_loss", lambda it, X, y: it.score(X, y)])
def test_any_scorer_may_stop_the_training(scoring: Any) -> None:
    """By its name or as a function, on validation examples that were held out, with the user's own labels."""
    X = pd.DataFrame(SCALED[0], columns=list("abcd"))
    y = np.array(["one", "two", "three"])[SCALED[1]]
    found = MLPClassifier(**QUICK, early_stopping=True, scoring=scoring, validation_fraction=0.2).fit(X, y)
    assert len(found.validation_scores_) == len(found.validation_loss_curve_) == found.n_iter_
    assert found.best_validation_score_ == max(found.validation_scores_)
    assert list(found.feature_names_in_) == list("abcd")


def test_each_layer_has_its_activation() -> None:
    """By name, scikit-learn's or ours."""
    found = fitted(hidden_layer_sizes=(5, 4), activation=("logistic", "gelu"), max_iter=100)
    assert found.score(*SCALED) > 0.9


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_numbers_have_other_losses(loss: str) -> None:
    """They are not drawn to a wild target, as the squared error is."""
    X, y = make_regression(150, 3, random_state=0)
    y = y / y.std()
    wild = y.copy()
    wild[0] = 1000.0
    found = MLPRegressor(loss, (20,), max_iter=400, learning_rate_init=0.01, random_state=0).fit(X, wild)
    assert np.abs(found.predict(X) - y)[1:].mean() < 0.3


def test_several_labels_at_once_come_in_parts() -> None:
    """partial_fit takes them, and the optimizer goes on."""
    X = SCALED[0]
    y = np.column_stack([SCALED[1] == 0, SCALED[1] == 2]).astype(int)
    found = MLPClassifier((8,), learning_rate_init=0.1, random_state=0)
    for _ in range(30):
        found.partial_fit(X, y, classes=[0, 1])
    assert found.score(X, y) > 0.9
    assert found.t_ == 30 * len(X)


def test_a_warm_start_goes_on_with_the_optimizer() -> None:
    """Two fits of ten epochs without shuffling are one of twenty."""
    whole = fitted(shuffle=False, max_iter=20, warm_start=True)
    halves = fitted(shuffle=False, max_iter=10, warm_start=True).fit(*SCALED)
    assert_array_equal(whole.coefs_[0], halves.coefs_[0])
    assert halves.loss_curve_ == whole.loss_curve_


def test_a_divergence_is_explained() -> None:
    """Not with the words that the input contains NaN; what was learnt before is not lost in silence."""
    X, y = make_regression(60, 3, random_state=0)
    with pytest.raises(DivergenceError, match=r"no longer finite.* Lower learning_rate_init \(the rate is 50\)"):
        MLPRegressor(solver="sgd", learning_rate_init=50.0, activation="relu").fit(X, y)


@pytest.mark.parametrize("processes", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_it_lives_in_pipelines_and_searches(processes: int | None) -> None:
    """With calibration and cross-validation, also in several processes."""
    X, y = IRIS
    chain = make_pipeline(StandardScaler(), MLPClassifier((8,), solver="lbfgs", random_state=0))
    search = GridSearchCV(chain, {"mlpclassifier__alpha": [1e-3, 0.1]}, cv=3, n_jobs=processes).fit(X, y)
    assert search.best_score_ > 0.9
    assert CalibratedClassifierCV(chain, cv=3).fit(X, y).score(X, y) > 0.9
    assert cross_val_score(chain, X, y, cv=3).min() > 0.85


def test_weights_are_routed_as_metadata() -> None:
    """A search passes them on to a network that has asked for them."""
    weight = np.where(IRIS[1] == 1, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        one = MLPClassifier((8,), solver="lbfgs", random_state=0).set_fit_request(sample_weight=True)
        one.set_score_request(sample_weight=False)
        search = GridSearchCV(one, {"alpha": [0.01]}, cv=3).fit(*SCALED, sample_weight=weight)
    assert 1 not in search.predict(SCALED[0])


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"alpha": -1.0}, "alpha is -1.0"),
        ({"solver": "newton"}, "solver is 'newton'"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes is \(3, 0\)"),
        ({"activation": "swish"}, "activation 'swish'"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"batch_size": "all"}, "batch_size is 'all'"),
        ({"beta_1": 1.0}, "beta_1 is 1.0"),
        ({"early_stopping": True, "validation_fraction": 0.001}, "a validation set of 1 example;"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], found: str) -> None:
    """With what was found and what was expected, as a ValueError."""
    with pytest.raises(SettingError, match=found) as caught:
        fitted(**parameters)
    assert isinstance(caught.value, ValueError)


def test_what_cannot_go_on_is_refused() -> None:
    """Other classes, another architecture, or the first part of a stream without its classes."""
    with pytest.raises(SettingError, match=r"has classes not in `self\.classes_`"):
        fitted().partial_fit(SCALED[0][:3], [7, 0, 1])
    with pytest.raises(SettingError, match="not the same as on last call"):
        fitted().partial_fit(*SCALED, classes=[0, 1])
    with pytest.raises(SettingError, match="Pass classes"):
        MLPClassifier().partial_fit(*SCALED)
    with pytest.raises(SettingError, match=r"that of the earlier fit, \(4, 6, 3\)"):
        fitted(warm_start=True).set_params(hidden_layer_sizes=(9,)).fit(*SCALED)
    with pytest.raises(SettingError, match="early_stopping=False"):
        fitted().set_params(early_stopping=True).partial_fit(*SCALED)
    with pytest.raises(AttributeError, match="not for lbfgs"):
        MLPClassifier(solver="lbfgs").partial_fit(*SCALED, classes=[0, 1, 2])


def test_callbacks_receive_records_and_may_stop() -> None:
    """Each is called after every epoch with its figures, and the first that returns True ends the training."""
    records: list[Record] = []
    stop = {"early_stopping": True, "callbacks": [records.append, lambda record: record.epoch == 4]}
    found = fitted(**stop)
    assert [record.epoch for record in records] == [1, 2, 3, 4]
    assert found.n_iter_ == 4
    assert [record.figures["train_loss"] for record in records] == found.loss_curve_
    assert [record.figures["validation_score"] for record in records] == found.validation_scores_
    assert set(records[0].figures) == {"train_loss", "validation_loss", "validation_score"}
    with pytest.raises(SettingError, match="callbacks is 3; expected a function of a record"):
        fitted(callbacks=3)
    with pytest.raises(SettingError, match="engine is 'fast'; expected one of auto, numpy, compiled"):
        fitted(engine="fast")


def test_weights_can_be_assigned_as_in_scikit_learn() -> None:
    """One array of them or all: the network predicts with the new numbers; other shapes are refused."""
    one, other = fitted(), fitted(random_state=5)
    one.coefs_[0] = other.coefs_[0]
    one.coefs_[1:], one.intercepts_ = other.coefs_[1:], other.intercepts_
    assert_array_equal(one.predict_proba(SCALED[0]), other.predict_proba(SCALED[0]))
    for wrong in (np.zeros((3, 4)), 0.0):
        with pytest.raises(ShapeError, match="Assign arrays of the network's shapes"):
            one.coefs_[0] = wrong
    with pytest.raises(ShapeError, match="arrays of shapes"):
        one.intercepts_ = one.intercepts_[:1]


def below_zero(step: int, total: int, peak: float) -> float:  # noqa: ARG001 - as a schedule is called
    """Make a schedule with a slip in its sign."""
    return -peak


@pytest.mark.parametrize(
    ("wrong", "piece"),
    [
        ({"solver": "adma"}, "Use 'adam'"),
        ({"solver": AdamW}, r"Use AdamW\(\)"),
        ({"initialiser": "he_norml"}, "Use 'he_normal'"),
        ({"loss": "logloss"}, "Use 'log_loss'"),
        ({"callbacks": lambda record: record.figures["train_loss"]}, "True to stop, or nothing"),
        ({"learning_rate": below_zero}, "the learning rate is -0.1 after step 0"),
    ],
    ids=["name", "class", "initialiser", "loss", "callback", "schedule"],
)
def test_a_slip_is_told_with_what_was_meant(wrong: dict[str, Any], piece: str) -> None:
    """The nearest name, a class that was not called, a lambda that returns a number, a rate below 0."""
    with pytest.raises(SettingError, match=piece):
        fitted(**wrong)


def test_what_is_wrong_with_validation_examples_is_said_of_them() -> None:
    """scikit-learn's checks speak of X and y."""
    X, y = SCALED
    for wrong in (np.full_like(X, np.nan), X[:, :2], X[:5]):
        with pytest.raises(ValueError, match="X_val or y_val: "):
            MLPClassifier(**QUICK).fit(X, y, X_val=wrong, y_val=y)


@pytest.mark.parametrize("name", ["shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "verbose"])
@pytest.mark.parametrize("value", ["no", "True", None, 2.5, -1])
def test_flags_are_true_or_false(name: str, value: Any) -> None:
    """Text would count as True, even "no"; NumPy's own flags are as good as Python's."""
    with pytest.raises(SettingError, match=f"{name} is {value!r}; expected True"):
        fitted(**{name: value})
    assert fitted(**{name: np.bool_(False)}).n_iter_ > 0


def test_validation_examples_come_whole() -> None:
    """Rows without targets, targets without rows, and a single example to stop by are refused."""
    X, y = SCALED
    for given, piece in (({"X_val": X}, "X_val without y_val"), ({"y_val": y}, "y_val without X_val")):
        with pytest.raises(SettingError, match=piece):
            MLPClassifier(**QUICK).fit(X, y, **given)
    with pytest.raises(SettingError, match="1 validation example with early_stopping"):
        MLPClassifier(**QUICK, early_stopping=True).fit(X, y, X_val=X[:1], y_val=y[:1])


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_the_engines_agree(solver: str, compiled: None) -> None:  # noqa: ARG001 - it is compiled
    """To rounding, in weights and in what is noted; auto takes compiled code that is loaded, if the fit is long."""
    one, other = (
        fitted(solver=solver, engine=engine, learning_rate_init=0.01, max_iter=30) for engine in ("numpy", "compiled")
    )
    assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-6)
    assert one.loss_ == pytest.approx(other.loss_, rel=1e-9)


def test_a_new_learning_rate_takes_effect_in_a_warm_start() -> None:
    """As in scikit-learn; the same one goes on where it is."""
    moved = []
    for rate in (0.001, 0.1):
        model = fitted(solver="adam", warm_start=True, max_iter=5, learning_rate_init=0.001)
        before = model.coefs_[0].copy()
        model.set_params(learning_rate_init=rate).fit(*SCALED)
        moved.append(np.abs(model.coefs_[0] - before).max())
    assert moved[1] > 20 * moved[0]
    model.set_params(solver="sgd", learning_rate="cosine").fit(*SCALED)
    model.set_params(learning_rate="constant").fit(*SCALED)
    assert model._rate.now == 0.1


@pytest.mark.parametrize("other", ["rmsprop", "lion", "nesterov", "adam"])
def test_another_solver_begins_anew(other: str) -> None:
    """The state of the old one means nothing to it."""
    warm = fitted(solver="momentum", warm_start=True, learning_rate_init=0.01)
    cold = copy.deepcopy(warm)
    cold._start(cold._state.parameters)
    for model in (warm, cold):
        model.set_params(solver=other)
    cold._start(cold._state.parameters)
    for model in (warm, cold):
        model.partial_fit(*SCALED)
    assert_array_equal(warm.coefs_[0], cold.coefs_[0])


def test_classes_that_were_announced_do_not_outlive_their_stream() -> None:
    """A later fit takes its own."""
    model = MLPClassifier(**QUICK)
    for _ in range(2):
        model.partial_fit(*SCALED, classes=[0, 1, 2])
    assert list(model.fit(SCALED[0], SCALED[1] == 2).classes_) == [False, True]
    failed = MLPClassifier(**QUICK)
    with pytest.raises(ValueError, match="NaN"):
        failed.partial_fit(SCALED[0] * np.nan, SCALED[1], classes=[0, 1, 2, 3])
    assert list(failed.fit(*SCALED).classes_) == [0, 1, 2]


def test_a_subclass_may_have_parameters_of_its_own() -> None:
    """Those that it does not name have their defaults, as with scikit-learn's class."""

    class Small(MLPClassifier):
        def __init__(self, units: int = 5, random_state: Any = None) -> None:
            super().__init__((units,), max_iter=5, random_state=random_state)
            self.units = units

    assert Small(units=3).fit(*SCALED).coefs_[0].shape == (4, 3)


def test_sparse_labels_are_taken() -> None:
    """Of several labels at once, as scikit-learn takes them."""
    X, labels = SCALED[0], np.eye(3, dtype=int)[SCALED[1]]
    dense, thin = (MLPClassifier(**QUICK, random_state=0).fit(X, y) for y in (labels, sparse.csr_array(labels)))
    assert_array_equal(dense.predict_proba(X), thin.predict_proba(X))


def test_lbfgs_notes_the_validation_loss_and_refuses_callbacks() -> None:
    """Once, at its end; and partial_fit calls callbacks."""
    X, y = SCALED
    found = MLPClassifier(solver="lbfgs", max_iter=20, random_state=0).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    wanted = -found.predict_log_proba(X[1::2])[np.arange(75), y[1::2]].mean()
    assert found.validation_loss_curve_ == [pytest.approx(wanted)]
    with pytest.raises(SettingError, match="with the solver lbfgs"):
        MLPClassifier(solver="lbfgs", callbacks=[print]).fit(X, y)
    records: list[Record] = []
    MLPClassifier(**QUICK, callbacks=records.append).partial_fit(X, y, classes=[0, 1, 2])
    assert [record.epoch for record in records] == [1]


def test_names_of_the_same_activation_start_alike() -> None:
    """Whether scikit-learn's name, ours, or one for each layer."""
    first, *others = (
        fitted(activation=name, max_iter=1).coefs_[0] for name in ("logistic", "sigmoid", ("logistic",), ("sigmoid",))
    )
    for other in others:
        assert_array_equal(first, other)
