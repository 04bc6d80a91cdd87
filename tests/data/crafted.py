"""Files that no honest program writes, and small honest ones to compare them with."""

import gzip
import io
import pickle
import pickletools
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.arrays.idx import FILES, write_idx

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def four_arrays(side: int = 28, dtype: str = "u1", flat: bool = True) -> Arrays:
    """Draw a small set of pixels: 30 training and 11 test examples of ten classes."""
    rng = np.random.default_rng(0)
    shape = (side * side,) if flat else (side, side)
    X_train, X_test = (rng.integers(0, 256, (n, *shape)).astype(dtype) for n in (30, 11))
    X_train.flat[0] = X_test.flat[0] = 255
    return X_train, np.arange(30) % 10, X_test, np.arange(11) % 10


def npy_with(pickled: bytes, dtype: str = "|O", shape: tuple[int, ...] = (4,)) -> bytes:
    """Put an object array's header before a pickle."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    return header.getvalue() + pickled


def course_npy(arrays: Sequence[Any], protocol: int = 4) -> bytes:
    """Write the course's file in a pickle protocol of choice."""
    boxed = np.empty(len(arrays), object)
    boxed[:] = arrays
    return npy_with(pickle.dumps(boxed, protocol=protocol))


def as_numpy_1(content: bytes) -> bytes:
    """Give the modules in a file's pickle the names that NumPy 1 has for them, their lengths corrected."""
    start = 128
    frames = [at for opcode, _, at in pickletools.genops(content[start:]) if opcode.name == "FRAME"]
    for at in reversed(frames):  # frames count their bytes; without them the instructions are the same
        content = content[: start + at] + content[start + at + 9 :]
    for module in (b"multiarray", b"numeric"):
        new, old = b"numpy._core." + module, b"numpy.core." + module
        framed = [b"\x8c" + bytes([len(name)]) + name for name in (new, old)]
        content = content.replace(framed[0], framed[1]).replace(b"c" + new + b"\n", b"c" + old + b"\n")
    return content


def python_2_array(array: np.ndarray) -> bytes:
    """Write an array as Python 2 and NumPy 1 pickled it, in protocol 2: its bytes are a string."""
    shape = b"(" + b"".join(b"M" + struct.pack("<H", length) for length in array.shape) + b"t"
    kind = b"U\x02" + array.dtype.str[1:].encode()
    order = array.dtype.str[:1].encode()
    dtype = b"cnumpy\ndtype\n" + kind + b"K\0K\1\x87R(K\3U\1" + order + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\0tb"
    content = b"T" + struct.pack("<i", array.nbytes) + array.tobytes()
    start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1"
    return start + shape + dtype + b"\x89" + content + b"tb"


def python_2_pickle(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> bytes:
    """Write a tuple of three pairs of arrays, as ``mnist.pkl.gz`` is."""
    inner = b"".join(python_2_array(X) + python_2_array(y) + b"\x86" for X, y in pairs)
    return b"\x80\2" + inner + b"\x87."


def idx_header(code: int, *shape: int) -> bytes:
    """Write an IDX header that promises this."""
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def gzip_bomb(header: bytes, size: int) -> bytes:
    """Compress a header and then ``size`` zeros."""
    target = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, target, mtime=0) as file:
        file.write(header)
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return target.getvalue()


def write_folder(folder: Path, arrays: Arrays, ending: str = ".gz") -> Path:
    """Write four arrays as a folder of IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(FILES, arrays, strict=True):
        write_idx(folder / f"{name}{ending}", content.astype(np.uint8))
    return folder
