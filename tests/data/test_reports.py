"""What further public reports say of tables: each property in a small table of our own."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from handgrad.data import DataSettings, load_data, load_sets
from handgrad.data.settings import TableOptions
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.errors import DataError

KINDS = ("alder", "birch", "cedar")
HEADER = "width,height,kind\n"
ROWS = "".join(f"{900 + 50 * (i * 7 % 10)},{-(i % 4)}.5,{KINDS[i % 3]}\n" for i in range(30))
TABLE = HEADER + ROWS
THOUSANDS = re.compile(r"^(\d)(\d{3}),", re.MULTILINE)

SAME: dict[str, str | bytes] = {  # other ways to write the table
    "carriage returns alone": TABLE.replace("\n", "\r"),
    "the minus sign of typesetting": TABLE.replace("-", "\N{MINUS SIGN}"),
    "blanks for thousands": THOUSANDS.sub(r"\1 \2,", TABLE),
    "narrow blanks for thousands, decimal commas": THOUSANDS.sub("\\1\u202f\\2,", TABLE)
    .replace(",", ";")
    .replace(".", ","),
    "no-break spaces around fields": TABLE.replace(",", "\N{NO-BREAK SPACE},\N{NO-BREAK SPACE}"),
    "no-break spaces in Windows-1252": TABLE.replace(",", "\N{NO-BREAK SPACE},").encode("cp1252"),
    "blanks behind some labels": TABLE.replace("alder\n", "alder \n", 3),
    "blanks around names": TABLE.replace("width,height,kind", " width,height , kind "),
    "Ctrl-Z at the end": TABLE + "\x1a",
    "titles": "Report of trees\nCreated: 2021-07-21\n\n" + TABLE,
    "titles of a spreadsheet": "Report of trees,,\n,,\n" + TABLE,
    "the number of rows above no header": "30\n" + ROWS,
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_table_with_other_characters(name: str, tmp_path: Path) -> None:
    """Typographic characters, line ends and titles change neither the numbers nor the classes."""
    content = SAME[name]
    (tmp_path / "plain.csv").write_text(TABLE)
    (tmp_path / "other.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    plain, other = load_data(tmp_path / "plain.csv"), load_data(tmp_path / "other.csv")
    assert other.class_names == plain.class_names == KINDS
    for part in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(other, part), getattr(plain, part))


def test_what_is_left_out_above_a_table_is_noted(tmp_path: Path) -> None:
    """The note has the titles; a name that is missing above an index is no title."""
    (tmp_path / "t.csv").write_text("Report of trees\nCreated: 2021-07-21\n\n" + TABLE)
    assert "left out above the table: Report of trees; Created: 2021-07-21" in load_data(tmp_path / "t.csv").notes
    (tmp_path / "t.csv").write_text(",kind\n" + "".join(f"{i * 7 % 10},{KINDS[i % 3]}\n" for i in range(30)))
    data = load_data(tmp_path / "t.csv")
    assert data.columns is not None
    assert data.columns.named
    assert not any("left out" in note for note in data.notes)


REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "a NUL in a label": (TABLE.replace("cedar", "\0cedar", 1), ("line 4: a NUL byte", "Remove it, or save")),
    "a NUL in a number": (TABLE.replace("1200", "1\x00200", 1), ("line 10: a NUL byte",)),
    "a quotation mark that is not closed": (
        TABLE.replace("cedar", '"cedar', 1) + "Total: 30 rows\n",
        ("line 4: a quotation mark that begins a field and is never closed", "Add the mark that is missing, or remove"),
    ),
    "a line below the table": (TABLE + "Total: 30 rows\n", ("line 32: 1 field; expected 3", "drop the row")),
    "units below the header": (HEADER + "[cm],[m],\n" + ROWS, ("line 2: an empty label",)),
    "units, and a hyphen for the label": (
        HEADER + "cm,m,-\n" + ROWS,
        ("line 2, the column width: 'cm' is not a number",),
    ),
    "a row that is too long": (TABLE.replace("cedar", "cedar,1,2", 1), ("line 4: 5 fields; expected 3",)),
    "a title with commas": (
        "Report of trees, shrubs, herbs, and grasses\n" + TABLE,
        ("line 2: 3 fields; expected 4, as in the first row", "or remove what stands above the table"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_row_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    """Nothing is lost in silence, and nothing becomes a class or a category that was not meant as one."""
    content, pieces = REFUSED[name]
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        load_data(tmp_path / "t.csv")
    for piece in pieces:
        assert piece in str(caught.value)


LABELS: dict[str, tuple[tuple[str, str, str], tuple[str, ...]]] = {
    "a blank behind": (("cedar ", "cedar", "birch"), ("birch", "cedar")),
    "like powers of ten": (("4e5", "400000", "40e4"), ("400000", "40e4", "4e5")),
    "negative": (("-1", "1", "1"), ("-1", "1")),
    "whole numbers with a point": (("0.0", "1.0", "2.0"), ("0", "1", "2")),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_told_apart_as_they_are_written(name: str, tmp_path: Path) -> None:
    """Blanks around a label do not count, nor does the zero of 1.0; any other difference does."""
    words, expected = LABELS[name]
    (tmp_path / "t.csv").write_text("size,label\n" + "".join(f"{i * 7 % 10},{words[i % 3]}\n" for i in range(30)))
    assert load_data(tmp_path / "t.csv").class_names == expected


def test_a_class_of_one_row_is_trained_on(tmp_path: Path) -> None:
    """It cannot be in both sets."""
    (tmp_path / "t.csv").write_text(TABLE + "900,-0.5,yew\n")
    data = load_data(tmp_path / "t.csv")
    assert data.class_names == (*KINDS, "yew")
    assert (3 in data.y_train, 3 in data.y_test) == (True, False)


def test_what_macs_add_to_an_archive_is_ignored(tmp_path: Path) -> None:
    """A table in a zip archive beside its resource fork and a .DS_Store is the table."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", TABLE)
        archive.writestr("__MACOSX/._t.csv", b"\x00\x05\x16\x07Mac OS X")
        archive.writestr(".DS_Store", b"\0\0")
    assert load_data(tmp_path / "t.zip").class_names == KINDS


