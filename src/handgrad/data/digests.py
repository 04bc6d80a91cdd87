"""Digests of rows, by which a run remembers its training set: eight bytes for each example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.arrays.npy_array import read_array
from handgrad.errors import FormatError

_CHUNK = 2**17  # pairs of numbers at a time: they stay in the cache
_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # splitmix64's multipliers


def row_digests(X: NDArray[np.float32], y: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Digest examples and their labels: equal ones alike, others differently but for a chance of about 2**-64 a pair.

    The digest is for recognition, not secrecy: whoever has a row, or can guess it, can tell whether it is there. Each
    pair of numbers is mixed and multiplied by a factor of its own; the sum is mixed with the label.

    Parameters
    ----------
    X : float32 array of shape (n, d)
    y : int64 array of shape (n,)

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> a, b, c = row_digests(np.array([[0, 1], [0, 1], [1, 0]], np.float32), np.array([7, 7, 7]))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    n, pairs = len(X), -(-X.shape[1] // 2)
    factors = _mixed(np.arange(1, pairs + 1, dtype=np.uint64) * np.uint64(_ODD[0])) | np.uint64(1)
    digests = np.empty(n, np.uint64)
    step = max(1, _CHUNK // pairs)
    padded = np.zeros((min(step, n), 2 * pairs), np.float32)
    for start in range(0, n, step):
        rows = padded[: min(step, n - start)]
        np.add(X[start : start + step], np.float32(0), out=rows[:, : X.shape[1]])  # -0 becomes 0
        words = rows.view(np.uint64) * np.uint64(_ODD[2])
        words ^= words >> np.uint64(32)
        digests[start : start + step] = words @ factors
    return _mixed(digests ^ _mixed((y.astype(np.uint64) + np.uint64(1)) * np.uint64(_ODD[0])))


def _mixed(Z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of integers, one to one, as splitmix64 does at its end."""
    Z = (Z ^ (Z >> np.uint64(30))) * np.uint64(_ODD[1])
    Z = (Z ^ (Z >> np.uint64(27))) * np.uint64(_ODD[2])
    return Z ^ (Z >> np.uint64(31))


def write_digests(path: Path, digests: NDArray[np.uint64]) -> None:
    """Write digests in ascending order, so that the file does not tell the order of the rows."""
    with files.written(path) as file:
        np.lib.format.write_array(file, np.sort(digests).astype("<u8"), allow_pickle=False)


def read_digests(path: Path) -> NDArray[np.uint64]:
    """Read digests.

    Raises
    ------
    DataError
        If the file cannot be read, or holds anything else.
    """
    with files.opened(path) as file:
        found: NDArray[Any] = read_array(file, path, path.stat().st_size)
    if found.dtype != np.dtype("<u8") or found.ndim != 1:
        raise FormatError(f"{path} contains no digests of rows", "the file that the training wrote", "remove it")
    return found
