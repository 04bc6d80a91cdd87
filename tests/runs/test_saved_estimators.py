"""The commands with the file of an estimator, which knows at most the names of its features."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import DataError, RunError, SettingError
from handgrad.model.safetensors import Attached, load_attached, save_model
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.use import predict_inputs

IRIS = load_iris(as_frame=True)
X, KINDS = IRIS.data, IRIS.target_names[IRIS.target]
NAMES = list(X.columns)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MLPClassifier]:
    """Fit to columns with names, once for all tests."""
    return saved(X, KINDS, tmp_path_factory.mktemp("named"))


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MLPClassifier]:
    """Fit to an array, once for all tests."""
    return saved(X.to_numpy(), KINDS, tmp_path_factory.mktemp("nameless"))


def saved(rows: Any, y: Any, folder: Path) -> tuple[Path, MLPClassifier]:
    """Fit a small classifier to values that are in no usual range, and save it."""
    estimator = MLPClassifier((8,), solver="lbfgs", max_iter=100, tol=1e-3, random_state=0).fit(rows, y)
    estimator.save(folder / "iris.safetensors")
    return folder / "iris.safetensors", estimator


def write(path: Path, table: pd.DataFrame, **options: Any) -> Path:
    """Write a table."""
    table.to_csv(path, index=False, **options)
    return path


def predicted(model: Path, path: Path) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Return the probabilities for the rows of a file, and what was told."""
    told: list[str] = []
    return np.array([one.outputs for one in predict_inputs(model, [path], told.append)]), told


def accuracy(model: Path, path: Path) -> tuple[str, list[str]]:
    """Return the accuracy on a table, and what was told."""
    told: list[str] = []
    return dict(evaluate_run(model, str(path), told.append).rows)["accuracy"], told


def test_columns_are_matched_by_name(named: tuple[Path, MLPClassifier], tmp_path: Path) -> None:
    """In any order, and with others between them, predictions and accuracy are those of the estimator."""
    model, estimator = named
    table = X[NAMES[::-1]]
    table.insert(1, "id", range(len(X)))
    probabilities, told = predicted(model, write(tmp_path / "new.csv", table))
    np.testing.assert_allclose(probabilities, estimator.predict_proba(X), rtol=1e-4, atol=1e-6)
    assert told == []
    for place, name in ((0, "kind"), (3, "label"), (5, "target")):
        labelled = table.copy()
        labelled.insert(place, name, KINDS)
        found, told = accuracy(model, write(tmp_path / "t.csv", labelled))
        assert found == f"{estimator.score(X, KINDS):.2%}"
        assert f"{tmp_path / 't.csv'}: using the column {name} as the label" in told


def test_what_lacks_the_names_of_a_model_is_refused(
    named: tuple[Path, MLPClassifier], tmp_path: Path, refused: Any
) -> None:
    """A table with other names, or with none, might have its columns in any order; so might a folder of tables."""
    model, _ = named
    renamed = write(tmp_path / "renamed.csv", X.rename(columns={NAMES[1]: "width"}))
    with refused(DataError, f"lacks the column {NAMES[1]}"):
        predicted(model, renamed)
    bare = write(tmp_path / "bare.csv", X.assign(kind=KINDS), header=False)
    for use in (predicted, accuracy):
        with refused(DataError, "does not name its columns", NAMES[0], "Write their names"):
            use(model, bare)
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "train.csv", X.assign(kind=KINDS))
    with refused(DataError, "holds tables", "Name the table itself"):
        accuracy(model, tmp_path / "folder")
    with refused(DataError, "has no labels", "a column of labels"):
        accuracy(model, write(tmp_path / "new.csv", X))


