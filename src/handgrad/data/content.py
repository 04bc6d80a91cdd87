"""What is in a file, or comes from the standard input: its bytes, unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

from handgrad import files, limits
from handgrad.errors import DataError

STANDARD_INPUT = (Path("-"), Path("/dev/stdin"))
PACKERS: dict[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}


def content_of(path: Path) -> bytes:
    """Read a file or, for ``-``, the standard input, unpacked if it is compressed."""
    if path in STANDARD_INPUT:
        with files.readable(path):
            return _unpacked(limits.Bounded(_standard_input(), path).read(), path)
    with files.opened(path) as file:
        limits.refuse_bytes(path.stat().st_size, path, limits.TEXTS)
        return _unpacked(limits.Bounded(file, path).read(), path)


def _standard_input() -> BinaryIO:
    """Read the standard input, which a program may have closed or replaced."""
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise DataError(
            "the standard input is closed", "a table in it", "give it one with `< FILE`, or name the file instead of -"
        )
    return stream


def _unpacked(content: bytes, path: Path) -> bytes:
    """Unpack what is compressed, and a zip archive of a single file."""
    opener = next((module.open for mark, module in PACKERS.items() if content.startswith(mark)), None)
    if opener is not None:
        with opener(io.BytesIO(content)) as packed:
            return limits.Bounded(packed, path, len(content)).read()
    return (_only_member(content, path) if content.startswith(b"PK") else b"") or content


def _only_member(content: bytes, path: Path) -> bytes:
    """Unpack a zip archive of a single file; for any other, return nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__")]
            if len(members) != 1:
                return b""
            with archive.open(members[0]) as file:
                return limits.Bounded(cast(BinaryIO, file), path, len(content)).read()
    except files.ZIP_ERRORS:
        return b""
