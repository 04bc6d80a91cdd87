"""Saved estimators: what is saved comes back and goes on with the same bits, and nothing else is believed."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import make_scorer, r2_score

from handgrad import MLPClassifier, MLPRegressor, load_model
from handgrad.errors import RunError, SettingError
from handgrad.estimator.encoding import decoded, encoded
from handgrad.estimator.rates import Scheduled
from handgrad.estimator.saving import VERSION
from handgrad.model.safetensors import Attached, load_attached, save_model
from handgrad.network import Quantile
from handgrad.training import OPTIMIZERS, AdamW, Muon

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, KINDS = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[KINDS]
LABELS = make_multilabel_classification(150, 4, n_classes=3, random_state=0)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (5, 4), "max_iter": 3, "random_state": 0}


def fitted(case: str, **parameters: Any) -> Any:
    """Fit a small estimator of some kind."""
    settings = QUICK | parameters
    if case == "numbers":
        return MLPRegressor(**{"loss": "huber"} | settings).fit(X, X[:, :2] ** 2)
    if case == "labels":
        return MLPClassifier(**settings).fit(*LABELS)
    return MLPClassifier(**settings).fit(X, NAMES if case == "classes" else KINDS == 1)


CASES = [
    ("classes", {"activation": ("gelu", "elu"), "class_weight": {"setosa": 2.0, "versicolor": 1.0, "virginica": 1.0}}),
    ("classes", {"solver": "lbfgs", "scoring": "accuracy", "n_iter_no_change": np.inf}),
    ("binary", {"solver": "lbfgs", "learning_rate": "cosine"}),
    ("binary", {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1, "max_iter": 9}),
    ("binary", {"solver": "sgd", "momentum": 0.0, "hidden_layer_sizes": np.array([3]), "alpha": np.float32(0.1)}),
    ("labels", {"early_stopping": True, "hidden_layer_sizes": []}),
    ("classes", {"normalisation": "batch", "dropout": (0.1, 0.3), "l1": 0.01, "max_norm": 2.0}),
    ("binary", {"solver": AdamW(weight_decay=0.1), "normalisation": "layer", "initialiser": "he_normal"}),
    ("labels", {"solver": "lion", "learning_rate": "cosine", "label_smoothing": 0.1}),
    ("numbers", {"loss": Quantile(0.9), "solver": Muon(beta=0.9), "hidden_layer_sizes": (5, 4, 3)}),
    ("numbers", {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": np.int64(1), "power_t": 0.9}),
]


def outputs(model: Any, rows: Any = X) -> Any:
    """Predict probabilities, or numbers."""
    return model.predict_proba(rows) if isinstance(model, MLPClassifier) else model.predict(rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Save a classifier of three named classes."""
    fitted("classes").save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def forged(path: Path, change: Callable[[dict[str, Any]], Any], **arrays: Any) -> Path:
    """Change what is attached to a model, and give the file its right checksum."""
    model, attached = load_attached(path)
    facts = change(attached.facts) or attached.facts
    save_model(path, model, Attached(facts, attached.arrays | arrays))
    return path


# What is saved comes back.