def one_hot(header: str, row: str, true: object = 1, false: object = 0) -> str:
    """Write rows after a pattern, in which ``{k}`` stands for three columns of which one is 1."""
    spread = [",".join(str(true if i % 3 == place else false) for place in range(3)) for i in range(30)]
    return header + "".join(row.format(x=i * 7 % 10, y=i * 3 % 11, k=spread[i]) + "\n" for i in range(30))


SPREAD: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "last": (one_hot("x,y,cedar,birch,alder\n", "{x},{y},{k}"), None, ("cedar", "birch", "alder")),
    "true and false": (one_hot("x,y,alder,birch,cedar\n", "{x},{y},{k}", True, False), None, KINDS),
    "without a header": (one_hot("", "{x}.5,{y}.5,{k}"), None, ("0", "1", "2")),
    "first, without a header": (one_hot("", "{k},{x}.5,{y}.5"), None, ("0", "1", "2")),
    "first, by name": (one_hot("alder,birch,cedar,x,y\n", "{k},{x},{y}"), "alder,birch,cedar", KINDS),
}


@pytest.mark.parametrize("name", SPREAD)
def test_labels_in_one_hot_columns_are_one_label(name: str, tmp_path: Path) -> None:
    """The columns name the classes and are no features; other rows are read alike, also if they lack a class."""
    content, asked, names = SPREAD[name]
    (tmp_path / "t.csv").write_text(content)
    data = load_data(tmp_path / "t.csv", options=TableOptions(label=asked))
    assert (data.class_names, data.n_features, len(data.y_train)) == (tuple(sorted(names)), 2, 24)
    assert asked or any("exactly one of which is 1 in each row, as the label" in note for note in data.notes)
    rows = read_table_rows(tmp_path / "t.csv", data.columns, 2)
    assert rows.labels == names * 10
    header, *lines = content.splitlines(keepends=True)
    first = [header, *(line for place, line in enumerate(lines) if place % 3 == 0)]
    (tmp_path / "first.csv").write_text("".join(first if data.columns and data.columns.named else lines[2::3]))
    assert set(read_table_rows(tmp_path / "first.csv", data.columns, 2).labels or ()) == {names[0]}


