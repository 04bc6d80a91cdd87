"""Text in columns for a terminal or a log: what can be printed, and how wide it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from handgrad.data.text.names import visible


def printable(text: str, encoding: str) -> str:
    """Replace characters that the encoding lacks, and control characters, which could move a terminal's cursor."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text.encode(encoding, errors="replace").decode(encoding)


def width_of(text: str) -> int:
    """Count the columns of a text: two for a wide letter, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def figure(value: float) -> str:
    """Write a number with four decimals, unless it is very small or large.

    Examples
    --------
    >>> figure(0.25), figure(1e300)
    ('0.2500', '1.000e+300')
    """
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"


def percent(share: float) -> str:
    """Write a share in percent, with two decimals unless it is huge.

    Examples
    --------
    >>> percent(0.25), percent(1e300)
    ('25.00%', '1.000e+302%')
    """
    return f"{100 * share:.2f}%" if abs(share) < 1e4 else f"{100 * share:.3e}%"


def padded(text: str, width: int) -> str:
    """Fill a text with blanks up to a width."""
    return text + " " * (width - width_of(text))


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Align rows in columns, two blanks apart, each row on one line: control characters become escapes.

    Parameters
    ----------
    rows : sequence of rows
        Of equal length.
    right : collection of int
        The columns that are aligned at their right end.

    Examples
    --------
    >>> print(columns([("run", "epochs"), ("a-12", "3")], right=[1]))
    run   epochs
    a-12       3
    """
    rows = [[visible(text) for text in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]

    def cell(text: str, place: int) -> str:
        blanks = " " * (widths[place] - width_of(text))
        return blanks + text if place in right else text + blanks

    return "\n".join("  ".join(cell(text, place) for place, text in enumerate(row)).rstrip() for row in rows)
