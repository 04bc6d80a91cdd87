"""Digests of rows: equal rows are recognised, and no others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.data.digests import read_digests, row_digests, write_digests
from handgrad.errors import FormatError

RNG = np.random.default_rng(0)
ROWS = {
    "pixels": RNG.integers(0, 256, (2000, 784)) / 255,
    "ones and zeros": np.unique(RNG.integers(0, 2, (60_000, 21)), axis=0),
    "one column": np.arange(60_000)[:, None] / 256,
    "one-hot": np.eye(2000),
    "an odd number of columns": RNG.standard_normal((2000, 3)),
}


@pytest.mark.parametrize("X", ROWS.values(), ids=list(ROWS))
def test_different_rows_have_different_digests(X: np.ndarray) -> None:
    """No two of some ten thousand digests are equal, and each half of their bits is as even as chance would be."""
    X = X.astype(np.float32)
    digests = row_digests(X, np.zeros(len(X), np.int64))
    assert len(np.unique(digests)) == len(X)
    for half in (digests >> np.uint64(32), digests & np.uint64(2**32 - 1)):
        assert len(X) - len(np.unique(half)) <= 6  # 0.4 are expected of 60,000
    bits = (digests[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(len(X))


def test_a_digest_depends_on_the_row_and_its_label_alone() -> None:
    """Not on the other rows, on the order in memory or on the sign of zero; but on the label and on each column."""
    X, y = RNG.standard_normal((400, 785)).astype(np.float32), RNG.integers(0, 9, 400)
    X[:, 7] = 0
    digests = row_digests(X, y)
    some = RNG.permutation(400)[:150]
    np.testing.assert_array_equal(row_digests(np.asfortranarray(X[some]), y[some]), digests[some])
    minus = X.copy()
    minus[:, 7] = -0.0
    np.testing.assert_array_equal(row_digests(minus, y), digests)
    assert not np.isin(row_digests(X, (y + 1) % 9), digests).any()
    assert not np.isin(row_digests(X[:, ::-1], y), digests).any()


def test_digests_are_written_in_order(tmp_path: Path, refused: Any) -> None:
    """Eight bytes for each row and a short header, in ascending order; anything else is refused when it is read."""
    digests = row_digests(ROWS["pixels"].astype(np.float32), np.zeros(2000, np.int64))
    write_digests(tmp_path / "rows.npy", digests)
    np.testing.assert_array_equal(read_digests(tmp_path / "rows.npy"), np.sort(digests))
    assert (tmp_path / "rows.npy").stat().st_size == 8 * 2000 + 128
    np.save(tmp_path / "other.npy", np.zeros(3))
    with refused(FormatError, "other.npy contains no digests"):
        read_digests(tmp_path / "other.npy")
    (tmp_path / "rows.npy").write_bytes((tmp_path / "rows.npy").read_bytes()[:-1])
    with refused(FormatError, "rows.npy"):
        read_digests(tmp_path / "rows.npy")
