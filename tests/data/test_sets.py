"""The sets of a training: a test file of one's own, and a validation set that is held out or in a file."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from handgrad.data import Dataset, DataSettings, convert, load_data, load_sets, read_part
from handgrad.errors import DataError, SettingError, ShapeError

ROWS = [(f"{i % 7 + i / 10:.1f}", ("red", "blue", "green")[i % 3], ("small", "big")[i % 2]) for i in range(40)]


def write(path: Path, rows: list[tuple[str, str, str]], header: str = "size,colour,kind") -> str:
    """Write rows of a size, a colour and a kind as CSV, with the columns in the order of the header."""
    place = [("size", "colour", "kind").index(name) for name in header.split(",")]
    path.write_text("\n".join([header, *(",".join(row[at] for at in place) for row in rows)]) + "\n")
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Write 40 rows of a number, three colours and two kinds."""
    return write(tmp_path / "train.csv", ROWS)


def rows_of(X: np.ndarray, y: np.ndarray | None) -> set[tuple[float, ...]]:
    """Return examples as a set that can be compared."""
    assert y is not None
    return {(*map(float, x), float(label)) for x, label in zip(X, y, strict=True)}


def test_a_test_file_leaves_all_rows_for_training(table: str, tmp_path: Path) -> None:
    """Its columns and labels are matched by name and scaled as the training set's; an unknown word is no category."""
    others = [("0.0", "violet", "big"), ("9.8", "blue", "big")]
    other = write(tmp_path / "test.csv", others, "kind,size,colour")
    data = load_sets(DataSettings(data=table, test=other))
    sizes = np.array([float(size) for size, _, _ in ROWS])
    scaled = (np.array([0.0, 9.8]) - sizes.min()) / (sizes.max() - sizes.min())
    assert data.X_train.shape == (40, 4)  # a size and three colours, in alphabetical order
    assert data.class_names == ("big", "small")
    np.testing.assert_allclose(data.X_test, [[scaled[0], 0, 0, 0], [scaled[1], 1, 0, 0]], rtol=1e-6)
    assert data.y_test.tolist() == [0, 0]
    assert f"{other}: no example of class small" in data.notes


def test_a_share_of_a_table_is_held_out_before_the_scaling(table: str) -> None:
    """Training, validation and test set share no row; the test set is that of a training without a validation set."""
    plain, data = load_sets(DataSettings(data=table)), load_sets(DataSettings(data=table, validation=0.25))
    assert data.X_validation is not None
    assert [len(data.X_train), len(data.X_validation), len(data.X_test)] == [24, 8, 8]
    assert data.y_test.tolist() == plain.y_test.tolist()
    assert np.bincount(data.y_validation).tolist() == [4, 4]
    parts = [rows_of(data.X_train, data.y_train), rows_of(data.X_validation, data.y_validation)]
    parts.append(rows_of(data.X_test, data.y_test))
    assert sum(map(len, parts)) == len(set().union(*parts)) == 40
    assert (data.X_train[:, 0].min(), data.X_train[:, 0].max()) == (0, 1)


@pytest.mark.parametrize("name", ["copy.npz", "copy"])
def test_other_sets_are_held_out_of_and_tested_on(name: str, tmp_path: Path) -> None:
    """A share of a set with a test set comes from its training set; a file gives its test set as either set."""
    digits = load_data("digits")
    path = str(convert(digits, tmp_path / name))
    data = load_sets(DataSettings(validation=0.1, test=path))
    assert data.X_validation is not None
    assert data.y_validation is not None
    np.testing.assert_array_equal(data.X_test, digits.X_test)
    assert rows_of(data.X_train, data.y_train) | rows_of(data.X_validation, data.y_validation) == rows_of(
        digits.X_train, digits.y_train
    )
    counts = np.bincount(digits.y_train)
    assert np.bincount(data.y_validation).tolist() == [round(0.1 * count) for count in counts.tolist()]
    np.testing.assert_array_equal(load_sets(DataSettings(validation=path)).X_validation, digits.X_test)


