"""Where the real MNIST lies, an environment without data, and a bound on memory."""

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """Return the root of data sets that holds the real MNIST; without one the test is skipped."""
    root = Path(os.environ.get("HANDGRAD_DATA") or "/nowhere")
    if not (root / "mnist").is_dir():
        pytest.skip("HANDGRAD_DATA names no folder with mnist/ in it")
    return root


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, with no data of the user's own beside it."""
    monkeypatch.delenv("HANDGRAD_DATA", raising=False)
    monkeypatch.setenv("HANDGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def little_memory() -> Callable[[], AbstractContextManager[None]]:
    """Return a context manager: the block must never hold more than 8 MiB."""

    @contextmanager
    def little_memory() -> Iterator[None]:
        tracemalloc.start()
        try:
            yield
            assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        finally:
            tracemalloc.stop()

    return little_memory
