"""What further public reports say of tables: each property in a small table of our own."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from handgrad.data import load_data
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
    "a quotation mark that is not closed": (TABLE.replace("cedar", '"cedar', 1), ("line 4: unexpected end of data",)),
    "a line below the table": (TABLE + "Total: 30 rows\n", ("line 32: 1 field; expected 3", "drop the row")),
    "units below the header": (HEADER + "[cm],[m],\n" + ROWS, ("line 2: an empty label",)),
    "units, and a hyphen for the label": (HEADER + "cm,m,-\n" + ROWS, ("line 2: an empty label",)),
    "the header again": (TABLE + TABLE, ("line 32, the column width: 'width' is not a number",)),
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
