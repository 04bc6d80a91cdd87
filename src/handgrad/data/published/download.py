"""Download published files: bounded in size and time, verified by digest, stored completely or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from handgrad import files
from handgrad.data.arrays.idx import read_idx
from handgrad.errors import DataError, DownloadError, FormatError

Progress = Callable[[str, int, int], None]  # file name, bytes received, total bytes (0 if unknown)

TIMEOUT = 20.0  # seconds within which a mirror must connect, and send its next bytes
DEADLINE = 1800.0  # seconds allowed for one file
MAX_FILE = 2**26  # bytes, sent or decompressed; the largest published file has 47,040,016


@dataclass(frozen=True)
class PublishedFile:
    """A published file and its digest.

    Attributes
    ----------
    name : str
    algorithm : {"sha256", "md5"}
        sha256 is computed over the decompressed bytes, md5 over the file as it is sent.
    digest : str
        In hexadecimal.
    """

    name: str
    algorithm: str
    digest: str


def cache_folder() -> Path:
    """Return the folder of downloaded sets: ``HANDGRAD_CACHE``, or the system's cache folder.

    A user without a home, as in some containers, gets a folder among the temporary files; wherever a download lies, it
    is compared with its published digest.
    """
    chosen = os.environ.get("HANDGRAD_CACHE")
    if chosen:
        return files.expanded(chosen)
    import pooch  # type: ignore[import-untyped, unused-ignore]

    try:
        return Path(pooch.os_cache("handgrad"))
    except (KeyError, RuntimeError):
        return Path(tempfile.gettempdir()) / "handgrad-cache"


def read_published(path: Path, file: PublishedFile) -> tuple[NDArray[Any], bool]:
    """Read an IDX file once, and check whether it is the published one.

    Raises
    ------
    FormatError
        If it is not an IDX file, or is damaged.
    """
    digest = hashlib.new(file.algorithm, usedforsecurity=False)
    if file.algorithm == "sha256":
        array = read_idx(path, MAX_FILE, content_hash=digest)
    else:
        array = read_idx(path, MAX_FILE, file_hash=digest)
    return array, digest.hexdigest() == file.digest


def _published_array(path: Path, file: PublishedFile) -> NDArray[Any] | None:
    """Read a file that must be the published one; return None if it is damaged or different."""
    try:
        array, is_published = read_published(path, file)
    except FormatError:
        return None
    return array if is_published else None


def fetch_set(
    name: str,
    published: Sequence[PublishedFile],
    mirrors: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> list[NDArray[Any]]:
    """Read the files of a set, after downloading those that are missing or damaged.

    Parameters
    ----------
    name : str
        The set's name, for messages.
    published : sequence of PublishedFile
    mirrors : sequence of str
        URLs to which a file's name is appended, in the order in which they are tried.
    folder : pathlib.Path
        Created if missing.
    progress : callable, optional
    timeout : float
        Seconds within which a mirror must connect, and send its next bytes.

    Returns
    -------
    list of arrays
        One for each file.

    Raises
    ------
    DownloadError
        If a file cannot be downloaded; it names each mirror that was tried, and what went wrong there.
    """
    arrays = []
    for file in published:
        target = folder / file.name
        array = _published_array(target, file) if target.is_file() else None
        arrays.append(_fetch_file(name, file, mirrors, target, progress, timeout) if array is None else array)
    return arrays


class _UnusableMirrorError(Exception):
    """The reason why a mirror cannot be used, in a few words."""


def _fetch_file(
    name: str, file: PublishedFile, mirrors: Sequence[str], target: Path, progress: Progress | None, timeout: float
) -> NDArray[Any]:
    """Try one mirror after the other, and read the file from the first that works."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{target.parent} cannot be created ({error})", "a cache folder", "set HANDGRAD_CACHE"
        ) from error
    tried = []
    for mirror in mirrors:
        address = mirror + file.name
        try:
            with files.written(target) as sink:
                _download(address, _Sink(sink, file.name, progress), timeout)
                sink.flush()
                array = _published_array(Path(sink.name), file)
                if array is None:
                    raise _UnusableMirrorError("sent bytes that differ from the published ones")
            return array
        except _UnusableMirrorError as reason:
            tried.append(f"{address} {reason}")
    raise DownloadError(
        f"{file.name} of {name} cannot be downloaded: " + "; ".join(tried),
        f"the published file, or the set's four files in {target.parent}",
        f"run `handgrad data fetch {name}` when you are online, or use files of your own: "
        f"`--data FOLDER`, or HANDGRAD_DATA=ROOT with the files in ROOT/{name}",
    )


def _download(address: str, sink: _Sink, timeout: float) -> None:
    """Download a URL into a sink; describe in a few words what went wrong."""
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
            raise _UnusableMirrorError("closed the connection early") from error
        raise _UnusableMirrorError("could not be reached") from error
    except ValueError as error:
        raise _UnusableMirrorError("answered with broken headers") from error


class _Sink:
    """A file that enforces the limits of a download; it is also the progress bar that pooch expects."""

    total = 0

    def __init__(self, file: BinaryIO, name: str, progress: Progress | None) -> None:
        self.file, self.name, self.progress = file, name, progress
        self.size, self.deadline = 0, time.monotonic() + DEADLINE

    def write(self, chunk: bytes) -> None:
        """Write a chunk, and report progress."""
        self.size += len(chunk)
        if self.size > MAX_FILE:
            raise _UnusableMirrorError(f"sent more than {MAX_FILE} bytes")
        if time.monotonic() > self.deadline:
            raise _UnusableMirrorError(f"took longer than {DEADLINE:g} seconds")
        self.file.write(chunk)
        if self.progress:
            self.progress(self.name, self.size, self.total)

    def flush(self) -> None:
        """Do nothing: the file is flushed once, at the end."""

    def update(self, size: int) -> None:
        """Do nothing: ``write`` counts the chunks."""

    reset = close = flush
