"""What the tests with notebooks share: commands run as a person would run them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


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
