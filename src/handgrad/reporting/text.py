"""Text in columns for a terminal or a log: what can be printed, and how wide it is."""

from __future__ import annotations

import unicodedata


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


def padded(text: str, width: int) -> str:
    """Fill a text with blanks up to a width."""
    return text + " " * (width - width_of(text))
