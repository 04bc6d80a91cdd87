"""The history of a run: on the disk at once, whole lines only, and never in the way of the training."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handgrad.errors import RunError
from handgrad.reporting import read_history
from handgrad.runs.folder import HISTORY_FILE
from handgrad.runs.history import History
from handgrad.training import Record

RECORDS = [Record("batch", 0, n, 0.1, 0.5, {"batch_loss": 1 / (n + 3)}) for n in range(5)]


def write(folder: Path, records: list[Record], length: int | None = None) -> History:
    """Add records to a history."""
    with History(folder, length) as history:
        for record in records:
            history.add(record)
            history.write()
    return history


def test_what_is_written_survives_a_kill(tmp_path: Path) -> None:
    """A training that is killed, not ended, leaves every record that was written."""
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from handgrad.runs.history import History; from handgrad.training import Record;"
        "history = History(Path(sys.argv[1]));"
        "[(history.add(Record('batch', 0, n, 0.1, 0.0)), history.write()) for n in range(7)];"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    assert [record.step for record in read_history(tmp_path / HISTORY_FILE)] == list(range(7))


def test_it_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    """A line that a kill cut off is removed before the next one is added, and this is known."""
    assert not write(tmp_path, RECORDS[:2]).cut
    path = tmp_path / HISTORY_FILE
    path.write_bytes(path.read_bytes()[:-5])
    assert write(tmp_path, RECORDS[2:]).cut
    assert read_history(path) == [RECORDS[0], *RECORDS[2:]]


def test_it_goes_on_from_a_length(tmp_path: Path) -> None:
    """The records after the place where a training continues are removed; they will come again."""
    path = tmp_path / HISTORY_FILE
    write(tmp_path, RECORDS[:3])
    length = path.stat().st_size
    write(tmp_path, RECORDS[3:])
    assert not write(tmp_path, RECORDS[:1], length).cut
    assert read_history(path) == [*RECORDS[:3], RECORDS[0]]


def test_a_line_of_megabytes_is_cut_off(tmp_path: Path) -> None:
    """However long what follows the last whole line is; what has no end is not read."""
    path = tmp_path / HISTORY_FILE
    write(tmp_path, RECORDS[:2])
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + 3 * 2**20 + 7)
    assert write(tmp_path, RECORDS[2:]).cut
    assert read_history(path) == RECORDS
    path.unlink()
    path.symlink_to("/dev/zero")
    assert not write(tmp_path, []).cut


def test_what_has_no_room_waits(tmp_path: Path) -> None:
    """A full disk takes part of a line at most; when there is room, the rest follows and nothing is lost or doubled."""
    resource = pytest.importorskip("resource", reason="no limits on files here")
    path = tmp_path / HISTORY_FILE
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with History(tmp_path) as history:
        history.add(RECORDS[0])
        history.write()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 9, before[1]))
            for record in RECORDS[1:3]:
                history.add(record)
                with pytest.raises(RunError, match="cannot be written"):
                    history.write()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert history.length > path.stat().st_size == len(path.read_bytes())
        history.write(sync=True)
        assert history.length == path.stat().st_size
    assert read_history(path) == RECORDS[:3]


def test_it_needs_a_folder(tmp_path: Path, refused: Any) -> None:
    """A folder that is not there is named."""
    with refused(RunError, "gone"):
        History(tmp_path / "gone")
