"""What the bits of a run depend on besides its settings: data, libraries and machine."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from handgrad import files
from handgrad.errors import RunError
from handgrad.parsing import parse_json
from handgrad.runs.checkpoint import Origin

ENVIRONMENT_FILE = "environment.json"
_LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pandas")
_MAX = 2**16  # bytes


def environment(origin: Origin) -> dict[str, str]:
    """Describe what a training computes with.

    Parameters
    ----------
    origin : Origin

    Examples
    --------
    >>> environment(Origin("d1ce", "numpy", "0.1"))["engine"]
    'numpy'
    """
    return {
        "handgrad": origin.version,
        "data": origin.data,
        "engine": origin.engine,
        "python": platform.python_version(),
        **{name: found for name in _LIBRARIES if (found := _version(name))},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def write_environment(run: Path, origin: Origin) -> None:
    """Write the environment of a run that begins."""
    with files.run_errors(run / ENVIRONMENT_FILE), files.written(run / ENVIRONMENT_FILE) as file:
        file.write((json.dumps(environment(origin), indent=2) + "\n").encode())


def read_environment(run: Path) -> dict[str, str]:
    """Read the environment of a run.

    Raises
    ------
    RunError
        If it cannot be read.
    """
    path = run / ENVIRONMENT_FILE
    with files.run_errors(path):
        content = files.read_text(path, _MAX)
    try:
        found = parse_json(content)
    except ValueError as error:
        raise RunError(f"{path} cannot be read ({error})", "an unchanged file", "train again") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise RunError(f"{path} contains no table of words", "an unchanged file", "train again")
    return found


def _version(name: str) -> str | None:
    """Return the version of a library, if it is installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """Name the processor, as well as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