@pytest.mark.parametrize("place", [0, 4])
@pytest.mark.parametrize("header", [True, False])
def test_a_model_without_names_goes_by_place(
    place: int, header: bool, nameless: tuple[Path, MLPClassifier], tmp_path: Path
) -> None:
    """The order is that of the table, whatever its columns are called; a label may stand before or behind them."""
    model, estimator = nameless
    path, wanted = tmp_path / "t.csv", estimator.predict_proba(X.to_numpy())
    table = X.set_axis(["s10", "s9", "s1", "age"], axis=1)
    unlabelled, told = predicted(model, write(path, table, header=header))
    np.testing.assert_allclose(unlabelled, wanted, rtol=1e-4, atol=1e-6)
    assert (
        told
        == [f"{path}: the estimator was fitted to columns without names: s10, s9, s1, age are taken in this order"]
        * header
    )
    table.insert(place, "kind", KINDS)
    np.testing.assert_array_equal(predicted(model, write(path, table, header=header))[0], unlabelled)
    assert accuracy(model, path)[0] == f"{estimator.score(X.to_numpy(), KINDS):.2%}"


def test_columns_that_would_shift_the_others_are_refused(
    nameless: tuple[Path, MLPClassifier], tmp_path: Path, refused: Any
) -> None:
    """A model without names takes neither fewer columns nor one that may be neither a label nor a number of the row."""
    model, estimator = nameless
    for table in (X[NAMES[:3]], X.assign(weight=0.5), X.assign(a=1, b=0.5)):
        with refused(DataError, f"has {table.shape[1]} columns", "the 4 features, in the order"):
            predicted(model, write(tmp_path / "t.csv", table))
    with refused(DataError, "which may be the one that is not a feature"):
        predicted(model, write(tmp_path / "t.csv", X.assign(weight=0.5), header=False))
    table = X.assign(kind=KINDS)
    table.insert(0, "id", range(len(X)))
    assert accuracy(model, write(tmp_path / "t.csv", table))[0] == f"{estimator.score(X.to_numpy(), KINDS):.2%}"


@pytest.mark.parametrize("which", ["named", "nameless"])
def test_values_are_taken_as_they_are(which: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Nothing was scaled in the fit: rows of an array, or a single one of a table, are not compared with any range."""
    model, estimator = request.getfixturevalue(which)
    rows = X.to_numpy()
    for values in (rows, 100 * rows, rows[:1]):
        np.save(tmp_path / "rows.npy", values)
        probabilities, told = predicted(model, tmp_path / "rows.npy")
        wanted = estimator.predict_proba(pd.DataFrame(values, columns=NAMES) if which == "named" else values)
        np.testing.assert_allclose(probabilities, wanted, rtol=1e-4, atol=1e-6)
        assert told == []


def test_without_data_an_evaluation_asks_for_them(named: tuple[Path, MLPClassifier], refused: Any) -> None:
    """An estimator does not know where its data came from."""
    with refused(RunError, "iris.safetensors does not name its data", "--data"):
        evaluate_run(named[0], None, pytest.fail)


def test_a_regressor_is_refused_before_anything_is_read(tmp_path: Path, refused: Any) -> None:
    """The commands are for classes, whatever the table and its columns are."""
    MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, IRIS.target).save(tmp_path / "m")
    for use in (predicted, accuracy):
        with refused(SettingError, "no classes", "MLPRegressor.load in Python"):
            use(tmp_path / "m", tmp_path / "nothing.csv")
    with refused(SettingError, "no classes"):
        evaluate_run(tmp_path / "m", None, pytest.fail)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], "does not name 4 features"),
        ({"array": ["a", "b"], "dtype": "object"}, "does not name 4 features"),
        ({"array": [1]}, "a wrong value"),
    ],
)
def test_names_that_do_not_fit_are_damage(
    names: Any, said: str, named: tuple[Path, MLPClassifier], tmp_path: Path, refused: Any
) -> None:
    """The commands check what they use of an estimator's file."""
    model, attached = load_attached(named[0])
    save_model(tmp_path / "m", model, Attached(attached.facts | {"feature_names": names}, attached.arrays))
    with refused(RunError, said):
        predicted(tmp_path / "m", tmp_path / "nothing.csv")