def test_a_block_of_zeros_and_ones_that_lacks_the_label_stays_features(tmp_path: Path) -> None:
    """A feature that was one-hot encoded stays one, beside a label of zeros and ones too."""
    table = one_hot("x,red,green,blue,healthy\n", "{x},{k},{{h}}").replace("{h}\n", "1\n", 11).replace("{h}", "0")
    (tmp_path / "t.csv").write_text(table)
    data = load_data(tmp_path / "t.csv")
    assert (data.class_names, data.n_features) == (("0", "1"), 4)


def test_one_of_several_one_hot_columns_as_the_label_is_warned_of(tmp_path: Path) -> None:
    """The others give it away; columns that are not one-hot are no label."""
    (tmp_path / "t.csv").write_text(one_hot("alder,birch,cedar,x,y\n", "{k},{x},{y}"))
    notes = load_data(tmp_path / "t.csv", options=TableOptions(label="alder")).notes
    assert [note for note in notes if note.startswith("warning: the columns alder, birch, cedar, exactly one of")]
    with pytest.raises(DataError, match="line 4: the columns alder, birch are not one-hot"):
        load_data(tmp_path / "t.csv", options=TableOptions(label="alder,birch"))


def test_an_empty_field_in_one_hot_columns_is_an_empty_label(tmp_path: Path) -> None:
    """The columns are still one label, found or named; the row is refused with its line, or left out."""
    content = one_hot("x,y,alder,birch,cedar\n", "{x},{y},{k}").replace("8,9,0,0,1", "8,9,,0,1")
    (tmp_path / "t.csv").write_text(content)
    for asked in (None, "alder,birch,cedar", "alder, birch, cedar"):
        with pytest.raises(DataError, match="line 16: an empty label"):
            load_data(tmp_path / "t.csv", options=TableOptions(label=asked))
        data = load_data(tmp_path / "t.csv", options=TableOptions(label=asked, missing="drop"))
        assert (data.class_names, data.n_features, len(data.y_train) + len(data.y_test)) == (KINDS, 2, 29)


def test_one_wrong_row_of_a_one_hot_label_is_warned_of(tmp_path: Path) -> None:
    """The last column alone becomes the label, but its line and what to do are said; chance is not warned of."""
    content = one_hot("x,y,alder,birch,cedar\n", "{x},{y},{k}").replace("8,9,0,0,1", "8,9,1,0,1")
    (tmp_path / "t.csv").write_text(content)
    said = "warning: exactly one of the columns alder, birch, cedar is 1 in each row except 1 row, the first in line 16"
    assert [note for note in load_data(tmp_path / "t.csv").notes if note.startswith(said)]
    rows = [f"{i * 7 % 10},{int(i != 3)},{i % 2}\n" for i in range(30)]
    (tmp_path / "t.csv").write_text("x,rare,sick\n" + "".join(rows))
    assert not any("warning" in note for note in load_data(tmp_path / "t.csv").notes)


def test_a_label_of_columns_whose_names_have_commas(tmp_path: Path) -> None:
    """It is found, written with quotation marks, and found again in other tables."""
    content = one_hot('x,y,"red, old","red, new",blue\n', "{x},{y},{k}")
    (tmp_path / "t.csv").write_text(content)
    found = load_data(tmp_path / "t.csv")
    assert found.columns is not None
    assert found.columns.label == '"red, old","red, new",blue'
    named = load_data(tmp_path / "t.csv", options=TableOptions(label=found.columns.label))
    assert named.class_names == found.class_names == ("blue", "red, new", "red, old")
    assert read_table_rows(tmp_path / "t.csv", named.columns, 2).labels == ("red, old", "red, new", "blue") * 10


def test_one_hot_labels_of_two_files_in_a_folder(tmp_path: Path) -> None:
    """A table for training and one for the test are read as the one table is."""
    content = one_hot("x,y,alder,birch,cedar\n", "{x},{y},{k}")
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv").write_text(content)
    data = load_data(tmp_path)
    assert (data.class_names, data.n_features) == (KINDS, 2)
    assert data.y_test.tolist() == data.y_train.tolist() == [0, 1, 2] * 10


