"""Which encoding a text is in, and plain characters for the typographic ones in its numbers and labels."""

from __future__ import annotations

import codecs

_CHUNK = 2**20
# What typesetting programs write in numbers and labels, and what is meant.
_TYPOGRAPHIC = {"\N{MINUS SIGN}": b"-", **dict.fromkeys("\N{NO-BREAK SPACE}\u202f\u2007\u2009", b" ")}


def as_utf8(content: bytes) -> tuple[bytes, str]:
    r"""Return a text in UTF-8, with plain blanks and hyphens for typographic ones.

    Returns
    -------
    content : bytes
    encoding : str
        The one that it had.

    Raises
    ------
    UnicodeDecodeError
        If it is a text in no encoding.

    Examples
    --------
    >>> as_utf8("\N{MINUS SIGN}1\N{NO-BREAK SPACE}000".encode())
    (b'-1 000', 'utf-8-sig')
    """
    encoding = encoding_of(content)
    content = content.removeprefix(codecs.BOM_UTF8)
    if encoding != "utf-8-sig":
        content = content.decode(encoding).encode()
    if not content.isascii():
        for character, plain_one in _TYPOGRAPHIC.items():
            content = content.replace(character.encode(), plain_one)
    return content.removesuffix(b"\x1a"), encoding  # Ctrl-Z ends a text of DOS


def encoding_of(content: bytes) -> str:
    """Tell the encoding of a text: by its byte order mark, UTF-8 if it is valid, and otherwise Windows-1252.

    Examples
    --------
    >>> encoding_of("größer".encode("cp1252")), encoding_of("größer".encode())
    ('cp1252', 'utf-8-sig')
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _CHUNK):  # a whole text would take up to four times the memory
            decoder.decode(content[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
