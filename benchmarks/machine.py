"""The machine that measurements were made on, without anything that identifies it or its owner."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any


def cores() -> int:
    """Count the cores that this process may use, by its affinity and its container's quota."""
    import joblib

    return int(joblib.cpu_count())


def describe() -> dict[str, Any]:
    """Describe processor, memory and system."""
    return {
        "cpu": _cpu_model(),
        "vector_extensions": _vector_extensions(),
        "cores": cores(),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def load() -> list[float] | None:
    """Return the load averages of the last 1, 5 and 15 minutes, if the system has them."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def ticks() -> tuple[int, int] | None:
    """Return the busy time of all cores, stolen time included, and their total time; Linux only."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    return sum(fields) - fields[3] - fields[4], sum(fields)


def busy_cores(before: tuple[int, int] | None, after: tuple[int, int] | None) -> float | None:
    """Compute how many cores were busy between two calls of :func:`ticks`.

    Examples
    --------
    >>> busy_cores((10, 100), (15, 110)) == 0.5 * (os.cpu_count() or 1)
    True
    """
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (os.cpu_count() or 1) * (after[0] - before[0]) / (after[1] - before[1])


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Look up the versions of installed distributions."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def memory_mib(which: str) -> float | None:
    """Return this process's peak (``VmHWM``) or present (``VmRSS``) resident memory in MiB, if it is known."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    match = re.search(rf"^{which}:\s*(\d+) kB", status, re.MULTILINE)
    return int(match[1]) / 1024 if match else None


def _cpu_model() -> str:
    """Name the processor."""
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return match[1].strip() if match else platform.processor() or platform.machine()


def _vector_extensions() -> list[str]:
    """List the processor's instruction sets that matter to matrix products."""
    try:
        match = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    has = set(match[1].split()) if match else set()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve") if name in has]


def _memory() -> float | None:
    """Return the machine's memory in GiB."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
