"""Using a trained network: evaluation on data of one's own, and the classes of images and rows."""

import re
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from handgrad import MLPClassifier, MLPRegressor
from handgrad.data import convert, load_data
from handgrad.data.arrays.idx import write_idx
from handgrad.errors import DataError, HandgradError, RunError, SettingError, ShapeError
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.seen import write_seen
from handgrad.runs.train import train_run
from handgrad.runs.use import predict_inputs, write_predictions
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
    return train_run(config, load_data(config.data.data), silent, pytest.fail)[:2]


@pytest.fixture(scope="module")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Train on a table, once for all tests."""
    folder = tmp_path_factory.mktemp("table")
    data = DataFlags(data=str(write_table(folder / "table.csv")))
    config = TrainConfig(data, NetworkFlags((8,)), run=RunSettings(folder / "run"))
    told: list[str] = []  # that its test set is small
    run, summary, _ = train_run(config, load_data(config.data.data), silent, told.append)
    assert len(told) == 1
    assert "only 12 examples" in told[0]
    return run, summary


def figures(rows: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the accuracy and the loss out of the rows of an evaluation."""
    return dict(rows)["test accuracy"], dict(rows)["test loss"]


OWN_DATA = [
    ("digits_run", "run", None),
    ("digits_run", "run", "digits"),
    ("digits_run", "run/model.safetensors", None),
    ("digits_run", "run/model.safetensors", "digits"),
    ("table_run", "run", None),
]


@pytest.mark.parametrize(("which", "target", "data"), OWN_DATA)
def test_evaluation_finds_the_figures_of_the_training(
    which: str, target: str, data: str | None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run, or its model file, evaluated on the data of its training, gives the summary's test figures."""
    run, summary = request.getfixturevalue(which)
    monkeypatch.chdir(run.parent)
    rows, title, *_ = evaluate_run(Path(target), data, [].append)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")
    assert dict(rows)["examples"] == {"digits_run": "359", "table_run": "12"}[which]
    assert target in title


def test_evaluation_of_a_table_whose_file_is_unknown_says_so(table_run: tuple[Path, dict], refused: Any) -> None:
    """A model file alone, trained on a table, is refused without data, with the table's name."""
    with refused(DataError, "table"):
        evaluate_run(table_run[0] / "model.safetensors", None, pytest.fail)


def test_other_data_under_the_name_of_those_of_the_training_are_noticed(tmp_path: Path) -> None:
    """Their test set is another one, which is said; the data of the training are taken without a word."""
    data = DataFlags(data=str(write_table(tmp_path / "table.csv")))
    config = TrainConfig(data, NetworkFlags((4,)), TrainingFlags(epochs=1), RunSettings(tmp_path / "run"))
    train_run(config, load_data(data.data), silent, [].append)
    told: list[str] = []
    evaluate_run(tmp_path / "run", None, told.append)
    assert not any(sentence.startswith("warning: ") for sentence in told)
    lines = (tmp_path / "table.csv").read_text().splitlines(keepends=True)
    (tmp_path / "table.csv").write_text("".join(lines[:31]))
    evaluate_run(tmp_path / "run", None, told.append)
    (warning,) = (sentence for sentence in told if sentence.startswith("warning: "))
    assert "table.csv has training examples other than those that" in warning


@pytest.mark.parametrize("name", ["copy.npz", "copy"])
def test_evaluation_reads_converted_data(name: str, digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """The same digits in another format give the same figures."""
    run, summary = digits_run
    rows, *_ = evaluate_run(run, str(convert(load_data("digits"), tmp_path / name)), [].append)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")


def test_evaluation_matches_columns_by_name(tmp_path: Path, refused: Any) -> None:
    """The file of the training gives the same figures with its columns in another order, and none with other names."""
    path = write_table(tmp_path / "table.csv")
    config = TrainConfig(DataFlags(data=str(path)), NetworkFlags((8,)), run=RunSettings(tmp_path / "run"))
    run, summary, _ = train_run(config, load_data(path), silent, [].append)
    fields = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(f"{kind},{b},{a}\n" for a, b, kind in fields))
    rows, *_ = evaluate_run(run, None, [].append)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")
    path.write_text(path.read_text().replace("class,b,a", "class,c,d"))
    with refused(DataError, "lacks the columns a, b"):
        evaluate_run(run, None, [].append)


def test_evaluation_takes_all_rows_of_a_table(table_run: tuple[Path, dict], tmp_path: Path) -> None:
    """Columns are matched by name, in any order; rows go through the scaling of the training; a class may be absent."""
    run = table_run[0]
    _, *rows = (run.parent / "table.csv").read_text().splitlines()
    fields = [row.split(",") for row in [*rows, *["1000,10000,high"] * 10]]
    (tmp_path / "other.csv").write_text("kind,class,b,a\n" + "".join(f"x,{name},{b},{a}\n" for a, b, name in fields))
    told: list[str] = []
    found, *_ = evaluate_run(run, str(tmp_path / "other.csv"), told.append)
    assert told == [f"{tmp_path / 'other.csv'}: column not used: kind"]
    outputs = predicted(run, np.array([row[:2] for row in fields], float), tmp_path)
    names = [one.class_names[int(one.outputs.argmax())] for one in outputs]
    right = np.mean([name == row[2] for name, row in zip(names, fields, strict=True)])
    assert dict(found)["accuracy"] == f"{right:.2%}"
    assert dict(found)["examples"] == "70"
    (tmp_path / "high.csv").write_text("a,b,class\n" + "".join(f"{a},{b},{k}\n" for a, b, k in fields if k == "high"))
    said: list[str] = []
    evaluate_run(run, str(tmp_path / "high.csv"), said.append)
    assert "no example of class low" in said[0]


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        ("a,class\n1,high\n2,low\n", "lacks the column b"),
        ("a,b,class\n1,2,high\n2,3,medium\n", "'medium'"),
        ("a,b\n1,2\n2,3\n", "has no labels"),
        ("a,b,class\n1,2,high\n2,,low\n", "line 3, the column b: an empty field"),
    ],
)
def test_a_table_that_does_not_match_is_refused(
    content: str, piece: str, table_run: tuple[Path, dict], tmp_path: Path
) -> None:
    """A missing column, an unknown class, no labels and empty fields are each said."""
    (tmp_path / "other.csv").write_text(content)
    with pytest.raises(DataError, match=piece):
        evaluate_run(table_run[0], str(tmp_path / "other.csv"), pytest.fail)


