import bz2
import datetime
import decimal
import gzip
import lzma
import os
import re
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data.dataset import Scaling
from handgrad.data.features import Column
from handgrad.data.settings import TableOptions
from handgrad.data.splits import stratified_split
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.data.tables.table import read_table
from handgrad.data.text.marks import Marks
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
    data = read_table(write(tmp_path / "t.csv", ([header] if header else []) + ROWS))
    assert (data.name, data.class_names, data.image_shape) == ("t", ("no", "yes"), None)
    assert (data.X_train.shape, data.X_test.shape) == ((8, 2), (2, 2))
    assert data.notes[-1] == "no test set: a fifth of each class is the test set"
    assert bool(data.notes[:-1]) == (header is None or header[2] == "answer")


@pytest.mark.parametrize("name", ["label", "Class", "target", "y"])
def test_the_label_column_is_found_by_name(tmp_path, name):
    """A column of one of the four names is the label, wherever it stands."""
    data = read_table(write(tmp_path / "t.csv", [(name, "a", "b")] + [(word, i, j) for i, j, word in ROWS]))
    assert data.class_names == ("no", "yes")
    np.testing.assert_array_equal(data.X_train[:, 0], data.X_train[:, 1])


def test_the_scaling_is_fitted_on_the_training_part(tmp_path):
    """Training columns fill 0..1 exactly; the scaling takes the raw rows to the same numbers."""
    rng = np.random.default_rng(0)
    raw = rng.normal(1e6, 1, (40, 3))
    data = read_table(write(tmp_path / "t.csv", [(*map(repr, map(float, row)), i % 3) for i, row in enumerate(raw)]))
    assert (data.X_train.min(axis=0) == 0).all()
    assert (data.X_train.max(axis=0) == 1).all()
    rows = {tuple(row) for row in data.scaling.apply(raw)}
    assert rows == {tuple(row) for row in np.concatenate([data.X_train, data.X_test])}