@pytest.mark.parametrize(("case", "parameters"), CASES)
def test_a_loaded_model_is_the_saved_one(case: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    """It has the same parameters, notes and predictions; learning on, it stays the same to the bit."""
    saved = fitted(case, **parameters)
    saved.save(tmp_path / "m")
    loaded = type(saved).load(tmp_path / "m")
    assert repr(loaded) == repr(saved)
    for model in (saved, loaded):
        model.set_params(warm_start=True)
    for go_on in (0, 1):
        for name, value in vars(saved).items():
            if name not in ("_network", "_state", "_random", "_classes") and not isinstance(value, Scheduled):
                assert_array_equal(getattr(loaded, name), value, err_msg=name, strict=isinstance(value, np.ndarray))
        assert loaded.n_layers_ == saved.n_layers_
        assert outputs(loaded).tobytes() == outputs(saved).tobytes()
        for model in (saved, loaded) if not go_on else ():
            rows, y = (X, X[:, :2]) if case == "numbers" else LABELS if case == "labels" else (X, fitted_y(case))
            model.fit(rows, y)
            if model.solver != "lbfgs" and not model.early_stopping:
                model.partial_fit(rows, y)


def test_constants_may_be_numbers_of_numpy(tmp_path: Path) -> None:
    """As a search over ``np.linspace`` gives them to losses and optimizers."""
    saved = fitted("numbers", loss=Quantile(np.float64(0.9)), solver=AdamW(weight_decay=np.float32(0.5)))
    saved.save(tmp_path / "m")
    loaded = MLPRegressor.load(tmp_path / "m")
    assert loaded.get_params() == saved.get_params()
    assert_array_equal(loaded.predict(X), saved.predict(X))


def fitted_y(case: str) -> Any:
    """Return the classes that a case was fitted to."""
    return NAMES if case == "classes" else KINDS == 1


def test_a_fresh_process_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    """A model that another process loads, trains and saves is the one that was never saved."""
    code = (
        "import numpy, handgrad\n"
        "model, given = handgrad.MLPClassifier.load('model'), numpy.load('data.npz')\n"
        "numpy.save('predicted.npy', model.predict_proba(given['X']))\n"
        "model.partial_fit(given['X'], given['y']).save('after')\n"
    )
    model = fitted("classes")
    model.save(tmp_path / "model")
    np.savez(tmp_path / "data.npz", X=X, y=NAMES)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    assert np.load(tmp_path / "predicted.npy").tobytes() == model.predict_proba(X).tobytes()
    model.partial_fit(X, NAMES).save(tmp_path / "expected")
    assert (tmp_path / "after").read_bytes() == (tmp_path / "expected").read_bytes()


@pytest.mark.parametrize(
    "classes",
    [
        ["no", "yes"],
        np.array(["a", "b"], object),
        [3, 7],
        [False, True],
        [1.0, 2.0],
        np.array([1, 2], np.uint8),
        ["one"],
    ],
    ids=lambda value: str(value),
)
def test_classes_of_each_kind_come_back(classes: Any, tmp_path: Path) -> None:
    """Names, numbers and yes or no, in their own type; even a single one."""
    y = np.asarray(classes)[np.arange(150) % len(classes)]
    model = MLPClassifier(**QUICK).fit(X.astype(np.float32), y)
    model.save(tmp_path / "m")
    loaded = MLPClassifier.load(tmp_path / "m")
    assert_array_equal(loaded.classes_, model.classes_, strict=True)
    assert_array_equal(loaded.predict(X), model.predict(X), strict=True)
    assert loaded.coefs_[0].dtype == np.float32


def test_names_of_features_come_back(tmp_path: Path) -> None:
    """A loaded model knows them, and refuses columns in another order, as scikit-learn's estimators do."""
    table = pd.DataFrame(X, columns=list("abcd"))
    MLPClassifier(**QUICK).fit(table, NAMES).save(tmp_path / "m")
    loaded = MLPClassifier.load(tmp_path / "m")
    assert loaded.feature_names_in_.tolist() == list("abcd")
    loaded.predict(table)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(table[["b", "a", "c", "d"]])


def test_the_file_is_also_a_model(path: Path) -> None:
    """``load_model`` reads it, with the names of the classes."""
    model = load_model(path)
    assert model.class_names == ("setosa", "versicolor", "virginica")
    rows = X.astype(np.float32)
    assert_allclose(model.predict(rows), MLPClassifier.load(path).predict_proba(rows), atol=1e-12)


def test_a_derived_class_loads_its_own(tmp_path: Path) -> None:
    """A class derived from ours saves and loads as ours does."""

    class Named(MLPClassifier):
        pass

    Named(**QUICK).fit(X, NAMES).save(tmp_path / "m")
    assert type(Named.load(tmp_path / "m")) is Named


def test_a_file_without_a_younger_parameter_has_its_default(path: Path) -> None:
    """Files stay readable when the constructor gets more parameters."""
    forged(path, lambda facts: facts["parameters"].pop("class_weight"))
    assert MLPClassifier.load(path).class_weight is None


# What cannot be saved.


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scoring", make_scorer(r2_score)),
        ("random_state", np.random.RandomState(0)),
        ("class_weight", {"setosa": {1, 2}}),
        ("hidden_layer_sizes", np.array([None])),
    ],
)
def test_parameters_that_no_file_holds_are_named(name: str, value: Any, path: Path, refused: Any) -> None:
    """A function, a RandomState: the error says which parameter, and the earlier file stays."""
    before = path.read_bytes()
    with refused(RunError, name, "cannot be saved"):
        fitted("classes").set_params(**{name: value}).save(path)
    assert path.read_bytes() == before


