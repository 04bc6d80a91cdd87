import os
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data.table import read_csv, read_parquet
from handgrad.errors import DataError, FormatError

ROWS = [(i, 10.0 * i, "yes" if i % 2 else "no") for i in range(10)]


def write(path, lines):
    """Write lines of fields, separated by commas."""
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def pyarrow():
    """Return pyarrow, where it is installed."""
    pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    return pytest.importorskip("pyarrow")


@pytest.mark.parametrize("header", [None, ("a", "b", "label"), ("a", "b", "CLASS"), ("a", "b", "answer")])
def test_a_table_with_the_label_last(tmp_path, header):
    """With a header or without, words become classes in alphabetical order, and nobody's row is lost."""
    data = read_csv(write(tmp_path / "t.csv", ([header] if header else []) + ROWS))
    assert (data.name, data.class_names, data.image_shape) == ("t", ("no", "yes"), None)
    assert (data.X_train.shape, data.X_test.shape) == ((8, 2), (2, 2))
    assert bool(data.notes) == (header is None or header[2] == "answer")


@pytest.mark.parametrize("name", ["label", "Class", "target", "y"])
def test_the_label_column_is_found_by_name(tmp_path, name):
    """A column of one of the four names is the label, wherever it stands."""
    data = read_csv(write(tmp_path / "t.csv", [(name, "a", "b")] + [(word, i, j) for i, j, word in ROWS]))
    assert data.class_names == ("no", "yes")
    np.testing.assert_array_equal(data.X_train[:, 0], data.X_train[:, 1])


def test_the_scaling_is_fitted_on_the_training_part(tmp_path):
    """Training columns fill 0..1 exactly; the scaling takes the raw rows to the same numbers."""
    rng = np.random.default_rng(0)
    raw = rng.normal(1e6, 1, (40, 3))
    data = read_csv(write(tmp_path / "t.csv", [(*map(repr, map(float, row)), i % 3) for i, row in enumerate(raw)]))
    assert (data.X_train.min(axis=0) == 0).all()
    assert (data.X_train.max(axis=0) == 1).all()
    rows = {tuple(row) for row in data.scaling.apply(raw)}
    assert rows == {tuple(row) for row in np.concatenate([data.X_train, data.X_test])}


