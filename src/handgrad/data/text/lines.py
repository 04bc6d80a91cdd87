"""The lines of a text table, written so that every reader divides them alike.

One character ends a line, comments are empty lines, no bars enclose a row, and a quotation mark that begins a field is
closed. Lines keep their numbers, for messages.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from handgrad.data.text.words import declared_separator, fields, is_number, separator_of

_COMMENTS = (b"#", b"%", b"|")
_HEAD = 2**20  # bytes in which comments, bars and the separator are looked for
_TAIL = 2**12  # bytes in which comments below a table are looked for
_RULE = re.compile(rb"^[ \t]*[|+](?=[=:|+ \t]*-)[-=:|+ \t]*+$", re.MULTILINE)
_BARS = re.compile(rb"^[ \t]*\||\|[ \t]*$", re.MULTILINE)


def with_plain_lines(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    r"""Return a table in UTF-8 with plain lines.

    Parameters
    ----------
    content : bytes
        Lines end with ``\n``, ``\r\n`` or ``\r``, and with nothing else.

    Returns
    -------
    content : bytes
    notes : tuple of str
        What was assumed.

    Examples
    --------
    >>> with_plain_lines(b"# in May\r\na,label\r\n5#,x\r\n")[0]
    b'\na,label\n5#,x\n'
    """
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    begins = [line for line in map(bytes.lstrip, _head(content)) if line]
    if len(begins) > 1 and all(line.startswith((b"|", b"+-")) for line in begins):
        content = _BARS.sub(b"", _RULE.sub(b"", content))  # a table of Markdown or of a database's terminal
    first = next((line for line in map(bytes.lstrip, _head(content)) if line), b"")[:1]
    sign = first if first in _COMMENTS else b""
    lines = [line for line in _head(content) if line.strip()]
    rows = [line for line in lines if not (sign and line.lstrip().startswith(sign))]
    separator = _separator(rows)
    if sign and _is_a_field(sign, lines, rows, separator):
        sign, rows = b"", lines
    opened = _opened(separator).search(content) is not None
    if sign:
        content, notes = _with_names(content, sign, separator)
        content, more = _without_comments(content, sign, opened)
        notes = (*notes, *more)
    else:
        content, notes = _without_footer(content, _usual_width(_texts(rows), separator), separator)
    if opened:
        content, more = _with_closed_quotes(content, _usual_width(_texts(rows), separator), separator)
        notes = (*notes, *more)
    return content, notes


def without_repeats(content: bytes, below: int) -> tuple[bytes, tuple[str, ...]]:
    r"""Empty the lines that repeat a header, as in tables that were put one behind the other.

    Parameters
    ----------
    content : bytes
        Plain lines.
    below : int
        The number of lines down to the header.

    Examples
    --------
    >>> without_repeats(b"a,label\n5,x\na,label\n6,y\n", below=1)
    (b'a,label\n5,x\n\n6,y\n', ('line 3 repeats the header; left out',))
    """
    start = end = 0
    for _ in range(below):
        start, end = end, content.find(b"\n", end) + 1 or len(content)
    header = content[start:end].rstrip()
    if not header or re.search(rb"^" + re.escape(header) + rb"[ \t]*$", content[end:], re.MULTILINE) is None:
        return content, ()
    lines = content.split(b"\n")
    places = [place for place in range(below, len(lines)) if lines[place].rstrip() == header]
    for place in places:
        lines[place] = b""
    which = f"line {places[0] + 1} repeats" if len(places) == 1 else f"{len(places):,} lines repeat"
    first = f", first line {places[0] + 1}" if len(places) > 1 else ""
    return b"\n".join(lines), (f"{which} the header{first}; left out",)


def _is_a_field(sign: bytes, lines: Sequence[bytes], rows: Sequence[bytes], separator: str) -> bool:
    """Say whether a sign is the name of the first column, and no comment."""
    (names,) = fields(_texts(lines[:1]), separator)
    alone = len(lines) == len(rows) + 1 and names[0] == sign.decode()
    return alone and len(names) == _usual_width(_texts(rows), separator)


def _head(content: bytes) -> list[bytes]:
    """Return the first whole lines of a table."""
    lines = content[:_HEAD].split(b"\n")
    return lines[:-1] if len(content) > _HEAD and len(lines) > 1 else lines


def _texts(lines: Sequence[bytes]) -> list[str]:
    return [line.decode("utf-8", "replace") for line in lines]


def _separator(rows: Sequence[bytes]) -> str:
    texts = _texts(rows[:1000])
    return (declared_separator(texts[0]) if texts else "") or separator_of(texts)


def _opened(separator: str) -> re.Pattern[bytes]:
    """Match a quotation mark that begins a field and is not closed in its line, and a few that are within quotes."""
    before = rb"[ \t]" if separator == " " else re.escape(separator.encode()) + rb"[ \t]*"
    return re.compile(rb"(?:^[ \t]*|" + before + rb')"[^"\n]*+(?:""[^"\n]*+)*+$', re.MULTILINE)


def _with_names(content: bytes, sign: bytes, separator: str) -> tuple[bytes, tuple[str, ...]]:
    """Remove the sign before names in the last comment above the rows, where NumPy's savetxt writes them."""
    lines, place, above = _head(content), 0, 0
    for line in lines:
        if line.strip() and not line.lstrip().startswith(sign):
            break
        above, place = place, place + len(line) + 1
    else:
        return content, ()
    comment = content[above : place - 1].decode("utf-8", "replace").strip()
    names, row = fields([comment.removeprefix(sign.decode())], separator), fields(_texts([line]), separator)
    fit = names and row and len(names[0]) == len(row[0]) == len(set(names[0])) > 1 and all(names[0])
    if not fit or any(map(is_number, names[0])) or not any(map(is_number, row[0])):
        return content, ()
    start = content.index(sign, above)
    note = f"the columns are called as in the comment above the rows: {', '.join(names[0])[:200]}"
    return content[:start] + b" " + content[start + 1 :], (note,)


