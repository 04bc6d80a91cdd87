"""The rows of a table as a model takes them, where names, places or marks might mislead."""

from pathlib import Path
from typing import Any

import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.model_rows import Rows, read_table_rows
from handgrad.errors import DataError, FormatError


def rows_for(train: str, new: str, folder: Path, with_labels: bool = True, **options: Any) -> Rows:
    """Read a new table for the columns of another."""
    (folder / "train.csv").write_text(train)
    (folder / "new.csv").write_text(new)
    columns = load_data(folder / "train.csv", options=TableOptions(**options)).columns
    assert columns is not None
    return read_table_rows(folder / "new.csv", columns, columns.width, "drop", with_labels)


def test_the_label_is_the_column_of_exactly_that_name(tmp_path: Path) -> None:
    """A column whose name differs only in capitals is another one, even if it stands before."""
    table = "a,y,Y\n" + "".join(f"{n},{n % 3},{'pq'[n % 2]}\n" for n in range(40))
    rows = rows_for(table, table, tmp_path, label="Y", drop=("y",))
    assert rows.labels is not None
    assert rows.labels[:4] == ("p", "q", "p", "q")


def test_a_first_row_is_no_header_for_a_model_without_names(tmp_path: Path) -> None:
    """Words of the training set's categories are a row, also where the same words below would make a header of it."""
    colours = ("red", "blue", "green")
    train = "".join(f"{colours[n % 3]},{n % 7},{'xy'[n % 2]}\n" for n in range(60))
    rows = rows_for(train, "red,5\nblue,7\nblue,3\n", tmp_path, with_labels=False)
    assert rows.numbers.tolist() == [0, 1, 2]
    assert rows.X[:, -1].tolist() == [5, 7, 3]


def test_a_header_is_none_of_the_rows_for_a_model_without_names(tmp_path: Path) -> None:
    """Words that are no values of the columns are names."""
    train = "".join(f"{n % 5},{n % 7},{'xy'[n % 2]}\n" for n in range(60))
    rows = rows_for(train, "size,weight\n1,2\n3,4\n", tmp_path, with_labels=False)
    assert rows.X.tolist() == [[1, 2], [3, 4]]


def test_a_table_without_the_label_of_a_model_without_names_has_no_labels(tmp_path: Path) -> None:
    """The label is in its place, or nowhere: no other column is taken for it."""
    train = "".join(f"{n % 5},{n % 7},{n % 4},{'xy'[n % 2]}\n" for n in range(60))
    rows = rows_for(train, "".join(f"{n % 5},{n % 4},{n % 2}\n" for n in range(9)), tmp_path, drop=("2",))
    assert rows.labels is None


UNNAMED = {"label last": "{a},{i},{b},{w}", "label first": "{w},{a},{i},{b}", "label second": "{a},{w},{i},{b}"}


def unnamed(pattern: str, count: int = 40) -> str:
    """Write rows without a header."""
    return "".join(pattern.format(a=n % 7, i=n, b=n % 5 + 0.5, w="xy"[n % 2]) + "\n" for n in range(count))


@pytest.mark.parametrize("pattern", UNNAMED.values(), ids=UNNAMED)
@pytest.mark.parametrize("drop", [False, True])
def test_columns_without_names_are_never_shifted(pattern: str, drop: bool, tmp_path: Path) -> None:
    """The label may be absent, and so may what is left out; any other number of columns is refused."""
    dropped = (str(pattern.split(",").index("{i}") + 1),) if drop else ()
    options: dict[str, Any] = {"drop": dropped, "label": str(pattern.split(",").index("{w}") + 1)}
    train, wanted = unnamed(pattern), [[n % 7, n % 5 + 0.5] if drop else [n % 7, n, n % 5 + 0.5] for n in range(9)]
    unlabelled = ",".join(field for field in pattern.split(",") if field != "{w}")
    bare = unlabelled.replace("{i},", "") if drop else unlabelled
    for new in (pattern, unlabelled, bare):
        assert rows_for(train, unnamed(new, 9), tmp_path, False, **options).X.tolist() == wanted
    for new in ("{i}," + pattern, pattern + ",{a}"):
        with pytest.raises(
            DataError, match=r"5 columns without names; expected 4 as in the training set, or 3 without"
        ):
            rows_for(train, unnamed(new, 9), tmp_path, False, **options)


@pytest.mark.parametrize("word", ["yes", "no", "True"])
def test_an_answer_is_no_number(word: str, tmp_path: Path) -> None:
    """Yes is not 1 in a column of other numbers, and is 1 in a column of answers."""
    train = "a,b,label\n" + "".join(f"{n / 10},{'yes' if n % 3 else 'no'},{n % 2}\n" for n in range(40))
    with pytest.raises(FormatError, match=f"line 2, the column a: '{word}' is not a number"):
        rows_for(train, f"a,b\n{word},yes\n0.5,no\n", tmp_path)
    assert rows_for(train, "a,b\n0.5,yes\n0.5,0\n", tmp_path).X[:, 1].tolist() == [1, 0]


def test_a_table_whose_rows_are_all_incomplete_has_no_rows_to_predict(tmp_path: Path) -> None:
    """It is said, and no other table is stopped; an evaluation needs rows."""
    train = "a,b,label\n" + "".join(f"{n},{n % 3},{n % 2}\n" for n in range(40))
    rows = rows_for(train, "a,b\n,1\n,2\n", tmp_path, with_labels=False)
    assert (rows.X.shape, rows.left_out) == ((0, 2), "2 rows with an empty field, first line 2")
    with pytest.raises(DataError, match="every row has an empty field"):
        rows_for(train, "a,b,label\n,1,0\n,2,1\n", tmp_path)