def test_unknown_attributes_are_named(path: Path, refused: Any) -> None:
    """Nothing is left out silently."""
    model = fitted("classes")
    model.note_ = "mine"
    with refused(RunError, "note_"):
        model.save(path)


def test_only_the_fitted_can_be_saved(tmp_path: Path) -> None:
    """With the error of scikit-learn, which is a ValueError."""
    with pytest.raises(ValueError, match="not fitted"):
        MLPClassifier().save(tmp_path / "m")


# Nothing else is believed.


def test_another_kind_is_refused(path: Path, refused: Any) -> None:
    """A classifier is no regressor, and a model without an estimator is neither."""
    with refused(RunError, str(path), "Use MLPClassifier.load"):
        MLPRegressor.load(path)
    save_model(path, load_attached(path)[0])
    with refused(RunError, str(path), "not an estimator"):
        MLPClassifier.load(path)
    with refused(RunError, "nowhere"):
        MLPClassifier.load(path.parent / "nowhere")


def test_damage_is_seen(path: Path) -> None:
    """Truncated anywhere, or with some bytes changed, a file is refused with RunError, or is still the same."""
    content, rng = path.read_bytes(), np.random.default_rng(0)
    expected = MLPClassifier.load(path).predict_proba(X)
    damaged = [content[:size] for size in rng.integers(len(content), size=60)]
    for _ in range(150):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[rng.integers(len(changed), size=2)] ^= rng.integers(1, 256, 2, dtype=np.uint8)
        damaged.append(changed.tobytes())
    seen = 0
    for one in damaged:
        path.write_bytes(one)
        try:
            assert_array_equal(MLPClassifier.load(path).predict_proba(X), expected)
        except RunError:
            seen += 1
    assert seen > 190


def nested(depth: int) -> Any:
    """Return lists within lists."""
    return [nested(depth - 1)] if depth else []


