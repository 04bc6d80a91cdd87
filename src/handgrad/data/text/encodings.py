"""Which encoding a text is in, and plain characters for the typographic ones in its numbers and labels."""

from __future__ import annotations

import codecs
import re
import unicodedata

_CHUNK = 2**20
# What typesetting programs write in numbers and labels, and what is meant.
_TYPOGRAPHIC = {"\N{MINUS SIGN}": b"-", **dict.fromkeys("\N{NO-BREAK SPACE}\u202f\u2007\u2009", b" ")}

_COMBINING = re.compile(rb"\xcc[\x80-\xbf]|\xcd[\x80-\xaf]")  # U+0300 to U+036F


def as_utf8(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    r"""Return a text in UTF-8, with plain blanks and hyphens for typographic ones, and composed letters.

    Returns
    -------
    content : bytes
        Without the last character, if that is cut off.
    notes : tuple of str
        What was assumed.

    Raises
    ------
    UnicodeDecodeError
        If it is a text in no encoding.

    Examples
    --------
    >>> as_utf8("\N{MINUS SIGN}1\N{NO-BREAK SPACE}000".encode())
    (b'-1 000', ())
    >>> as_utf8("Ko\u0308ln".encode())[0].decode() == "K\xf6ln"
    True
    """
    encoding = _encoding(content)
    notes: tuple[str, ...] = ()
    content = content.removeprefix(codecs.BOM_UTF8)
    if encoding == "utf-8":
        if rest := _cut_off(content):
            content, notes = content[:-rest], ("the text ends within a character; is the file complete?",)
    else:
        content = content.decode(encoding).encode()
        notes = ("the text is not UTF-8; read as Windows-1252",) if encoding == "cp1252" else ()
    if not content.isascii():
        for character, plain_one in _TYPOGRAPHIC.items():
            content = content.replace(character.encode(), plain_one)
        if _COMBINING.search(content):  # as macOS writes names: o and two dots are the letter ö
            content = unicodedata.normalize("NFC", content.decode("utf-8", "replace")).encode()
    return content.removesuffix(b"\x1a"), notes  # Ctrl-Z ends a text of DOS


def _encoding(content: bytes) -> str:
    """Tell the encoding of a text: by its byte order mark, UTF-8 if it is valid, and otherwise Windows-1252.

    Examples
    --------
    >>> _encoding("größer".encode("cp1252")), _encoding("größer".encode()), _encoding("größe, Ä".encode()[:-1])
    ('cp1252', 'utf-8', 'utf-8')
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _CHUNK):  # a whole text would take up to four times the memory
            decoder.decode(content[start : start + _CHUNK])
    except UnicodeDecodeError:
        return "cp1252"
    rest = _cut_off(content)
    return "cp1252" if rest and content[:-rest].isascii() else "utf-8"  # a last letter alone tells nothing of UTF-8


def _cut_off(content: bytes) -> int:
    """Count the bytes of a last character that lacks some."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoder.decode(content[-3:])
    return len(decoder.getstate()[0])
