"""What is in a file, or comes from the standard input: its bytes, unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

from handgrad import files
from handgrad.errors import DataError

MAX_TEXT_BYTES = 2**32
STANDARD_INPUT = (Path("-"), Path("/dev/stdin"))
PACKERS: dict[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}


def content_of(path: Path) -> bytes:
    """Read a file or, for ``-``, the standard input, unpacked if it is compressed."""
    if path in STANDARD_INPUT:
        with files.readable(path):
            content = _unpacked(_standard_input())
    else:
        with files.opened(path) as file:
            files.refuse_size(path.stat().st_size, path, MAX_TEXT_BYTES)
            content = _unpacked(file.read(MAX_TEXT_BYTES + 1))
    files.refuse_size(len(content), path, MAX_TEXT_BYTES)
    return content


def _standard_input() -> bytes:
    """Read the standard input, which a program may have closed or replaced."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise DataError(
            "the standard input is closed", "a table in it", "give it one with `< FILE`, or name the file instead of -"
        )
    return bytes(stream.read(MAX_TEXT_BYTES + 1))


def _unpacked(content: bytes) -> bytes:
    """Unpack what is compressed, and a zip archive of a single file."""
    opener = next((module.open for mark, module in PACKERS.items() if content.startswith(mark)), None)
    if opener is not None:
        with opener(io.BytesIO(content)) as packed:
            return bytes(packed.read(MAX_TEXT_BYTES + 1))
    return (_only_member(content) if content.startswith(b"PK") else b"") or content


def _only_member(content: bytes) -> bytes:
    """Unpack a zip archive of a single file; for any other, return nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__")]
            if len(members) != 1:
                return b""
            with archive.open(members[0]) as file:
                return file.read(MAX_TEXT_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # damaged, or encrypted
        return b""
