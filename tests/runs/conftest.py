"""What the tests of runs share."""

import signal
from collections.abc import Iterator

import pytest
from small_pictures import _small_pictures  # noqa: F401


@pytest.fixture(autouse=True)
def _heeding_ctrl_c() -> Iterator[None]:
    """Heed Ctrl-C as a program in a terminal does; one that a script has started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