def test_rows_of_the_training_set_are_recognised(table_run: tuple[Path, dict], tmp_path: Path) -> None:
    """In any order and among others; the accuracy on the others is said, and so is that nothing is left or known."""
    run = table_run[0]
    heading, *rows = (run.parent / "table.csv").read_text().splitlines()
    data = load_data(run.parent / "table.csv")

    def noted(content: list[str], model: Path = run) -> str | None:
        (tmp_path / "other.csv").write_text("\n".join([heading, *content]) + "\n")
        return dict(evaluate_run(model, str(tmp_path / "other.csv"), [].append)[0]).get("note")

    assert noted(["1000,-2000,low", "101,-1000,high"]) is None
    own = dict(evaluate_run(run, None, [].append)[0])
    assert "note" not in own
    counts = "48 of the 60 rows were part of the training set: on the other 12 the accuracy is "
    assert noted(rows[::-1]) == counts + own["test accuracy"]
    trained = {tuple(row) for row in data.X_train.tolist()}
    scaled = data.scaling.apply([[float(field) for field in row.split(",")[:2]] for row in rows])
    kept = [row for row, x in zip(rows, scaled.tolist(), strict=True) if tuple(x) in trained]
    assert noted(kept) == "all rows were part of the training set: the accuracy says nothing about new ones"
    shutil.copy(run / "model.safetensors", tmp_path / "alone.safetensors")
    assert noted(kept, tmp_path / "alone.safetensors") == "it is not known which rows were part of the training set"


def test_a_table_of_other_columns_is_not_for_a_model_of_images(
    digits_run: tuple[Path, dict[str, Any]], tmp_path: Path, refused: Any
) -> None:
    """The number of columns that it needs is said."""
    table = write_table(tmp_path / "table.csv")
    with refused(DataError, "table.csv has 3 columns", "expected 64 columns of numbers"):
        predict_inputs(digits_run[0], [table], pytest.fail)