def _without_comments(content: bytes, sign: bytes, opened: bool) -> tuple[bytes, tuple[str, ...]]:
    """Empty the lines that begin with a sign, unless they are part of a field in quotes."""
    parts, end, quoted, rows, below = [], 0, False, False, 0
    for found in re.finditer(rb"^[ \t]*" + re.escape(sign) + rb"[^\n]*", content, re.MULTILINE):
        between = content[end : found.start()]
        quoted ^= opened and between.count(b'"') % 2 == 1
        rows = rows or bool(between.strip())
        below += rows and not quoted
        parts += [between, found[0] if quoted else b""]
        quoted ^= quoted and found[0].count(b'"') % 2 == 1
        end = found.end()
    said = f"{below:,} line{'s' * (below > 1)} below the first row begin{'s' * (below == 1)} with {sign.decode()!r}"
    return b"".join([*parts, content[end:]]), (f"{said}, as the comment above; left out",) if below else ()


def _without_footer(content: bytes, width: int, separator: str) -> tuple[bytes, tuple[str, ...]]:
    """Leave out comments below a table: they begin with a sign, and are no rows."""
    titles = []
    while True:
        tail = content[-_TAIL:].rstrip()
        last = tail[tail.rfind(b"\n") + 1 :]
        (text,) = _texts([last])
        if b"\n" not in tail or not last.startswith((b"#", b"%")) or _width(text, separator) == width:
            break
        titles.append(text)
        content = content[: content.rfind(last)]
    notes = (f"left out below the table: {'; '.join(title[:40] for title in reversed(titles))[:200]}",)
    return content, notes if titles else ()


def _with_closed_quotes(content: bytes, width: int, separator: str) -> tuple[bytes, tuple[str, ...]]:
    """Double quotation marks that stand alone, as those for inches, where each line is a row without them.

    Fields of several lines stay as they are: their lines are no rows.
    """
    lines, pending = io.TextIOWrapper(io.BytesIO(content), "utf-8", "replace", newline="\n"), list[str]()
    enclosed, alone = 0, 0
    try:
        for _ in csv.reader(_remembered(lines, pending, separator), delimiter=separator, skipinitialspace=True):
            if len(pending) > 1:
                if not _are_rows(pending, width, separator):
                    return content, ()
                enclosed, alone = (enclosed + 1, alone) if _is_row(pending, width, separator) else (enclosed, alone + 1)
            pending.clear()
    except csv.Error:  # a field that is too long
        if not _are_rows([*pending, *lines], width, separator):
            return content, ()
    if enclosed > 1 and not alone:  # once may be chance: marks of inches before one field and behind another
        return content, ()
    found, numbers = content.decode("utf-8", "replace").split("\n"), []
    for number, line in enumerate(found):
        if not _is_closed(line, separator):
            found[number] = _escaped(line, separator)
            numbers.append(str(number + 1))
    if not numbers:
        return content, ()
    where = ", ".join(numbers[:5]) + (f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else "")
    note = f"unclosed quotation marks, in line{'s' * (len(numbers) > 1)} {where}, are read as they are"
    return "\n".join(found).encode(), (note,)


def _remembered(lines: Iterable[str], pending: list[str], separator: str) -> Iterator[str]:
    """Pass on lines for the csv module, and append them to a list."""
    for line in lines:
        pending.append(line)
        yield " ".join(line.split()) + "\n" if separator == " " else line


def _usual_width(lines: Sequence[str], separator: str) -> int:
    """Return the number of fields that most lines have."""
    return Counter(_width(line, separator) for line in lines).most_common(1)[0][0] if lines else 0


def _are_rows(lines: Iterable[str], width: int, separator: str) -> bool:
    return all(_width(line, separator) == width for line in lines if line.strip())


def _is_row(lines: Sequence[str], width: int, separator: str) -> bool:
    """Say whether lines are one row, in which quotation marks enclose whole fields."""
    try:
        found = list(csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return [len(row) for row in found] == [width]


def _width(line: str, separator: str) -> int:
    """Count the fields of a line; quotation marks that nothing closes in it do not count."""
    found = fields([line if _is_closed(line, separator) else _escaped(line, separator)], separator)
    return len(found[0]) if found else 0


def _is_closed(text: str, separator: str) -> bool:
    """Say whether quotation marks in a line enclose whole fields, or stand within fields."""
    if '"' not in text:
        return True
    try:
        list(csv.reader([text.strip()], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True


def _escaped(line: str, separator: str) -> str:
    """Double the quotation marks of a line in all fields that they do not enclose."""
    parts = line.split() if separator == " " else [part.strip() for part in line.split(separator)]
    doubled = [part if _is_closed(part, separator) else '"' + part.replace('"', '""') + '"' for part in parts]
    return separator.join(doubled)
