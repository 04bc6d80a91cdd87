"""The history of a run, which is written during the training and read when it continues."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path

from handgrad.data.folders.listing import RUN_FILES
from handgrad.errors import RunError
from handgrad.files import CHUNK
from handgrad.reporting.records import to_json_line
from handgrad.training.loop import Record

_, HISTORY_FILE = RUN_FILES


class History:
    """The file that the records of a training are appended to.

    Each record is one line of JSON, written at once, so that a record that was added survives a kill. What cannot be
    written waits until there is room.

    Parameters
    ----------
    run : path
    length : int, optional
        How many bytes of the file belong to the training that is continued; by default, all whole lines.

    Raises
    ------
    RunError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with History(Path(folder)) as history:
    ...         history.add(Record("evaluation", 0, 0, 0.5, 0.0, {"train_loss": 2.5}))
    ...         history.write()
    ...     len((Path(folder) / HISTORY_FILE).read_text().splitlines())
    1
    """

    def __init__(self, run: Path, length: int | None = None) -> None:
        self.path = run / HISTORY_FILE
        try:
            self._file = self.path.open("ab+", buffering=0)  # nothing is left to be written when it is closed
            self.short = os.fstat(self._file.fileno()).st_size < (length or 0)  # whether records have been lost
            self.cut = _cut(self._file, length)  # whether its last line was incomplete
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._waiting = b""

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def length(self) -> int:
        """How many bytes there are."""
        return os.fstat(self._file.fileno()).st_size + len(self._waiting)

    def cut_to(self, length: int) -> None:
        """Remove the records after a length, also those that wait."""
        self._waiting = b""
        _cut(self._file, length)

    def add(self, record: Record) -> None:
        """Let a record be written next."""
        self._waiting += to_json_line(record).encode() + b"\n"

    def write(self, sync: bool = False) -> None:
        """Write what waits, and on request see to it that it is on the disk.

        Raises
        ------
        RunError
            If not everything can be written.
        """
        try:
            while self._waiting:
                written = self._file.write(self._waiting)
                if not written:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._waiting = self._waiting[written:]
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _cut(file: FileIO, length: int | None) -> bool:
    """Cut a history after its last whole line, or after the length given; tell whether the last line was incomplete."""
    end = file.seek(0, os.SEEK_END)
    whole = end if length is None else min(length, end)
    while whole and not _ends_a_line(file, whole):
        first = max(0, whole - CHUNK)
        file.seek(first)
        whole = first + file.read(whole - first).rfind(b"\n") + 1
    torn = not _ends_a_line(file, end)
    if whole < end:
        file.truncate(whole)
    return torn


def _ends_a_line(file: FileIO, place: int) -> bool:
    """Say whether a line, or nothing, ends at a place in a file."""
    file.seek(max(0, place - 1))
    return place == 0 or file.read(1) == b"\n"


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"{path} cannot be written ({error})",
        "a writable folder",
        "check its permissions and the free space on the disk",
    )