def test_whole_number_labels_keep_their_names_and_order(tmp_path):
    """Labels 1, 2, 10 are the classes "1", "2", "10"; 1 and 1.0 are the same."""
    data = read_table(write(tmp_path / "t.csv", [(i, ["10", "2", "1", "1.0"][i % 4]) for i in range(20)]))
    assert data.class_names == ("1", "2", "10")
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [10, 5, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_other_separators_quotes_and_a_byte_order_mark(tmp_path, delimiter, newline):
    """Semicolons, tabs, quoted fields, empty lines and Windows' habits are understood."""
    lines = ['"size, in cm"', "label"], *(['" 1"', '"größer"'], ["2", "kleiner"]) * 5, []
    content = newline.join(delimiter.join(line) for line in lines)
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert read_table(tmp_path / "t.csv").class_names == ("größer", "kleiner")


ROWS3 = [f"{i / 4},{i % 3}.5,{('alder', 'birch', 'cedar')[i % 3]}" for i in range(12)]
TABLE = "\n".join(ROWS3) + "\n"


def table(text, path, **options):
    """Read a table from its text or bytes."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, TableOptions(**options))


def changed(old, new):
    """Write the table in another way, with a header."""
    return ("width,height,label\n" + TABLE).replace(old, new)


SAME = {  # other ways to write one table
    "semicolons": changed(",", ";"),
    "tabs": changed(",", "\t"),
    "bars": changed(",", "|"),
    "blanks": changed(",", "   "),
    "blank behind the comma": changed(",", ", "),
    "decimal commas": changed(",", ";").replace(".", ","),
    "decimal commas in quotes": re.sub(r"(\d+\.\d+)", r'"\1"', changed("", "")).replace(".", ","),
    "quoted words": re.sub(r"(alder|birch|cedar)", r'"\1"', changed("", "")),
    "blank before quoted words": re.sub(r"(alder|birch|cedar)", r' "\1"', changed("", "")),
    "Excel's first line": "sep=;\n" + changed(",", ";"),
    "comments": "# measured in May\n# in cm\n" + changed("", ""),
    "trailing commas": changed("\n", ",\n"),
    "trailing commas below the header": changed("\n", ",\n").replace("label,", "label"),
    "R's row names": "width,height,label\n" + "".join(f'"{i}",{row}\n' for i, row in enumerate(ROWS3, 1)),
    "an index without a name": ",width,height,label\n" + "".join(f"{i},{row}\n" for i, row in enumerate(ROWS3)),
    "an index as pandas reads it": "Unnamed: 0,width,height,label\n"
    + "".join(f"{i},{r}\n" for i, r in enumerate(ROWS3)),
    "a column Id": "Id,width,height,label\n" + "".join(f"{i},{row}\n" for i, row in enumerate(ROWS3, 1)),
    "empty lines": "\n\n" + changed("", "") + "\n\n",
    "Windows' line ends": changed("\n", "\r\n"),
    "UTF-16": changed("", "").encode("utf-16"),
    "a byte order mark": changed("", "").encode("utf-8-sig"),
    "gzip": gzip.compress(changed("", "").encode()),
    "bzip2": bz2.compress(changed("", "").encode()),
    "xz": lzma.compress(changed("", "").encode()),
    "no header": TABLE,
    "label first": "kind,width,height\n" + "".join(f"{r.rpartition(',')[2]},{r.rpartition(',')[0]}\n" for r in ROWS3),
    "label first, no header": "".join(f"{row.rpartition(',')[2]},{row.rpartition(',')[0]}\n" for row in ROWS3),
    "names that are numbers": changed("width,height,label", "1,2,kind"),
    "names that are years": changed("width,height,label", "2019,2020,kind"),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_table_in_other_ways(tmp_path, name):
    """Separators, marks, quotes, comments, encodings, compression, row names and counters change nothing."""
    plain, other = table(changed("", ""), tmp_path / "plain.csv"), table(SAME[name], tmp_path / "other.txt")
    assert other.class_names == plain.class_names == ("alder", "birch", "cedar")
    for part in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(other, part), getattr(plain, part))


def test_a_zip_archive_of_one_table_is_read(tmp_path):
    """As a compressed CSV is downloaded."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", TABLE)
    assert read_table(tmp_path / "t.zip").class_names == ("alder", "birch", "cedar")


def test_windows_1252_is_read_with_a_note(tmp_path):
    """What is not UTF-8 is most likely a Windows file."""
    data = table(changed("alder", "Färber").encode("cp1252"), tmp_path / "t.csv")
    assert data.class_names == ("Färber", "birch", "cedar")
    assert any("Windows-1252" in note for note in data.notes)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_text_that_is_cut_within_a_character_is_still_utf_8(tmp_path, cut):
    """With a note; a last letter of Windows-1252 in a text without others is no part of a character in UTF-8."""
    text = "größe,label\n" + "".join(f"{i},{('Färber', 'birch')[i % 2]}\n" for i in range(11)) + "11,€"
    data = table(text.encode()[:-cut], tmp_path / "t.csv", missing="drop")
    assert data.class_names == ("Färber", "birch")
    assert data.columns.features[0].name == "größe"
    assert "the text ends within a character; is the file complete?" in data.notes
    text = "size,label\n" + "".join(f"{i},{('birch', 'café')[i % 2]}\n" for i in (0, 2, 4, 6, 1))
    data = table(text.removesuffix("\n").encode("cp1252"), tmp_path / "t.csv")
    assert data.class_names == ("birch", "café")
    assert any("Windows-1252" in note for note in data.notes)


def test_arff_with_letters_beyond_ascii(tmp_path):
    """Names and values are those of the file."""
    rows = "".join(f"{i},{i % 3}.5,{('größer', 'klein')[i % 2]}\n" for i in range(10))
    head = "@relation r\n@attribute Länge numeric\n@attribute b numeric\n@attribute class {größer,klein}\n@data\n"
    data = table(head + rows, tmp_path / "t.arff")
    assert data.class_names == ("größer", "klein")
    assert [column.name for column in data.columns.features] == ["Länge", "b"]


