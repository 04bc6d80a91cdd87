"""A folder of pictures with a table that names them and gives their labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.errors import DataError, FormatError

LABELS = ["bar", "dot"] * 10


def write(folder: Path, inner: str = "images") -> list[str]:
    """Write twenty pictures, a bar or a dot in turn, and return their names."""
    (folder / inner).mkdir(parents=True)
    for number, label in enumerate(LABELS):
        pixels = np.zeros((12, 12), np.uint8)
        pixels[2:10, 5:7] = 200 + number
        pixels[: 7 if label == "dot" else 0] = 0
        Image.fromarray(pixels).save(folder / inner / f"{number:02}.png")
    return [f"{number:02}.png" for number in range(20)]


def table(path: Path, header: str, rows: list[str]) -> None:
    """Write a table."""
    path.write_text("\n".join([header, *rows]) + "\n")


def assert_read(data: Any) -> None:
    """Compare what was read with the pictures."""
    assert (data.class_names, data.image_shape, len(data.X_train), len(data.X_test)) == (
        ("bar", "dot"),
        (12, 12),
        16,
        4,
    )
    heights = (data.X_train.reshape(-1, 12, 12) > 0).any(axis=2).sum(axis=1)
    assert [data.class_names[one] for one in data.y_train] == ["bar" if high == 8 else "dot" for high in heights]


@pytest.mark.parametrize("how", ["name", "stem", "path", "windows", "one-hot", "more", "train"])
@pytest.mark.parametrize("inner", [".", "images", "train"])
def test_a_table_beside_pictures_gives_their_labels(tmp_path: Path, how: str, inner: str) -> None:
    """Pictures are named in any usual way, in any order; the label is found as in other tables."""
    folder = tmp_path / "set"
    names = write(folder, inner)
    if inner == "train":  # as on Kaggle
        write(folder, "test")
        for path in (folder / "test").iterdir():
            path.rename(path.with_name(f"t{path.name}"))
    header, called = "file,label", names
    if how == "stem":
        header, called = "id,label", [name[:2] for name in names]
    if how in ("path", "windows"):
        called = [f"{inner}{'/' if how == 'path' else chr(92)}{name}" for name in names]
    rows = [f"{name},{label}" for name, label in zip(called, LABELS, strict=True)]
    if how == "one-hot":
        header, rows = "file,bar,dot", [f"{row.split(',')[0]},{int('bar' in row)},{int('dot' in row)}" for row in rows]
    if how == "more":
        header, rows = "size,label,file", [f"12,{','.join(row.split(',')[::-1])}" for row in rows]
    table(folder / ("train.csv" if how == "train" else "labels.csv"), header, rows[::-1])
    if how == "train":
        table(
            folder / "sample_submission.csv", "file,label", [f"{'t' * (inner == 'train')}{name},bar" for name in names]
        )
    data = load_data(folder)
    assert_read(data)
    assert any("names the pictures" in note for note in data.notes)
    assert any("not used: 20 of the pictures" in note for note in data.notes) == (inner == "train")
    assert any("not used: the column size of labels.csv" in note for note in data.notes) == (how == "more")


def test_the_label_of_pictures_may_be_chosen(tmp_path: Path) -> None:
    """--label names another column, and --missing drop leaves out a picture without one."""
    names = write(tmp_path)
    rows = [f"{name},{'' if name == '03.png' else kind},x{number % 2}" for number, (name, kind) in
            enumerate(zip(names, LABELS, strict=True))]  # fmt: skip
    table(tmp_path / "labels.csv", "file,kind,label", rows)
    assert load_data(tmp_path).class_names == ("x0", "x1")
    data = load_data(tmp_path, options=TableOptions(label="kind", missing="drop"))
    assert data.class_names == ("bar", "dot")
    assert len(data.X_train) + len(data.X_test) == 19


def test_a_table_that_does_not_fit_its_pictures_is_refused(tmp_path: Path, refused: Any) -> None:
    """A picture that is not there, one that is named twice, and two tables of equal standing."""
    names = write(tmp_path / "a")
    rows = [f"{name},{label}" for name, label in zip(names, LABELS, strict=True)]
    table(tmp_path / "a" / "labels.csv", "file,label", [*rows, "99.png,dot"])
    with refused(DataError, "labels.csv, line 22: '99.png' is the name of no picture", "the name of a picture"):
        load_data(tmp_path / "a")
    table(tmp_path / "a" / "labels.csv", "file,label", [*rows, rows[0]])
    with refused(DataError, "line 22: '00.png' is named a second time"):
        load_data(tmp_path / "a")
    for name in ("labels.csv", "others.csv"):
        table(tmp_path / "a" / name, "file,label", rows)
    with refused(DataError, "2 tables that name its pictures: labels.csv, others.csv", "Move the others"):
        load_data(tmp_path / "a")


def test_a_table_of_names_of_pictures_asks_for_the_folder(tmp_path: Path, refused: Any) -> None:
    """The table alone is no data, and what to do about it is said; doing so works."""
    rows = [f"{name},{label}" for name, label in zip(write(tmp_path), LABELS, strict=True)]
    table(tmp_path / "labels.csv", "file,label", rows)
    with refused(FormatError, "the folder that holds this table and them"):
        load_data(tmp_path / "labels.csv")
    assert_read(load_data(tmp_path))


def test_a_table_beside_pictures_that_it_does_not_name_is_read(tmp_path: Path) -> None:
    """A class 1 is no name of 1.png, and a table of numbers beside screenshots is data of its own."""
    write(tmp_path)
    table(tmp_path / "t.csv", "label,size", [f"{10 + number % 2},{number * number + 0.5}" for number in range(30)])
    data = load_data(tmp_path)
    assert (data.class_names, data.n_features) == (("10", "11"), 1)
