"""What the tests with notebooks share: optional libraries, and commands run as a person would run them."""

import importlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest


def require(name: str) -> ModuleType:
    """Import an optional library: without it a test is skipped, but in CI, which installs them all, it fails."""
    if os.environ.get("CI") == "true":
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is not installed")


def run(command: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as its own home, with none of what the tests set for drawing."""
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**kept, "HOME": str(folder), **environment},
    )
