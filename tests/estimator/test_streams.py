"""What is learnt call by call: beside scikit-learn's steps, and after calls that fail."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import neural_network
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import DivergenceError, SettingError
from handgrad.network import MLP, Activation, Loss
from handgrad.training import TrainingSettings
from handgrad.training.optimizers import AdamW

ORDER = np.random.RandomState(0).permutation(150)
X, Y = (array[ORDER] for array in load_iris(return_X_y=True))
NUMBERS = Y.astype(float)
LABELS = make_multilabel_classification(200, 5, n_classes=3, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": "invscaling"},
        {"learning_rate": "invscaling", "momentum": 0.5, "nesterovs_momentum": False},
        {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.01},
    ],
    ids=lambda parameters: str(parameters),
)
def test_a_stream_takes_scikit_learns_steps_at_its_rates(parameters: dict[str, Any]) -> None:
    """A rate that changes between two calls changes the velocity and the next steps as there."""
    X = np.random.RandomState(1).normal(size=(200, 3))
    y = np.sin(X[:, 0])
    given = {"hidden_layer_sizes": (6,), "solver": "sgd", "learning_rate_init": 0.5, "random_state": 0, **parameters}
    ours, theirs = MLPRegressor(**given), neural_network.MLPRegressor(**given)
    for _ in range(12):
        ours.partial_fit(X, y)
        theirs.partial_fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9, atol=1e-12)
    assert ours._rate.now == pytest.approx(theirs._optimizer.learning_rate)


def test_two_fits_that_go_on_are_one(tmp_path: Any) -> None:
    """With a velocity and a falling rate, five epochs twice are ten epochs, also when saved and loaded in between."""
    given = {"hidden_layer_sizes": (6,), "solver": "sgd", "learning_rate": "invscaling", "random_state": 0}
    given |= {"shuffle": False, "warm_start": True, "batch_size": 50}
    whole = MLPRegressor(max_iter=10, **given).fit(X, NUMBERS)
    halves = MLPRegressor(max_iter=5, **given).fit(X, NUMBERS)
    halves.save(tmp_path / "half")
    for model in (halves, MLPRegressor.load(tmp_path / "half")):
        np.testing.assert_allclose(model.fit(X, NUMBERS).coefs_[0], whole.coefs_[0], rtol=1e-12)


def test_weights_come_before_classes_as_in_scikit_learn() -> None:
    """Given by their place, they count."""
    yes, mask = (Y == 1).astype(int), np.random.RandomState(0).randint(0, 2, 150)
    for kind in (neural_network.MLPClassifier, MLPClassifier):
        weighted, plain = (kind((8,), solver="sgd", random_state=0).partial_fit(X, yes, classes=[0, 1]) for _ in "12")
        weighted.partial_fit(X, yes, mask)
        plain.partial_fit(X, yes)
        assert not np.array_equal(weighted.coefs_[0], plain.coefs_[0])


def test_a_bad_part_of_a_stream_destroys_nothing() -> None:
    """The weights, the optimizer and what follows are those of a stream without it."""
    models = [MLPRegressor(hidden_layer_sizes=(8,), random_state=0) for _ in range(2)]
    for model in models:
        for _ in range(3):
            model.partial_fit(X, NUMBERS)
    bad = X.copy()
    bad[3, 1] = 1e200
    weights = models[0].coefs_[0]
    with pytest.raises(DivergenceError):
        models[0].partial_fit(bad, NUMBERS)
    np.testing.assert_array_equal(weights, models[1].coefs_[0])
    np.testing.assert_array_equal(*(model.partial_fit(X, NUMBERS).coefs_[0] for model in models))


def noted(model: Any) -> tuple[Any, ...]:
    """Return what a fit has noted of itself."""
    return model.n_iter_, model.t_, model.loss_, model.best_loss_, list(model.loss_curve_)


def test_a_fit_that_diverges_leaves_what_was_learnt_before() -> None:
    """With ``warm_start``; without, nothing is fitted, and a smaller rate begins anew."""
    model = MLPRegressor(hidden_layer_sizes=(8,), activation="identity", solver="sgd", warm_start=True, random_state=0)
    steep = {"learning_rate_init": 10.0}
    with pytest.raises(DivergenceError):
        model.set_params(**steep).fit(X, NUMBERS)
    with pytest.raises(NotFittedError):
        model.predict(X)
    before = model.set_params(learning_rate_init=1e-3).fit(X, NUMBERS).predict(X)
    figures = noted(model)
    with pytest.raises(DivergenceError):
        model.set_params(**steep).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), before)
    assert noted(model) == figures
    other = model.set_params(solver="adam", learning_rate_init=1e300)
    with pytest.raises(DivergenceError):
        other.fit(X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), before)
    assert np.isfinite(model.set_params(solver="sgd", learning_rate_init=1e-3).fit(X, NUMBERS).loss_)


@pytest.mark.parametrize("scoring", [None, "loss", "balanced_accuracy"])
def test_fits_that_go_on_keep_the_best_weights_of_all(scoring: str | None) -> None:
    """A later fit that does not improve ends with the weights of the earlier one."""
    model = MLPClassifier(
        (20,), max_iter=30, random_state=0, early_stopping=True, warm_start=True, learning_rate_init=0.05,
        n_iter_no_change=3, scoring=scoring,
    )  # fmt: skip
    scores = []
    for _ in range(5):
        model.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:])
        scores.append(model.best_validation_score_)
        if scoring is None:
            assert model.score(X[100:], Y[100:]) == scores[-1]
        if scoring == "loss":
            assert -scores[-1] == pytest.approx(min(model.validation_loss_curve_))
    assert scores == sorted(scores)


def test_early_stopping_may_be_switched_between_fits() -> None:
    """On and off, also as our own message advises."""
    model = MLPClassifier((8,), max_iter=15, random_state=0, early_stopping=True).fit(X, Y)
    with pytest.raises(SettingError, match="early_stopping=False"):
        model.partial_fit(X, Y)
    model.set_params(early_stopping=False).partial_fit(X, Y)
    assert np.isfinite(model.best_loss_)
    model = MLPClassifier((8,), max_iter=15, random_state=0, warm_start=True).fit(X, Y)
    model.set_params(early_stopping=True).fit(X, Y)
    assert len(model.validation_scores_) > 0


@pytest.mark.parametrize("form", [sp.coo_matrix, sp.bsr_matrix, sp.coo_array, sp.lil_matrix])
def test_any_sparse_matrix_can_be_divided(form: Callable[[Any], Any]) -> None:
    """Also one without rows of its own."""
    given = {"hidden_layer_sizes": (8,), "early_stopping": True, "max_iter": 5, "random_state": 0}
    sparse, dense = MLPClassifier(**given).fit(form(X), Y), MLPClassifier(**given).fit(sp.csr_matrix(X), Y)
    np.testing.assert_array_equal(sparse.coefs_[0], dense.coefs_[0])


def test_weights_of_classes_do_not_depend_on_the_part_of_a_stream() -> None:
    """A dictionary is that of all classes; what has to be counted is refused."""
    model = MLPClassifier((8,), class_weight={2: 5.0}, max_iter=5, random_state=0).fit(X, Y)
    model.partial_fit(X[Y < 2], Y[Y < 2])
    heavy, plain = (
        MLPClassifier((8,), class_weight=weight, random_state=0).partial_fit(X[Y > 0], Y[Y > 0], classes=[0, 1, 2])
        for weight in ({2: 5.0}, None)
    )
    assert not np.array_equal(heavy.coefs_[0], plain.coefs_[0])
    with pytest.raises(SettingError, match="class_weight is 'balanced' in partial_fit; expected a dict or None"):
        MLPClassifier((8,), class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


def test_labels_are_zeros_and_ones_in_every_call() -> None:
    """Fractions are refused later, too, and as validation labels; names of columns are not sorted."""
    rows, labels = LABELS
    model = MLPClassifier((8,), random_state=0).partial_fit(rows, labels, classes=["sport", "art", "music"])
    assert model.classes_.tolist() == [0, 1, 2]
    model.partial_fit(rows, labels, classes=["sport", "art", "music"])
    with pytest.raises(SettingError, match="values other than 0 and 1"):
        model.partial_fit(rows, labels * 0.9)
    with pytest.raises(SettingError, match="X_val or y_val: y with values other than 0 and 1"):
        model.fit(rows, labels, X_val=rows, y_val=labels * 0.9)
    with pytest.raises(SettingError, match="2 classes for y of shape"):
        MLPClassifier((8,)).partial_fit(rows, labels, classes=[0, 1])


def in_place(Z: Any) -> Any:
    """Change the argument."""
    Z += np.sin(Z) ** 2
    return Z


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"activation": Activation(in_place, lambda Z, H: 1 + np.sin(2 * Z))}, "function changes its argument"),  # noqa: ARG005
    ({"activation": Activation(np.sin, lambda Z: np.cos(Z))}, r"a derivative that cannot be called with \(Z, H\)"),
    ({"activation": Activation("sin", "cos")}, "an activation function that is 'sin'"),  # type: ignore[arg-type]
    ({"learning_rate": lambda step, total, peak: None}, "the learning rate is None after step"),  # noqa: ARG005
    ({"learning_rate": lambda step: 0.01}, r"a schedule that cannot be called with \(step, total, peak\)"),  # noqa: ARG005
    ({"loss": Loss(lambda Z, y, w: (None, Z - y))}, "a loss whose value is NoneType"),  # noqa: ARG005
    ({"initialiser": lambda rng, i, o: (np.full((i, o), np.nan), np.zeros(o))}, "that are not finite numbers"),  # noqa: ARG005
    ({"early_stopping": True, "scoring": accuracy_score}, "metric function rather than a scorer"),
]


@pytest.mark.parametrize(("parameters", "said"), WRONG, ids=[said for _, said in WRONG])
def test_functions_that_are_almost_right_are_described(parameters: dict[str, Any], said: str) -> None:
    """Before anything is trained with them, in words of ours or of scikit-learn's."""
    kind = MLPRegressor if "loss" in parameters or "activation" in parameters else MLPClassifier
    with pytest.raises(ValueError, match=said):
        kind(hidden_layer_sizes=(8,), max_iter=3, **parameters).fit(X, NUMBERS if kind is MLPRegressor else Y)


def test_a_class_in_place_of_an_optimizer_is_refused() -> None:
    """With the parentheses that are missing."""
    with pytest.raises(SettingError, match=r"the class AdamW; expected an optimizer itself. Write AdamW\(\)"):
        TrainingSettings(optimizer=AdamW)  # type: ignore[arg-type]


@pytest.mark.parametrize("y_val", [Y, np.c_[Y, Y, Y]], ids=["another class", "more columns"])
def test_wrong_validation_labels_are_called_so(y_val: Any) -> None:
    """And an estimator that was never trained is not fitted afterwards."""
    model = MLPClassifier((8,), random_state=0)
    with pytest.raises(ValueError, match="X_val or y_val: ") as caught:
        model.fit(X[Y < 2], Y[Y < 2], X_val=X, y_val=y_val)
    assert "Name all classes" not in str(caught.value)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_network_says_how_many_functions_it_was_given() -> None:
    """In numbers that fit one, too."""
    with pytest.raises(SettingError, match="1 activation functions, and 2 hidden layers"):
        MLP((3, 4, 5, 2), ("relu",))