def test_thousands_are_read(tmp_path):
    """A quoted number with separators of thousands is the number."""
    rows = [(f'"{i},000.5"', i % 2) for i in range(1, 9)]
    data = table("price,label\n" + "".join(f"{p},{k}\n" for p, k in rows), tmp_path / "t.csv")
    assert (data.scaling.minimum, data.scaling.maximum) == ((1000.5,), (8000.5,))


def numbered(labels, header="a,b,label"):
    """Write a table with labels."""
    return header + "\n" + "".join(f"{i}.5,{(7 * i) % 5}.25,{label}\n" for i, label in enumerate(labels))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["01", "1"] * 5, ("01", "1")),
        (["007", "7", "07"] * 5, ("007", "07", "7")),
        (["9007199254740993", "9007199254740992"] * 5, ("9007199254740992", "9007199254740993")),
        (["2", "10", "1.0"] * 5, ("1", "2", "10")),
        (["none", "some"] * 5, ("none", "some")),
        (["True", "False"] * 5, ("False", "True")),
    ],
)
def test_labels_are_never_merged(tmp_path, labels, names):
    """Labels are the same only if they are written alike, or are the same whole number with a point."""
    assert table(numbered(labels), tmp_path / "t.csv").class_names == names


@pytest.mark.parametrize("gap", ["", "NaN", "nan", "NA", "?", "NULL"])
def test_a_missing_label_is_no_class(refused, tmp_path, gap):
    """It is refused with its line, or its row is left out on request."""
    text = numbered(["x", "y"] * 5 + [gap])
    meant = f", where {gap!r} stands for a missing value" if gap else ""
    with refused(FormatError, f"line 12: an empty label{meant}; expected", "--missing drop"):
        table(text, tmp_path / "t.csv")
    data = table(text, tmp_path / "t.csv", missing="drop")
    assert (data.class_names, len(data.y_train) + len(data.y_test)) == (("x", "y"), 10)


@pytest.mark.parametrize("gap", ["", "NaN", "NA", "?", "N/A", "null"])
def test_a_missing_value_is_refused_dropped_or_filled(refused, tmp_path, gap):
    """Line and column are named; a mean is that of the training set."""
    text = "a,b,label\n" + "".join(f"{i},{gap if i == 3 else 2 * i},{'xy'[i % 2]}\n" for i in range(20))
    meant = f", where {gap!r} stands for a missing value" if gap else ""
    with refused(FormatError, f"line 5, the column b: an empty field{meant}; expected", "--missing mean"):
        table(text, tmp_path / "t.csv")
    dropped = table(text, tmp_path / "t.csv", missing="drop")
    assert len(dropped.y_train) + len(dropped.y_test) == 19
    filled = table(text, tmp_path / "t.csv", missing="mean")
    assert len(filled.y_train) + len(filled.y_test) == 20
    rows = [row for row in range(20) if row != 3]
    training = [2 * row for row in rows if row / np.float32(19) in filled.X_train[:, 0].tolist()]
    assert filled.columns.features[1].fill == pytest.approx(np.mean(training), rel=0.2)


def test_what_is_filled_is_noted(tmp_path):
    """Each column has the number of its empty fields and what stands for them; a word becomes no category."""
    rows = [f"{i},{'' if i in (3, 4) else 2},{'' if i == 5 else 'rs'[i % 2]},{'xy'[i % 2]}\n" for i in range(20)]
    data = table("a,b,c,label\n" + "".join(rows), tmp_path / "t.csv", missing="mean")
    assert "empty fields filled with the mean of the training set: the column b in 2 rows (2)" in data.notes
    assert "empty fields encoded as none of the categories: the column c in 1 row" in data.notes
    assert len(data.y_train) + len(data.y_test) == 20
    data = table("a,b,c,label\n" + "".join(rows), tmp_path / "t.csv", missing="drop")
    assert "left out: 3 rows with an empty field, first line 5" in data.notes
    data = table("".join(rows), tmp_path / "t.csv", missing="mean")
    assert "empty fields filled with the mean of the training set: column 2 in 2 rows (2)" in data.notes


