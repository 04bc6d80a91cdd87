"""The columns of a table for a model: which ones they are, and which ones hold categories."""

import numpy as np
import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError, FormatError

ROWS = [(f"{i % 9}.5", f"{i % 7}", "xy"[i % 2]) for i in range(40)]


def write(path, rows, header="age,income,label"):
    """Write rows as CSV, with or without a header."""
    path.write_text("\n".join([*([header] if header else []), *map(",".join, rows)]) + "\n")
    return path


@pytest.fixture
def columns(tmp_path):
    """Return the columns of a table with names."""
    return load_data(write(tmp_path / "named.csv", ROWS)).columns


def test_columns_that_are_taken_by_their_place_are_noted(tmp_path, columns):
    """A table without names for a model with names, and the other way round; none if both are alike."""
    bare = write(tmp_path / "bare.csv", ROWS, "")
    (note,) = read_table_rows(bare, columns, 2).notes
    assert "the table has no column names" in note
    assert "in the order of the training set, age, income" in note
    assert read_table_rows(tmp_path / "named.csv", columns, 2).notes == ()
    nameless = load_data(bare).columns
    assert read_table_rows(bare, nameless, 2).notes == ()
    (note,) = read_table_rows(tmp_path / "named.csv", nameless, 2).notes
    assert "the training set has no column names" in note


def test_of_two_columns_that_may_be_meant_the_exact_one_is_taken(tmp_path, columns, refused):
    """With a note; if none has the very name, neither is taken, and no column is taken twice."""
    rows = [("1", "2", "3", "x"), ("4", "5", "6", "y")]
    for header, taken in (("age,Age_,income,label", [1, 4]), ("Age_,age,income,label", [2, 5])):
        found = read_table_rows(write(tmp_path / "two.csv", rows, header), columns, 2)
        assert found.X[:, 0].tolist() == taken
        assert found.notes == ("the column age is used, and not Age_",)
    with refused(DataError, "has the columns Age, AGE, all of which may be age", "Call the right one age"):
        read_table_rows(write(tmp_path / "two.csv", rows, "Age,AGE,income,label"), columns, 2)
    twins = load_data(write(tmp_path / "twins.csv", ROWS, "age,age_,label")).columns
    with refused(DataError, "lacks the column age_"):
        read_table_rows(write(tmp_path / "one.csv", ROWS, "Age,income,label"), twins, 2)


@pytest.mark.parametrize("word", ["3+", "0x1F", "unknown"])
def test_a_few_words_among_numbers_make_categories(tmp_path, word):
    """If numbers and words are few and occur again; the note says which field made them so."""
    values = [("0", "1", "2", word)[i % 4] if i % 5 else "0" for i in range(40)]
    rows = [(value, *row[1:]) for value, row in zip(values, ROWS, strict=True)]
    data = load_data(write(tmp_path / "t.csv", rows))
    assert data.columns.features[0].words == tuple(sorted(("0", "1", "2", word)))
    said = f"the column age has fields such as {word!r} among its numbers, and so becomes 4 columns"
    assert any(said in note for note in data.notes)
    X = read_table_rows(write(tmp_path / "new.csv", rows[1:2]), data.columns, 5).X
    np.testing.assert_array_equal(X[0, :4], [value == values[1] for value in data.columns.features[0].words])


@pytest.mark.parametrize(
    ("values", "line", "pieces"),
    [
        (["0", "1", "2"] * 10 + ["three"] + ["0"] * 9, 32, ("'three' is not a number",)),
        (
            ["k.A.", *(f"{i}.5" for i in range(35)), *["k.A."] * 4],
            2,
            ("'k.A.' is not a number", "numbers; expected numbers, or at most 20 different numbers and words"),
        ),
        (
            [f"name {i}" for i in range(40)],
            2,
            ("'name 0' is not a number", "different words; expected numbers, or at most 100 words that occur again"),
        ),
    ],
)
def test_why_a_column_is_neither_numbers_nor_categories(tmp_path, refused, values, line, pieces):
    """A word that occurs once is a mistake; too many numbers, or words, are said to be too many."""
    rows = [(value, *row[1:]) for value, row in zip(values, ROWS, strict=True)]
    with refused(FormatError, f"line {line}, the column age: ", *pieces):
        load_data(write(tmp_path / "t.csv", rows))


def test_all_columns_that_cannot_be_used_are_named_at_once(tmp_path, refused):
    """The advice leaves all of them out; the names need quotation marks in the shell where they have blanks."""
    rows = [f"{i},name {i},{i},ticket {i},{'xy'[i % 2]}\n" for i in range(40)]
    (tmp_path / "t.csv").write_text("a,Full name,b,Ticket,label\n" + "".join(rows))
    every = "; --drop 'Full name,Ticket' leaves out all that cannot be used."
    with refused(FormatError, "line 2, the column Full name: 'name 0'", every):
        load_data(tmp_path / "t.csv")


def test_all_columns_with_empty_fields_are_counted(tmp_path, refused):
    """In the refusal and, with --missing drop, in a note: one column alone may cost most of the rows."""
    rows = [f"{i},{'' if i == 3 else i % 5},{'' if i % 2 else 'r'},{'xy'[i // 2 % 2]}\n" for i in range(40)]
    (tmp_path / "t.csv").write_text("a,b,c,label\n" + "".join(rows))
    counts = "empty fields in the column c (20), the column b (1)"
    with refused(FormatError, "line 5, the column b: an empty field", counts, "--missing drop"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", options=TableOptions(missing="drop"))
    assert counts in data.notes
