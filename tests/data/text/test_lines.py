"""What ends a line, what is a comment, and what a quotation mark means in a text table."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.formats import read_frame
from handgrad.errors import FormatError

KINDS = ("alder", "birch", "cedar")
ROWS = [(str(i * 7 % 10), str(i * 3 % 11), KINDS[i % 3]) for i in range(30)]
HEADER = ("width", "height", "kind")


def text(rows: list[tuple[str, ...]] | list[str], separator: str = ",") -> str:
    """Write rows of fields, or lines."""
    return "".join(f"{row if isinstance(row, str) else separator.join(row)}\n" for row in rows)


def test_only_a_line_that_begins_with_the_sign_is_a_comment(tmp_path: Path) -> None:
    """A sign within a field is part of it, in labels, in features and in a column that is read again."""
    words = [(i, k, f"{name}#" if i == "7" else name) for i, k, name in ROWS]
    (tmp_path / "t.csv").write_text("# measured in May\n" + text([HEADER, *words]))
    data = load_data(tmp_path / "t.csv")
    assert data.class_names == tuple(sorted({name for _, _, name in words}))
    for sign in "#%|":
        coloured = [(f"{sign}{name[0]}", height, str(i % 2)) for i, (_, height, name) in enumerate(ROWS)]
        numbered = [(height, colour, label) for colour, height, label in coloured]
        (tmp_path / "t.csv").write_text(f"{sign} measured\n{sign} in May\n" + text([("a", "b", "label"), *numbered]))
        data = load_data(tmp_path / "t.csv")
        assert data.columns is not None
        assert data.columns.features[1].words == tuple(f"{sign}{letter}" for letter in "abc")


def test_comments_below_the_first_row_are_left_out_with_a_note(tmp_path: Path) -> None:
    """Those above it need none; within quotes there are no comments."""
    lines = ["# above", *map(",".join, [HEADER, *ROWS])]
    (tmp_path / "t.csv").write_text(text(lines))
    plain = load_data(tmp_path / "t.csv")
    assert not any("left out" in note for note in plain.notes)
    (tmp_path / "t.csv").write_text(text([*lines[:20], "  # 1,2,alder", "#", *lines[20:]]))
    data = load_data(tmp_path / "t.csv")
    assert "2 lines below the first row begin with '#', as the comment above; left out" in data.notes
    np.testing.assert_array_equal(data.X_train, plain.X_train)
    rows = [(w, h, f'"{name}\n# {name}, again"') for w, h, name in ROWS]
    (tmp_path / "t.csv").write_text("# above\n" + text([HEADER, *rows]))
    assert load_data(tmp_path / "t.csv").class_names == tuple(f"{name}\n# {name}, again" for name in KINDS)


def test_a_comment_below_the_table_is_left_out_with_a_note(tmp_path: Path) -> None:
    """Also where none stands above; a last row that begins with such a sign is a row."""
    (tmp_path / "t.csv").write_text(text([HEADER, *ROWS]) + "# 30 rows\n# end\n\n")
    data = load_data(tmp_path / "t.csv")
    assert "left out below the table: # 30 rows; # end" in data.notes
    assert len(data.y_train) + len(data.y_test) == 30
    rows = [(f"#{name[0]}", height, str(i % 2)) for i, (_, height, name) in enumerate(ROWS)]
    (tmp_path / "t.csv").write_text(text([HEADER, ("red", "1", "1"), *rows]))
    data = load_data(tmp_path / "t.csv")
    assert len(data.y_train) + len(data.y_test) == 31


@pytest.mark.parametrize("character", ["\f", "\v", "\x1c", "\x85", "\u2028"])
@pytest.mark.parametrize("where", ["name", "title", "both", "row"])
def test_only_line_ends_end_lines(where: str, character: str, tmp_path: Path) -> None:
    """A form feed, a vertical tab or a separator of Unicode is part of a name, a title or a field; no row is lost."""
    title = f"Report of trees{character}2021\n" if where in ("title", "both") else ""
    header = (f"width{character}in cm", *HEADER[1:]) if where in ("name", "both") else HEADER
    rows = [(w, h, name.replace("d", f"d{character}e" if where == "row" else "d")) for w, h, name in ROWS]
    (tmp_path / "t.csv").write_bytes((title + text([header, *rows])).encode())
    data = load_data(tmp_path / "t.csv")
    assert data.columns is not None
    assert [column.name for column in data.columns.features] == list(header[:2])
    assert (len(data.y_train), len(data.y_test), len(data.class_names)) == (24, 6, 3)
    assert [note for note in data.notes if note.startswith("left out above the table")] == (
        [f"left out above the table: Report of trees{character}2021"] if title else []
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_name_of_several_lines(end: str, tmp_path: Path) -> None:
    """Spreadsheets write names with line ends within quotes; the rows below and their lines are those of the file."""
    header = ('"width\nin cm"', "height", "kind")
    content = text([header, *ROWS]).replace("\n", end).encode()
    (tmp_path / "t.csv").write_bytes(content)
    data = load_data(tmp_path / "t.csv")
    assert (len(data.y_train), len(data.y_test), data.class_names) == (24, 6, KINDS)
    (tmp_path / "t.csv").write_bytes(content + b"1,two,alder")
    with pytest.raises(FormatError, match="line 33, the column height: 'two' is not a number"):
        load_data(tmp_path / "t.csv")


INCHES: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "twice": (",", [("4", '"big', "alder"), *ROWS[:9], ("5", '"big', "birch"), *ROWS[9:]]),
    "once": (",", [("4", '"', "alder"), *ROWS]),
    "before and behind": ("\t", [("4", '"big', "alder"), *ROWS[:9], ("5", 'big"', "birch"), *ROWS[9:]]),
    "as a label": (";", [("4", "5", '"alder'), ("5", "6", '"alder'), *ROWS]),
    "beside quoted fields": (",", [("4", '"big', "alder"), ("4", '"small, or big"', "alder"), *ROWS]),
    "separated by blanks": (" ", [("4", '"big', "alder"), *ROWS, ("5", '"big', "birch")]),
}


@pytest.mark.parametrize("name", INCHES)
def test_a_quotation_mark_alone_swallows_no_rows(name: str, tmp_path: Path) -> None:
    """It is an ordinary character, as the sign for inches is, and a note has its line."""
    separator, rows = INCHES[name]
    words = [(w, f"w{h}" if h.isdigit() and name != "as a label" else h, kind) for w, h, kind in rows]
    (tmp_path / "t.csv").write_text(text([HEADER, *words], separator))
    data = load_data(tmp_path / "t.csv", options=TableOptions(label="kind"))
    assert len(data.y_train) + len(data.y_test) == len(rows)
    assert data.columns is not None
    found = set(data.columns.features[1].words) | set(data.class_names)
    assert found >= {field.strip('"') if field.count('"') == 2 else field for row in rows for field in row[1:]
                     if '"' in field}  # fmt: skip
    assert any(note.startswith("unclosed quotation marks, in line") for note in data.notes)


def test_fields_of_several_lines_stay_whole(tmp_path: Path) -> None:
    """Quotation marks that are closed in a later line enclose a field, also with separators in it."""
    rows = [(f'"{name},\n""{name}"", tall"', w, h) for w, h, name in ROWS]
    (tmp_path / "t.csv").write_text(text([HEADER, *rows]))
    data = load_data(tmp_path / "t.csv", options=TableOptions(label="width"))
    assert data.class_names == tuple(f'{name},\n"{name}", tall' for name in KINDS)
    assert len(data.y_train) + len(data.y_test) == 30


def test_names_in_the_comment_above_the_rows(tmp_path: Path) -> None:
    """NumPy's savetxt writes the header as a comment: if it fits the columns it names them, with a note."""
    numbers = np.array([(i % 2, i * 7 % 10, i * 3 % 11) for i in range(30)])
    for separator in (",", " ", ";", "\t"):
        header = f"in cm\n{separator.join(('label', 'width', 'height'))}"
        np.savetxt(tmp_path / "t.txt", numbers, header=header, delimiter=separator, fmt="%g")
        data = load_data(tmp_path / "t.txt")
        assert data.columns is not None
        assert (data.columns.label, [column.name for column in data.columns.features]) == ("label", ["width", "height"])
        assert "the columns are called as in the comment above the rows: label, width, height" in data.notes
        assert len(data.y_train) + len(data.y_test) == 30
    (tmp_path / "t.csv").write_text("# in May, in cm, by hand\n" + text([HEADER, *ROWS]))
    assert load_data(tmp_path / "t.csv").columns == load_data_of(text([HEADER, *ROWS]), tmp_path)
    np.savetxt(tmp_path / "t.txt", numbers, header="label,width", delimiter=",", fmt="%g")
    data = load_data(tmp_path / "t.txt")
    assert data.columns is not None
    assert not data.columns.named


