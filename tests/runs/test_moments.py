"""Processes that are suspended, and clocks that jump: a training ends as if nothing had happened."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from runs import chaos

from handgrad.runs.lock import LOCK_FILE

TRAINING = "train digits --hidden 20 --epochs 12 --batch-size 20 --checkpoint-seconds 0.01 --engine numpy --run"
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
IN_CI = os.environ.get("CI") == "true"


def begun(run: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Begin a training by command."""
    return subprocess.Popen(
        [sys.executable, "-m", "handgrad", *TRAINING.split(), str(run)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Give what an undisturbed training leaves."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert begun(run).wait() == 0
    return chaos.traces(run)


@pytest.mark.slow
def test_suspended_again_and_again(whole: dict[str, bytes], tmp_path: Path) -> None:
    """SIGSTOP and SIGCONT at random moments, also within a save."""
    if not hasattr(signal, "SIGSTOP"):
        pytest.skip("no SIGSTOP on this system")
    rng, suspended, process = np.random.default_rng(0), 0, begun(tmp_path / "run")
    while process.poll() is None:
        time.sleep(rng.uniform(0, 0.05))
        suspended += (tmp_path / "run" / LOCK_FILE).exists()
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.01)
        os.kill(process.pid, signal.SIGCONT)
    assert process.returncode == 0
    assert suspended > 5
    assert chaos.traces(tmp_path / "run") == whole


def test_a_clock_that_jumps(whole: dict[str, bytes], tmp_path: Path) -> None:
    """By years, to and fro, all the time: intervals are measured by a clock that nobody sets."""
    if LIBRARY is None:
        (pytest.fail if IN_CI and sys.platform == "linux" else pytest.skip)("libfaketime is not installed")
    jumps, offset = 0, tmp_path / "offset"
    offset.write_text("+0")
    process = begun(
        tmp_path / "run",
        LD_PRELOAD=str(LIBRARY),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    for years in itertools.cycle(["-9y", "+9y"]):
        if process.poll() is not None:
            break
        offset.write_text(years)
        jumps += (tmp_path / "run" / LOCK_FILE).exists()
        time.sleep(0.02)
    assert process.returncode == 0
    assert jumps > 5
    assert chaos.traces(tmp_path / "run") == whole