@pytest.mark.parametrize("missing", ["drop", "mean"])
def test_a_column_that_is_empty_in_the_training_set_is_left_out(tmp_path, missing):
    """Nothing can be learnt of it, whatever the test set has there, and that is said."""
    tested = stratified_split(np.arange(20) % 2)[1]
    rows = [f"{i},{'red' if i in tested else ''},{'xy'[i % 2]}\n" for i in range(20)]
    data = table("a,b,label\n" + "".join(rows), tmp_path / "t.csv", missing=missing)
    assert [column.name for column in data.columns.features] == ["a"]
    assert "the column b is empty in the training set; left out" in data.notes


def test_words_become_zeros_and_ones(tmp_path):
    """A column of a few words becomes one column for each, with a note; truth values are 0 and 1."""
    rows = [(("red", "blue")[i % 2], ("yes", "no")[i % 3 == 0], i, "xy"[i % 2]) for i in range(12)]
    text = "colour,wet,size,label\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    data = table(text, tmp_path / "t.csv")
    assert data.columns.features == (
        Column("colour", ("blue", "red")),
        Column("wet", marks=Marks(".")),
        Column("size", marks=Marks(".")),
    )
    assert data.n_features == 4
    assert any("colour becomes 2 columns" in note for note in data.notes)


@pytest.mark.parametrize(
    ("header", "named", "asked"),
    [
        ("a,labels,b", "labels", None), ("class_label,a,b", "class_label", None), ("a,b,Digit", "Digit", None),
        ("a,Target,y", "Target", None), ("x,y,kind", "kind", None), ("a,y,b", "y", None), ("a,b,c", "a", "a"),
        ("a,b,c", "a", "1"), ("a,label,b", "a", "A"),
    ],
)  # fmt: skip
def test_the_label_is_found_or_asked_for(tmp_path, header, named, asked):
    """By --label, by a usual name, as the only column of words unless that is a feature, as y, or as the last one."""
    names = header.split(",")
    words = named == "kind"
    rows = [
        ["pq"[i % 2] if words and name == named else i % 2 if name == named else i + 0.5 for name in names]
        for i in range(8)
    ]
    text = header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    data = table(text, tmp_path / "t.csv", label=asked)
    assert data.columns.label == named
    assert data.n_classes == 2


def test_a_column_that_is_left_out_is_no_feature(refused, tmp_path):
    """--drop takes names, and refuses others."""
    data = table(changed("", ""), tmp_path / "t.csv", drop=("height",))
    assert [column.name for column in data.columns.features] == ["width"]
    with refused(DataError, "no column 'depth'", "--drop"):
        table(changed("", ""), tmp_path / "t.csv", drop=("depth",))
    label = data.columns.label
    with refused(DataError, f"leaves out the column {label}, which is the label", "--label"):
        table(changed("", ""), tmp_path / "t.csv", label=label, drop=(label,))


@pytest.mark.parametrize(("values", "said"), [("xy", "equals the label"), (("1", "2"), "equals the label")])
def test_a_column_that_gives_the_label_away_is_noted(tmp_path, values, said):
    """A copy of the label under another name, and one that divides the classes, are warned of."""
    text = "a,copy,label\n" + "".join(f"{(7 * i) % 10},{values[i % 2]},{'no' if i % 2 else 'yes'}\n" for i in range(10))
    assert any(said in note and "copy" in note for note in table(text, tmp_path / "t.csv").notes)
    text = "a,b,label\n" + "".join(f"{i},{(3 * i) % 10},{'no' if i < 5 else 'yes'}\n" for i in range(10))
    assert any("apart by itself" in note and "column a" in note for note in table(text, tmp_path / "t.csv").notes)
    text = "a,b,label\n" + "".join(f"{i},{(3 * i) % 10},{'no' if i < 9 else 'yes'}\n" for i in range(10))
    assert not any("apart by itself" in note for note in table(text, tmp_path / "t.csv").notes)  # one row is by chance


