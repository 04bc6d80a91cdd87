"""Using a trained network: evaluation on data of one's own, and the classes of images and rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from handgrad.data import DataSettings, convert, load_data
from handgrad.errors import DataError, HandgradError, RunError, ShapeError
from handgrad.runs.config import NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.train import train_run
from handgrad.runs.use import evaluate_run, predict_inputs
from handgrad.training import Record

DIGITS = load_digits()


def silent(records: Iterable[Record], *_: Any) -> Iterable[Record]:
    """Pass records on without showing them."""
    return records


def write_table(path: Path, scale: float = 1.0) -> Path:
    """Write a table of two columns, far from 0..1, and two classes with names, as CSV."""
    X = scale * (np.random.default_rng(0).standard_normal((60, 2)) * [5, 500] + [100, -2000])
    names = np.where(X[:, 0] > 100 * scale, "high", "low")
    lines = ["a,b,class", *(f"{a},{b},{name}" for (a, b), name in zip(X.tolist(), names, strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Train a small network on the digits, once for all tests."""
    run = RunSettings(tmp_path_factory.mktemp("digits") / "run")
    config = TrainConfig(network=NetworkFlags((24,)), training=TrainingFlags(epochs=8), run=run)
    return train_run(config, load_data(config.data.data), silent, pytest.fail)


@pytest.fixture(scope="module")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Train on a table, once for all tests."""
    folder = tmp_path_factory.mktemp("table")
    data = DataSettings(str(write_table(folder / "table.csv")))
    config = TrainConfig(data, NetworkFlags((8,)), run=RunSettings(folder / "run"))
    return train_run(config, load_data(config.data.data), silent, pytest.fail)


def figures(rows: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the accuracy and the loss out of the rows of an evaluation."""
    return dict(rows)["test accuracy"], dict(rows)["test loss"]


OWN_DATA = [
    ("digits_run", "run", None),
    ("digits_run", "run", "digits"),
    ("digits_run", "run/model.safetensors", None),
    ("digits_run", "run/model.safetensors", "digits"),
    ("table_run", "run", None),
    ("table_run", "run", "table.csv"),
    ("table_run", "run/model.safetensors", "table.csv"),
]


