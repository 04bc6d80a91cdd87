"""Data sets in pickles, such as ``mnist.pkl.gz``, read without unpickling (:mod:`handgrad.data.arrays.pickled`)."""

from __future__ import annotations

import gzip
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

from handgrad import files, limits
from handgrad.data.arrays.parts import assign, assign_by_shape, join
from handgrad.data.arrays.pickled import Call, read_object, to_array
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.dataset import Dataset
from handgrad.errors import FormatError

_DEPTH = 4
_SETS = {2: ("train", "test"), 3: ("train", "val", "test")}


def read_pickle(path: str | os.PathLike[str]) -> Dataset:
    """Read a pickle, plain or gzip, of tuples or dicts of arrays; nothing in it is executed.

    Known are pairs of examples and labels for the training set and the test set, also with a validation set between
    them as in ``mnist.pkl.gz``, one such pair, four arrays, and dicts whose keys say what the arrays are.

    Raises
    ------
    FormatError
        If the pickle contains anything else, is damaged, or asks for code to be called.
    DataError
        If the arrays are not a data set.

    Examples
    --------
    >>> import pickle, tempfile
    >>> import numpy as np
    >>> pair = np.eye(3, 784), np.arange(3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "mnist.pkl").write_bytes(pickle.dumps((pair, pair, pair)))
    ...     data = read_pickle(Path(folder) / "mnist.pkl")
    >>> data.X_train.shape, data.X_test.shape
    ((6, 784), (3, 784))
    """
    path = Path(path)
    with files.opened(path) as file, ExitStack() as stack:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: Any = stack.enter_context(gzip.GzipFile(fileobj=file)) if packed else file
        size = path.stat().st_size
        stream = cast(BinaryIO, limits.Bounded(stream, path, size if packed else None, limits.ARRAYS))
        found = read_object(stream, limits.most("bytes", limits.ARRAYS) + 1 if packed else size, path)
        files.refuse_more(stream, path)
    return dataset_from_object(found, path)


def dataset_from_object(found: Any, path: Path) -> Dataset:
    """Build a data set from what a pickle contains, with calls in place of arrays."""
    calls = _named(found, "", path)
    arrays = {name: to_array(call, path) for name, call in calls.items()}
    roles = assign_by_shape({name: X.shape for name, X in arrays.items()}) if isinstance(found, list | tuple) else {}
    roles = roles or assign(arrays, path)
    joined, notes = join({role: arrays[name] for role, name in roles.items()}, path)
    return dataset_from_raw(path.name.partition(".")[0], joined).with_notes(*notes)


def _named(found: Any, name: str, path: Path, depth: int = 0) -> dict[str, Any]:
    """Name the arrays in nested tuples and dicts by their keys and places."""
    if depth > _DEPTH:
        raise FormatError(
            f"{path}: its pickle is nested more than {_DEPTH} deep", "pairs of arrays", "write the arrays with np.savez"
        )
    if isinstance(found, Call):
        return {name: found}
    if isinstance(found, dict):
        parts = [(f"{name}/{key}", item) for key, item in found.items()]
    elif isinstance(found, list | tuple) and len(found) == 2 and all(isinstance(item, Call) for item in found):
        parts = [(f"{name}/x", found[0]), (f"{name}/y", found[1])]
    elif isinstance(found, list | tuple) and len(found) == 4:
        parts = [(f"{name}/{place}", item) for place, item in enumerate(found)]
    elif isinstance(found, list | tuple) and len(found) in _SETS:
        parts = [(f"{name}/{part}", item) for part, item in zip(_SETS[len(found)], found, strict=True)]
    else:
        parts = []
    return {key: array for part, item in parts for key, array in _named(item, part, path, depth + 1).items()}
