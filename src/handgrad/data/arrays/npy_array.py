"""One array in NumPy's ``.npy`` format, read without trusting its header.

The header is a Python literal, which is matched here and never evaluated.
"""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad import files, limits
from handgrad.errors import FormatError

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000
_ITEM = re.compile(r"""['"](descr|fortran_order|shape)['"]\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,\sL]{0,200}\))""")
NUMBERS = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")
TEXT = re.compile(r"[<>]U\d{1,4}")
LABELS = re.compile(rf"{NUMBERS.pattern}|[<>]U\d{{1,4}}|\|S\d{{1,4}}")


class Header(NamedTuple):
    """The contents of an array's header."""

    dtype: str
    fortran: bool
    shape: tuple[int, ...]


def read_array(stream: BinaryIO, path: Path, available: int, accepted: re.Pattern[str] = NUMBERS) -> NDArray[Any]:
    """Read one array of numbers in ``.npy`` format; refuse objects, and headers that the bytes contradict."""
    header = read_header(stream, path)
    if not accepted.fullmatch(header.dtype):
        raise FormatError(
            f"{path}: an array of dtype {header.dtype!a}",
            "texts" if accepted is TEXT else "numbers or texts" if accepted is LABELS else "numbers",
            f"convert it with .astype({'float' if accepted is NUMBERS else 'str'}) and save it again",
        )
    dtype = np.dtype(header.dtype)
    size = math.prod(header.shape) * dtype.itemsize
    limits.refuse_bytes(size, path)
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