def test_tables_and_other_files_go_together(tmp_path: Path) -> None:
    """Images in a CSV are tested on images in another format, and the other way round."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (30, 784)), np.arange(30) % 3
    pixels = ["label," + ",".join(f"pixel{i}" for i in range(784))]
    (tmp_path / "images.csv").write_text(
        "\n".join([*pixels, *(f"{label}," + ",".join(map(str, x)) for x, label in zip(X, y, strict=True))]) + "\n"
    )
    np.savez(tmp_path / "images.npz", x_train=X, y_train=y, x_test=X[:9], y_test=y[:9])
    table, arrays = str(tmp_path / "images.csv"), str(tmp_path / "images.npz")
    first, second = load_sets(DataSettings(data=table, test=arrays)), load_sets(DataSettings(data=arrays, test=table))
    assert (len(first.X_train), len(first.X_test), len(second.X_test)) == (30, 9, 30)
    np.testing.assert_array_equal(first.X_test, second.X_test[:9])
    np.testing.assert_array_equal(first.X_train, second.X_test)


@pytest.mark.parametrize(
    ("missing", "sizes"), [("drop", [40, 1]), ("mean", [40, 2])], ids=["rows are dropped", "means are filled in"]
)
def test_empty_fields_of_a_test_file(missing: Any, sizes: list[int], table: str, tmp_path: Path) -> None:
    """They are treated as those of the training file, and refused by default."""
    other = write(tmp_path / "test.csv", [("", "red", "big"), ("1.0", "red", "small")])
    data = load_sets(DataSettings(data=table, test=other, missing=missing))
    assert [len(data.X_train), len(data.X_test)] == sizes
    with pytest.raises(DataError, match=r"test\.csv, line 2, the column size: an empty field"):
        load_sets(DataSettings(data=table, test=other))


@pytest.mark.parametrize("form", ["table", "folder", "folder with a test set"])
@pytest.mark.parametrize("header", ["colour,kind,size", "KIND,Size,Colour"])
def test_data_that_are_read_again_have_the_columns_of_the_model(form: str, header: str, tmp_path: Path) -> None:
    """Columns in another order or with other capitals become the same inputs; a new word is noted."""
    folder = tmp_path / "set"
    folder.mkdir()
    settings = DataSettings(data=str(folder if "folder" in form else folder / "train.csv"))
    if "test" in form:
        write(folder / "test.csv", ROWS[:9])
    write(folder / "train.csv", ROWS)
    first = load_sets(settings)
    rows = [*ROWS[:-1], ("1.0", "violet", "big")]
    write(folder / "train.csv", rows, header.lower())
    for path in folder.iterdir():
        if "test" in path.name:
            write(path, ROWS[:9], header.lower())
        path.write_text(path.read_text().replace(header.lower(), header))
    again = load_sets(settings, like=first)
    np.testing.assert_array_equal(again.X_test, first.X_test)
    np.testing.assert_array_equal(again.y_test, first.y_test)
    assert (again.columns, again.scaling) == (first.columns, first.scaling)
    assert any("'violet' in 1 row" in note for note in again.notes)


@pytest.mark.parametrize("header", ["size,shade,kind", "size,colour,species", "colour,size,grade"])
def test_data_that_are_read_again_with_other_columns_are_refused(header: str, table: str, refused: Any) -> None:
    """A column, or the label, that has another name now is missing: nothing is matched by its place."""
    first = load_sets(DataSettings(data=table))
    content = Path(table).read_text()
    Path(table).write_text(content.replace("size,colour,kind", header))
    with refused(DataError, "lacks the column colour" if "shade" in header else "train.csv has no labels"):
        load_sets(DataSettings(data=table), like=first)


@pytest.mark.parametrize(
    ("rows", "header", "piece"),
    [
        ([("1", "red", "huge")], "size,colour,kind", "the label 'huge', which the training set does not have"),
        ([("1", "red", "big")], "size,kind", "lacks the column colour"),
        ([("1", "red", "big")], "size,colour", "has no labels"),
        ([("", "red", "big")], "size,colour,kind", "an empty field"),
    ],
)
def test_a_test_file_that_does_not_match_is_refused(
    rows: list[tuple[str, str, str]], header: str, piece: str, table: str, tmp_path: Path
) -> None:
    """A new class, a missing column and missing labels are each said with the file's name."""
    other = write(tmp_path / "other.csv", rows, header)
    with pytest.raises(DataError, match=f"other.csv.*{piece}"):
        load_sets(DataSettings(data=table, test=other))