@pytest.mark.parametrize("header", ["", "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n"])
def test_mnist_as_a_table_is_images(tmp_path, header):
    """A label and 784 pixels, with a header or without, are images of 28x28, scaled as such."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (30, 784)) * (rng.random((30, 784)) < 0.2)
    text = header + "".join(f"{i % 3}," + ",".join(map(str, row)) + "\n" for i, row in enumerate(pixels))
    data = table(text, tmp_path / "t.csv")
    assert (data.image_shape, data.scaling, data.class_names) == ((28, 28), Scaling(0, 255), ("0", "1", "2"))
    assert {tuple(row) for row in np.concatenate([data.X_train, data.X_test])} == {
        tuple(row) for row in Scaling(0, 255).apply(pixels)
    }


def test_a_column_that_may_identify_the_rows_is_noted(tmp_path):
    """It stays a feature, because a measurement may be different in each row too; a repeated value is none."""
    rows = [f"{1000 + 37 * i % 101},{i % 7},{'xy'[i % 2]}\n" for i in range(60)]
    said = "the column customer has a different whole number in every row, as identifiers have; if it is one, leave it "
    data = table("customer,b,label\n" + "".join(rows), tmp_path / "t.csv")
    assert [note for note in data.notes if note.startswith(said + "out with --drop customer")]
    assert data.n_features == 2
    data = table("customer,b,label\n" + "".join([*rows, rows[0]]), tmp_path / "t.csv")
    assert not any("identifiers" in note for note in data.notes)


def test_a_quantity_is_no_label(refused, tmp_path):
    """More classes than the rows allow, or labels with a fraction, are refused with the way out."""
    with refused(DataError, "different labels in 20 rows", "--label"):
        table(numbered([10 * i + i % 2 for i in range(20)], "a,b,price"), tmp_path / "t.csv")
    with refused(DataError, "not whole numbers, such as 0.5", "--label"):
        table(numbered([i / 2 for i in range(20)], "a,b,price"), tmp_path / "t.csv")


def test_numbers_are_classes_if_there_are_few_or_each_has_several_rows(refused, tmp_path):
    """More than 20, and more than a quarter of the rows, are a quantity unless consecutive; words never are."""
    for count, rows in ((20, 41), (25, 100), (100, 400)):
        data = table(numbered([9 * (i % count) for i in range(rows)], "a,b,price"), tmp_path / "t.csv")
        assert len(data.class_names) == count
    many = [9 * (i % 26) for i in range(100)]
    with refused(DataError, "the label 'price' has 26 different numbers in 100 rows", "MLPRegressor", "words"):
        table(numbered(many, "a,b,price"), tmp_path / "t.csv")
    for labels in ([f"w{i}" for i in many], [1 + i % 26 for i in range(100)]):
        assert len(table(numbered(labels, "a,b,price"), tmp_path / "t.csv").class_names) == 26


def test_constant_features_are_noted_and_cannot_be_all(refused, tmp_path):
    """A column that never changes is noted; if none changes, nothing can be learned."""
    text = "a,b,label\n" + "".join(f"1,{i},{'xy'[i % 2]}\n" for i in range(10))
    assert "1 of 2 features is constant in the training set: a" in table(text, tmp_path / "t.csv").notes
    with refused(DataError, "every feature is constant"):
        table(text, tmp_path / "t.csv", drop=("b",))


def test_arff_and_libsvm_are_read(tmp_path):
    """Through SciPy and scikit-learn."""
    rows = "".join(f"{i},{i % 3}.5,{'xy'[i % 2]}\n" for i in range(10))
    arff = "@relation r\n@attribute a numeric\n@attribute b numeric\n@attribute class {x,y}\n@data\n" + rows
    assert table(arff, tmp_path / "t.arff").class_names == ("x", "y")
    svm = "".join(f"{1 if i % 2 else -1} 1:{i} 3:{i % 3}.5\n" for i in range(10))
    data = table(svm, tmp_path / "t.libsvm")
    assert (data.class_names, data.n_features) == (("-1", "1"), 3)


BAD = {
    "empty": ("", "is empty"),
    "one-column": ("1\n2\n", "rows of 1 field;"),
    "header-only": ("a,label\n", "has no examples"),
    "ragged": ("1,2,a\n1,2\n", "line 2: 2 fields"),
    "too-long": ("1,2,a\n1,2,a\n1,2,3,a\n", "line 3: 4 fields"),
    "word": ("a,b,label\n1,2,x\n1,two,y\n" + "1,2,x\n1,2,y\n" * 3, "line 3, the column b: 'two' is not a number"),
    "names": ("a,b,label\n" + "".join(f"1,name {i},{i % 2}\n" for i in range(40)), "different words"),
    "empty-label": ("1,2,a\n1,2,a\n1,2, \n", "line 3: an empty label"),
    "infinite": ("1,2,a\n1,inf,b\n1,2,a\n1,2,b\n", "line 2, column 2: inf"),
    "one-class": ("1,a\n2,a\n", "1 label in"),
    "singles": ("1,a\n2,b\n", "no class has two examples"),
    "doubled": ("a,a,label\n0,1,x\n1,2,y\n", "two columns are called 'a'"),
    "counted": ("0,1,2\n5,6,1\n7,8,0\n", "counts 0, 1, 2"),
    "open-quote": ('1,a\n2,"b\nc\n', "line 2: a quotation mark that begins a field and is never closed"),
    "html": ("<!DOCTYPE html>\n<html>a,b</html>\n", "is a web page"),
    "lfs": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer"),
    "json": ('{"a": [1, 2]}\n', "is JSON"),
    "binary": ("a,b\0\1\n1,2\n", "is a binary file"),
}
ABOUT_DATA = {BAD[name][1] for name in ("infinite", "one-class", "singles")}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_with_its_line(refused, tmp_path, name):
    """What cannot be read, or can be read in two ways, is refused with the place at fault."""
    content, piece = BAD[name]
    with refused(DataError if piece in ABOUT_DATA else FormatError, piece):
        table(content, tmp_path / "t.csv")


@pytest.mark.slow
def test_a_table_of_400_megabytes_is_read(tmp_path):
    """100,000 rows of 500 numbers are read as a small table is; no row and no column is lost."""
    rng = np.random.default_rng(0)
    rows = [",".join(f"{x:.5f}" for x in row) + f",{'ab'[i % 2]}\n" for i, row in enumerate(rng.random((1000, 500)))]
    with (tmp_path / "t.csv").open("w") as file:
        file.write(",".join(f"f{i}" for i in range(500)) + ",label\n")
        for _ in range(100):
            file.writelines(rows)
    assert (tmp_path / "t.csv").stat().st_size > 400e6
    data = read_table(tmp_path / "t.csv")
    assert (data.X_train.shape, data.X_test.shape) == ((80_000, 500), (20_000, 500))
    assert data.class_names == ("a", "b")


def test_too_large_a_table_is_refused_unread(refused, tmp_path):
    """The size is looked at first."""
    with (tmp_path / "t.csv").open("wb") as file:
        os.truncate(file.fileno(), 2**32 + 1)
    with refused(FormatError, "at most 4294967296 bytes"):
        read_table(tmp_path / "t.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text('01.,;\n"yeabl\0\ufeff-# ', max_size=60))
def test_any_text_raises_nothing_but_a_data_error(tmp_path, content):
    """Any text is a table or a DataError."""
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with suppress(DataError):
        read_table(tmp_path / "t.csv")


def test_a_parquet_table_equals_its_csv(pyarrow, tmp_path):
    """The same rows give the same data from either format."""
    columns = {"a": [row[0] for row in ROWS], "label": [row[2] for row in ROWS], "b": [row[1] for row in ROWS]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    ours = read_table(tmp_path / "t.parquet")
    theirs = read_table(write(tmp_path / "t.csv", [("a", "b", "label"), *ROWS]))
    for name in ("X_train", "y_train", "X_test", "y_test", "class_names", "scaling"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_decimals_and_dictionaries_in_parquet_are_numbers_and_words(pyarrow, tmp_path):
    """As databases and pandas' categories write them."""
    plain = {"price": [i + 0.25 for i in range(12)], "kind": ["alder", "birch", "cedar"] * 4}
    others = {
        "price": pyarrow.array(map(decimal.Decimal, plain["price"]), pyarrow.decimal128(9, 2)),
        "kind": pyarrow.array(plain["kind"]).dictionary_encode(),
    }
    pyarrow.parquet.write_table(pyarrow.table(plain), tmp_path / "plain.parquet")
    pyarrow.parquet.write_table(pyarrow.table(others), tmp_path / "others.parquet")
    theirs, ours = read_table(tmp_path / "plain.parquet"), read_table(tmp_path / "others.parquet")
    assert ours.class_names == ("alder", "birch", "cedar")
    for name in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
