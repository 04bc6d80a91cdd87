"""Text tables: what separates their fields, how they write numbers, and whether their first row is a header.

:func:`sniff` looks at the first lines only; pandas then reads the whole file as it says.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from handgrad.data.marks import Marks, may_be_number, usual_marks

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "?", "-", ".")
EMPTY = tuple(word for word in MISSING if word not in ("-", "."))  # which a label may not be either
SEPARATORS = (",", ";", "\t", "|", " ")
_SAMPLE = 1000  # rows that are looked at
_INTEGER = re.compile(r"[+-]?\d+")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')

# Names of label columns, most telling first, in lower case without punctuation.
LABELS = ("label", "labels", "class", "classes", "classlabel", "classlabels", "target", "targets", "digit", "digits")


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes
    ----------
    separator : str
        A blank stands for any number of blanks and tabs.
    marks : Marks
        Those of most numbers.
    skipped : int
        Lines before the first row, the header included.
    names : tuple of str, or None
        The names of the columns, if there is a header.
    row_names : bool
        Whether each row begins with a name that the header lacks, as R writes tables.
    empty_last : bool
        Whether every row ends with a separator.
    titles : tuple of str
        What stands above the table, and is no row of it.
    sample : tuple of rows
        The first rows below the header, as texts.
    """

    separator: str
    marks: Marks
    skipped: int
    names: tuple[str, ...] | None
    row_names: bool
    empty_last: bool
    titles: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]

    @property
    def width(self) -> int:
        """The number of columns, without those that are left out."""
        return len(self.names) if self.names is not None else len(self.sample[0]) if self.sample else 0


def is_number(field: str) -> bool:
    """Say whether a text is a number with a decimal point; Python's underscores are none.

    Examples
    --------
    >>> [is_number(text) for text in ("1e3", " 7", "1_000", "cedar")]
    [True, True, False, False]
    """
    return Marks().value(field) is not None


def plain(name: str) -> str:
    """Reduce a name to lower-case letters and digits, to compare it.

    Examples
    --------
    >>> plain(" Class_Label ")
    'classlabel'
    """
    return re.sub(r"[\W_]+", "", name).lower()


def fields(lines: Iterable[str], separator: str) -> list[list[str]]:
    """Split lines into fields.

    Examples
    --------
    >>> fields(['1, "a, b"', "2, c"], ",")
    [['1', 'a, b'], ['2', 'c']]
    """
    if separator == " ":
        lines, separator = (re.sub(r"[ \t]+", " ", line.strip()) for line in lines), " "
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    return [[field.strip() for field in row] for row in reader if row]


def sniff(text: str, headed: bool = True) -> Dialect:
    r"""Tell from the beginning of a table how it is written.

    Parameters
    ----------
    text : str
        Whole lines, as :func:`~handgrad.data.lines.with_plain_lines` writes them.
    headed : bool, default True
        Whether the first row may be a header.

    Examples
    --------
    >>> found = sniff("width;kind\n1,5;cedar\n0,5;birch\n")
    >>> found.separator, found.marks.decimal, found.names
    (';', ',', ('width', 'kind'))
    """
    lines = text.split("\n")
    declared = declared_separator(lines[0])
    skipped = int(bool(declared))
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    kept = [line for line in lines[skipped:] if line.strip()]
    separator = declared or separator_of(kept[:_SAMPLE])
    titles = _titles(kept[:_SAMPLE], separator)
    kept = kept[len(titles) :]
    rows = [tuple(row) for row in fields(islice(kept, _SAMPLE + 1), separator)]
    empty_last = (
        len(rows) > 1
        and all(len(row) > 2 and not row[-1] for row in rows[1:])
        and (not rows[0][-1] or len(rows[0]) == len(rows[1]) - 1)
    )
    if empty_last:
        width = min(len(rows[0]), len(rows[1]) - 1)
        rows = [row[:width] if len(row) <= width + 1 else row for row in rows]
    marks = usual_marks((field for row in rows[1:] or rows for field in row), separator)
    row_names = _has_row_names(rows)
    if titles:
        skipped = lines.index(kept[0], skipped)
    found = Dialect(separator, marks, skipped, None, row_names, empty_last, titles, tuple(rows))
    if rows and headed and (row_names or _is_header(rows)):
        below = lines.index(kept[0], skipped) + _height(kept, separator)
        found = replace(found, skipped=below, names=rows[0], sample=tuple(rows[1:]))
    return found


