"""A disk that fills up at any moment: what was there is intact, what is there is whole, and the rest is named once."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def tried(folder: Path, sizes: list[int]) -> str:
    """Train on file systems of these sizes in KiB, and return the faults."""
    probe = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        able = subprocess.run([*probe, "mount", "-t", "tmpfs", "tmpfs", str(folder)], check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no unshare, so that no small file system can be mounted")
    if able.returncode:
        pytest.skip("no small file system can be mounted here")
    command = [*probe, sys.executable, "-m", "runs.full_disk", str(folder), *map(str, sizes)]
    done = subprocess.run(command, cwd=TESTS, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr[-2000:]


def test_at_some_levels(tmp_path: Path) -> None:
    """So small that nothing fits, that the model does not fit, that a picture does not, and large enough."""
    assert tried(tmp_path, [8, 64, 260, 900]) == ""


@pytest.mark.slow
def test_at_a_hundred_levels(tmp_path: Path) -> None:
    """From one page to more than enough, page by page at first."""
    assert tried(tmp_path, [*range(4, 4 * 61, 4), *range(250, 650, 10)]) == ""