LIES: list[tuple[tuple[str, ...], Any]] = [
    (("estimator",), "MLPRegressor"),
    (("estimator",), "Pipeline"),
    (("version",), "1"),
    (("version",), VERSION + 1),
    (("more",), 1),
    (("parameters",), [1]),
    (("parameters", "__class__"), "os.system"),
    (("parameters", "alpha"), -1.0),
    (("parameters", "alpha"), 10**400),
    (("parameters", "alpha"), {"object": "AdamW", "fields": {"beta1": [1]}}),
    (("parameters", "scoring"), {"object": "Popen", "fields": {}}),
    (("parameters", "scoring"), {"object": "Adam", "fields": {"more": 1}}),
    (("parameters", "scoring"), {"array": [1], "dtype": "O"}),
    (("parameters", "scoring"), {"array": [300], "dtype": "uint8"}),
    (("parameters", "scoring"), {"array": [[1]], "dtype": "int64"}),
    (("parameters", "scoring"), {"dict": [[[1], 2]]}),
    (("parameters", "scoring"), {"dict": [[1]]}),
    (("parameters", "scoring"), nested(50)),
    (("parameters", "scoring"), nested(900)),
    (("classes",), None),
    (("classes", "kind"), "binary"),
    (("classes", "kind"), ["multiclass"]),
    (("classes", "labels"), {"array": ["a", "b"], "dtype": "str"}),
    (("classes", "labels"), {"array": ["b", "a", "c"], "dtype": "str"}),
    (("classes", "labels"), {"array": ["a", "a", "c"], "dtype": "str"}),
    (("classes", "labels"), ["a", "b", "c"]),
    (("feature_names",), {"array": ["a"], "dtype": "object"}),
    (("feature_names",), {"array": [1, 2, 3, 4], "dtype": "int64"}),
    (("fitted", "n_iter_"), -3),
    (("fitted", "loss_curve_"), ["1"]),
    (("fitted", "predict"), 1),
    (("rate", "kind"), "cosine"),
    (("rate", "now"), {"float": "nan"}),
    (("rate",), {}),
    (("step",), -1),
    (("seconds",), None),
]


@pytest.mark.parametrize(("where", "lie"), LIES, ids=lambda value: str(value)[:40])
def test_lies_are_refused(where: tuple[str, ...], lie: Any, path: Path) -> None:
    """A file with the right checksum is refused if it says what no estimator can be."""

    def change(facts: dict[str, Any]) -> None:
        *parents, last = where
        for name in parents:
            facts = facts[name]
        facts[last] = lie

    with pytest.raises(RunError) as caught:
        MLPClassifier.load(forged(path, change))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "arrays", [{"slots": np.zeros((2, 5))}, {"slots": np.full((2, 64), np.nan)}, {"more": np.zeros(3)}]
)
def test_lying_arrays_are_refused(arrays: dict[str, Any], path: Path) -> None:
    """An optimizer's state that belongs to another network, is not finite, or is something else."""
    with pytest.raises(RunError, match=r"slots|arrays"):
        MLPClassifier.load(forged(path, lambda _: None, **arrays))


# Parameters in JSON.

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_values_come_back(value: Any) -> None:
    """With their types, and with infinity and NaN."""
    assert repr(decoded(encoded("parameter", value))) == repr(value)


@pytest.mark.parametrize(
    "value",
    [np.float32(0.1), np.bool_(True), np.str_("a"), np.array([1.5, np.inf], np.float16), AdamW(weight_decay=0.1)],
    ids=repr,
)
def test_numpy_and_our_own_objects_come_back(value: Any) -> None:
    """With their dtype, and with the constants of an optimizer."""
    assert repr(decoded(encoded("parameter", value))) == repr(value)


CONTENT = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["float", "tuple", "dict", "array", "dtype", "scalar", "object", "fields", "beta1"]), inner
        )
        | st.fixed_dictionaries({"array": st.lists(inner), "dtype": st.sampled_from(["int8", "str", "object", "bool"])})
    ),
    max_leaves=8,
)


@given(CONTENT)
def test_any_content_is_a_value_or_an_error(content: Any) -> None:
    """Whatever a file says, decoding it raises nothing but ValueError."""
    with suppress(ValueError):
        decoded(content)


def test_errors_of_settings_name_the_file(path: Path, refused: Any) -> None:
    """What the constructor would refuse is refused as a damaged file."""
    with refused(RunError, str(path), "alpha"):
        MLPClassifier.load(forged(path, lambda facts: facts["parameters"].update(alpha="much")))
    with refused(SettingError, "alpha"):
        fitted("classes", alpha="much")
    with refused(RunError, "alpha"):
        fitted("classes").set_params(alpha="much").save(path)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_every_optimizer_comes_back(optimizer: Any) -> None:
    """Whatever is in the table can be the solver of an estimator that is saved."""
    assert decoded(json.loads(json.dumps(encoded("solver", optimizer)))) == optimizer
