"""Many trainings in one process: nothing grows. ``SOAK_SECONDS`` sets for how long."""

import os
import sys

import pytest
from runs.soak import growth, soak


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and files are read from Linux's /proc")
def test_nothing_grows() -> None:
    """After a warm-up, memory stays within 3%, with as many open files and threads as before."""
    memory, files, threads = growth(list(soak(float(os.environ.get("SOAK_SECONDS", "300")))))
    assert memory < 1.03
    assert files <= 2
    assert threads == 0
