"""Read tables of every kind into pandas' data frames; fields that are not numbers stay as they are written."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from handgrad.data.text.dialects import Dialect, sniff
from handgrad.data.text.encodings import as_utf8
from handgrad.data.text.lines import with_plain_lines, without_repeats
from handgrad.data.text.marks import Marks
from handgrad.data.text.names import as_named
from handgrad.data.text.others import refuse_others
from handgrad.data.text.source import Source
from handgrad.data.text.words import EMPTY
from handgrad.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd

MAX_COLUMNS = 100_000
HEAD = 2**22  # bytes in which the dialect is looked for


@dataclass(frozen=True)
class Frame:
    """A table as it was read.

    Attributes
    ----------
    path : Path
    table : pandas.DataFrame
        Columns of numbers or of texts; an empty field is missing. Its index counts the rows of the file from 0.
    named : bool
        Whether the names of the columns come from the file; otherwise they are numbers, from 1.
    notes : tuple of str
        What was assumed.
    source : Source or None
        A text file's content.
    image_shape : (height, width) or None
        If the columns besides the label are the pixels of decoded pictures.
    others : mapping of str to str
        The types of the columns that hold neither numbers nor texts, such as dates; their fields are left empty.
    parts : tuple of Frame
        The tables of a folder of which this one is made, one below the other.
    sparse : bool
        Whether a column that the file lacks is zero throughout.
    counted : bool
        Whether a sparse file tells if it counts its columns from 0 or from 1.
    usual : Marks or None
        How a text writes most of its numbers.
    marks : mapping of str to Marks
        How it writes the numbers of other columns.
    """

    path: Path
    table: pd.DataFrame
    named: bool
    notes: tuple[str, ...] = ()
    source: Source | None = None
    image_shape: tuple[int, int] | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Frame, ...] = ()
    sparse: bool = False
    counted: bool = False
    usual: Marks | None = None
    marks: Mapping[str, Marks] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.table.columns)

    def place(self, row: int) -> str:
        """Say where the row stands in the file."""
        wanted = int(self.table.index[row])
        for part in self.parts:
            if wanted < len(part.table):
                return f"{part.path.name}, {part.place(wanted)}"
            wanted -= len(part.table)
        if self.source is not None:
            for number, (line, _) in enumerate(self.source.rows()):
                if number == wanted:
                    return f"line {line}"
        return f"row {wanted + 1}"

    def gap(self, row: int, name: str) -> str:
        """Say which word stands for a missing value in a field, for a message; nothing if the field is empty."""
        if self.source is None or name not in self.source.names:
            return ""
        _, fields = next(islice(self.source.rows(), int(self.table.index[row]), None))
        word = "".join(fields[self.source.names.index(name) + self.source.dialect.row_names :][:1]).strip()
        return f", where {word!r} stands for a missing value" if word else ""

    def refuse_other(self, name: str, remedy: str) -> None:
        """Refuse a column that holds neither numbers nor texts, with what to do about it."""
        if name in self.others:
            raise FormatError(
                f"{self.path}: column {name!r} is of type {self.others[name]}",
                "numbers or texts",
                remedy,
            )

    def as_text(self, *names: str) -> Frame:
        """Return the table with columns as they are written: 007 and 7 differ, and - is a word."""
        columns = self.table
        names = tuple(name for name in names if columns[name].dtype.kind in "biuf" or columns[name].hasnans)
        if self.source is None or not names:
            return self
        places = {self.source.names.index(name) + self.source.dialect.row_names: name for name in names}
        texts = self.source.parse(usecols=list(places), dtype=str, na_values=None).rename(columns=places)
        known = texts.where(~texts.isin(EMPTY), None)
        return replace(self, table=columns.assign(**{name: known[name].loc[columns.index] for name in names}))

    def without(self, names: Sequence[str]) -> Frame:
        """Return the table without some columns, if others remain."""
        left_out = {as_named(name, self.names) for name in names}
        kept = [name for name in self.names if name not in left_out]
        return replace(self, table=self.table[kept]) if kept else self

    def with_notes(self, *notes: str) -> Frame:
        """Return the table with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def only(self, rows: NDArray[np.bool_]) -> Frame:
        """Return the table with some of its rows."""
        return replace(self, table=self.table[rows]) if not rows.all() else self


