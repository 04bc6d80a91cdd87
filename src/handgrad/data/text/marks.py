"""How numbers are written: their decimal mark, and what stands between groups of thousands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

_ENOUGH = 100_000  # fields to tell a table's usual marks
_NAMES = {",": "commas", ".": "points", " ": "blanks"}


@dataclass(frozen=True)
class Marks:
    """How the numbers of a column are written.

    Parameters
    ----------
    decimal : str
        A point or a comma.
    thousands : str
        What stands between groups of three digits; empty if nothing does.

    Examples
    --------
    >>> Marks(",", ".").value("1.246,5"), Marks().value("1.246"), Marks(".", ",").value("5,5")
    (1246.5, 1.246, None)
    """

    decimal: str = "."
    thousands: str = ""

    def value(self, field: str) -> float | None:
        """Read a field; None if it is no number that is written so."""
        if self.thousands and self.thousands in field:
            if not _grouped(self.decimal, self.thousands).fullmatch(field):
                return None
            field = field.replace(self.thousands, "")
        if self.decimal != ".":
            if "." in field:
                return None
            field = field.replace(self.decimal, ".")
        if "_" in field:  # which Python allows in numbers
            return None
        try:
            return float(field)
        except ValueError:
            return None

    @property
    def example(self) -> str:
        """A number that is written so."""
        return f"1{self.thousands}234{self.decimal}5"

    @property
    def between(self) -> str:
        """The name of the mark of thousands."""
        return _NAMES[self.thousands]


_GROUPED, _SMALL = 10, 3  # different numbers with marks, and without them, that tell of what kind the marks are


@lru_cache
def _grouped(decimal: str, thousands: str) -> re.Pattern[str]:
    """Match numbers with groups of thousands, the first of which does not begin with 0; also lakhs, as in 12,34,567."""
    groups = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+"
    lakhs = rf"[1-9]\d?(?:{re.escape(thousands)}\d{{2}})+{re.escape(thousands)}\d{{3}}"
    return re.compile(rf"\s*[+-]?(?:{groups}|{lakhs})(?:{re.escape(decimal)}\d*)?\s*")


_WRITTEN = {  # by their decimal mark
    ".": (Marks("."), Marks(".", ","), Marks(".", " ")),
    ",": (Marks(","), Marks(",", "."), Marks(",", " ")),
}
MARKS = _WRITTEN["."] + _WRITTEN[","]


def _candidates(usual: Marks) -> tuple[Marks, ...]:
    """Return all marks, those with the usual decimal mark first."""
    return _WRITTEN[usual.decimal] + _WRITTEN["," if usual.decimal == "." else "."]


def may_be_number(field: str) -> bool:
    """Say whether a field is a number with any marks.

    Examples
    --------
    >>> [may_be_number(text) for text in ("1e3", " 7", "0,5", "1_000", "cedar")]
    [True, True, True, False, False]
    """
    return any(marks.value(field) is not None for marks in MARKS)


def read_alike(texts: Collection[str], usual: Marks) -> tuple[Marks, dict[str, float]] | None:
    """Read texts as numbers with the same marks, the usual decimal mark first; None if they are not all numbers.

    Examples
    --------
    >>> read_alike(["1.246", "70"], usual=Marks(","))
    (Marks(decimal=',', thousands='.'), {'1.246': 1246.0, '70': 70.0})
    >>> read_alike(["1.246", "0.5"], usual=Marks(","))
    (Marks(decimal='.', thousands=''), {'1.246': 1.246, '0.5': 0.5})
    """
    grouped = grouped_marks(texts)
    for marks in (grouped,) if grouped else _candidates(usual):
        values: dict[str, float] = {}
        for text in texts:
            value = marks.value(text)
            if value is None:
                break
            values[text] = value
        else:
            return marks, values
    return None


def grouped_marks(texts: Collection[str]) -> Marks | None:
    """Recognise marks of thousands in whole numbers, which might be decimal marks if one looked at one number only.

    There are always three digits behind the mark, and the numbers without it are whole and less than 1000.

    Examples
    --------
    >>> counts = [f"{count:,}" for count in range(900, 1100, 7)]
    >>> grouped_marks(counts), grouped_marks(["1,275", "1,250"]), grouped_marks([*counts, "1.5"])
    (Marks(decimal='.', thousands=','), None, None)
    """
    for marks in (Marks(".", ","), Marks(",", ".")):
        marked = [text for text in texts if marks.thousands in text]
        pattern = _grouped(marks.decimal, marks.thousands)
        if (
            len(marked) >= _GROUPED
            and len(texts) - len(marked) >= _SMALL
            and all(pattern.fullmatch(text) and marks.decimal not in text for text in marked)
            and all(re.fullmatch(r"\s*[+-]?\d{1,3}\s*", text) for text in texts if marks.thousands not in text)
        ):
            return marks
    return None


def most_common_marks(texts: Collection[str], usual: Marks) -> Marks:
    """Find the marks with which most texts are numbers, the usual decimal mark first.

    Examples
    --------
    >>> most_common_marks(["41,3", "oops", "40"], usual=Marks())
    Marks(decimal=',', thousands='')
    """
    return max(_candidates(usual), key=lambda marks: sum(marks.value(text) is not None for text in texts))


def usual_marks(fields: Iterable[str], separator: str) -> Marks:
    r"""Tell how most numbers of a table are written, by the fields that can be read in one way only.

    If none tells, decimal marks are commas where semicolons separate the fields: so spreadsheets write them.

    Examples
    --------
    >>> usual_marks(["1.246", "-0,26"], "\t"), usual_marks(["1,246", "7"], "\t"), usual_marks(["1,246", "7"], ";")
    (Marks(decimal=',', thousands=''), Marks(decimal='.', thousands=''), Marks(decimal=',', thousands=''))
    """
    fields = list(islice((field for field in fields if "," in field or "." in field), _ENOUGH))
    if separator != ";" and not any("," in field for field in fields):
        return Marks()
    found: Counter[Marks] = Counter()
    for field in fields:
        point, comma = (
            next((marks for marks in _WRITTEN[decimal] if marks.value(field) is not None), None) for decimal in ".,"
        )
        one = point or comma
        if one is not None and (point is None or comma is None):
            found[one] += 1
    points, commas = (sum(found[marks] for marks in _WRITTEN[decimal]) for decimal in ".,")
    decimal = "," if commas > points or (commas == points and separator == ";") else "."
    grouped = max(_WRITTEN[decimal][1:], key=lambda marks: found[marks])
    return grouped if found[grouped] else Marks(decimal)
