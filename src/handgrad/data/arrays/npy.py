"""NumPy's files: ``.npz`` with four arrays, the course's ``mnist.npy``, and rows to predict. Never ``allow_pickle``."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from handgrad import files, limits
from handgrad.data.arrays.npy_array import LABELS, NUMBERS, TEXT, Header, read_array, read_header
from handgrad.data.arrays.objects import dataset_from_object
from handgrad.data.arrays.parts import assign, assign_by_shape, join
from handgrad.data.arrays.pickled import read_boxed, read_object_array
from handgrad.data.arrays.raw import Arrays, dataset_from_raw
from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.errors import DataError, FormatError, ShapeError

EXTRAS = ("class_names", "minimum", "maximum")  # what convert() adds


def read_npy(path: str | os.PathLike[str]) -> Dataset:
    """Read the course's ``mnist.npy``: one object array of trainx, trainy, testx, testy, without executing anything.

    A dict of arrays that was saved with np.save is read too.

    Raises
    ------
    FormatError
        If the file is not such an array, is damaged, or asks for code to be called.
    DataError
        If the arrays are not a data set.

    Examples
    --------
    >>> import tempfile
    >>> arrays = np.empty(4, object)
    >>> arrays[:] = np.eye(3, 784), np.arange(3), np.eye(2, 784), np.arange(2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "mnist.npy", arrays, allow_pickle=True)
    ...     read_npy(Path(folder) / "mnist.npy").X_train.shape
    (3, 784)
    """
    path = Path(path)
    with files.opened(path) as file:
        limits.refuse_bytes(path.stat().st_size, path)
        header = read_header(file, path)
        if header.dtype not in ("|O", "O") or header.shape not in ((4,), ()):
            raise _alone(header, path)
        if header.shape == ():  # a dict, as np.save wraps it
            return dataset_from_object(read_boxed(file, path.stat().st_size - file.tell(), path), path)
        arrays = read_object_array(file, path.stat().st_size - file.tell(), path)
    if len(arrays) != 4:
        raise files.damaged(path, f"it contains {len(arrays)} arrays, but its header declares 4")
    return dataset_from_raw(path.stem, (arrays[0], arrays[1], arrays[2], arrays[3]))


def _alone(header: Header, path: Path) -> FormatError:
    """Describe one array, which is no data set by itself, and say how to make one of it."""
    remedy = "put it into a folder with its labels, as X.npy and y.npy, and name the folder"
    if header.dtype in ("|O", "O"):
        remedy = "write its arrays with np.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)"
    return FormatError(
        f"{path} contains one array of dtype {header.dtype} and shape {header.shape}",
        "examples and labels, or an object array of four arrays: trainx, trainy, testx, testy",
        remedy,
    )


def read_rows(path: str | os.PathLike[str], width: int | None = None) -> NDArray[np.float64]:
    """Read rows to predict from a ``.npy`` file of numbers: (n, d), or (d,) for one row, or (n, height, width).

    The rows are not scaled.

    Parameters
    ----------
    path : path
    width : int, optional
        The length d of a row; an array of as many numbers, such as one image (height, width), is one row.

    Returns
    -------
    array of shape (n, d)

    Raises
    ------
    FormatError
        If the file is not an array of finite numbers of such a shape.
    ShapeError
        If the rows have another length than ``width``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "rows.npy", np.eye(2, dtype=np.uint8))
    ...     read_rows(Path(folder) / "rows.npy")
    array([[1., 0.],
           [0., 1.]])
    """
    path = Path(path)
    with files.opened(path) as file:
        X = read_array(file, path, path.stat().st_size)
    if X.ndim not in (1, 2, 3, 4) or 0 in X.shape or not np.isfinite(X).all():
        what = "that contains NaN or infinity" if X.ndim in (1, 2, 3, 4) and X.size else f"of shape {X.shape}"
        raise FormatError(f"{path}: an array {what}", "finite numbers of shape (n, d)", "use one row for each example")
    X = X.reshape((1, -1) if X.ndim == 1 or X.size == width else (len(X), -1))
    if width is not None and X.shape[1] != width:
        raise ShapeError(f"{path}: rows of {X.shape[1]} numbers", f"rows of {width}", "use rows as in the training set")
    return X.astype(np.float64)


def read_npz(path: str | os.PathLike[str]) -> Dataset:
    """Read a ``.npz`` file of examples and labels, such as x_train, y_train, x_test and y_test of Keras's MNIST.

    Other usual names are known (:mod:`handgrad.data.arrays.parts`). Without a test set, a fixed fifth is the test set.
    A file written by :func:`handgrad.data.convert` also contains the names of the classes and the scaling that was
    applied to its examples.

    Raises
    ------
    FormatError
        If the file is not such an archive, is damaged, or is too large when decompressed.
    DataError
        If the arrays are not a data set.

    Examples
    --------
    >>> import tempfile
    >>> X, y = np.full((2, 28, 28), 255, np.uint8), np.arange(2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder) / "set.npz", x_train=X, y_train=y, x_test=X, y_test=y)
    ...     read_npz(Path(folder) / "set.npz").image_shape
    (28, 28)
    """
    path = Path(path)
    with files.opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, path)
                roles = _roles(archive, members, path)
                wanted = {**roles, **{name: name for name in EXTRAS if name in members}}
                size = sum(members[name].file_size for name in wanted.values())
                limits.refuse_bytes(size, path)
                limits.refuse_ratio(size, path.stat().st_size, path)
                content = {role: _read_member(archive, members[name], path, role) for role, name in wanted.items()}
        except files.ZIP_ERRORS as error:
            raise FormatError(
                f"{path} cannot be read as a zip archive ({error})",
                "a .npz file, as np.savez writes it",
                "write it again",
            ) from error
    arrays, notes = join(content, path)
    data = dataset_from_raw(path.stem, arrays, _class_names(content, path), _scaling(content, path))
    ignored = sorted(set(members) - set(wanted.values()))
    return data.with_notes(*notes, *([f"ignored: {', '.join(ignored[:10])}"] if ignored else []))


def read_named_arrays(paths: Sequence[Path], folder: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Read the arrays of a data set from ``.npy`` files that are called like the arrays of an archive."""
    by_name = {path.stem: path for path in paths}
    arrays = {}
    for role, name in assign(by_name, folder).items():
        with files.opened(by_name[name]) as file:
            size = by_name[name].stat().st_size
            arrays[role] = read_array(file, by_name[name], size, LABELS if role.startswith("y") else NUMBERS)
    return join(arrays, folder)


