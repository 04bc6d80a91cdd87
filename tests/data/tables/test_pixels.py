"""The pixels of a table among its other columns, for a network of images; and its labels, compared whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from handgrad.data import load_data, read_part
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError

X, Y = load_digits().data[:30].astype(int), load_digits().target[:30]
PIXELS = pd.DataFrame(X, columns=[f"p{number}" for number in range(64)])
IDS = list(range(30))
OTHER = PIXELS.rename(columns={name: "".join(chr(97 + int(d)) for d in name[1:]) + "q" for name in PIXELS})

# What stands beside the pixels, the label's column if there is one, and whether the names are written.
TABLES: dict[str, tuple[pd.DataFrame, str | None, bool]] = {
    "pixels alone": (PIXELS, None, True),
    "without names": (PIXELS, None, False),
    "id first": (PIXELS.assign(id=IDS)[["id", *PIXELS]], None, True),
    "id last": (PIXELS.assign(image_id=IDS), None, True),
    "id and label": (PIXELS.assign(id=IDS, label=Y)[["id", *PIXELS, "label"]], "label", True),
    "id, name, label": (PIXELS.assign(nr=IDS, file="a.png", digit=Y)[["nr", "file", "digit", *PIXELS]], "digit", True),
    "a label of another name": (PIXELS.assign(truth=Y)[["truth", *PIXELS]], "truth", True),
    "pixels by row and column": (
        PIXELS.set_axis([f"pixel_{r}_{c}" for r in range(8) for c in range(8)], axis=1).assign(ID=IDS), None, True
    ),
    "names that tell nothing": (OTHER.assign(id=IDS, label=Y)[["id", "label", *OTHER]], "label", True),
    "one-hot labels": (PIXELS.assign(**{f"is{k}": (k == Y).astype(int) for k in range(10)}), "one-hot", True),
    "a label last, no names": (PIXELS.assign(label=Y), "65", False),
    "words first, no names": (PIXELS.assign(label=[f"a{k}" for k in Y])[["label", *PIXELS]], "1", False),
    "row numbers first, no names": (PIXELS.assign(id=IDS)[["id", *PIXELS]], None, False),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_column_beside_the_pixels_does_not_shift_them(name: str, tmp_path: Path) -> None:
    """Names, or values that no margin has, tell which columns are pixels; what the label is taken from is noted."""
    table, label, named = TABLES[name]
    table.to_csv(tmp_path / "t.csv", index=False, header=named)
    rows = read_table_rows(tmp_path / "t.csv", None, 64)
    np.testing.assert_array_equal(rows.X, X)
    assert (rows.labels is None) == (label is None)
    if rows.labels is not None:
        assert [word.removeprefix("is").removeprefix("a") for word in rows.labels] == list(map(str, Y))
        shown = "is0,is1" if label == "one-hot" else label
        assert any(note.startswith("using the column") and f" {shown}" in note for note in rows.notes) or not named
        assert any(note.startswith("using ") for note in rows.notes)


REFUSED: dict[str, tuple[pd.DataFrame, bool, str]] = {
    "a pixel too few beside an id": (PIXELS.assign(id=IDS)[["id", *PIXELS][:64]], True, "64 columns, of which 63 may"),
    "a pixel too many": (PIXELS.assign(p64=1), True, "has 65 columns"),
    "a column that may be any": (OTHER.assign(extra=IDS), True, "has 65 columns"),
    "a label first, no names": (PIXELS.assign(label=Y)[["label", *PIXELS]], False, "without names"),
    "two columns too many, no names": (PIXELS.assign(id=IDS, label=Y), False, "has 66 columns"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_shift_the_pixels_is_refused(name: str, tmp_path: Path, refused: Any) -> None:
    """If neither names nor values tell which columns are pixels, none is guessed."""
    table, named, piece = REFUSED[name]
    table.to_csv(tmp_path / "t.csv", index=False, header=named)
    with refused(DataError, piece, "64 columns of"):
        read_table_rows(tmp_path / "t.csv", None, 64)


def test_an_id_is_no_label(tmp_path: Path, refused: Any) -> None:
    """A table with an id but without labels is not evaluated."""
    PIXELS.assign(id=Y).to_csv(tmp_path / "t.csv", index=False)
    with refused(DataError, "t.csv has no labels; expected a column called label"):
        read_part(str(tmp_path / "t.csv"), load_data("digits"))


@pytest.mark.parametrize("word", ["1.9", "2.5.1", "1.html", "1.0.0", "1."])
def test_labels_are_compared_whole(word: str, tmp_path: Path, refused: Any) -> None:
    """1.0 is the class 1, as numbers are written in a column with an empty field; 1.9 is no class."""
    lines = "".join(f"{number},{number % 2 + 1}\n" for number in range(12))
    (tmp_path / "train.csv").write_text("a,label\n" + lines)
    data = load_data(tmp_path / "train.csv")
    (tmp_path / "test.csv").write_text("a,label\n1,1.0\n2,2.00\n3,1\n")
    assert read_part(str(tmp_path / "test.csv"), data).y.tolist() == [0, 1, 0]
    (tmp_path / "test.csv").write_text(f"a,label\n1,1\n2,{word}\n3,2\n")
    if word == "1.":
        assert read_part(str(tmp_path / "test.csv"), data).y.tolist() == [0, 0, 1]
        return
    with refused(DataError, f"the label {word!r}, which the training set does not have"):
        read_part(str(tmp_path / "test.csv"), data)


def test_pixels_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Columns that are sorted by their names, pixel1, pixel10, pixel2, ..., are the same images as any others."""
    table = PIXELS.set_axis([f"pixel{number}" for number in range(64)], axis=1)
    for name, columns in (("own.csv", table), ("sorted.csv", table[sorted(table)])):
        columns.assign(label=Y).to_csv(tmp_path / name, index=False)
    own, by_name = (read_table_rows(tmp_path / name, None, 64) for name in ("own.csv", "sorted.csv"))
    np.testing.assert_array_equal(by_name.X, own.X)
    learned = load_data(tmp_path / "sorted.csv")
    assert learned.columns is not None
    assert [column.name for column in learned.columns.features] == list(table)
