"""Decimal marks and marks of thousands: how they are recognised, and that they stay those of the training set."""

import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data import DataSettings, load_data, load_sets
from handgrad.data.features import Column, Columns
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.data.text.marks import Marks
from handgrad.errors import DataError, FormatError

SIZES = ["0.125", "41.5", "7", "1246.5", "12000"] * 8  # with a point and without groups


def written(number: str, decimal: str, thousands: str) -> str:
    """Write a number with other marks."""
    whole, point, rest = number.partition(".")
    return re.sub(r"(?<=\d)(?=(\d{3})+$)", thousands, whole) + (decimal + rest if point else "")


def write(path, sizes, separator=";", header=("size", "count", "label")):
    """Write a table of sizes, counts and labels; fields with separators in them are quoted."""
    rows = [(size, str(row % 5), "xy"[row % 2]) for row, size in enumerate(sizes)]
    lines = [separator.join(f'"{one}"' if separator in one else one for one in row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("marks", [(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " ")])
def test_numbers_are_the_same_with_any_marks(tmp_path, separator, marks):
    """With a decimal point or comma, groups or none, and any separator; what is not a point alone is noted."""
    plain = load_data(write(tmp_path / "plain.csv", SIZES))
    data = load_data(write(tmp_path / "t.csv", [written(size, *marks) for size in SIZES], separator))
    np.testing.assert_array_equal(data.X_train, plain.X_train)
    assert data.columns.features[0].marks == Marks(*marks)
    notes = [note for note in data.notes if note.startswith("numbers with")]
    between = {",": "commas", ".": "points", " ": "blanks"}
    expected = ["numbers with decimal commas: the column size"] * (marks[0] == ",")
    expected += [f"numbers with {between[marks[1]]} between thousands: the column size" for _ in marks[1]]
    assert notes == expected


@pytest.mark.parametrize(
    ("sizes", "separator", "largest"),
    [
        (["0,125", "0,912"], ";", 0.912),
        (["0,125", "1,912"], "\t", 1.912),
        (["1,125", "2,912"], ";", 2.912),
        (["1,125", "2,912"], "\t", 2912),
        (["1.125", "2.912"], ";", 2912),
        (["1.125", "0.912"], ";", 1.125),
        (["1.125", "2.912"], "\t", 2.912),
        (["1.125", "2.5"], ";", 2.5),
        (["1,125"] * 1100 + ["5,5"], "\t", 5.5),
        (["1,125"] * 1100 + ["1,125,000"], ";", 1125000),
        (["1,125", "12,34,567"], "\t", 1234567),
    ],
)
def test_what_a_mark_means_when_it_may_be_either(tmp_path, sizes, separator, largest):
    """A group never begins with 0 and has three digits, in any row; else semicolons go with decimal commas."""
    repeated = sizes if len(sizes) > 9 else sizes * 10
    data = load_data(write(tmp_path / "t.csv", repeated, separator))
    assert data.columns.features[0].name == "size"
    rows = read_table_rows(tmp_path / "t.csv", data.columns, 2)
    assert rows.X[:, 0].max() == largest


@pytest.mark.parametrize(("mark", "separator"), [(".", "\t"), (",", ";"), (".", ";"), (",", "\t")])
def test_a_column_alone_tells_marks_of_thousands(tmp_path, mark, separator):
    """There are always three digits behind them, and whole numbers below 1000 have none, in any kind of file."""
    counts = range(900, 1300, 10)
    rows = "".join(f"{count:,}{separator}{i % 2}\n".replace(",", mark) for i, count in enumerate(counts))
    (tmp_path / "t.csv").write_text(f"count{separator}label\n" + rows)
    data = load_data(tmp_path / "t.csv")
    assert data.scaling.maximum == (1290.0,)
    assert any("between thousands" in note for note in data.notes)


def test_decimals_are_no_thousands(tmp_path):
    """Three digits behind a point are decimals if a number has fewer, or begins with 0, or none is whole."""
    for name, more in (("fewer", ["1.5"]), ("zero", ["0.250"]), ("none whole", [])):
        whole = [] if name == "none whole" else ["1", "2", "3"]
        values = [f"{1 + i / 1000:.3f}" for i in range(101, 140)] + whole + more
        (tmp_path / "t.csv").write_text("a,label\n" + "".join(f"{v},{i % 2}\n" for i, v in enumerate(values)))
        assert load_data(tmp_path / "t.csv").scaling.maximum[0] < 4


def test_each_column_has_marks_of_its_own(tmp_path):
    """Thousands without decimals beside decimal commas, and points in one column beside commas in another."""
    rows = "".join(f"{647 + i}.850;-{i % 7},26;{i % 9}.5;{i % 2}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("people;growth;index;label\n" + rows)
    data = load_data(tmp_path / "t.csv")
    assert data.scaling.minimum == (647850, -6.26, 0.5)
    assert data.scaling.maximum == (686850, -0.26, 8.5)


@pytest.fixture
def german(tmp_path):
    """Return the columns of a table with decimal commas and points between thousands."""
    path = write(tmp_path / "german.csv", [written(size, ",", ".") for size in SIZES])
    return load_data(path).columns


@pytest.mark.parametrize(
    ("field", "value"), [("4.500", 4500), ("4.500,00", 4500), ("4500", 4500), ("4,5", 4.5), ("0,450", 0.45)]
)
@pytest.mark.parametrize("others", [[], ["1.234.567,5"], ["7"]])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_field_does_not_depend_on_the_other_rows(tmp_path, german, field, value, others, separator):
    """A model's column is read with the marks of its training set, whatever else is in the file."""
    path = write(tmp_path / "new.csv", [field, *others], separator)
    assert read_table_rows(path, german, 2).X[0, 0] == value


FIELDS = st.sampled_from(
    ["7", "007", "1", "1.0", "0,5", "0.5", "1.246", "1,246", "1.246,5", "1,246.5", "1 000", "1e3", "A12", "3+", "true"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIELDS, min_size=1, max_size=4), st.lists(FIELDS, min_size=2, max_size=4), st.sampled_from(",;\t"))
def test_rows_together_are_what_they_are_one_by_one(tmp_path, known, fields, separator):
    """Whatever the training set and the file hold, if both can be read."""
    with suppress(DataError):
        columns = load_data(write(tmp_path / "train.csv", (known * 40)[:40], separator)).columns
        together = read_table_rows(write(tmp_path / "new.csv", fields), columns, columns.width).X[:, :-1]
        for field, row in zip(fields, together, strict=True):
            alone = read_table_rows(write(tmp_path / "one.csv", [field], separator), columns, columns.width)
            np.testing.assert_array_equal(alone.X[0, :-1], row)


@pytest.mark.parametrize("others", [[], ["0.5"], ["12.25"]])
def test_numbers_with_other_marks_than_those_of_the_training_set_are_refused(tmp_path, german, refused, others):
    """They would be read wrongly: the line and the marks that are expected are said."""
    path = write(tmp_path / "new.csv", ["7", *others, "4.5"])
    found = [*others, "4.5"][0]
    with refused(FormatError, f"line 3, the column size: {found!r} is not a number as the training", "1.234,5"):
        read_table_rows(path, german, 2)


def sets_of(folder, how):
    """Name a test set: as a file of its own, or as part of the folder."""
    if how == "folder":
        return DataSettings(data=str(folder))
    return DataSettings(data=str(folder / "train.csv"), test=str(folder / "test.csv"))


@pytest.mark.parametrize("how", ["test", "folder"])
def test_a_test_file_is_read_as_the_training_file(tmp_path, how):
    """With --test, and as test.csv in a folder: by itself, 1,500 would be fifteen hundred there."""
    write(tmp_path / "train.csv", ["1,5", "0,25", "2,75", "1,125"] * 10, "\t")
    write(tmp_path / "test.csv", ["1,500", "2,750"] * 3, "\t")
    data = load_sets(sets_of(tmp_path, how))
    np.testing.assert_allclose(data.X_test[:2, 0], [(1.5 - 0.25) / 2.5, 1], rtol=1e-6)


@pytest.mark.parametrize("how", ["test", "folder", "rows"])
@pytest.mark.parametrize("codes", [["007"], ["007", "x1"]])
def test_categories_stay_as_they_are_written(tmp_path, how, codes):
    """007 is not 7, also in a file in which all of them look like numbers."""
    write(tmp_path / "train.csv", ["007", "x1", "7"] * 14, ",")
    test = write(tmp_path / "test.csv", codes * 4, ",")
    data = load_sets(sets_of(tmp_path, how))
    assert data.columns.features[0].words == ("007", "7", "x1")
    X = read_table_rows(test, data.columns, 4).X if how == "rows" else data.X_test
    assert X[0, :3].tolist() == [1, 0, 0]
    assert not any("does not have" in note for note in data.notes)


@pytest.mark.parametrize(("words", "field"), [(("1", "A"), "1.0"), (("1.0", "A"), "1")])
def test_a_whole_number_is_the_same_category_with_a_point(tmp_path, words, field):
    """As pandas writes it, if fields of the column are empty; 1 and 1.0 are two categories only if both are known."""
    columns = Columns("label", (Column("size", words), Column("count")), True)
    assert read_table_rows(write(tmp_path / "t.csv", [field]), columns, 3).X[0].tolist() == [1, 0, 0]


def test_older_models_without_marks_are_read_as_the_file_says(tmp_path):
    """What was recognised in the file is noted then."""
    columns = Columns.from_dict(
        {
            "label": "label",
            "named": True,
            "features": [{"name": n, "words": [], "fill": None} for n in ("size", "count")],
        }
    )
    rows = read_table_rows(write(tmp_path / "t.csv", ["0,5", "1.234,5"]), columns, 2)
    assert rows.X[:, 0].tolist() == [0.5, 1234.5]
    assert "numbers with decimal commas: the column size" in rows.notes


BAD_FIELDS = {
    "a word among decimal commas": ("41,3", "oops"),
    "a word among thousands": ("1.246,5", "k.A."),
    "a word among numbers with a point": ("0.5", "oops"),
    "a group of two digits": ("1.246", "1.24,6"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
@pytest.mark.parametrize("where", ["training", "new"])
def test_the_field_that_is_no_number_is_named(tmp_path, refused, name, where):
    """Its own line and value are said, not those of the first row; in a file for a model as well."""
    good, bad = BAD_FIELDS[name]
    sizes = [good.replace("4", str(i % 9 + 1)) for i in range(40)]
    columns = load_data(write(tmp_path / "t.csv", sizes)).columns
    path = write(tmp_path / "bad.csv", [*sizes[:30], bad, *sizes[30:]])
    with refused(FormatError, f"bad.csv, line 32, the column size: {bad!r} is not a number"):
        load_data(path) if where == "training" else read_table_rows(path, columns, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("\N{FULLWIDTH DIGIT ZERO}\N{FULLWIDTH DIGIT ONE}", 1),
        (str(10**25), 1e25),
        (str(2**63 + 1), 2.0**63),
        ("-5", -5),
        (" 7 ", 7),
    ],
)
def test_unusual_numbers_are_numbers(tmp_path, field, value):
    """Full-width digits, and numbers of any size, beside ordinary ones."""
    path = write(tmp_path / "t.csv", [*map(str, range(30)), field, "-5", str(2**63 + 1)])
    columns = load_data(path).columns
    assert read_table_rows(path, columns, 2).X[30, 0] == value


def test_numbers_in_texts_of_parquet_are_numbers(tmp_path):
    """A column of texts that are all numbers is no category."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    arrow = pytest.importorskip("pyarrow")
    numbers = [["1.5", "2", "0.25", "3", "7.5", "1", "6"][i % 7] for i in range(40)]
    parquet.write_table(arrow.table({"size": numbers, "label": ["x", "y"] * 20}), tmp_path / "t.parquet")
    data = load_data(tmp_path / "t.parquet")
    assert data.columns.features == (Column("size", marks=Marks()),)
    assert data.scaling.minimum == (0.25,)