def test_whole_number_labels_keep_their_names_and_order(tmp_path):
    """Labels 1, 2, 10 are the classes "1", "2", "10"; 1 and 1.0 are the same."""
    data = read_csv(write(tmp_path / "t.csv", [(i, ["10", "2", "1", "1.0"][i % 4]) for i in range(20)]))
    assert data.class_names == ("1", "2", "10")
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [10, 5, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_other_separators_quotes_and_a_byte_order_mark(tmp_path, delimiter, newline):
    """Semicolons, tabs, quoted fields, empty lines and Windows' habits are understood."""
    lines = ['"size, in cm"', "label"], *(['" 1"', '"größer"'], ["2", "kleiner"]) * 5, []
    content = newline.join(delimiter.join(line) for line in lines)
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert read_csv(tmp_path / "t.csv").class_names == ("größer", "kleiner")


BAD = {
    "empty": ("", "its first row has 0 columns"),
    "one-column": ("1\n2\n", "its first row has 1 columns"),
    "header-only": ("a,label\n", "has no examples"),
    "ragged": ("1,2,a\n1,2\n", "line 2: 2 fields"),
    "too-long": ("1,2,a\n1,2,a\n1,2,3,a\n", "line 3: 4 fields"),
    "word": ("a,b,label\n1,2,x\n1,two,y\n", "line 3, b: 'two' is not a number"),
    "word-behind-label": ("a,label,b\n1,x,2\n1,y,two\n", "line 3, b: 'two' is not a number"),
    "empty-field": ("1,2,a\n1,,b\n", "line 2, column 2: '' is not a number"),
    "empty-label": ("1,2,a\n1,2, \n", "line 2: an empty label"),
    "nan": ("1,2,a\n1,nan,b\n", "nan in example 2, feature 2"),
    "regression": ("1,0.5\n2,1.5\n3,2.5\n", "not whole numbers, such as 0.5"),
    "one-class": ("1,a\n2,a\n", "1 different labels"),
    "singles": ("1,a\n2,b\n", "no class has two examples"),
    "index": (",a,label\n0,1,x\n1,2,y\n", "column 1 has no name"),
    "doubled": ("a,a,label\n0,1,x\n1,2,y\n", "two columns are called 'a'"),
    "counted": ("0,1,2\n5,6,1\n7,8,0\n", "counts 0, 1, 2"),
    "ambiguous": ("1,2,y\n3,4,n\n5,6,y\n7,8,n\n", "'y' is also a label"),
    "open-quote": ('1,a\n2,"b\n', "unexpected end of data"),
    "long-field": ("1,a\n2," + "b" * 200_000, "field larger than field limit"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_with_its_line(refused, tmp_path, name):
    """What cannot be read, or can be read in two ways, is refused with the place at fault."""
    content, piece = BAD[name]
    (tmp_path / "t.csv").write_text(content)
    with refused(FormatError if piece not in _ABOUT_DATA else DataError, piece):
        read_csv(tmp_path / "t.csv")


_ABOUT_DATA = {BAD[name][1] for name in ("nan", "regression", "one-class", "singles")}


def test_what_is_no_utf_8_is_refused(refused, tmp_path):
    """Another encoding is named as the cause."""
    (tmp_path / "t.csv").write_bytes("1,größer\n".encode("latin1"))
    with refused(FormatError, "CSV in UTF-8"):
        read_csv(tmp_path / "t.csv")


def test_too_large_a_table_is_refused_unread(refused, tmp_path):
    """The size is looked at first."""
    with (tmp_path / "t.csv").open("wb") as file:
        os.truncate(file.fileno(), 2**28 + 1)
    with refused(FormatError, "at most 268435456 bytes"):
        read_csv(tmp_path / "t.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text('01.,;\n"yeabl\0\ufeff-', max_size=60))
def test_any_text_raises_nothing_but_a_data_error(tmp_path, content):
    """Any text is a table or a DataError."""
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with suppress(DataError):
        read_csv(tmp_path / "t.csv")


def test_a_parquet_table_equals_its_csv(pyarrow, tmp_path):
    """The same rows give the same data from either format."""
    columns = {"a": [row[0] for row in ROWS], "label": [row[2] for row in ROWS], "b": [row[1] for row in ROWS]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    ours, theirs = (
        read_parquet(tmp_path / "t.parquet"),
        read_csv(write(tmp_path / "t.csv", [("a", "b", "label"), *ROWS])),
    )
    for name in ("X_train", "y_train", "X_test", "y_test", "class_names", "scaling"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_bad_parquet_tables_are_refused(pyarrow, refused, tmp_path):
    """Words, gaps, missing labels and foreign bytes are refused."""
    path = tmp_path / "t.parquet"
    for column, piece in ((["x", "y"], "column 'a' of type string"), ([1, None], "with 1 empty fields")):
        pyarrow.parquet.write_table(pyarrow.table({"a": column, "label": [0, 1]}), path)
        with refused(FormatError, piece):
            read_parquet(path)
    pyarrow.parquet.write_table(pyarrow.table({"a": [0, 1], "label": ["x", None]}), path)
    with refused(FormatError, "row 2: an empty label"):
        read_parquet(path)
    pyarrow.parquet.write_table(pyarrow.table({"a": [0, 1]}), path)
    with refused(FormatError, "2 rows of 1 columns"):
        read_parquet(path)
    path.write_text("a,label\n1,x\n")
    with refused(FormatError, "is not a Parquet file"):
        read_parquet(path)


def test_without_pyarrow_the_extra_is_named(refused, tmp_path, monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with refused(DataError, "the extra `parquet`", "pip install 'handgrad[parquet]'"):
        read_parquet(tmp_path / "t.parquet")
