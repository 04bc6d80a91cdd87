"""IDX files, the format of MNIST: a magic number, the dimensions, then the numbers, big-endian; plain or gzip.

::

    0 0 type ndim | size of each dimension, 4 bytes each | the numbers, last dimension fastest

Headers are not trusted: no memory is allocated for numbers that the file does not contain.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from handgrad import files, limits
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.dataset import Dataset
from handgrad.errors import DataError, FormatError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 8

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CLASS_NAMES = "class-names.txt"


def read_idx(
    path: str | os.PathLike[str],
    max_bytes: int | None = None,
    *,
    file_hash: Hash | None = None,
    content_hash: Hash | None = None,
) -> NDArray[Any]:
    """Read an IDX file, plain or gzip; its content tells which, not its name.

    Parameters
    ----------
    path : path
    max_bytes : int, optional
        The largest size of the numbers, decompressed; by default the limit for all arrays.
    file_hash, content_hash : hash objects of hashlib, optional
        Updated on the way with the bytes of the file, and with those bytes decompressed.

    Returns
    -------
    array
        Of the file's shape and type, in the machine's byte order.

    Raises
    ------
    FormatError
        If the file is not IDX, is too short, too long or too large.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(Path(folder) / "a.gz", np.arange(6, dtype=np.int16).reshape(2, 3))
    ...     read_idx(Path(folder) / "a.gz")
    array([[0, 1, 2],
           [3, 4, 5]], dtype=int16)
    """
    path = Path(path)
    with files.opened(path) as file, ExitStack() as stack:
        most = path.stat().st_size
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = files.hashed(file, file_hash)
        if zipped:
            most *= files.MAX_DEFLATE_RATIO
            stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
        stream = files.hashed(stream, content_hash)
        dtype, shape = _read_header(stream, path)
        size = math.prod(shape) * dtype.itemsize
        limits.refuse_bytes(size, path) if max_bytes is None else files.refuse_size(size, path, max_bytes)
        if size > most:
            raise files.damaged(path, f"its header declares {size} bytes, more than a file of this size can contain")
        if zipped:
            limits.refuse_ratio(size, path.stat().st_size, path)
        content = files.read_exactly(stream, size, path)
        files.refuse_more(stream, path)
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def idx_shape(path: Path) -> tuple[int, ...] | None:
    """Return the sizes of the dimensions that an IDX file declares, plain or gzip; None if it is no IDX file."""
    with files.opened(path) as file, ExitStack() as stack:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=file))) if zipped else file
        try:
            return _read_header(stream, path)[1]
        except (FormatError, EOFError, zlib.error, gzip.BadGzipFile):
            return None


def _read_header(stream: BinaryIO, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Read the type of the numbers and the sizes of the dimensions."""
    zeros, code, dimensions = struct.unpack(">HBB", files.read_exactly(stream, 4, path))
    if zeros >> 8 == ord("<"):
        raise FormatError(f"{path} is a web page", "an IDX file", "download the data set itself")
    if zeros != 0 or code not in DTYPES or not 1 <= dimensions <= MAX_DIMENSIONS:
        raise FormatError(
            f"{path} begins with the bytes {struct.pack('>HBB', zeros, code, dimensions).hex(' ')}",
            f"an IDX file, which begins with 00 00, the type of its numbers ("
            f"{', '.join(f'{known:02x}' for known in DTYPES)}) and their dimensions (01 to {MAX_DIMENSIONS:02x})",
            "check that this is the right file",
        )
    shape = struct.unpack(f">{dimensions}I", files.read_exactly(stream, 4 * dimensions, path))
    return np.dtype(DTYPES[code]), shape


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as an IDX file, completely or not at all; a file whose name ends in .gz is compressed.

    The same array gives the same bytes: the gzip header contains no time and no name.

    Parameters
    ----------
    path : path
    array : array
        1 to 8 dimensions, of type uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    DataError
        If IDX cannot represent the array, or the file cannot be written.
    """
    path, array = Path(path), np.asarray(array)
    codes = {np.dtype(name).newbyteorder("="): code for code, name in DTYPES.items()}
    code = codes.get(array.dtype.newbyteorder("="))
    if code is None or not 1 <= array.ndim <= MAX_DIMENSIONS or max(array.shape) >= 2**32:
        raise DataError(
            f"an array of dtype {array.dtype} and {array.ndim} dimensions",
            f"one of {', '.join(map(str, codes))} with 1 to {MAX_DIMENSIONS} dimensions",
            "convert it first, or write .npz",
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    with files.written(path) as file, ExitStack() as stack:
        stream: Any = file
        if path.suffix == ".gz":
            stream = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        stream.write(header)
        stream.write(np.ascontiguousarray(array, DTYPES[code]).reshape(-1).view(np.uint8).data)


def find_idx_files(folder: Path) -> list[Path | None]:
    """Find the four files with MNIST's names, in the order of ``FILES``; None for each missing file.

    Each may be called ``train-images-idx3-ubyte`` or ``train-images.idx3-ubyte``, with or without .gz; the first of
    these four that exists is used.
    """
    found = []
    for name in FILES:
        stems = (name, name.replace("-idx", ".idx"))
        candidates = [folder / (stem + suffix) for stem in stems for suffix in ("", ".gz")]
        found.append(next((path for path in candidates if path.is_file()), None))
    return found


def read_idx_folder(folder: str | os.PathLike[str]) -> Dataset:
    """Read a folder with the four files of MNIST.

    The classes are named by the lines of ``class-names.txt`` in the folder, or by their numbers.

    Raises
    ------
    DataError
        If a file is missing or damaged, or does not match the others.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in FILES:
    ...         content = np.full((2, 3, 3), 255) if "images" in name else np.arange(2)
    ...         write_idx(Path(folder) / name, content.astype(np.uint8))
    ...     read_idx_folder(folder).X_train.shape
    (2, 9)
    """
    folder = Path(folder)
    found = find_idx_files(folder)
    paths = [path for path in found if path is not None]
    if len(paths) < len(FILES):
        missing = [name for name, path in zip(FILES, found, strict=True) if path is None]
        raise DataError(
            f"{folder} lacks {', '.join(missing)}" if paths else f"{folder} contains none of the four files of MNIST",
            f"the four files {', '.join(FILES)}, plain or .gz",
            "add the missing files, or choose another folder",
        )
    X_train, y_train, X_test, y_test = map(read_idx, paths)
    names = read_class_names(folder / CLASS_NAMES)
    return dataset_from_raw(folder_name(folder), (X_train, y_train, X_test, y_test), names)


def folder_name(folder: Path) -> str:
    """Name a data set by its folder; torchvision calls the folder itself ``raw``."""
    folder = folder.resolve()
    return folder.parent.name if folder.name.lower() == "raw" else folder.name


def read_class_names(path: Path) -> tuple[str, ...] | None:
    """Read one name per line, if the file exists."""
    if not path.exists():
        return None
    with files.opened(path) as file:
        files.refuse_size(path.stat().st_size, path, files.CHUNK)
        content = file.read()
    try:
        return tuple(content.decode().removesuffix("\n").split("\n"))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 ({error})", "one class name per line, in UTF-8", "save it as UTF-8"
        ) from error
