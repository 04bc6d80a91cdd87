"""Bounded reading and whole writing: what every format here rests on.

A file is an untrusted promise. So its size is looked at before its content, no read allocates more than has already
arrived, and a file is written beside its final place, synced, and renamed: it is there whole, or not at all.
"""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from handgrad.errors import DataError, FormatError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MAX_BYTES = 2**30  # of raw numbers in one file; 15 times the whole of MNIST
MAX_DEFLATE_RATIO = 1032  # no deflate stream expands further than this
CHUNK = 2**20


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; turn what the system or a decompressor objects to into a :class:`DataError`."""
    try:
        if not path.is_file():
            found = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
            raise DataError(found, "a file that can be read", "check the path")
        with path.open("rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, f"its compressed data cannot be read ({error})") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})", "a file that can be read", "check the path") from error


def damaged(path: Path, what: str) -> FormatError:
    """Describe a file that breaks its format's promise."""
    return FormatError(f"{path}: {what}", "a whole file of this format", "fetch or write the file anew")


class _Hashed:
    """A stream whose hash sees every byte that is read."""

    def __init__(self, stream: BinaryIO, digest: Hash) -> None:
        self.stream, self.digest = stream, digest

    def read(self, size: int = -1) -> bytes:
        """Read, and update the hash."""
        content = self.stream.read(size)
        self.digest.update(content)
        return content


def hashed(stream: BinaryIO, digest: Hash | None) -> BinaryIO:
    """Return a stream that gives the same bytes and updates a hash with them, so that one reading does both.

    Examples
    --------
    >>> import hashlib, io
    >>> digest = hashlib.md5(usedforsecurity=False)
    >>> hashed(io.BytesIO(b"hello"), digest).read()
    b'hello'
    >>> digest.hexdigest()
    '5d41402abc4b2a76b9719d911017c592'
    """
    return stream if digest is None else cast(BinaryIO, _Hashed(stream, digest))


def read_exactly(stream: BinaryIO, size: int, path: Path) -> bytearray:
    """Read ``size`` bytes in chunks, so that a promise of many bytes allocates only those that really come."""
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(min(CHUNK, size - len(content)))
        if not chunk:
            raise damaged(path, f"it ends after {len(content)} of the {size} bytes that its header promises")
        content += chunk
    return content


def refuse_more(stream: BinaryIO, path: Path) -> None:
    """Refuse a stream that goes on; reading to the end also lets a decompressor compare its checksum."""
    if stream.read(1):
        raise damaged(path, "more bytes follow than its header promises")


def refuse_size(size: int, path: Path, limit: int = MAX_BYTES) -> None:
    """Refuse more bytes than a file may ask for."""
    if size > limit:
        raise FormatError(
            f"{path}: it holds or promises {size} bytes",
            f"at most {limit} bytes",
            "give a smaller file, or parts of it",
        )


def refuse_existing(path: Path) -> None:
    """Refuse to write over what is there."""
    if path.exists() or path.is_symlink():
        raise DataError(f"{path} is there already", "a path that is free", "name another one, or remove it first")


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its final place; sync and rename it when the block ends well, remove it otherwise.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written(Path(folder) / "note.txt") as file:
    ...         _ = file.write(b"whole")
    ...     [(path.name, path.read_bytes()) for path in Path(folder).iterdir()]
    [('note.txt', b'whole')]
    """
    temporary = _beside(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside its final place; rename it when the block ends well, remove it otherwise."""
    temporary = _beside(path)
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path) -> Path:
    """Name a hidden place in the same folder, hence on the same disk."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be written ({error})", "a folder that is there and can be written to", "check it")