def is_npz(path: Path) -> bool:
    """Say whether a file is a zip archive of NumPy arrays."""
    try:
        with files.opened(path) as file, zipfile.ZipFile(file) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except files.ZIP_ERRORS:
        return path.suffix.lower() == ".npz"


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """List an archive's arrays by name; refuse two of one name."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name.lower() in map(str.lower, members):
            raise files.damaged(path, f"it contains {name.lower()[:40]!a} twice")
        members[name] = info
    return members


def _roles(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], path: Path) -> dict[str, str]:
    """Assign the arrays to roles, by their names or, where these say nothing, by their shapes."""
    if all(re.fullmatch(r"arr_\d", name) for name in members) and members:
        shapes = {}
        for name, info in members.items():
            with archive.open(info) as stream:
                shapes[name] = read_header(cast(BinaryIO, stream), path).shape
        if roles := assign_by_shape(shapes):
            return roles
    return assign([name for name in members if name not in EXTRAS], path)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, role: str) -> NDArray[Any]:
    """Read one array of an archive, plain or deflated."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
        raise files.damaged(path, f"{info.filename[:40]!a} is encrypted, or compressed by a method other than deflate")
    if info.file_size > info.compress_size * files.MAX_DEFLATE_RATIO:
        raise files.damaged(path, f"{info.filename[:40]!a} declares more bytes than its compressed bytes can contain")
    accepted = TEXT if role == "class_names" else LABELS if role.startswith("y") else NUMBERS
    with archive.open(info) as stream:
        return read_array(cast(BinaryIO, stream), path, info.file_size, accepted)


def _scaling(content: dict[str, NDArray[Any]], path: Path) -> Scaling | None:
    """Read the scaling that was applied to the examples, if the file contains it."""
    bounds = [content[name].tolist() for name in ("minimum", "maximum") if name in content]
    if len(bounds) == 1:
        raise files.damaged(path, "it contains only one of minimum and maximum")
    return Scaling(*bounds) if bounds else None


def _class_names(content: dict[str, NDArray[Any]], path: Path) -> tuple[str, ...] | None:
    """Read the names of the classes, if the file contains them."""
    if "class_names" not in content:
        return None
    names = content["class_names"].tolist()
    if not isinstance(names, list) or len(names) > MAX_CLASSES or not all(isinstance(name, str) for name in names):
        raise files.damaged(path, "its class names are not a list of texts")
    return tuple(names)


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays as a compressed ``.npz`` file, completely or not at all."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise DataError("an array of objects", "arrays of numbers", "convert it first")
    with files.written(path) as file:
        np.savez_compressed(cast(Any, file), allow_pickle=False, **cast(Any, arrays))