def test_a_parquet_table_is_read_once(pyarrow, tmp_path):
    """The process reads hardly more bytes than the file has."""
    columns = {"a": np.random.default_rng(0).standard_normal(300_000), "label": np.arange(300_000) % 2}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")

    def bytes_read():
        return int(Path("/proc/self/io").read_text().split()[1])

    read_table(tmp_path / "t.parquet")  # and all that it imports
    before = bytes_read()
    read_table(tmp_path / "t.parquet")
    assert bytes_read() - before < 1.2 * (tmp_path / "t.parquet").stat().st_size


def test_a_parquet_column_of_another_type_can_be_left_out(pyarrow, refused, tmp_path):
    """Dates and lists are neither features nor the label; a model without them reads a table that has them."""
    path, x = tmp_path / "t.parquet", np.random.default_rng(0).random(20)
    others = {"day": [datetime.date(2020, 1, 1)] * 20, "tags": [[1, 2]] * 20}
    pyarrow.parquet.write_table(pyarrow.table({"x": x, "label": [0, 1] * 10, **others}), path)
    with refused(FormatError, "column 'day' is of type date32[day]; expected numbers or texts", "--drop day"):
        read_table(path)
    with refused(FormatError, "column 'tags' is of type list"):
        read_table(path, TableOptions(label="tags", drop=("day",)))
    data = read_table(path, TableOptions(drop=("day", "tags")))
    assert data.n_features == 1
    np.testing.assert_array_equal(read_table_rows(path, data.columns, 1).X[:, 0], x)


def test_bad_parquet_tables_are_refused(pyarrow, refused, tmp_path):
    """Gaps, missing labels, dates and foreign bytes are refused."""
    path = tmp_path / "t.parquet"
    cases = [
        ({"a": [1, None] * 4, "b": [1] * 8, "label": [0, 1] * 4}, "row 2, the column a: an empty field"),
        ({"a": list(range(8)), "label": ["x", None] * 4}, "row 2: an empty label"),
        ({"a": [datetime.date(2020, 1, 1)] * 8, "label": [0, 1] * 4}, "column 'a' is of type date32"),
    ]
    for columns, piece in cases:
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
        with refused(FormatError, piece):
            read_table(path)
    path.write_text("a,label\n1,x\n")
    with refused(FormatError, "is not a Parquet file"):
        read_table(path)


def test_without_pyarrow_the_extra_is_named(refused, tmp_path, monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with refused(DataError, "the extra `parquet`", "pip install 'handgrad[parquet]'"):
        read_table(tmp_path / "t.parquet")