def declared_separator(line: str) -> str:
    """Return the separator that the first line declares, as Excel writes it; nothing if it is an ordinary one."""
    told = re.fullmatch(r'"?sep=(.)"?', line.strip(" "))
    return told[1] if told else ""


def _height(lines: Sequence[str], separator: str) -> int:
    """Count the lines of the first row, whose fields may have several."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    next(reader)
    return reader.line_num


def _titles(lines: Sequence[str], separator: str) -> tuple[str, ...]:
    """Find the lines above a table that are no rows of it: each has one field, and most others have several."""
    rows = fields(lines, separator)
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    titles = []
    for line in lines[: -1 if width > 1 else 0]:
        (row,) = fields([line], separator)
        padded = width > 2 and not any(row[1:]) and not is_number(row[0])
        if line.count('"') % 2 or not (len(row) == 1 or padded):  # an odd quotation mark: a field of several lines
            break
        titles.append(row[0])
    return tuple(titles)


def separator_of(lines: Sequence[str]) -> str:
    """Choose the separator that divides most lines into the same number of fields, and among these the most fields."""
    bare = [_QUOTED.sub("", line) for line in lines]
    best, score = ",", (0.0, 0)
    for separator in SEPARATORS:
        if separator == " ":
            counts = Counter(len(line.split()) - 1 for line in bare)
        else:
            counts = Counter(line.count(separator) for line in bare)
        count, lines_alike = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        share = lines_alike / max(len(bare), 1)
        # Blanks in texts, and commas in numbers, are regular by chance: the other separators come first.
        if count and (round(share, 1), count if separator != " " else 0) > score and (separator != " " or not score[1]):
            best, score = separator, (round(share, 1), count)
    return _unless_decimal(best, bare)


def _unless_decimal(separator: str, lines: Sequence[str]) -> str:
    """Prefer semicolons, tabs and blanks to commas where the commas stand in numbers such as 1,5."""
    if separator == ",":
        for other in (";", "\t"):
            if lines and all(other in line for line in lines):
                return other
    return separator


def _has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Recognise R's tables: a header with one field less than every row below it."""
    return len(rows) > 2 and {len(row) for row in rows[1:]} == {len(rows[0]) + 1} and not any(map(is_number, rows[0]))


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row holds names, by what stands below it."""
    first, below = rows[0], rows[1:]
    for place, field in enumerate(first):
        if plain(field) in (*LABELS, "y") and field not in (row[place] for row in below if len(row) > place):
            return True
    if not below:
        return not any(map(may_be_number, first))
    width = len(first)
    words = [place for place, field in enumerate(first) if not may_be_number(field) and field not in MISSING]
    for place in words:
        column = [row[place] for row in below if len(row) == width and row[place] not in MISSING]
        if column and sum(map(may_be_number, column)) > len(column) / 2:
            return True  # a word above numbers
    if len(words) == width:  # words above words: names do not occur again
        return not any(first[place] in (row[place] for row in below if len(row) == width) for place in words)
    return len(words) >= 1 and all(_only_there(rows, place) for place in words) and _are_names(first, words)


def _only_there(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Say whether the word in the first row occurs nowhere below, where most words occur again."""
    counts = Counter(row[place] for row in rows[1:] if len(row) > place)
    return counts[rows[0][place]] == 0 and 2 * sum(count == 1 for count in counts.values()) <= len(counts)


def _are_names(first: Sequence[str], words: Sequence[int]) -> bool:
    """Say whether the numbers of the first row may be names: different whole numbers, or none above an index."""
    numbers = [field for place, field in enumerate(first) if place not in words and field]
    return len(set(numbers)) == len(numbers) and all(map(_INTEGER.fullmatch, numbers))