def read_text(path: Path, content: bytes, headed: bool = True) -> Frame:
    """Read a table in text: CSV and its relatives, in any usual dialect and encoding."""
    import pandas as pd

    refuse_others(path, content)
    try:
        content, decoded = as_utf8(content)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not text ({error})", "UTF-8", "save it as UTF-8") from error
    content, written = with_plain_lines(content)
    if (place := content.find(b"\0")) >= 0:
        line = content[: place + 1].count(b"\n") + 1
        raise FormatError(
            f"{path}, line {line}: a NUL byte, which no text contains", "text", "remove it, or save the file as UTF-8"
        )
    head = content[:HEAD].decode("utf-8", "replace")
    if len(content) > HEAD and "\n" not in head:
        raise FormatError(
            f"{path} has a first line of more than {HEAD:,} bytes",
            f"2 to {MAX_COLUMNS:,} fields in each row",
            "use fewer columns, or write arrays with np.savez",
        )
    try:
        dialect = sniff(head if len(content) <= HEAD else head[: head.rfind("\n") + 1], headed)
    except csv.Error as error:
        raise FormatError(f"{path}: {error}", "rows of fields", "check the file") from error
    if dialect.names is not None:
        content, more = without_repeats(content, dialect.skipped)
        written = (*written, *more)
    source = Source(path, content, dialect)
    if not 2 <= source.dialect.width <= MAX_COLUMNS:
        raise FormatError(
            f"{path} has rows of {source.dialect.width:,} field{'s' * (source.dialect.width != 1)}"
            if content.strip()
            else f"{path} is empty",
            f"2 to {MAX_COLUMNS:,} fields in each row, separated by commas, semicolons, tabs or blanks",
            "check the file",
        )
    names, notes = _names(path, source.dialect)
    try:
        table = source.parse()
    except FormatError:
        _refuse_uneven(path, source)
        raise
    begin = int(source.dialect.row_names)
    table = table.iloc[:, begin : begin + len(names)]
    table.columns = pd.Index(names)
    if len(table) and table.iloc[:, -1].isna().any():
        _refuse_uneven(path, source)
    notes = (*written, *notes)
    if titles := dialect.titles:
        notes = (*notes, f"left out above the table: {'; '.join(title[:40] for title in titles if title)[:200]}")
    notes = (*notes, *decoded)
    source = replace(source, names=tuple(names))
    return Frame(path, table, source.dialect.names is not None, notes, source, usual=dialect.marks)


def _names(path: Path, dialect: Dialect) -> tuple[list[str], tuple[str, ...]]:
    """Name all columns."""
    if dialect.names is None:
        names = [str(place) for place in range(1, dialect.width + 1)]
        first = list(dialect.sample[0]) if dialect.sample else []
        if dialect.width > 2 and first in (names, [str(place) for place in range(dialect.width)]):
            raise FormatError(
                f"{path}: its first row counts {', '.join(first[:3])}, ..., which may be names or an example",
                "columns named with words, or no header",
                "remove the row if it has names (in pandas: to_csv(path, header=False)), or call the label's column "
                "'label' in it; if it is an example, move it down",
            )
        return names, ()
    names = [name or f"Unnamed: {place}" for place, name in enumerate(dialect.names)]
    refuse_double(path, names)
    notes = ("the first field of each row is the row's name; left out",) if dialect.row_names else ()
    return names, notes


def refuse_double(path: Path, names: Sequence[str]) -> None:
    """Refuse two columns of one name."""
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise FormatError(f"{path}: two columns are called {name!r}", "different names", "rename one of them")


def _refuse_uneven(path: Path, source: Source) -> None:
    """Refuse the first row with another number of fields."""
    for number, (line, row) in enumerate(source.rows()):
        found = len(row)
        if (
            found != source.width
            and (found, row[-1]) != (source.width + 1, "")
            and (found != source.width - source.dialect.empty_last)
        ):
            empty = row.count("")
            above = ", or remove what stands above the table" if number < 2 else ""
            raise FormatError(
                f"{path}, line {line}: {found} field{'s' if found != 1 else ''}"
                + (f", {empty} of them empty" if empty and found > source.width else ""),
                f"{source.width}, as in the first row",
                "remove the surplus separators"
                if empty and found > source.width
                else f"complete or drop the row{above}",
            )