@pytest.mark.parametrize("option", ["test", "validation"])
def test_a_file_that_lacks_the_label_is_not_said_to_lack_a_feature(option: str, tmp_path: Path) -> None:
    """If the label was guessed, the message says what was guessed and what to do."""
    rows = [(i * 7 % 10, i * 3 % 2, ("red", "blue")[i % 2], ("S", "C")[i // 2 % 2]) for i in range(40)]
    for name in ("train", "test"):
        lines = [("age", "won it", "colour", "port"), *rows]
        kept = [line if name == "train" else (line[0], *line[2:]) for line in lines]
        (tmp_path / f"{name}.csv").write_text("\n".join(",".join(map(str, line)) for line in kept) + "\n")
    other = str(tmp_path / "test.csv")
    settings: dict[str, Any] = {option: other}
    with pytest.raises(DataError) as caught:
        load_sets(DataSettings(data=str(tmp_path / "train.csv"), **settings))
    assert "test.csv lacks the column won it; expected" in str(caught.value)
    assert "in which port was taken as the label" in str(caught.value)
    assert f"write --label 'won it' and leave out --{option}, because {other} has no labels" in str(caught.value)
    with pytest.raises(DataError, match="has no labels"):
        load_sets(DataSettings(data=str(tmp_path / "train.csv"), label="won it", **settings))


def test_columns_of_a_test_file_that_are_not_used_are_named(table: str, tmp_path: Path) -> None:
    """One of them may be meant for a column of the training set; names that differ in case are the same."""
    (tmp_path / "other.csv").write_text("SIZE,colour,weight,height,Kind \n1,red,2,3,big\n2,blue,3,4,small\n")
    data = load_sets(DataSettings(data=table, test=str(tmp_path / "other.csv")))
    assert f"{tmp_path / 'other.csv'}: columns not used: weight, height" in data.notes


def test_wrong_settings_are_refused(table: str) -> None:
    """Shares of nothing or everything, data of other features, and two sets from one standard input."""
    for share in (0, 1, 1.5, -0.1):
        with pytest.raises(SettingError, match="between 0 and 1"):
            DataSettings(validation=share)
    with pytest.raises(SettingError, match="standard input"):
        DataSettings(data="-", test="-")
    with pytest.raises(ShapeError, match="64 features"):
        load_sets(DataSettings(data=table, test="digits"))
    with pytest.raises(DataError, match="neither a known data set nor a path"):
        load_sets(DataSettings(test="no/such/file.csv"))


@pytest.mark.parametrize(
    "option", [{"label": "x"}, {"drop": ("x", "y")}, {"missing": "drop"}, {"missing": "mean", "label": "x"}]
)
@pytest.mark.parametrize("data", ["digits", "set.npz", "set", "set.zip", "pictures"])
def test_options_of_tables_are_refused_for_other_data(
    option: dict[str, Any], data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    """Named sets, arrays, IDX files, pictures and archives of them have no columns; nothing is ignored."""
    monkeypatch.chdir(tmp_path)
    convert(load_data("digits"), Path("set.npz"))
    convert(load_data("digits"), Path("set"))
    shutil.make_archive("set", "zip", "set")
    for number in range(10):
        place = Path("pictures", "ab"[number % 2])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(8, dtype=np.uint8) * 200).save(place / f"{number}.png")
    flags = " and ".join(f"--{name}" for name in ("label", "drop", "missing") if name in option)
    with refused(SettingError, f"{flags}: {data.removesuffix('.zip')} is not a table"):
        load_sets(DataSettings(data=data, **option))
    assert len(load_sets(DataSettings(data=data)).X_train) >= 8


def test_missing_fields_may_be_those_of_a_test_file(tmp_path: Path) -> None:
    """Then the training set need not be a table."""
    raw = load_digits().data[:6].astype(int).astype(str)
    raw[0, 5] = ""
    lines = [",".join([f"p{k}" for k in range(64)] + ["label"]), *(f"{','.join(row)},{k}" for k, row in enumerate(raw))]
    (tmp_path / "test.csv").write_text("\n".join(lines) + "\n")
    data = load_sets(DataSettings(test=str(tmp_path / "test.csv"), missing="drop"))
    assert data.y_test.tolist() == [1, 2, 3, 4, 5]


def test_a_part_knows_its_classes_by_name(tmp_path: Path) -> None:
    """Classes in another order, or only some of them, have the numbers that they have in the training set."""
    X = np.eye(4, dtype=np.float32)
    like = Dataset("toy", X, np.arange(4), X, np.arange(4), ("a", "b", "c", "d"), None, load_data("digits").scaling)
    np.savez(tmp_path / "some.npz", x_train=X, y_train=[0, 1, 0, 1], x_test=X, y_test=[0, 0, 1, 1],
             class_names=["d", "b"], minimum=0.0, maximum=16.0)  # fmt: skip
    part = read_part(str(tmp_path / "some.npz"), like)
    assert part.y.tolist() == [3, 3, 1, 1]
    assert "no example of class a, c" in part.notes


def test_a_part_is_not_said_to_be_scaled_by_its_own_training_set(tmp_path: Path) -> None:
    """The ranges of another file's training set have no effect on its test set, and no note tells of them."""
    rng = np.random.default_rng(0)
    for name, low in (("own", 0.0), ("other", -3.0)):
        X, y = rng.uniform(low, 8, (20, 3)), np.arange(20) % 2
        np.savez(tmp_path / f"{name}.npz", x_train=X, y_train=y, x_test=X[:6], y_test=y[:6])
    like = load_data(tmp_path / "own.npz")
    assert any("in the training set are scaled" in note for note in like.notes)
    assert read_part(str(tmp_path / "own.npz"), like).notes == like.notes
    part = read_part(str(tmp_path / "other.npz"), like)
    assert not any("scaled" in note for note in part.notes)
    np.testing.assert_allclose(part.X, like.scaling.apply(np.load(tmp_path / "other.npz")["x_test"]), atol=1e-6)


@pytest.mark.parametrize("trained", ["word", "bare", "dummies", "bool"])
@pytest.mark.parametrize("asked", ["word", "bare", "dummies", "bool"])
def test_labels_in_another_form_are_the_same_labels(trained: str, asked: str, tmp_path: Path) -> None:
    """Words, and one-hot columns called as the classes, with a common beginning or truth values."""
    words, kinds = ["red", "blue", "green"] * 10, ["blue", "green", "red"]

    def write(form: str, path: Path) -> str:
        begin = "" if form == "bare" else "colour_"
        names = ["colour"] if form == "word" else [begin + kind for kind in kinds]
        one_hot = [[str(w == k if form == "bool" else int(w == k)) for k in kinds] for w in words]
        labels = [[word] for word in words] if form == "word" else one_hot
        rows = [",".join([f"{number}.5", f"{number * number}", *label]) for number, label in enumerate(labels)]
        path.write_text("\n".join([",".join(["a", "b", *names]), *rows]) + "\n")
        return str(path)

    like = load_data(write(trained, tmp_path / "train.csv"))
    assert like.n_features == 2
    part = read_part(write(asked, tmp_path / "test.csv"), like)
    begin = "colour_" if trained in ("dummies", "bool") else ""
    assert [like.class_names[one] for one in part.y] == [begin + word for word in words]
    data = load_sets(DataSettings(data=str(tmp_path / "test.csv")), like=like)
    assert data.class_names == like.class_names


def test_no_labels_in_any_form_are_called_so(table: str, tmp_path: Path, refused: Any) -> None:
    """One-hot columns of other classes are no labels, and what would be is said."""
    like = load_data(table)
    names = [column.name for column in like.columns.features] if like.columns else []
    rows = [",".join(["1"] * len(names) + ["1", "0"])] * 4
    (tmp_path / "t.csv").write_text("\n".join([",".join([*names, "u", "v"]), *rows]) + "\n")
    with refused(DataError, "has no labels", "or one-hot columns called as the classes"):
        read_part(str(tmp_path / "t.csv"), like)
