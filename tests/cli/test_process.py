"""What surrounds a command: pipes that close, streams that are missing, and machines that are too small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handgrad.cli import main

QUICK = "train --epochs 3 --hidden 8 --run run"
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the shell and /dev/full are Linux's")


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which HANDGRAD stands for the command; the exit code is that of handgrad itself."""
    line = command.replace("HANDGRAD", f"{sys.executable} -m handgrad") + "; exit ${PIPESTATUS[0]}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@ON_LINUX
@pytest.mark.parametrize("rest", ["| head -1", "| true", ">&-", ">&- 2>&-"])
def test_a_training_goes_on_when_nobody_reads(rest: str, tmp_path: Path) -> None:
    """A reader that goes and a stream that is closed cost nothing: the model is there, and nothing is complained of."""
    done = shell(f"HANDGRAD {QUICK} {rest}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run/model.safetensors").is_file()
    assert json.loads((tmp_path / "run/summary.json").read_text())["epochs"] == 3


@ON_LINUX
def test_output_that_is_lost_is_said_in_one_line(tmp_path: Path) -> None:
    """On a full disk the training is done all the same; the exit code says that something was lost."""
    done = shell(f"HANDGRAD {QUICK} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["handgrad: the output could not be written (No space left on device)"]
    assert (tmp_path / "run/summary.json").is_file()


def test_a_network_that_cannot_fit_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is allocated, with the memory that it would need; no run is left."""
    assert main(["train", "--hidden", "2000000,2000000", "--run", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "GiB" in said
    assert "use fewer hidden units" in said.lower()
    assert not (tmp_path / "run").exists()


@ON_LINUX
def test_a_limit_of_memory_is_heeded(tmp_path: Path) -> None:
    """Under a limit the message is the same, in one line."""
    done = shell("ulimit -v 3000000; HANDGRAD train --hidden 20000,20000", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "2.9 GiB" in done.stderr


def test_no_more_threads_than_cores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They would only wait for each other; the note says how many there are."""
    assert main([*QUICK.split()[:-2], "--run", str(tmp_path / "run"), "--threads", "4096"]) == 0
    assert "instead of 4096" in capsys.readouterr().err


@ON_LINUX
def test_without_compilation_the_numpy_engine_serves(tmp_path: Path) -> None:
    """NUMBA_DISABLE_JIT=1 costs speed, and nothing else."""
    done = shell("HANDGRAD train --epochs 40 --hidden 64 --run run", tmp_path, NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "run/summary.json").read_text())["engine"] == "numpy"


@pytest.mark.parametrize(("flags", "said"), [("--lr 1e-9", "no better than always guessing"), ("--lr 30", "rose from")])
def test_a_training_of_no_use_is_warned_of(
    flags: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the end, on stderr, if the network guesses or has become worse."""
    rows = np.random.default_rng(0).random((200, 2))
    lines = [f"{a},{b},{'yes' if i % 4 else 'no'}" for i, (a, b) in enumerate(rows)]
    (tmp_path / "t.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n")
    command = f"train --data {tmp_path / 't.csv'} --hidden 8 --epochs 2 --run {tmp_path / 'run'} {flags}"
    assert main(command.split()) == 0
    assert said in capsys.readouterr().err


def test_many_classes_make_no_huge_picture(tmp_path: Path) -> None:
    """Above some hundred classes there is no picture of the confusion matrix."""
    lines = [f"{i},{i % 7},c{i % 300}" for i in range(900)]
    (tmp_path / "t.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n")
    command = f"train --data {tmp_path / 't.csv'} --hidden 4 --epochs 1 --run {tmp_path / 'run'}"
    assert main(command.split()) == 0
    assert not (tmp_path / "run/confusion.png").exists()
    assert (tmp_path / "run/summary.json").is_file()
