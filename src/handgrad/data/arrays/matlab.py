"""MATLAB files through SciPy: ``mnist_all.mat``, mldata's ``mnist-original.mat``, EMNIST, and others like them."""

from __future__ import annotations

import io
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from handgrad import files, limits
from handgrad.data.arrays.layouts import emnist_set, turn_upright
from handgrad.data.arrays.matlab_elements import check_elements
from handgrad.data.arrays.parts import assign, join
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.dataset import Dataset
from handgrad.errors import FormatError

_HDF5 = (b"\0\2IM", b"\2\0MI")  # the version in the header of a file that is HDF5


def read_matlab(path: str | os.PathLike[str]) -> Dataset:
    """Read examples and labels from a MATLAB file of version 5 to 7.

    The examples may be rows or columns. Variables called ``train0``, ``train1``, ..., ``test0``, ... hold the examples
    of one class each.

    Raises
    ------
    FormatError
        If the file cannot be read, or its variables are not known.
    DataError
        If the arrays are not a data set.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import savemat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     savemat(Path(folder) / "toy.mat", {"data": np.eye(4, 6), "label": np.arange(6) % 2})
    ...     data = read_matlab(Path(folder) / "toy.mat")
    >>> data.X_train.shape, data.X_test.shape
    ((4, 4), (2, 4))
    """
    path = Path(path)
    content = _content(path)
    one_class = {name: re.fullmatch(r"(train|test)_?(\d{1,3})", name) for name in content}
    by_class = {name: match for name, match in one_class.items() if match}
    if by_class:
        arrays = {}
        for part in ("train", "test"):
            chosen = sorted((int(match[2]), name) for name, match in by_class.items() if match[1] == part)
            if chosen:
                parts = [np.atleast_2d(content[name]) for _, name in chosen]
                arrays[f"x_{part}"] = np.concatenate(parts)
                arrays[f"y_{part}"] = np.repeat([label for label, _ in chosen], [len(X) for X in parts])
    else:
        arrays = {role: content[name] for role, name in assign(content, path).items()}
        for role in [role for role in arrays if role.startswith("x")]:
            arrays[role] = _examples_first(arrays[role], np.size(arrays[f"y{role[1:]}"]))
    joined, notes = join(arrays, path)
    names = emnist_set(path.stem)
    if names is not None:
        joined, names, note = turn_upright(joined, names)
        notes = (*notes, note)
    return dataset_from_raw(path.stem, joined, names or None).with_notes(*notes)


def _content(path: Path) -> dict[str, NDArray[Any]]:
    """Read all variables that are arrays; those of a struct are called like paths."""
    from scipy.io import loadmat, whosmat

    with files.opened(path) as file:
        content = limits.Bounded(file, path, usual=limits.ARRAYS).read()
    try:
        if content[124:128] not in _HDF5:
            check_elements(path, content)
        limits.refuse_bytes(sum(math.prod(shape) for _, shape, _ in whosmat(io.BytesIO(content))), path)
        found = loadmat(io.BytesIO(content), simplify_cells=True)
    except NotImplementedError as error:
        raise FormatError(
            f"{path} is a MATLAB file of version 7.3, which is HDF5",
            "a MATLAB file of version 5 to 7",
            "write it again with save(..., '-v7') in MATLAB, or convert it to .npz with h5py",
        ) from error
    except FormatError:
        raise
    except Exception as error:  # SciPy's reader raises exceptions of many types
        raise files.damaged(path, f"SciPy cannot read it ({type(error).__name__}: {str(error)[:200]})") from error
    return _flat({name: value for name, value in found.items() if not name.startswith("__")}, "", path)


def _flat(content: dict[str, Any], name: str, path: Path) -> dict[str, NDArray[Any]]:
    """Name the arrays in nested structs; sparse ones become dense, and cells of words arrays of words."""
    found: dict[str, NDArray[Any]] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{name}{key}/", path)
        elif issparse(value):
            limits.refuse_bytes(8 * math.prod(value.shape), path)
            found[f"{name}{key}"] = value.toarray()
        elif isinstance(value, np.ndarray):
            words = value.dtype == object and all(isinstance(one, str) for one in value.flat)
            found[f"{name}{key}"] = value.astype(str) if words else value
    return found


def _examples_first(X: NDArray[Any], n: int) -> NDArray[Any]:
    """Move the axis of the examples to the front: columns of pixels, and images (height, width, n)."""
    return np.moveaxis(X, -1, 0) if X.ndim > 1 and X.shape[0] != n and X.shape[-1] == n else X
