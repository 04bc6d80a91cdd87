"""Weka's format ARFF: attributes with their types, and rows of fields, which may be sparse.

SciPy's reader takes the quotation mark from the first row, and neither sparse rows nor texts.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.data.text.encodings import as_utf8
from handgrad.data.text.frames import HEAD, MAX_COLUMNS, Frame, refuse_double
from handgrad.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd

_WORD = r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\""""
_FIELD = re.compile(rf"\s*(?:{_WORD}|([^,]*?))\s*(,|$)")
_ENTRY = re.compile(rf"\s*(\d{{1,9}})\s+(?:{_WORD}|([^,]*?))\s*(,|$)")  # of a sparse row
_ATTRIBUTE = re.compile(rf"@attribute\s+(?:{_WORD}|([^\s{{]+))\s*(.*)", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_NUMBERS = ("numeric", "real", "integer")


@dataclass(frozen=True)
class _Attribute:
    """A column: its type in lower case, and the words that it may have if it is nominal."""

    name: str
    kind: str
    words: tuple[str, ...] = ()

    @property
    def usual(self) -> str:
        """What a sparse row does not write."""
        return "0" if self.kind in _NUMBERS else self.words[0] if self.words else "?"


def is_arff(content: bytes) -> bool:
    r"""Recognise the format by its beginning.

    Examples
    --------
    >>> is_arff(b"% c\n@RELATION r\n@data\n"), is_arff(b"a,label\n1,x\n")
    (True, False)
    """
    return content.lstrip()[:1] in (b"%", b"@") and b"@relation" in content[:HEAD].lower()


def read_arff(path: Path, content: bytes) -> Frame:
    """Read all rows; dates stay empty, and only ``?`` is a missing value.

    Raises
    ------
    FormatError
        If a line is no row of the attributes.
    """
    try:
        text, notes = as_utf8(content)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not text ({error})", "a table in ARFF", "save it as UTF-8") from error
    lines = text.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    begin, attributes = _header(path, lines)
    rows = {
        number: _as_csv(f"{path}, line {number}", line, attributes)
        for number, line in enumerate(map(str.strip, lines[begin:]), begin + 1)
        if line and not line.startswith("%")
    }
    table = _parsed(rows.values(), attributes)
    for one, name in zip(attributes, table.columns, strict=True):
        table[name] = _converted(path, table[name], one, list(rows))
    table.columns = table.columns.map(dict(enumerate(one.name for one in attributes)))
    others = {one.name: one.kind for one in attributes if one.kind == "date"}
    return Frame(path, table, True, notes, others=others)


def _header(path: Path, lines: list[str]) -> tuple[int, list[_Attribute]]:
    """Return the number of lines above the rows, and the attributes."""
    attributes = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if line.lower().startswith("@data"):
            break
        if not line.lower().startswith("@attribute"):
            continue
        found = _ATTRIBUTE.match(line)
        kind = re.match(r"[a-z]+", found[4].lower()) if found else None
        if found and found[4].startswith("{") and "}" in found[4]:
            words = tuple(map(str.strip, _split(found[4][1 : found[4].rindex("}")])))
            attributes.append(_Attribute(_text(found), "nominal", words))
        elif found and kind and kind[0] in (*_NUMBERS, "string", "date"):
            attributes.append(_Attribute(_text(found), kind[0]))
        else:
            raise FormatError(
                f"{path}, line {number}: {line[:60]!r}",
                "an attribute of numbers, texts or dates, or with its words in braces",
                "correct that line, or convert the table to CSV",
            )
    else:
        raise FormatError(f"{path} has no line @data", "a table in ARFF, with its rows below that line", "add it")
    if not 2 <= len(attributes) <= MAX_COLUMNS:
        raise FormatError(f"{path} has {len(attributes):,} attributes", f"2 to {MAX_COLUMNS:,}", "check the file")
    refuse_double(path, [one.name for one in attributes])
    return number, attributes


def _text(found: re.Match[str], first: int = 1) -> str:
    """Return the word that a match has in one of three groups: in either quotation marks, or in none."""
    bare = found[first + 2]
    quoted = found[first] if found[first] is not None else found[first + 1]
    return bare if quoted is None else re.sub(r"\\(.)", lambda sign: _ESCAPES.get(sign[1], sign[1]), quoted)


def _split(line: str) -> list[str]:
    r"""Split a row into fields.

    Examples
    --------
    >>> _split("'a, b', \"c\",don't,5")
    ['a, b', 'c', "don't", '5']
    """
    fields, place = [], 0
    while found := _FIELD.match(line, place):
        fields.append(_text(found))
        place = found.end()
        if not found[4]:
            break
    return fields


def _as_csv(where: str, line: str, attributes: list[_Attribute]) -> str:
    """Write a row with all its fields, as pandas reads it."""
    plain = not any(sign in line for sign in "'\"{\\")
    if plain and "," not in line:
        line = line.replace("\t", ",")
    fields = _filled(where, line, attributes) if line.startswith("{") else [] if plain else _split(line)
    count = line.count(",") + 1 if plain else len(fields)
    if count != len(attributes):
        raise FormatError(
            f"{where}: {count} field{'s' * (count != 1)}",
            f"{len(attributes)}, as there are attributes",
            "complete or drop the row",
        )
    return line if plain else ",".join('"' + field.replace('"', '""') + '"' for field in fields)


def _filled(where: str, line: str, attributes: list[_Attribute]) -> list[str]:
    """Return all fields of a sparse row."""
    fields = [one.usual for one in attributes]
    body, place = line[1:].rstrip().removesuffix("}").rstrip(), 0
    while place < len(body):
        found = _ENTRY.match(body, place)
        if found is None or int(found[1]) >= len(fields):
            raise FormatError(
                f"{where}: {line[:60]!r}", "a sparse row such as {0 1.5, 3 word}, numbered from 0", "correct the row"
            )
        fields[int(found[1])] = _text(found, 2)
        place = found.end()
    return fields


def _parsed(rows: Any, attributes: list[_Attribute]) -> pd.DataFrame:
    """Let pandas parse rows; all that is no number stays text."""
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=range(len(attributes)))
    return pd.read_csv(
        io.StringIO("\n".join(rows)),
        header=None,
        names=range(len(attributes)),
        dtype={place: str for place, one in enumerate(attributes) if one.kind not in _NUMBERS},
        na_values=["?", ""],
        keep_default_na=False,
        skipinitialspace=True,
        low_memory=False,
    )


def _converted(path: Path, column: pd.Series[Any], attribute: _Attribute, lines: list[int]) -> Any:
    """Return a column as its attribute says; a field that is something else is refused."""
    import pandas as pd

    if attribute.kind == "date":
        return np.full(len(column), np.nan)
    if len(column) and column.dtype.kind not in "biuf":
        column = column.str.strip()
        column = column.where(column != "?", None)
    if attribute.kind in _NUMBERS:
        values = column if column.dtype.kind in "iuf" else pd.to_numeric(column, errors="coerce")
        bad, wanted = values.isna() & column.notna(), "a number"
    else:
        column = values = column.str.strip() if len(column) else column
        bad, wanted = column.notna() & ~column.isin(attribute.words), f"one of {', '.join(attribute.words)[:200]}"
    if attribute.kind != "string" and bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise FormatError(
            f"{path}, line {lines[row]}, the attribute {attribute.name}: {str(column.iloc[row])[:40]!r}",
            wanted,
            "correct the field, or the line of the attribute",
        )
    return values
