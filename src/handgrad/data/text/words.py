"""Texts of tables: the words that they use for what is missing and for labels, and what separates their fields."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from handgrad.data.text.marks import Marks, may_be_number

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "?", "-", ".")
EMPTY = tuple(word for word in MISSING if word not in ("-", "."))  # which a label may not be either
SEPARATORS = (",", ";", "\t", "|", " ")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THREE_DIGITS = re.compile(r"\d{3}(?:,\d*)?")

# Names of label columns, most telling first, in lower case without punctuation.
LABELS = ("label", "labels", "class", "classes", "classlabel", "classlabels", "target", "targets", "digit", "digits")


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


def declared_separator(line: str) -> str:
    """Return the separator that the first line declares, as Excel writes it; nothing if it is an ordinary one."""
    told = re.fullmatch(r'"?sep=(.)"?', line.strip(" "))
    return told[1] if told else ""


def separator_of(lines: Sequence[str]) -> str:
    """Choose the separator that divides most lines into the same number of fields, and among these the most fields."""
    bare = [_QUOTED.sub("q", line) for line in lines]
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
    if best == "," and (other := next((one for one in ";\t|" if bare and all(one in line for line in bare)), "")):
        return other  # the commas stand in numbers such as 1,5
    return " " if best in ",\t" and _blanks_divide(bare, best) else best


def _blanks_divide(lines: Sequence[str], separator: str) -> bool:
    r"""Say whether blanks are the separators, and commas or tabs are not.

    They divide all lines alike, while commas stand in numbers such as 1,5 only, or tabs leave several numbers in one
    field.

    Examples
    --------
    >>> _blanks_divide(["Length Width Kind", "5,1 3,5 cedar", "4,9 3 birch"], ",")
    True
    >>> _blanks_divide(["18.0   8   307.0\tq", "15.0   8   350.0\tq"], "\t")
    True
    """
    rows = [line.split() for line in lines]
    width = len(rows[-1]) if len(rows) > 1 else 0
    if width < 2 or any(len(row) != width for row in rows[1:]) or len(rows[0]) not in (width, width - 1):
        return False
    if separator == ",":
        numbers = all(_WITH_COMMA.fullmatch(field) for row in rows for field in row if "," in field)
        between = "," not in lines[0] or any("," in field for row in rows for field in row[1:-1])
        grouped = all(_THREE_DIGITS.fullmatch(field) for row in rows for field in row[1:])  # 1 234,5 is one number
        return numbers and between and not grouped
    several = [field for line in lines[1:] for field in line.split(separator) if len(field.split()) > 1]
    return bool(several) and all(
        not may_be_number(field) and all(may_be_number(part) or part in MISSING for part in field.split())
        for field in several
    )
