"""What this machine has to offer: its cores and its memory."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def available_cores() -> int:
    """Count the cores that this process may use, by its affinity and its container's quota."""
    try:
        import joblib
    except ImportError:
        return os.cpu_count() or 1
    return int(joblib.cpu_count())


def memory_limit() -> int | None:
    """Return the bytes of memory that this process can have at most; None if the system does not say."""
    limits = []
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits, default=None)
