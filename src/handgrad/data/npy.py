"""NumPy's files: ``.npz`` with four arrays, the course's ``mnist.npy``, and rows to predict. Never ``allow_pickle``.

The header of an array is a Python literal, which is matched here and never evaluated.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.data.parts import assign, assign_by_shape, join
from handgrad.data.pickled import read_object_array
from handgrad.data.raw import Arrays, dataset_from_raw
from handgrad.errors import DataError, FormatError, ShapeError

EXTRAS = ("class_names", "minimum", "maximum")  # what convert() adds
_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000
_ITEM = re.compile(r"""['"](descr|fortran_order|shape)['"]\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,\sL]{0,200}\))""")
_NUMBERS = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")
_TEXT = re.compile(r"[<>]U\d{1,4}")
_LABELS = re.compile(rf"{_NUMBERS.pattern}|[<>]U\d{{1,4}}|\|S\d{{1,4}}")


class Header(NamedTuple):
    """The contents of an array's header."""

    dtype: str
    fortran: bool
    shape: tuple[int, ...]


def read_npy(path: str | os.PathLike[str]) -> Dataset:
    """Read the course's ``mnist.npy``: one object array of trainx, trainy, testx, testy, without executing anything.

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
        files.refuse_size(path.stat().st_size, path)
        header = read_header(file, path)
        if header.dtype not in ("|O", "O") or header.shape != (4,):
            raise FormatError(
                f"{path} contains one array of dtype {header.dtype} and shape {header.shape}",
                "an object array of four arrays: trainx, trainy, testx, testy",
                "write them with np.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)",
            )
        arrays = read_object_array(file, path.stat().st_size - file.tell(), path)
    if len(arrays) != 4:
        raise files.damaged(path, f"it contains {len(arrays)} arrays, but its header declares 4")
    return dataset_from_raw(path.stem, (arrays[0], arrays[1], arrays[2], arrays[3]))


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

    Other usual names are known (:mod:`handgrad.data.parts`). Without a test set, a fixed fifth is the test set. A file
    written by :func:`handgrad.data.convert` also contains the names of the classes and the scaling that was applied to
    its examples.

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
                files.refuse_size(sum(members[name].file_size for name in wanted.values()), path)
                content = {role: _read_member(archive, members[name], path, role) for role, name in wanted.items()}
        except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError) as error:
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
            arrays[role] = read_array(file, by_name[name], size, _LABELS if role.startswith("y") else _NUMBERS)
    return join(arrays, folder)


def is_npz(path: Path) -> bool:
    """Say whether a file is a zip archive of NumPy arrays."""
    try:
        with files.opened(path) as file, zipfile.ZipFile(file) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
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
        raise files.damaged(path, f"{info.filename[:40]!a} is encrypted, or compressed by another method than deflate")
    if info.file_size > info.compress_size * files.MAX_DEFLATE_RATIO:
        raise files.damaged(path, f"{info.filename[:40]!a} declares more bytes than its compressed bytes can contain")
    accepted = _TEXT if role == "class_names" else _LABELS if role.startswith("y") else _NUMBERS
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


def read_array(stream: BinaryIO, path: Path, available: int, accepted: re.Pattern[str] = _NUMBERS) -> NDArray[Any]:
    """Read one array of numbers in ``.npy`` format; refuse objects, and headers that the bytes contradict."""
    header = read_header(stream, path)
    if not accepted.fullmatch(header.dtype):
        raise FormatError(
            f"{path}: an array of dtype {header.dtype!a}",
            "integers or floating-point numbers",
            "convert it with .astype and save it again",
        )
    dtype = np.dtype(header.dtype)
    size = math.prod(header.shape) * dtype.itemsize
    files.refuse_size(size, path)
    if size > available:
        raise files.damaged(path, f"its header declares {size} bytes, but the file contains only {available}")
    content = files.read_exactly(stream, size, path)
    files.refuse_more(stream, path)
    if dtype.kind == "U":  # NumPy does not check
        letters = np.frombuffer(content, dtype.str[0] + "u4")
        if (letters > 0x10FFFF).any() or ((letters >= 0xD800) & (letters < 0xE000)).any():
            raise files.damaged(path, "its texts are not Unicode")
    return np.frombuffer(content, dtype).reshape(header.shape, order="F" if header.fortran else "C")


def read_header(stream: BinaryIO, path: Path) -> Header:
    """Read the header of an array in ``.npy`` format, versions 1 to 3."""
    start = stream.read(8)
    if start[:6] != _MAGIC or len(start) < 8 or start[6] not in (1, 2, 3):
        raise FormatError(
            f"{path} begins with {start!r}",
            f"a NumPy file, which begins with {_MAGIC!r}",
            "check that this is the right file",
        )
    width, code = (2, "<H") if start[6] == 1 else (4, "<I")
    (length,) = struct.unpack(code, files.read_exactly(stream, width, path))
    files.refuse_size(length, path, _MAX_HEADER)
    text = files.read_exactly(stream, length, path).decode("utf-8" if start[6] == 3 else "latin1", errors="replace")
    found = dict(_ITEM.findall(text))
    if len(found) != 3 or _ITEM.sub("", text).translate(str.maketrans("", "", "{}, \n")):
        raise FormatError(
            f"{path}: an array whose header is {text.strip()[:80]!a}",
            "an array of plain numbers: descr, fortran_order, shape",
            "save the array again, without fields",
        )
    try:
        shape = tuple(int(length.rstrip("L")) for length in re.findall(r"\d+L?", found["shape"]))
    except ValueError as error:  # more digits than int() reads
        raise files.damaged(path, "its header declares an impossible shape") from error
    return Header(found["descr"].strip("'\""), found["fortran_order"] == "True", shape)


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays as a compressed ``.npz`` file, completely or not at all."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise DataError("an array of objects", "arrays of numbers", "convert it first")
    with files.written(path) as file:
        np.savez_compressed(cast(Any, file), allow_pickle=False, **cast(Any, arrays))
