"""Parquet as other programs write it: pandas' index, bytes, large numbers, dates, and a pipe."""

import gzip
import hashlib
import io
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError, FormatError

pd = pytest.importorskip("pandas")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS = 30
WIDTH = [i * 7 % 11 for i in range(ROWS)]
KIND = [("alder", "birch", "cedar")[i % 3] for i in range(ROWS)]


def written(folder: Path, columns: dict[str, Any] | Any) -> Path:
    """Write a table."""
    table = columns if isinstance(columns, arrow.Table) else arrow.table(columns)
    parquet.write_table(table, folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize("index", [None, "number", ["number", "day"]])
def test_the_index_of_pandas_is_no_feature(index: str | list[str] | None, tmp_path: Path) -> None:
    """Whatever it is called, it is left out with a note, and a new table does without it."""
    frame = pd.DataFrame({"width": WIDTH, "kind": KIND, "number": range(ROWS), "day": range(ROWS)})
    frame = frame.drop(columns=["number", "day"]) if index is None else frame.set_index(index)
    frame.sort_values("kind").to_parquet(tmp_path / "t.parquet")
    data = load_data(tmp_path / "t.parquet")
    called = {None: "__index_level_0__", "number": "number"}.get(str(index) if index else None, "number, day")
    left_out = {"day"} if index == "number" else set()
    assert data.columns is not None
    assert {column.name for column in data.columns.features} == {"width", *left_out}
    assert f"the index that pandas wrote, {called}, is not a feature; left out" in data.notes


def test_labels_in_the_index_of_pandas_are_labels(tmp_path: Path) -> None:
    """An index that is called as labels are is the label."""
    pd.DataFrame({"width": WIDTH, "label": KIND}).set_index("label").to_parquet(tmp_path / "t.parquet")
    data = load_data(tmp_path / "t.parquet")
    assert data.class_names == ("alder", "birch", "cedar")
    assert not any("index" in note for note in data.notes)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """As in CSV; none of them is lost in silence."""
    path = written(tmp_path, arrow.table([WIDTH, WIDTH[::-1], KIND], names=["a", "a", "label"]))
    with pytest.raises(FormatError, match="two columns are called 'a'"):
        load_data(path)


def test_whole_numbers_that_are_not_exact_as_floats(tmp_path: Path) -> None:
    """Beside empty fields, too, labels stay apart; a column of such numbers is a feature, or is left out on request."""
    large = [2**60 + i % 2 for i in range(ROWS - 2)] + [None, None]
    path = written(tmp_path, {"width": WIDTH, "label": large})
    data = load_data(path, options=TableOptions(missing="drop"))
    assert data.class_names == ("1152921504606846976", "1152921504606846977")
    path = written(tmp_path, {"id": large, "width": WIDTH, "label": KIND})
    with pytest.raises(FormatError, match="row 29, the column id: an empty field"):
        load_data(path)
    assert load_data(path, options=TableOptions(drop=("id",))).n_features == 1
    data = load_data(path, options=TableOptions(missing="mean"))
    assert data.columns is not None
    assert data.columns.features[0].fill == pytest.approx(2.0**60)


def test_bytes_are_words_if_they_are_text(tmp_path: Path) -> None:
    """As TensorFlow writes labels; also in a dictionary, of a fixed size, and with words that begin as pictures do."""
    words = {"alder": "BMW", "birch": "Bir", "cedar": "Ced"}
    contents = [words[kind].encode() for kind in KIND]
    for cells in (
        arrow.array(contents),
        arrow.array(contents).dictionary_encode(),
        arrow.array(contents, arrow.binary(3)),
    ):
        data = load_data(written(tmp_path, {"width": WIDTH, "label": cells}))
        assert data.class_names == ("BMW", "Bir", "Ced")
        data = load_data(written(tmp_path, {"maker": cells, "width": WIDTH, "label": [w % 2 for w in WIDTH]}))
        assert data.columns is not None
        assert data.columns.features[0].words == ("BMW", "Bir", "Ced")


def test_bytes_that_are_neither_text_nor_pictures(tmp_path: Path) -> None:
    """They are called what they are, and can be left out."""
    digests = [hashlib.sha256(bytes([i])).digest() for i in range(ROWS)]
    path = written(tmp_path, {"digest": digests, "width": WIDTH, "label": KIND})
    with pytest.raises(FormatError, match="column 'digest' is of type binary; expected numbers or texts"):
        load_data(path)
    assert load_data(path, options=TableOptions(drop=("digest",))).n_features == 1


def test_advice_on_dates_can_be_followed(tmp_path: Path) -> None:
    """A label of dates is to be converted, or another one named; --drop is for features only."""
    days = [date(2020, 1, 1 + i % 2) for i in range(ROWS)]
    path = written(tmp_path, {"width": WIDTH, "kind": KIND, "label": days})
    with pytest.raises(FormatError, match="column 'label' is of type date32") as caught:
        load_data(path)
    assert "--drop" not in caught.value.remedy
    assert "train with another column as the --label" in caught.value.remedy
    data = load_data(path, options=TableOptions(label="kind", drop=("label",)))
    assert data.n_features == 1
    path = written(tmp_path, {"width": days, "kind": KIND})
    with pytest.raises(DataError, match="Convert the column to what it was in the training set"):
        read_table_rows(path, data.columns, 1)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet_from_the_standard_input(pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as the file is, also if it is compressed once more."""
    path = written(tmp_path, {"width": WIDTH, "label": KIND})
    content = pack(path.read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    piped, named = load_data("-"), load_data(path)
    assert piped.class_names == named.class_names
    np.testing.assert_array_equal(piped.X_train, named.X_train)


def test_a_minus_sign_in_parquet_is_a_label(tmp_path: Path) -> None:
    """The classes + and - are both there."""
    table = arrow.table({"a": list(range(40)), "label": ["+-"[n % 2] for n in range(40)]})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert load_data(tmp_path / "t.parquet").class_names == ("+", "-")


@pytest.mark.parametrize("keep_schema", [True, False])
def test_a_text_that_is_repeated_very_often_is_refused(refused, tmp_path, keep_schema):
    """A file of 3 kB, whose texts would take 20 GB."""
    text = arrow.DictionaryArray.from_arrays(arrow.array([0] * 200_000, arrow.int32()), ["x" * 100_000])
    table = arrow.table({"a": text, "label": [0, 1] * 100_000})
    parquet.write_table(table, tmp_path / "a.parquet", compression="zstd", store_schema=keep_schema)
    with refused(FormatError, "20000000000 bytes"):
        load_data(tmp_path / "a.parquet")
