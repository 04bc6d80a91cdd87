"""Compiled code is kept where a folder can be written, and compiled anew in each process where none can."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import handgrad

pytest.importorskip("numba", reason="numba is not installed")
pytestmark = pytest.mark.slow  # each process compiles anew

SMALL = """
import numpy as np
from handgrad.compiled.pairs import compress
starts = np.zeros(3, np.int64)
compress(np.eye(2), np.zeros(0, np.uint16), np.zeros((0, 2)), starts)
print(starts.tolist(), compress.stats.cache_path)
"""
WHOLE = """
import numpy as np
from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, train
from handgrad.training.engines.compiled import keeps_code
X, y, network = np.eye(4), np.arange(4) % 2, MLP((4, 3, 2))
settings = TrainingSettings(engine="compiled", epochs=2, threads=1)
state = TrainingState.start(network.initialise(), settings)
print([record.step for record in train(network, state, Examples(X, y), settings=settings)], keeps_code())
"""


def run(program: str, root: Path, **environment: str) -> str:
    """Run a program with a copy of the package, in an environment where a home cannot be written unless it is given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG", "PYTHON"))}
    variables = {**clean, "HOME": os.devnull, "PYTHONPATH": str(root), **environment}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=variables, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Copy the package to where its compiled code cannot be kept: a file has the folder's name.

    That stops the superuser too, whom no permission would.
    """
    root = tmp_path / "copy"
    shutil.copytree(Path(handgrad.__path__[0]), root / "handgrad", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "handgrad" / "compiled" / "__pycache__").touch()
    return root


def test_compiled_code_is_kept_beside_its_source(sealed: Path) -> None:
    """Where the package's folder can be written, the code is there."""
    folder = sealed / "handgrad" / "compiled" / "__pycache__"
    folder.unlink()
    assert run(SMALL, sealed) == f"[0, 1, 2] {folder}"
    assert list(folder.glob("pairs.compress*.nbc"))


def test_compiled_code_is_kept_in_the_home_where_the_package_is_sealed(sealed: Path, tmp_path: Path) -> None:
    """Where the package's folder cannot be written, the code is in the user's own cache."""
    (tmp_path / "home").mkdir()
    output = run(SMALL, sealed, HOME=str(tmp_path / "home"))
    assert output.startswith(f"[0, 1, 2] {tmp_path / 'home'}")
    assert list((tmp_path / "home").rglob("pairs.compress*.nbc"))


@pytest.mark.parametrize("folder", ["", os.devnull + "/cache", "/proc/none/cache"])
def test_without_any_folder_code_is_compiled_all_the_same(folder: str, sealed: Path) -> None:
    """Where no folder can be written, nor the one that numba is told of, compiling just takes its time."""
    output = run(SMALL, sealed, **({"NUMBA_CACHE_DIR": folder} if folder else {}))
    assert output == "[0, 1, 2] None"


@pytest.mark.slow
def test_without_any_folder_a_training_runs_all_the_same(sealed: Path) -> None:
    """The whole engine needs no folder either, and knows that its code is not kept."""
    assert run(WHOLE, sealed, NUMBA_CACHE_DIR=os.devnull + "/cache") == "[0, 1, 2] False"
