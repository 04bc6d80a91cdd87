"""Processes that compile the same function at once for several types never get each other's code."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

pytest.importorskip("numba", reason="numba is not installed")

from handgrad.compiled.pairs import compress
from handgrad.compiled.runtime import CodeFiles

DTYPES = ("float32", "float64", "int32", "int64")


def files(folder: Path, stamp: float = 0.0) -> CodeFiles:
    """Return the files of a function as a process of its own would open them."""
    return CodeFiles(str(folder), "module.function-1.py311", stamp)


def test_code_that_is_saved_at_once_is_never_mixed_up(tmp_path: Path) -> None:
    """Whoever loads the code for a type gets that code, or none; at least one of those saved at once is kept."""
    for attempt in range(25):
        folder, ready = tmp_path / str(attempt), Barrier(len(DTYPES))
        folder.mkdir()

        def save(dtype: str, folder: Path = folder, ready: Barrier = ready) -> None:
            ready.wait()
            files(folder).save(dtype, f"code for {dtype}")

        with ThreadPoolExecutor(len(DTYPES)) as pool:
            list(pool.map(save, DTYPES))
        loaded = {dtype: files(folder).load(dtype) for dtype in DTYPES}
        assert any(loaded.values())
        assert all(code in (None, f"code for {dtype}") for dtype, code in loaded.items())


def test_code_that_is_saved_in_turn_is_kept(tmp_path: Path) -> None:
    """The code for each type is found again, and saving it anew replaces it."""
    for round_ in ("old", "new"):
        for dtype in DTYPES:
            files(tmp_path).save(dtype, f"{round_} code for {dtype}")
    assert [files(tmp_path).load(dtype) for dtype in DTYPES] == [f"new code for {dtype}" for dtype in DTYPES]


def test_code_of_another_source_is_not_used(tmp_path: Path) -> None:
    """After an edit of the source nothing that was compiled before is loaded, nor overwritten by what is."""
    files(tmp_path, stamp=1.0).save("float32", "old code")
    assert files(tmp_path, stamp=2.0).load("float32") is None
    files(tmp_path, stamp=2.0).save("float64", "new code")
    assert files(tmp_path, stamp=2.0).load("float32") is None


def test_compiled_functions_are_cached_so() -> None:
    """What the package compiles is kept in such files."""
    assert isinstance(compress._cache._cache_file, CodeFiles)