def load_data_of(content: str, folder: Path) -> object:
    """Return the columns of a table."""
    (folder / "plain.csv").write_text(content)
    return load_data(folder / "plain.csv").columns


@pytest.mark.parametrize("rule", ["|---|:--:|--:|", "+-----+-----+-----+", ""])
def test_bars_around_rows(rule: str, tmp_path: Path) -> None:
    """The tables of Markdown and of databases' terminals have bars on both sides, and rules between."""
    bars = [f"| {' | '.join(row)} |" for row in [HEADER, *ROWS]]
    lines = [rule, bars[0], rule, *bars[1:], rule] if rule.startswith("+") else [bars[0], rule, *bars[1:]]
    (tmp_path / "bars.md").write_text(text(lines))
    (tmp_path / "plain.csv").write_text(text([HEADER, *ROWS]))
    plain, other = load_data(tmp_path / "plain.csv"), load_data(tmp_path / "bars.md")
    assert (other.columns, other.class_names) == (plain.columns, plain.class_names)
    np.testing.assert_array_equal(other.X_train, plain.X_train)


def test_fields_of_two_lines_that_look_like_rows_stay_whole(tmp_path: Path) -> None:
    """Quotation marks that enclose a whole field are no marks that stand alone, whatever is between them."""
    rows = [f'{number},"in May, or later\n7, or 8",{"xy"[number % 2]}' for number in range(20)]
    (tmp_path / "t.csv").write_text("n,note,label\n" + "\n".join(rows) + "\n")
    frame = read_frame(tmp_path / "t.csv")
    assert len(frame.table) == 20
    assert set(frame.table["note"]) == {"in May, or later\n7, or 8"}


def test_a_first_column_called_number_sign_is_no_comment(tmp_path: Path) -> None:
    """A first line whose first field is # alone, and which has as many fields as the others, has the names."""
    (tmp_path / "t.csv").write_text("#,Name,HP\n" + "".join(f"{n},a{n},{n % 3}\n" for n in range(1, 20)))
    frame = read_frame(tmp_path / "t.csv")
    assert (frame.names, len(frame.table)) == (["#", "Name", "HP"], 19)
