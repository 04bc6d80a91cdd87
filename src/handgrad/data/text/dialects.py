"""How a text table is written: its separator, its marks, what stands above it, and whether its first row is a header.

:func:`sniff` looks at the first lines only; pandas then reads the whole file as it says.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from handgrad.data.text.marks import Marks, may_be_number, usual_marks
from handgrad.data.text.words import LABELS, MISSING, declared_separator, fields, is_number, plain, separator_of

_SAMPLE = 1000  # rows that are looked at
_FEW = 10  # rows
_MANY = 5  # rows of a table for each repeated header
_INTEGER = re.compile(r"[+-]?\d+")
_NUMBERED = re.compile(r"[A-Za-z]{0,2}\d+|Unnamed: \d+|")


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
        What stands above the rows and their header, and is none of them.
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


def sniff(text: str, headed: bool = True) -> Dialect:
    r"""Tell from the beginning of a table how it is written.

    Parameters
    ----------
    text : str
        Whole lines, as :func:`~handgrad.data.text.lines.with_plain_lines` writes them.
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
    mangled = headed and _is_mangled(rows)
    if mangled or (headed and _has_names_below(rows)):
        titles, kept, rows = (*titles, *rows[0]), kept[_height(kept, separator) :], rows[1:]
        headed = not mangled
    if headed and len(rows) > 1:
        rows[0] = _without_last_separators(rows)
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
    below = _without_repeats(rows) if rows else []
    if rows and headed and (row_names or _is_header(rows[0], below)):
        first = lines.index(kept[0], skipped) + _height(kept, separator)
        found = replace(found, skipped=first, names=rows[0], sample=tuple(below))
    return found


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


def _has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Recognise R's tables: a header with one field less than every row below it."""
    one_less = len(rows) > 2 and {len(row) for row in rows[1:]} == {len(rows[0]) + 1}
    return one_less and not any(map(is_number, rows[0])) and len({row[0] for row in rows[1:]}) == len(rows) - 1


def _has_names_below(rows: Sequence[Sequence[str]]) -> bool:
    """Recognise names such as X1, X2, ... above the names that tell something, as tables with two headers have them."""
    if len(rows) < 3 or not any(_NUMBERED.fullmatch(name) and name for name in rows[0]):
        return False
    told = all(re.fullmatch(r"[A-Za-z]?", name) or _NUMBERED.fullmatch(name) for name in rows[0])
    names = [name for name in rows[1] if name]
    words = len(names) > 1 and len(set(names)) == len(names) and not any(map(may_be_number, names))
    return told and words and len(rows[0]) == len(rows[1]) and _has_word_above_numbers(rows[1:])


def _is_mangled(rows: Sequence[Sequence[str]]) -> bool:
    """Recognise a row that pandas took for names: of equal numbers, all but the first have got .1, .2, ...

    The other rows have whole numbers in such a column.
    """
    first, below = rows[0] if rows else (), rows[1:]
    if len(set(first)) < len(first) or not below:
        return False
    seen, mangled = set[str](), []
    for place, field in enumerate(first):
        number, _, count = field.partition(".")
        before = number if count == "1" else f"{number}.{int(count) - 1}" if count.isdecimal() else ""
        if not number.removeprefix("-").isdecimal() or (count and before not in seen):
            return False
        mangled += [place] if count else []
        seen.add(field)
    enough = len(mangled) > 1 or (len(mangled) == 1 and len(below) > _FEW)  # one may be chance
    return enough and all(_INTEGER.fullmatch(field) for row in below for field in _some(row, mangled))


def _some(row: Sequence[str], places: Sequence[int]) -> list[str]:
    return [row[place] for place in places if place < len(row) and row[place] not in MISSING]


def _without_last_separators(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return a header without the empty fields at its end that the rows below do not have."""
    first, width = rows[0], Counter(map(len, rows[1:])).most_common(1)[0][0]
    while len(first) > max(width, 1) and not first[-1]:
        first = first[:-1]
    return first


def _without_repeats(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """Return the rows below the first, without those that equal it if they are likely headers between tables.

    These are few, and their words occur nowhere else.
    """
    others = [row for row in rows[1:] if row != rows[0]]
    again = any(field in row[place : place + 1] for row in others for place, field in enumerate(rows[0]) if field)
    few = _MANY * (len(rows) - 1 - len(others)) <= len(others)
    return rows[1:] if again or not few or any(map(may_be_number, rows[0])) else others


def _is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row holds names, by what stands below it."""
    for place, field in enumerate(first):
        if plain(field) in (*LABELS, "y") and field not in (row[place] for row in below if len(row) > place):
            return True
    if not below:
        return not any(map(may_be_number, first))
    if _has_word_above_numbers([first, *below]):
        return True
    width = len(first)
    if not first[0] and width > 2 and list(first[1:]) == [str(place) for place in range(width - 1)]:
        return True  # pandas writes so what has no names
    words = [place for place, field in enumerate(first) if not may_be_number(field) and field not in MISSING]
    if words and len(words) == sum(field != "" for field in first):  # words above words: names do not occur again
        return not any(first[place] in (row[place] for row in below if len(row) == width) for place in words)
    return len(words) >= 1 and all(_only_there(first, below, place) for place in words) and _are_names(first, words)


def _has_word_above_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row has a word in a column of numbers."""
    first, width = rows[0], len(rows[0])
    for place, field in enumerate(first):
        if may_be_number(field) or field in MISSING:
            continue
        column = [row[place] for row in rows[1:] if len(row) == width and row[place] not in MISSING]
        if column and sum(map(may_be_number, column)) > len(column) / 2:
            return True
    return False


def _only_there(first: Sequence[str], below: Sequence[Sequence[str]], place: int) -> bool:
    """Say whether the word in the first row occurs nowhere below, where most words occur again."""
    counts = Counter(row[place] for row in below if len(row) > place)
    return counts[first[place]] == 0 and 2 * sum(count == 1 for count in counts.values()) <= len(counts)


def _are_names(first: Sequence[str], words: Sequence[int]) -> bool:
    """Say whether the numbers of the first row may be names: different whole numbers, or none above an index."""
    numbers = [field for place, field in enumerate(first) if place not in words and field]
    return len(set(numbers)) == len(numbers) and all(map(_INTEGER.fullmatch, numbers))
