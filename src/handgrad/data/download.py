"""Published files from their mirrors: bounded in bytes and time, checked by digest, kept whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from handgrad import files
from handgrad.errors import DataError, DownloadError, FormatError

Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all (0 where not known)

TIMEOUT = 20.0  # seconds in which a mirror must connect, and send its next bytes
DEADLINE = 1800.0  # seconds that one file may take
MAX_FILE = 2**26  # bytes, sent or decompressed; the largest published file has 47,040,016


@dataclass(frozen=True)
class PublishedFile:
    """A file that others publish.

    Attributes
    ----------
    name : str
    algorithm : {"sha256", "md5"}
        sha256 is taken of the decompressed bytes, md5 of the file as it is sent.
    digest : str
        In hexadecimal.
    """

    name: str
    algorithm: str
    digest: str


def cache_folder() -> Path:
    """Return the folder of fetched sets: ``HANDGRAD_CACHE``, or the system's place for caches."""
    chosen = os.environ.get("HANDGRAD_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import pooch  # type: ignore[import-untyped, unused-ignore]

    return Path(pooch.os_cache("handgrad"))


def is_published(path: Path, file: PublishedFile) -> bool:
    """Tell whether a file holds the published bytes; a damaged one does not.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "hello"
    ...     _ = path.write_bytes(b"hello")
    ...     is_published(path, PublishedFile("hello", "md5", "5d41402abc4b2a76b9719d911017c592"))
    True
    """
    digest, size = hashlib.new(file.algorithm, usedforsecurity=False), 0
    try:
        with files.opened(path) as stream, ExitStack() as stack:
            source: Any = stream
            if file.algorithm == "sha256" and stream.read(2) == b"\x1f\x8b":
                source = stack.enter_context(gzip.GzipFile(fileobj=stream))
            stream.seek(0)
            while (chunk := source.read(files.CHUNK)) and size <= MAX_FILE:
                digest.update(chunk)
                size += len(chunk)
    except FormatError:
        return False
    return digest.hexdigest() == file.digest


def fetch_set(
    name: str,
    published: Sequence[PublishedFile],
    mirrors: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> None:
    """Fetch those files of a set that the folder does not hold, or holds damaged.

    Parameters
    ----------
    name : str
        Of the set, for messages.
    published : sequence of PublishedFile
    mirrors : sequence of str
        Addresses to which a file's name is added, in the order in which they are tried.
    folder : pathlib.Path
        Made where it is not there.
    progress : callable, optional
    timeout : float
        Seconds in which a mirror must connect, and send its next bytes.

    Raises
    ------
    DownloadError
        If no mirror gives a file; it names each that was tried, and why it would not do.
    """
    for file in published:
        target = folder / file.name
        if not (target.is_file() and is_published(target, file)):
            _fetch_file(name, file, mirrors, target, progress, timeout)


class _UnusableMirrorError(Exception):
    """Why a mirror would not do, in a few words."""


def _fetch_file(
    name: str, file: PublishedFile, mirrors: Sequence[str], target: Path, progress: Progress | None, timeout: float
) -> None:
    """Try one mirror after the other."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{target.parent} cannot be made ({error})", "a cache folder", "set HANDGRAD_CACHE") from error
    tried = []
    for mirror in mirrors:
        address = mirror + file.name
        try:
            with files.written(target) as sink:
                _download(address, _Sink(sink, file.name, progress), timeout)
                sink.flush()
                if not is_published(Path(sink.name), file):
                    raise _UnusableMirrorError("sent other bytes than the published ones")
            return
        except _UnusableMirrorError as reason:
            tried.append(f"{address} {reason}")
    raise DownloadError(
        f"{file.name} of {name} cannot be had: " + "; ".join(tried),
        f"the published file, or the set's four files in {target.parent}",
        f"run `handgrad data fetch {name}` when there is a network, or name files of your own: "
        f"`--data FOLDER`, or HANDGRAD_DATA=ROOT with the files in ROOT/{name}",
    )


def _download(address: str, sink: _Sink, timeout: float) -> None:
    """Send what an address gives into a sink; say in a few words what went wrong."""
    import pooch  # type: ignore[import-untyped, unused-ignore]
    import requests

    try:
        pooch.HTTPDownloader(progressbar=sink, timeout=timeout)(address, sink, None)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "error"
        raise _UnusableMirrorError(f"answered HTTP {status}") from error
    except requests.RequestException as error:
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            raise _UnusableMirrorError(f"sent nothing for {timeout:g} seconds") from error
        if sink.size or isinstance(error, requests.exceptions.ChunkedEncodingError):
            raise _UnusableMirrorError("broke off in the middle") from error
        raise _UnusableMirrorError("could not be reached") from error
    except ValueError as error:
        raise _UnusableMirrorError("answered with broken headers") from error


class _Sink:
    """A file to write into that keeps within its bounds; at the same time the progress bar that pooch asks for."""

    total = 0

    def __init__(self, file: BinaryIO, name: str, progress: Progress | None) -> None:
        self.file, self.name, self.progress = file, name, progress
        self.size, self.deadline = 0, time.monotonic() + DEADLINE

    def write(self, chunk: bytes) -> None:
        """Take a chunk, and say how far it has got."""
        self.size += len(chunk)
        if self.size > MAX_FILE:
            raise _UnusableMirrorError(f"sent more than {MAX_FILE} bytes")
        if time.monotonic() > self.deadline:
            raise _UnusableMirrorError(f"took longer than {DEADLINE:g} seconds")
        self.file.write(chunk)
        if self.progress:
            self.progress(self.name, self.size, self.total)

    def flush(self) -> None:
        """Do nothing: the file is flushed once, at its end."""

    def update(self, size: int) -> None:
        """Do nothing: every chunk has been counted as it came."""

    reset = close = flush