def test_predictions_of_a_table_are_written(table_run: tuple[Path, dict], tmp_path: Path) -> None:
    """A table with or without labels gives a row for each example, with probabilities on request, in three formats."""
    run = table_run[0]
    _, *rows = (run.parent / "table.csv").read_text().splitlines()
    pairs = [row.split(",")[:2] for row in rows]
    (tmp_path / "plain.csv").write_text("b,a\n" + "".join(f"{b},{a}\n" for a, b in pairs))
    found = predict_inputs(run, [tmp_path / "plain.csv"], pytest.fail)
    labelled = predict_inputs(run, [run.parent / "table.csv"], pytest.fail)
    np.testing.assert_array_equal([one.outputs for one in found], [one.outputs for one in labelled])
    readers = {".csv": pd.read_csv, ".jsonl": partial(pd.read_json, lines=True), ".parquet": pd.read_parquet}
    for kind, read in readers.items():
        if kind == ".parquet":
            pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        table = read(write_predictions(tmp_path / f"out{kind}", found, probabilities=True))
        assert list(table.columns) == ["source", "row", "prediction", "probability", "p(high)", "p(low)"]
        assert len(table) == len(rows)
        np.testing.assert_allclose(table[["p(high)", "p(low)"]], [one.outputs for one in found], rtol=1e-6)
        assert table["prediction"].tolist() == np.where(table["p(high)"] > table["p(low)"], "high", "low").tolist()
    with pytest.raises(DataError, match="already exists"):
        write_predictions(tmp_path / "out.csv", found, probabilities=False)
    with pytest.raises(DataError, match=r"\.csv, \.jsonl or \.parquet"):
        write_predictions(tmp_path / "out.xlsx", found, probabilities=False)


def predicted(run: Path, rows: np.ndarray, folder: Path) -> list:
    """Predict the rows of an array."""
    np.save(folder / "rows.npy", rows)
    return predict_inputs(run, [folder / "rows.npy"], pytest.fail)


