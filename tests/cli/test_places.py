"""Where nearly nothing can be written, and nobody knows the user: as in a container with a foreign user's number."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("handgrad"))


@pytest.fixture
def foreign(tmp_path: Path) -> list[str]:
    """Return the beginning of a command: user 12345 has no home and no name, and can write to one folder only."""
    nothing = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", str(tmp_path), str(tmp_path)]
    nobody = ["--unshare-user", "--uid", "12345", "--gid", "12345", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]
    command = ["bwrap", *nothing, *nobody, "--chdir", str(tmp_path)]
    if shutil.which("bwrap") is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("bubblewrap is not installed, or must not be used here")
    return command


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)


def test_data_are_listed_for_an_unknown_user(foreign: list[str]) -> None:
    """Without a home there is another folder for downloads, which a message names where nothing can be downloaded."""
    listed = run([*foreign, PROGRAM, "data", "list"])
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.count("not downloaded") == 3
    wanted = run([*foreign, "--unshare-net", PROGRAM, "data", "info", "mnist"])
    assert (wanted.returncode, wanted.stdout) == (2, "")
    assert wanted.stderr.startswith("handgrad: train-images-idx3-ubyte.gz of mnist cannot be downloaded: ")
    assert "handgrad-cache/mnist" in wanted.stderr
    assert len(wanted.stderr.splitlines()) == 1


def test_a_training_needs_no_home(foreign: list[str], tmp_path: Path) -> None:
    """The run is whole, with its pictures, and nothing is complained of."""
    done = run([*foreign, PROGRAM, "train", "--hidden", "8", "--epochs", "2", "--run", "run"])
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["epochs"] == 2
    assert (tmp_path / "run" / "curves.png").is_file()


def test_a_disk_without_room_for_the_model_is_said_once(foreign: list[str], tmp_path: Path) -> None:
    """Checkpoint and model are each named once, with the cause; what fits is whole, and the exit code is 1."""
    disk = ["--size", "300000", "--tmpfs", str(tmp_path / "disk")]
    if run([*foreign, *disk, "true"]).returncode:
        pytest.skip("this bubblewrap cannot make a disk of some size")
    script = f"{PROGRAM} train --epochs 2 --run disk/run; echo $?; ls disk/run; wc -l < disk/run/history.jsonl"
    done = run([*foreign, *disk, "sh", "-c", script])
    for name in ("checkpoint.safetensors", "model.safetensors"):
        warnings = [line for line in done.stderr.splitlines() if line.startswith(f"warning: {name} could not be")]
        assert len(warnings) == 1
        assert "No space left on device" in warnings[0]
    assert "\nhandgrad: could not be written: checkpoint.safetensors, model.safetensors" in done.stderr
    words = done.stdout.split()
    assert words[words.index("config.toml") - 1] == "1"
    assert {"config.toml", "history.jsonl"} <= set(words)
    assert not {"model.safetensors", "checkpoint.safetensors"} & set(words)
    assert int(words[-1]) >= 3
