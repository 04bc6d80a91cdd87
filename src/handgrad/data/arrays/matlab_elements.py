"""The elements of a MATLAB file of version 5 to 7, checked before SciPy reads them.

SciPy's reader looks types up in a C array without a check of its bounds, and calls itself for each nested array: a type
that does not exist, an array that ends early, or very deep nesting would end the process. Here all tags are followed,
and nothing is built.

::

    128 bytes of header, and then elements: type, size | content, padded to 8 bytes
    an array is an element of elements: flags, dimensions, name, and its numbers or further arrays
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from handgrad import limits
from handgrad.errors import FormatError
from handgrad.files import damaged

_HEADER = 128
_DEEPEST = 20
_MATRIX, _COMPRESSED, _FLAGS = 14, 15, 6
_PLAIN = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18}  # types of numbers and of text
_OF_ARRAYS = {1, 2, 3, 16, 17}  # classes of arrays that hold arrays: cells, structs, objects, functions
_SPARSE = 5


def check_elements(path: Path, content: bytes) -> None:
    """Refuse a file whose elements contradict the format, or are too large.

    Raises
    ------
    FormatError
        If they do.
    """
    order, place = "<" if content[126:128] == b"IM" else ">", _HEADER
    try:
        while place < len(content):
            kind, size = struct.unpack_from(f"{order}II", content, place)
            inner = memoryview(content)[place + 8 : place + 8 + size]
            if kind == _COMPRESSED:
                inner, kind = _unpacked(bytes(inner), order, path)
            if kind != _MATRIX:
                raise ValueError(f"an element of type {kind}")
            _check_array(inner, order, 0)
            place += 8 + size
    except FormatError:
        raise
    except (ValueError, struct.error, zlib.error, EOFError) as error:
        raise damaged(path, f"its elements are broken ({error})") from error


def _unpacked(packed: bytes, order: str, path: Path) -> tuple[memoryview, int]:
    """Unpack a compressed element; return the content of the element in it, and its type."""
    stream = cast(BinaryIO, _Inflated(packed))
    content = limits.Bounded(stream, path, len(packed), limits.ARRAYS).read()
    kind, size = struct.unpack_from(f"{order}II", content)
    return memoryview(content)[8 : 8 + size], kind


class _Inflated:
    """The bytes of a zlib stream, unpacked as they are read."""

    def __init__(self, packed: bytes) -> None:
        self.source, self.machine, self.rest = io.BytesIO(packed), zlib.decompressobj(), b""

    def read(self, size: int) -> bytes:
        """Read at most ``size`` bytes; the result is empty at the end of the stream."""
        while not self.machine.eof:
            fresh = self.rest or self.source.read(2**16)
            content = self.machine.decompress(fresh, size)
            self.rest = self.machine.unconsumed_tail
            if content or not fresh:
                return content
        return b""


def _check_array(content: memoryview, order: str, depth: int) -> None:
    """Follow the elements of an array."""
    if depth > _DEEPEST:
        raise ValueError(f"arrays within arrays, more than {_DEEPEST} deep")
    if not content:
        return
    if len(content) < 16 or struct.unpack_from(f"{order}II", content) != (_FLAGS, 8):
        raise ValueError("an array without flags")
    (flags,) = struct.unpack_from(f"{order}I", content, 8)
    kind, is_complex = flags & 255, bool(flags & 0x800)
    place, count = 16, 1
    while place < len(content):
        code, begin, end = _tag(content, order, place)
        if end > len(content):
            raise ValueError(f"an element of type {code}, which ends outside of its array")
        if code == _MATRIX and kind in _OF_ARRAYS:
            _check_array(content[begin:end], order, depth + 1)
        elif code not in _PLAIN:
            raise ValueError(f"an element of type {code}")
        place, count = end, count + 1
    if kind not in _OF_ARRAYS and count < (6 if kind == _SPARSE else 4) + is_complex:
        raise ValueError("an array without numbers")


def _tag(content: memoryview, order: str, place: int) -> tuple[int, int, int]:
    """Read a tag; return the type, where the content begins, and where the next tag is."""
    first, size = struct.unpack_from(f"{order}II", content, place)
    if small := first >> 16:  # the content is within the tag
        if small > 4:
            raise ValueError(f"a small element of {small} bytes")
        return first & 0xFFFF, place + 4, place + 8
    return first, place + 8, place + 8 + (size if first == _MATRIX else -(-size // 8) * 8)
