"""How much is read from one file that is not trusted. Environment variables change it, such as HANDGRAD_MAX_BYTES."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from handgrad.errors import DataError, FormatError

ARRAYS = 2**30  # bytes of the arrays in one file; 15 times the size of MNIST
TEXTS = 2**32  # bytes of a text, or of what is in an archive
RATIO = 200  # times as many bytes as the packed file has; tables and images of digits reach 10 to 50
FILES = 100_000  # in one archive
PIXELS = 120_000_000  # of one picture
FREE = 2**26  # bytes that may come out of a packed file of any size
_CHUNK = 2**20


def most(what: str, usual: int) -> int:
    """Return a limit: what the environment says, or else the usual one.

    Parameters
    ----------
    what : {"bytes", "ratio", "files", "pixels"}
        ``bytes`` is looked for in HANDGRAD_MAX_BYTES, and so on.
    usual : int

    Raises
    ------
    DataError
        If the environment says anything but a whole number of at least 1.

    Examples
    --------
    >>> most("ratio", RATIO)
    200
    """
    text = os.environ.get(variable(what), "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 20 and int(text)):
        raise DataError(
            f"{variable(what)} is {text[:40]!r}",
            "a whole number of at least 1, in at most 19 digits",
            "correct that variable, or unset it",
        )
    return int(text)


def variable(what: str) -> str:
    """Return the name of the variable that holds a limit.

    Examples
    --------
    >>> variable("bytes")
    'HANDGRAD_MAX_BYTES'
    """
    return f"HANDGRAD_MAX_{what.upper()}"


def refuse_bytes(size: int, path: Path, usual: int = ARRAYS) -> None:
    """Refuse more bytes than the user's limit, or else the usual one."""
    if size > (limit := most("bytes", usual)):
        raise FormatError(
            f"{path} contains or declares {size} bytes",
            f"at most {limit} bytes",
            f"use a smaller file, split it, or set {variable('bytes')}",
        )


def refuse_ratio(size: int, packed: int, path: Path) -> None:
    """Refuse far more bytes than a packed file usually contains, unless they are few."""
    ratio = most("ratio", RATIO)
    if size > max(FREE, ratio * packed):
        raise FormatError(
            f"{path} has {packed} bytes and unpacks to {size} or more",
            f"at most {ratio} times as many, as for any usual data",
            f"unpack it yourself, or set {variable('ratio')} if you trust it",
        )


class Bounded:
    """A stream of bytes, perhaps unpacked from a file, that is refused as soon as it is too long.

    It is read in chunks, so that memory is allocated only for bytes that have arrived.

    Parameters
    ----------
    stream : binary stream
    path : Path
        For messages.
    packed : int, optional
        How many bytes the stream is unpacked from.
    usual : int
        The limit, unless the user has set another one.
    """

    def __init__(self, stream: BinaryIO, path: Path, packed: int | None = None, usual: int = TEXTS) -> None:
        self.stream, self.path, self.packed, self.usual = stream, path, packed, usual
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes, or everything if it is negative."""
        content = io.BytesIO()
        while left := _CHUNK if size < 0 else min(_CHUNK, size - content.tell()):
            chunk = self.stream.read(left)
            if not chunk:
                break
            content.write(self._counted(chunk))
        return content.getvalue()

    def readline(self, size: int) -> bytes:
        """Read a line, but at most ``size`` bytes of it."""
        return self._counted(self.stream.readline(size))

    def _counted(self, content: bytes) -> bytes:
        self.count += len(content)
        refuse_bytes(self.count, self.path, self.usual)
        if self.packed is not None:
            refuse_ratio(self.count, self.packed, self.path)
        return content