def test_categories_that_the_training_set_lacks_are_noted(tmp_path: Path) -> None:
    """Column, category and the number of rows are named; the row has no category."""
    header, colours = "width,colour,kind\n", ("red", "blue")
    rows = [f"{i * 7 % 10},{colours[i % 2]},{KINDS[i % 3]}\n" for i in range(30)]
    (tmp_path / "train.csv").write_text(header + "".join(rows))
    (tmp_path / "other.csv").write_text(header + "1,green,birch\n2,pink,birch\n3,green,cedar\n" + rows[0])
    found = read_table_rows(tmp_path / "other.csv", load_data(tmp_path / "train.csv").columns, 3)
    said = "the column colour has 'green' in 2 rows, 'pink' in 1 row, which the training set does not have"
    assert [note for note in found.notes if note.startswith(said)]
    assert found.X.tolist() == [[1, 0, 0], [2, 0, 0], [3, 0, 0], [0, 0, 1]]


def test_values_far_from_all_others_are_warned_of(tmp_path: Path) -> None:
    """They are trained on, but named with their rows, in one warning; skewed counts and rare categories are not."""
    rows = [f"{i * 7 % 10},{2 ** (i // 3)},{'red' if i == 4 else 'blue'},{KINDS[i % 3]}\n" for i in range(30)]
    (tmp_path / "t.csv").write_text("width,count,colour,kind\n" + "".join(rows))
    assert not any("range" in note for note in load_data(tmp_path / "t.csv").notes)
    (tmp_path / "t.csv").write_text("width,count,colour,kind\n" + "".join(["1e38,1,blue,alder\n", *rows] * 2))
    data = load_data(tmp_path / "t.csv")
    assert np.isfinite(data.X_train).all()
    (note,) = (note for note in data.notes if "range" in note)
    assert note.startswith(
        "warning: the inputs are on very different scales: all but a few values of width lie within "
    )
    assert "(width: 1e+38 in line 2 and 1 more)" in note


@pytest.mark.parametrize("value", [1e9, -1e9, 1e30, -1e30])
def test_an_extreme_value_is_found_on_either_side_in_every_column(value: float, tmp_path: Path) -> None:
    """Also where the others are one number in float32 after scaling."""
    rng = np.random.default_rng(0)
    rows = [[20 + rng.integers(60), rng.random(), 0.1 * rng.integers(100), i % 2] for i in range(300)]
    for place in range(3):
        rows[30 * place][place] = value if place < 2 else -value / 2
    lines = ["age,share,rate,kind", *(",".join(map(str, row)) for row in rows)]
    lines[9] = "40,,5,1"  # is left out, and counts as a line
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    settings = DataSettings(data=str(tmp_path / "t.csv"), missing="drop")
    (note,) = (note for note in load_sets(settings).notes if "range" in note)
    for name, line, what in (("age", 2, value), ("share", 32, value), ("rate", 62, -value / 2)):
        assert f"{name}: {what:g} in line {line}" in note


def test_a_column_over_many_magnitudes_should_be_a_logarithm(tmp_path: Path) -> None:
    """Its values may all be right; zeros have no logarithm."""
    spread = np.exp(np.random.default_rng(0).normal(0, 6, 300))
    for least, advice in ((0.0, "its largest and smallest values"), (1e-9, "train on its logarithm")):
        spread[0] = least
        rows = "".join(f"{one},{i % 7},{i % 2}\n" for i, one in enumerate(spread))
        (tmp_path / "t.csv").write_text("price,width,kind\n" + rows)
        (note,) = (note for note in load_data(tmp_path / "t.csv").notes if "range" in note)
        assert note.startswith("the column price has most of its values in a thousandth of its range")
        assert note.endswith(advice)


def test_numbers_near_the_largest_are_read(tmp_path: Path) -> None:
    """A range that has no finite thousandfold is no reason to stop; warnings are errors here."""
    path = tmp_path / "large.csv"
    path.write_text("a,b,label\n" + "".join(f"{(i % 7) * 2e307!r},{i},{i % 2}\n" for i in range(60)))
    data = load_data(path)
    assert float(data.X_train.max()) == 1.0
