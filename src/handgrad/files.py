"""Bounded reading and atomic writing, for every file format.

Files are not trusted. A file's size is checked before its contents are read, and no read allocates more memory than the
data that has arrived. A file is written next to its final path, synced and renamed, so it is complete or absent.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from handgrad.errors import DataError, FormatError, HandgradError, RunError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MAX_DEFLATE_RATIO = 1032  # no deflate stream expands further than this
CHUNK = 2**20
# What the standard library raises where a zip archive is damaged or encrypted, or its members have no names.
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, IndexError, OverflowError),
)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, as :func:`readable` says."""
    with readable(path):
        if not path.is_file():
            raise _no_file(path)
        with path.open("rb") as file:
            yield file


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of the system and of decompressors into a :class:`DataError` about a path."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise damaged(path, f"its compressed data cannot be read ({error})") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})", "a readable file", "check the path") from error


def _no_file(path: Path) -> DataError:
    """Describe a path at which there is no regular file."""
    if path.is_fifo():
        return DataError(
            f"{path} is a pipe, which can be read only once",
            "a regular file",
            f"write its content to a file, or give a table as the standard input: - < {path}",
        )
    found = f"there is no file {path}"
    if path.is_dir():
        found = f"{path} is a folder"
    elif path.is_socket():
        found = f"{path} is a socket"
    elif path.exists():
        found = f"{path} is a device"
    return DataError(found, "a readable file", "check the path")


def expanded(path: str | os.PathLike[str]) -> Path:
    """Write the folder of a user for ``~``; where there is no such user, a path stays as it is.

    Examples
    --------
    >>> str(expanded("~nobody-of-this-name/a.csv"))
    '~nobody-of-this-name/a.csv'
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's own raises RuntimeError


def exists(path: Path) -> bool:
    """Say whether there is something at a path; nothing is at one that the system does not accept.

    Examples
    --------
    >>> exists(Path("n" * 5000))
    False
    """
    try:
        return path.exists()
    except PermissionError:
        return True  # there may be something: opening it tells what is wrong
    except (OSError, ValueError):
        return False


def as_text(path: str | os.PathLike[str]) -> str:
    r"""Write a path in characters that UTF-8 has: the bytes of a name that is not UTF-8 become escapes.

    Examples
    --------
    >>> print(as_text(os.fsdecode(b"\xff.csv")))
    \udcff.csv
    """
    return os.fspath(path).encode("utf-8", "backslashreplace").decode()


def damaged(path: Path, what: str) -> FormatError:
    """Describe a file that is damaged."""
    return FormatError(f"{path}: {what}", "a complete file of this format", "download or write the file again")


class _Hashed:
    """A stream that updates a hash with every byte read from it."""

    def __init__(self, stream: BinaryIO, digest: Hash) -> None:
        self.stream, self.digest = stream, digest

    def read(self, size: int = -1) -> bytes:
        """Read, and update the hash."""
        content = self.stream.read(size)
        self.digest.update(content)
        return content


def hashed(stream: BinaryIO, digest: Hash | None) -> BinaryIO:
    """Return a stream that also updates a hash with the bytes read from it, so that the file is read only once.

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
    """Read ``size`` bytes in chunks, so that memory is allocated only for bytes that exist."""
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(min(CHUNK, size - len(content)))
        if not chunk:
            raise damaged(path, f"it ends after {len(content)} of the {size} bytes that its header declares")
        content += chunk
    return content


def refuse_more(stream: BinaryIO, path: Path) -> None:
    """Refuse further bytes; reading to the end also makes a decompressor verify its checksum."""
    if stream.read(1):
        raise damaged(path, "it contains more bytes than its header declares")


def refuse_size(size: int, path: Path, limit: int) -> None:
    """Refuse a size above a limit that is fixed."""
    if size > limit:
        raise FormatError(
            f"{path} contains or declares {size} bytes",
            f"at most {limit} bytes",
            "use a smaller file, or split it",
        )


@contextmanager
def run_errors(path: Path) -> Iterator[None]:
    """Turn other errors about a file into a :class:`RunError` that names the file."""
    try:
        yield
    except RunError:
        raise
    except HandgradError as error:
        found = error.found if str(path) in error.found else f"{path}: {error.found}"
        raise RunError(found, error.wanted, error.remedy) from error


def read_text(path: Path, limit: int) -> str:
    """Read a small text in UTF-8; refuse a longer one before it is read."""
    with opened(path) as file:
        content = file.read(limit + 1)
    refuse_size(max(len(content), path.stat().st_size), path, limit)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"it is not UTF-8 text ({error})") from error


def refuse_existing(path: Path) -> None:
    """Refuse to overwrite an existing file."""
    if path.exists() or path.is_symlink():
        raise DataError(f"{path} already exists", "a new path", "choose another one, or remove it first")


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file next to its final path; sync and rename it if the block succeeds, remove it otherwise.

    A link is followed. What is there must be a regular file: a folder, a pipe or a device is not replaced.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written(Path(folder) / "note.txt") as file:
    ...         _ = file.write(b"whole")
    ...     [(path.name, path.read_bytes()) for path in Path(folder).iterdir()]
    [('note.txt', b'whole')]
    """
    final = Path(os.path.realpath(path))
    temporary = _beside(final)
    try:
        if final.exists() and not final.is_file():
            found = f"{path} is a folder" if final.is_dir() else f"{path} is not a regular file"
            raise DataError(found, "the path of a file", "choose another path")
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
        _sync_folder(final.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):  # it may never have been created, or already have been renamed
            temporary.unlink()


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Fill a folder next to its final path; rename it if the block succeeds, remove it otherwise."""
    final = Path(os.path.realpath(path))
    temporary = _beside(final)
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(final)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_keeping(path: Path, earlier: Path, fresh: Path) -> None:
    """Rename a file that has been written, and keep the one of before as ``earlier``.

    Should the machine stop in between, ``earlier`` is there.
    """
    try:
        if path.exists():
            path.replace(earlier)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def remove_leftovers(folder: Path) -> None:
    """Remove what :func:`written` left in a folder whose process was killed. Nobody else may be writing there."""
    for path in folder.glob(f".*.{'[0-9a-f]' * 8}.part"):
        with suppress(OSError):
            path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder last, where the system can."""
    with suppress(OSError):  # Windows cannot open a folder, and some file systems cannot sync one
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beside(path: Path) -> Path:
    """Return a hidden path in the same folder, and so on the same disk."""
    return path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}.part"  # a name may have 255 bytes


def _unwritable(path: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"{path} cannot be written ({error.strerror})", "free space on the disk", "make room, or use another disk"
        )
    return DataError(
        f"{path} cannot be written ({error})", "an existing, writable folder", "check the path and its permissions"
    )