@pytest.mark.parametrize(("which", "target", "data"), OWN_DATA)
def test_evaluation_finds_the_figures_of_the_training(
    which: str, target: str, data: str | None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run, or its model file, evaluated on the data of its training, gives the summary's test figures."""
    run, summary = request.getfixturevalue(which)
    monkeypatch.chdir(run.parent)
    rows, title = evaluate_run(Path(target), data, load_data)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")
    assert dict(rows)["examples"] == {"digits_run": "359", "table_run": "12"}[which]
    assert target in title


def test_evaluation_of_a_table_whose_file_is_unknown_says_so(table_run: tuple[Path, dict], refused: Any) -> None:
    """A model file alone, trained on a table, is refused without data, with the table's name."""
    with refused(DataError, "table"):
        evaluate_run(table_run[0] / "model.safetensors", None, load_data)


@pytest.mark.parametrize("name", ["copy.npz", "copy"])
def test_evaluation_reads_converted_data(name: str, digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """The same digits in another format give the same figures."""
    run, summary = digits_run
    rows, _ = evaluate_run(run, str(convert(load_data("digits"), tmp_path / name)), load_data)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")


def test_evaluation_uses_the_scaling_of_the_training(table_run: tuple[Path, dict], tmp_path: Path) -> None:
    """Rows of other data go through the scaling that the network was trained with, not through one of their own."""
    run, summary = table_run
    content = (run.parent / "table.csv").read_text().splitlines()
    (tmp_path / "wider.csv").write_text("\n".join([*content, *["1000,10000,high"] * 10, *["-1000,-9000,low"] * 10]))
    own = load_data(tmp_path / "wider.csv")
    rows, _ = evaluate_run(run, str(tmp_path / "wider.csv"), load_data)
    low, high = np.asarray(own.scaling.minimum), np.asarray(own.scaling.maximum)
    assert (low < -100).all()
    raw = own.X_test * (high - low) + low
    labels = [names[int(outputs.argmax())] for _, names, outputs in predicted(run, raw, tmp_path)]
    right = np.mean([label == own.class_names[y] for label, y in zip(labels, own.y_test, strict=True)])
    assert figures(rows)[0] == f"{right:.2%}"
    assert summary["test_accuracy"] >= 0.75


def predicted(run: Path, rows: np.ndarray, folder: Path) -> list:
    """Predict the rows of an array."""
    np.save(folder / "rows.npy", rows)
    return list(predict_inputs(run, [folder / "rows.npy"]))


@pytest.mark.parametrize(
    ("features", "classes", "pieces"), [(7, 10, ("7 features", "64 features")), (64, 9, ("classes 0, 1", "8, 9"))]
)
def test_data_of_another_kind_are_refused(
    features: int, classes: int, pieces: tuple[str, ...], digits_run: tuple[Path, dict], tmp_path: Path, refused: Any
) -> None:
    """Data with other features or other classes than the network's are refused, with both."""
    X, y = np.random.default_rng(0).random((30, features)), np.arange(30) % classes
    np.savez(tmp_path / "other.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    with refused(ShapeError, *pieces):
        evaluate_run(digits_run[0], str(tmp_path / "other.npz"), load_data)


def test_rows_are_raw_examples(digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """Raw rows are scaled as in training: on the test part they are right as often as the summary says."""
    run, summary = digits_run
    data = load_data("digits")
    found = predicted(run, data.X_test * 16, tmp_path)
    assert [label for label, _, _ in found[:2]] == [f"{tmp_path / 'rows.npy'}[{row}]" for row in (0, 1)]
    classes = np.array([outputs.argmax() for _, _, outputs in found])
    assert np.mean(classes == data.y_test) == summary["test_accuracy"]
    for _, names, outputs in found:
        assert names == tuple("0123456789")
        assert outputs.sum() == pytest.approx(1, abs=1e-5)


def test_pictures_and_rows_agree(digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """A digit as a picture of the network's own size is given nearly the probabilities that it gets as a row."""
    pictures = [tmp_path / f"{number}.png" for number in range(5)]
    for path, row in zip(pictures, DIGITS.data, strict=False):
        Image.fromarray(np.rint(row.reshape(8, 8) * 255 / 16).astype(np.uint8)).save(path)
    as_pictures = list(predict_inputs(digits_run[0], pictures))
    assert [label for label, _, _ in as_pictures] == list(map(str, pictures))
    as_rows = predicted(digits_run[0], DIGITS.data[:5], tmp_path)
    for (_, _, one), (_, _, other) in zip(as_pictures, as_rows, strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


WRONG: list[tuple[str, str, type[HandgradError], str]] = [
    ("digits_run", "missing.png", DataError, "missing.png"),
    ("digits_run", "text.png", DataError, "text.png"),
    ("digits_run", "text.npy", DataError, "text.npy"),
    ("digits_run", "narrow.npy", ShapeError, "64"),
    ("table_run", "blank.png", DataError, "blank.png"),
]


@pytest.mark.parametrize(("which", "name", "kind", "piece"), WRONG, ids=[f"{c[0]} {c[1]}" for c in WRONG])
def test_a_wrong_input_is_told_before_any_result(
    which: str, name: str, kind: type[HandgradError], piece: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """With one wrong input among right ones nothing is predicted: the error comes in place of the first result."""
    run = request.getfixturevalue(which)[0]
    np.save(tmp_path / "good.npy", np.ones((1, 64 if which == "digits_run" else 2)))
    np.save(tmp_path / "narrow.npy", np.ones((3, 7)))
    Image.new("L", (8, 8)).save(tmp_path / "blank.png")
    for text in ("text.png", "text.npy"):
        (tmp_path / text).write_text("neither a picture nor an array")
    with pytest.raises(kind, match=piece):
        next(predict_inputs(run, [tmp_path / "good.npy", tmp_path / name]))


@pytest.mark.parametrize(
    "use", [lambda run: evaluate_run(run, None, load_data), lambda run: next(predict_inputs(run, []))]
)
def test_an_unknown_run_is_refused(use: Any, tmp_path: Path, refused: Any) -> None:
    """A run that is not there is refused with its name."""
    with refused(RunError, str(tmp_path / "nothing")):
        use(tmp_path / "nothing")
