"""One process at a time on the folder of a run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handgrad.errors import RunError
from handgrad.runs.lock import OWNER_FILE, is_locked, locked

HOLD = (
    "import sys; from pathlib import Path; from handgrad.runs.lock import locked\n"
    "with locked(Path(sys.argv[1]), print):\n    print('held', flush=True); sys.stdin.read()"
)


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process have a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path, refused: Any) -> None:
    """The error names the process and since when; the folder is free when that has ended."""
    with held(tmp_path) as process:
        assert is_locked(tmp_path)
        with refused(RunError, f"process {process.pid} on", "since 20"), locked(tmp_path, pytest.fail):
            pass
        assert (tmp_path / OWNER_FILE).exists()
        process.communicate()  # the end of its input ends it
    assert not is_locked(tmp_path)
    with locked(tmp_path, pytest.fail):
        pass
    assert not (tmp_path / OWNER_FILE).exists()


def test_a_killed_owner_is_succeeded(tmp_path: Path) -> None:
    """Its lock ends with it; whoever comes next says from whom the folder is taken over."""
    with held(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        told: list[str] = []
        with locked(tmp_path, told.append):
            assert is_locked(tmp_path)
    assert len(told) == 1
    assert f"is taken over from process {process.pid} on" in told[0]


UNREADABLE = [
    *(b"", b"[]", b'{"process": "x"}', b"\xff" * 5000, b"[" * 1000),
    *(b'{"process": %s, "machine": "m", "since": "s"}' % number for number in (b"Infinity", b"1e999", b"null")),
]


@pytest.mark.parametrize("content", UNREADABLE)
def test_an_unreadable_name_does_no_harm(content: bytes, tmp_path: Path) -> None:
    """The lock itself is the system's; the file only names its owner."""
    (tmp_path / OWNER_FILE).write_bytes(content)
    told: list[str] = []
    with locked(tmp_path, told.append):
        pass
    assert told == [f"{tmp_path} is taken over from another process, which is gone"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_nobody_waits_for_a_pipe_in_its_place(tmp_path: Path) -> None:
    """Nor is a name written to it."""
    os.mkfifo(tmp_path / OWNER_FILE)
    told: list[str] = []
    with locked(tmp_path, told.append):
        pass
    assert told == [f"{tmp_path} is taken over from another process, which is gone"]


def test_it_is_free_after_an_error(tmp_path: Path) -> None:
    """Whatever ends the block."""
    with pytest.raises(KeyboardInterrupt), locked(tmp_path, pytest.fail):
        raise KeyboardInterrupt
    assert not is_locked(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}
