"""What this machine has to offer: its cores and its memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def available_cores() -> int:
    """Count the cores that this process may use, by its affinity and its container's quota."""
    try:
        import joblib
    except ImportError:
        return os.cpu_count() or 1
    return int(joblib.cpu_count())


def memory_limit() -> int | None:
    """Return the bytes of memory that this process can have at most; None if the system does not say."""
    limits = list(_of_groups(Path("/")))
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits, default=None)


def _of_groups(root: Path) -> Iterator[int]:
    """Yield the limits of memory of a container or a service: those of this process's control groups, and above them.

    Both versions of Linux's control groups are understood. Where there is no limit, a group contains a word, or a
    number that is larger than any memory.
    """
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            top = root / "sys/fs/cgroup" / ("memory" if controllers else "")
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                with suppress(OSError, ValueError):
                    yield int((folder / name).read_text())
                if folder == top:
                    break
