"""Weka's format: quotation marks, sparse rows, and attributes that are neither numbers nor words of a list."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handgrad.data import Dataset, load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError, FormatError

HEADER = "% made by me\n@relation weather\n@attribute outlook {sunny,'partly cloudy'}\n@attribute t real\n"
PLAY = "@attribute play {no,yes}\n@data\n"


def read(content: str, folder: Path, **options: Any) -> Dataset:
    """Read a table from its text."""
    (folder / "t.arff").write_text(content, encoding="utf-8")
    return load_data(folder / "t.arff", options=TableOptions(**options))


def rows(first: str, count: int = 40) -> str:
    """Write rows, of which every other one needs quotation marks."""
    words = ("sunny", "'partly cloudy'") if first == "sunny" else ("'partly cloudy'", "sunny")
    return "".join(f"{words[n % 2]},{n % 7}.5,{('no', 'yes')[n % 3 == 0]}\n" for n in range(count))


@pytest.mark.parametrize("first", ["sunny", "partly cloudy"])
def test_quotation_marks_stand_only_where_they_must(first: str, tmp_path: Path) -> None:
    """Whether the first row has any changes nothing, in a training table and in one for prediction."""
    data = read(HEADER + PLAY + rows(first), tmp_path)
    assert data.columns is not None
    assert data.columns.features[0].words == ("partly cloudy", "sunny")
    (tmp_path / "new.arff").write_text(HEADER + PLAY + "'partly cloudy',1,?\nsunny,2,?\n")
    assert read_table_rows(tmp_path / "new.arff", data.columns, 3, with_labels=False).X.tolist() == [
        [1, 0, 1],
        [0, 1, 2],
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (r"'it\'s'", "it's"),
        ('"a, b"', "a, b"),
        ("don't", "don't"),
        ("' ä'", "ä"),
        (r"'a\\b'", r"a\b"),
        ("'a \"b\"'", 'a "b"'),
        ("'{1 2}'", "{1 2}"),
    ],
)
def test_a_word_is_as_weka_writes_it(field: str, value: str, tmp_path: Path) -> None:
    """In either quotation marks or in none, with backslashes before what would end it."""
    header = "@relation r\n@attribute 'a name' numeric\n@ATTRIBUTE class {x," + field + "}\n@DATA\n"
    data = read(header + "".join(f"{n},{('x', field)[n % 2]}\n" for n in range(20)), tmp_path)
    assert sorted(data.class_names) == sorted(("x", value))
    assert data.columns is not None
    assert data.columns.features[0].name == "a name"


def test_sparse_rows(tmp_path: Path) -> None:
    """What a row does not write is zero, or the first of the words."""
    header = "@relation r\n@attribute a numeric\n@attribute b integer\n@attribute c {neg,'very pos'}\n@data\n"
    lines = [f"{{0 {n}.5, 1 {n % 3}, 2 'very pos'}}" if n % 2 else f"{{1 {n % 3}}}" for n in range(1, 21)]
    dense = [f"{n}.5,{n % 3},'very pos'" if n % 2 else f"0,{n % 3},neg" for n in range(1, 21)]
    sparse = read(header + "\n".join([*lines, "{}", "{}"]) + "\n", tmp_path)
    same = read(header + "\n".join([*dense, "0,0,neg", "0,0,neg"]) + "\n", tmp_path)
    assert sparse.class_names == ("neg", "very pos")
    np.testing.assert_array_equal(sparse.X_train, same.X_train)
    np.testing.assert_array_equal(sparse.y_test, same.y_test)


def test_texts_and_dates_can_be_left_out(tmp_path: Path, refused: Any) -> None:
    """Or refused with what to do; texts that occur again and again are categories."""
    header = "@relation r\n@attribute id string\n@attribute day date 'yyyy-MM-dd'\n@attribute a real [0,9]\n"
    header += "@attribute colour string\n@attribute class{n,p}\n@inputs a\n@outputs class\n@data\n"
    table = header + "".join(
        f"'r {n}',\"2020-01-{n + 1}\",{n % 5},{'rg'[n % 2]}, {'np'[n % 3 == 0]}\n" for n in range(40)
    )
    data = read(table, tmp_path, drop=("id", "day"))
    assert (data.n_features, data.class_names) == (3, ("n", "p"))
    with refused(FormatError, "column 'day' is of type date; expected numbers or texts", "--drop day"):
        read(table, tmp_path, drop=("id",))
    with refused(FormatError, "the column id", "--drop id"):
        read(table, tmp_path, drop=("day",))


BAD = {
    "a word that is none of the list": (
        HEADER + PLAY + rows("sunny") + "rainy,1,no\n",
        "line 47, the attribute outlook: 'rainy'",
    ),
    "no number": (
        HEADER + PLAY + rows("sunny") + "sunny,warm,no\n",
        "line 47, the attribute t: 'warm'; expected a number",
    ),
    "a field too many": (HEADER + PLAY + rows("sunny") + "sunny,1,no,2\n", "line 47: 4 fields; expected 3"),
    "a field too few": (HEADER + PLAY + "'partly cloudy'\n", "line 7: 1 field; expected 3"),
    "a sparse row beyond the attributes": (HEADER + PLAY + "{3 1}\n", "line 7: '{3 1}'; expected a sparse row"),
    "a relation within": (HEADER + "@attribute bag relational\n" + PLAY, "line 5: '@attribute bag relational'"),
    "no rows": (HEADER + PLAY, "has no examples"),
    "no data": (HEADER, "has no line @data"),
    "one attribute": ("@relation r\n@attribute a real\n@data\n1\n", "has 1 attributes"),
    "two of one name": (HEADER + "@attribute t real\n" + PLAY, "two columns are called 't'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_row_is_refused_with_its_line(name: str, tmp_path: Path, refused: Any) -> None:
    """The message names the line, the attribute and the field."""
    content, piece = BAD[name]
    with refused(FormatError, piece):
        read(content, tmp_path)


@given(st.text("'\"{}\\, ?%@9a\n", max_size=40))
@example("1e999,'a'\n99999999999999999999,a\nnan,a")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_raise_nothing_but_a_data_error(tmp_path: Path, content: str) -> None:
    """Any text below the attributes is rows or a DataError."""
    with suppress(DataError):
        read("@relation r\n@attribute a real\n@attribute c {a,9}\n@data\n" + content, tmp_path)


def test_a_sparse_row_with_an_endless_number_is_refused(tmp_path: Path) -> None:
    """More digits than Python converts are no place of an attribute."""
    path = tmp_path / "a.arff"
    path.write_text("@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n{" + "9" * 5000 + " 1}\n")
    with pytest.raises(FormatError, match="a sparse row such as"):
        load_data(path)