@pytest.mark.parametrize(
    ("features", "classes", "pieces"), [(7, 10, ("7 features", "64 features")), (64, 11, ("the label '10'", "8, 9"))]
)
def test_data_of_another_kind_are_refused(
    features: int, classes: int, pieces: tuple[str, ...], digits_run: tuple[Path, dict], tmp_path: Path, refused: Any
) -> None:
    """Data with other features than the network's, or a class that it does not know, are refused."""
    X, y = np.random.default_rng(0).random((30, features)), np.arange(30) % classes
    np.savez(tmp_path / "other.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    with refused(ShapeError if features == 7 else DataError, *pieces):
        evaluate_run(digits_run[0], str(tmp_path / "other.npz"), pytest.fail)


def test_rows_are_raw_examples(digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """Raw rows are scaled as in training: on the test part they are right as often as the summary says."""
    run, summary = digits_run
    data = load_data("digits")
    found = predicted(run, data.X_test * 16, tmp_path)
    assert [one.label for one in found[:2]] == [f"{tmp_path / 'rows.npy'}[{row}]" for row in (0, 1)]
    classes = np.array([one.outputs.argmax() for one in found])
    assert np.mean(classes == data.y_test) == summary["test_accuracy"]
    for one in found:
        assert one.class_names == tuple("0123456789")
        assert one.outputs.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("factor", [1 / 16, 255 / 16])
def test_rows_in_another_range_are_recognised(factor: float, digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """Rows in 0..1 or 0..255 give a model of 0..16 the same outputs, with a word about it; nothing is scaled twice."""
    expected = predicted(digits_run[0], DIGITS.data[:5], tmp_path)
    np.save(tmp_path / "rows.npy", DIGITS.data[:5] * factor)
    told: list[str] = []
    found = predict_inputs(digits_run[0], [tmp_path / "rows.npy"], told.append)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.outputs, other.outputs, atol=1e-5)
    assert len(told) == 1
    assert f"values up to {16 * factor:g} taken as" in told[0]


@pytest.mark.parametrize(
    ("name", "turned"), [("t10k-images-idx3-ubyte.gz", False), ("emnist-digits-test-images", True)]
)
def test_the_images_of_an_idx_file_are_rows(
    name: str, turned: bool, digits_run: tuple[Path, dict], tmp_path: Path, refused: Any
) -> None:
    """Bytes in 0..16 or 0..255 are recognised, and EMNIST's images are turned upright; labels are no images."""
    images = DIGITS.images[:5].astype(np.uint8)
    write_idx(tmp_path / name, np.ascontiguousarray(images.transpose(0, 2, 1)) if turned else images)
    found = predict_inputs(digits_run[0], [tmp_path / name], pytest.fail)
    for one, other in zip(found, predicted(digits_run[0], DIGITS.data[:5], tmp_path), strict=True):
        np.testing.assert_array_equal(one.outputs, other.outputs)
    write_idx(tmp_path / "labels", np.arange(5, dtype=np.uint8))
    with refused(ShapeError, "an array of shape (5,)", "examples of 64 values"):
        predict_inputs(digits_run[0], [tmp_path / "labels"], pytest.fail)


def test_a_file_of_several_arrays_is_for_evaluation(
    digits_run: tuple[Path, dict], tmp_path: Path, refused: Any
) -> None:
    """An archive of arrays is not called a bad picture."""
    np.savez(tmp_path / "set.npz", X=DIGITS.data, y=DIGITS.target)
    with refused(DataError, "set.npz holds several arrays or files", "Run `handgrad evaluate RUN --data"):
        predict_inputs(digits_run[0], [tmp_path / "set.npz"], pytest.fail)


def test_rows_in_an_unknown_range_are_refused(
    digits_run: tuple[Path, dict], table_run: tuple[Path, dict], tmp_path: Path, refused: Any
) -> None:
    """Standardised rows say nothing of their range, and rows far outside a table's ranges are in other units."""
    with refused(DataError, "rows.npy: values from -1 to 3; expected 0..16, as in", "or 0..1, or 0..255"):
        predicted(digits_run[0], DIGITS.data[:5] / 4 - 1, tmp_path)
    with refused(DataError, "in feature 1, and most features as far off"):
        predicted(table_run[0], np.array([[1e3, 1e5]]), tmp_path)


def test_pictures_and_rows_agree(digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """A digit as a picture of the network's own size is given nearly the probabilities that it gets as a row."""
    pictures = [tmp_path / f"{number}.png" for number in range(5)]
    for path, row in zip(pictures, DIGITS.data, strict=False):
        Image.fromarray(np.rint(row.reshape(8, 8) * 255 / 16).astype(np.uint8)).save(path)
    as_pictures = predict_inputs(digits_run[0], pictures, pytest.fail)
    assert [one.label for one in as_pictures] == list(map(str, pictures))
    as_rows = predicted(digits_run[0], DIGITS.data[:5], tmp_path)
    for one, other in zip(as_pictures, as_rows, strict=True):
        np.testing.assert_allclose(one.outputs, other.outputs, atol=0.02)


def test_one_bad_picture_is_left_out(digits_run: tuple[Path, dict], tmp_path: Path) -> None:
    """A blank picture and a page of text among others are given to ``skip``; the others are predicted, in order."""
    for name in ("a.png", "c.png"):
        Image.fromarray(np.rint(DIGITS.data[3].reshape(8, 8) * 255 / 16).astype(np.uint8)).save(tmp_path / name)
    Image.new("L", (40, 40)).save(tmp_path / "b.png")
    (tmp_path / "d.png").write_text("<html>not found</html>")
    skipped: list[DataError] = []
    found = predict_inputs(digits_run[0], [tmp_path], pytest.fail, skipped.append)
    assert [Path(one.source).name for one in found] == ["a.png", "c.png"]
    assert ["b.png is blank" in str(skipped[0]), "d.png is an HTML page" in str(skipped[1])] == [True, True]
    assert len(skipped) == 2


def test_a_folder_stands_for_its_pictures(digits_run: tuple[Path, dict], tmp_path: Path, refused: Any) -> None:
    """Only pictures are taken, none of them one of what a network saw; a folder without pictures is refused.

    Pictures in folders below it are taken too, but nothing that is hidden.
    """
    with refused(DataError, "without pictures"):
        predict_inputs(digits_run[0], [tmp_path], pytest.fail)
    (tmp_path / "notes.txt").write_text("no picture")
    Image.fromarray(np.rint(DIGITS.data[3].reshape(8, 8) * 255 / 16).astype(np.uint8)).save(tmp_path / "a.png")
    for _ in range(2):
        (found,) = predict_inputs(digits_run[0], [tmp_path], pytest.fail)
        assert found.image is not None
        seen = write_seen(Path(found.source), found.image)
        assert seen == tmp_path / "a.seen.png"
        np.testing.assert_allclose(found.image.reshape(-1) * 16, DIGITS.data[3], atol=0.04)
        with Image.open(seen) as picture:
            assert picture.size == (80, 80)
            np.testing.assert_array_equal(np.asarray(picture)[5::10, 5::10], np.rint(found.image * 255))
    for name in ("b", ".ipynb_checkpoints"):
        (tmp_path / name).mkdir()
        shutil.copy(tmp_path / "a.png", tmp_path / name / "c.png")
    both = predict_inputs(digits_run[0], [tmp_path], pytest.fail)
    assert [one.source for one in both] == [str(tmp_path / "a.png"), str(tmp_path / "b" / "c.png")]


def test_what_a_network_saw_replaces_no_other_file(tmp_path: Path) -> None:
    """Pictures that differ in their ending only, and the user's own files and links, keep what they have."""
    dark, bright = np.zeros((8, 8), np.float32), np.ones((8, 8), np.float32)
    names = [write_seen(tmp_path / name, image).name for name, image in (("a.png", dark), ("a.bmp", bright))]
    assert names == ["a.seen.png", "a.bmp.seen.png"]
    assert [write_seen(tmp_path / name, dark).name for name in ("a.bmp", "a.png")] == names[::-1]
    Image.new("L", (3, 3)).save(tmp_path / "b.seen.png")
    (tmp_path / "b.png.seen.png").write_text("my notes")
    (tmp_path / "b.png.2.seen.png").symlink_to(tmp_path / "nothing")
    before = {path: path.read_bytes() for path in tmp_path.glob("b.*") if not path.is_symlink()}
    for _ in range(2):
        assert write_seen(tmp_path / "b.png", dark).name == "b.png.3.seen.png"
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "nothing").exists()


def test_a_run_within_the_data_is_no_part_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures are neither examples nor a class: not in a training, an evaluation or a prediction; it is noted."""
    for number, (image, label) in enumerate(zip(DIGITS.images[:40], DIGITS.target[:40] % 2, strict=True)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(tmp_path / str(label) / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    first = load_data(".")
    config = TrainConfig(DataFlags(data="."), NetworkFlags((4,)), TrainingFlags(epochs=1))
    run, summary, _ = train_run(config, first, silent, [].append)
    assert (run / "curves.png").is_file()
    second, note = load_data("."), f"left out, because the program wrote it: the run {run.name}"
    assert (second.class_names, second.image_shape) == (("0", "1"), (8, 8))
    np.testing.assert_array_equal(second.X_train, first.X_train)
    assert note in second.notes
    told: list[str] = []
    rows, *_ = evaluate_run(run, None, told.append)
    assert figures(rows) == (f"{summary['test_accuracy']:.2%}", f"{summary['test_loss']:.4f}")
    assert f"{tmp_path.name}: {note}" in told
    told.clear()
    assert len(predict_inputs(run, [Path()], told.append)) == 40
    assert told == [f".: {note}"]


@pytest.mark.parametrize("place", ["run", "runs/run"])
def test_a_run_is_no_data(place: str, tmp_path: Path, refused: Any) -> None:
    """Neither the folder of a run nor one that holds nothing else."""
    (tmp_path / place).mkdir(parents=True)
    for name in ("config.toml", "history.jsonl", "curves.png", "training_rows.npy"):
        (tmp_path / place / name).touch()
    with refused(DataError, "of handgrad; expected a"):
        load_data(tmp_path / Path(place).parts[0])


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
    good = np.full((1, 64), 9.0) if which == "digits_run" else np.array([[100.0, -2000.0]])
    np.save(tmp_path / "good.npy", good)
    np.save(tmp_path / "narrow.npy", np.ones((3, 7)))
    Image.new("L", (8, 8)).save(tmp_path / "blank.png")
    for text in ("text.png", "text.npy"):
        (tmp_path / text).write_text("neither a picture nor an array")
    with pytest.raises(kind, match=piece):
        predict_inputs(run, [tmp_path / "good.npy", tmp_path / name], pytest.fail)


@pytest.mark.parametrize(
    "use", [lambda run: evaluate_run(run, None, pytest.fail), lambda run: predict_inputs(run, [], pytest.fail)]
)
def test_an_unknown_run_is_refused(use: Any, tmp_path: Path, refused: Any) -> None:
    """A run that is not there is refused with its name."""
    with refused(RunError, str(tmp_path / "nothing")):
        use(tmp_path / "nothing")


def test_a_missing_file_is_called_missing_by_a_model_of_tables(table_run: tuple[Path, dict], refused: Any) -> None:
    """It is not taken for an image, and neither is a mistyped option."""
    with refused(DataError, "there is no file --probabilites"):
        predict_inputs(table_run[0], [Path("--probabilites")], pytest.fail)


GAPS = "size,colour,kind\n" + "".join(f"{i * 7 % 10},{('red', 'blue')[i % 2]},{'xy'[i // 2 % 2]}\n" for i in range(40))


def run_with_gaps(folder: Path, missing: Any) -> Path:
    """Train on a table with two empty fields, of a number and of a word."""
    (folder / "t.csv").write_text(GAPS + ",red,x\n3,,y\n" if missing != "error" else GAPS)
    data = DataFlags(data=str(folder / "t.csv"), missing=missing)
    config = TrainConfig(data, NetworkFlags((4,)), TrainingFlags(epochs=1), RunSettings(folder / "run"))
    return train_run(config, load_data(data.data, options=data), silent, [].append)[0]


def test_empty_fields_are_filled_as_in_the_training(tmp_path: Path) -> None:
    """A model of --missing mean predicts every row: a number becomes the mean, and a word no category."""
    run = run_with_gaps(tmp_path, "mean")
    (tmp_path / "new.csv").write_text("size,colour\n,red\n3,\n3,red\n")
    told: list[str] = []
    found = predict_inputs(run, [tmp_path / "new.csv"], told.append)
    assert [one.row for one in found] == [0, 1, 2]
    assert any(
        "empty fields filled with the mean of the training set: the column size in 1 row (" in note for note in told
    )
    assert any("empty fields encoded as none of the categories: the column colour in 1 row" in note for note in told)


@pytest.mark.parametrize("missing", ["drop", "error"])
def test_rows_with_empty_fields_are_reported_and_the_others_predicted(missing: str, tmp_path: Path) -> None:
    """Without a mean nothing stands for a field; each prediction keeps the number of its row."""
    run = run_with_gaps(tmp_path, missing)
    (tmp_path / "new.csv").write_text("size,colour\n1,red\n,red\n3,\n4,blue\n")
    skipped: list[DataError] = []
    told: list[str] = []
    found = predict_inputs(run, [tmp_path / "new.csv"], told.append, skipped.append)
    assert [one.row for one in found] == [0, 3]
    assert told == [f"{tmp_path / 'new.csv'}: empty fields in the column size (1), the column colour (1)"]
    assert "new.csv: 2 rows with an empty field, first line 3, not predicted" in str(skipped[0])
    assert "--missing" not in str(skipped[0])
    with pytest.raises(DataError, match="not predicted"):
        predict_inputs(run, [tmp_path / "new.csv"], [].append)


def test_predictions_need_no_labels(table_run: tuple[Path, dict], tmp_path: Path) -> None:
    """The label's column may be empty in part or altogether, or hold what is no class."""
    _, *rows = (table_run[0].parent / "table.csv").read_text().splitlines()
    expected = predict_inputs(table_run[0], [table_run[0].parent / "table.csv"], pytest.fail)
    for label in ("", "?", "sideways"):
        lines = [row.rpartition(",")[0] + f",{label if place != 1 else 'low'}" for place, row in enumerate(rows)]
        (tmp_path / "new.csv").write_text("a,b,class\n" + "\n".join(lines) + "\n")
        found = predict_inputs(table_run[0], [tmp_path / "new.csv"], pytest.fail)
        np.testing.assert_array_equal([one.outputs for one in found], [one.outputs for one in expected])


def test_empty_fields_in_an_evaluation_are_explained(tmp_path: Path) -> None:
    """What is advised is possible: another training, or another table."""
    run = run_with_gaps(tmp_path, "error")
    (tmp_path / "new.csv").write_text("size,colour,kind\n1,red,x\n,red,y\n")
    with pytest.raises(DataError, match=r"line 3.*an empty field.*Fill it, or train with --missing drop or"):
        evaluate_run(run, str(tmp_path / "new.csv"), pytest.fail)
    (tmp_path / "drop").mkdir()
    run = run_with_gaps(tmp_path / "drop", "drop")
    told: list[str] = []
    evaluate_run(run, str(tmp_path / "new.csv"), told.append)
    assert any("left out: 1 row with an empty field, line 3" in note for note in told)


def test_values_in_other_units_are_noted(table_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """A column ten times as large as in the training set is named, with both ranges; one row far out is not."""
    told: list[str] = []
    (tmp_path / "other.csv").write_text("a,b\n1000,-2000\n1040,-2100\n980,-1900\n")
    predict_inputs(table_run[0], [tmp_path / "other.csv"], told.append)
    (note,) = [sentence for sentence in told if "far from" in sentence]
    assert re.search(r"values of the training set: a \(980 to 1040; in the training set 8\S+ to 1\S+\)$", note)
    (tmp_path / "one.csv").write_text("a,b\n1000,-2000\n104,-2100\n98,-1900\n")
    told.clear()
    predict_inputs(table_run[0], [tmp_path / "one.csv"], told.append)
    assert not [sentence for sentence in told if "far from" in sentence]
    (tmp_path / "labelled.csv").write_text("a,b,class\n1000,-2000,high\n1040,-2100,low\n980,-1900,low\n")
    evaluate_run(table_run[0], str(tmp_path / "labelled.csv"), told.append)
    assert sum("far from the values of the training set: a (980 to 1040" in sentence for sentence in told) == 1


def test_the_model_of_an_estimator_predicts_its_classes(tmp_path: Path) -> None:
    """Of two classes, which have a single output, each has its probability; predictions are those of the estimator."""
    X, y = DIGITS.data / 16, np.where(DIGITS.target > 4, "many", "few")
    estimator = MLPClassifier((8,), tol=0.01, random_state=0, learning_rate_init=0.01).fit(X, y)
    estimator.save(tmp_path / "model.safetensors")
    found = predicted(tmp_path / "model.safetensors", X[:50], tmp_path)
    np.testing.assert_allclose([one.outputs for one in found], estimator.predict_proba(X[:50]), rtol=1e-4, atol=1e-6)
    assert {one.to_dict(probabilities=True)["prediction"] for one in found} == {"few", "many"}
    np.savez(tmp_path / "data.npz", X=X, y=y)
    evaluation = evaluate_run(tmp_path / "model.safetensors", str(tmp_path / "data.npz"), [].append)
    assert dict(evaluation.rows)["accuracy"] == f"{np.mean(evaluation.predicted == evaluation.y):.2%}"
    assert np.mean(evaluation.predicted == evaluation.y) == estimator.score(X, y)


def test_a_model_of_numbers_without_classes_is_refused(tmp_path: Path, refused: Any) -> None:
    """A regressor's file has no classes to predict."""
    X = DIGITS.data / 16
    MLPRegressor(hidden_layer_sizes=(3,), max_iter=20, solver="lbfgs", tol=1).fit(X, X[:, 3]).save(tmp_path / "m")
    with refused(SettingError, "the loss squared_error", "no classes", "MLPRegressor.load"):
        predicted(tmp_path / "m", X[:5], tmp_path)
