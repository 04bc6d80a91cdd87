"""The wire between the checker and the isolated process: frames of a JSON header and raw arrays, which execute nothing.

A frame is two lengths (of header and body, four bytes each, big-endian), the header, and the body: the bytes of the
arrays, one after the other, whose types and shapes the header lists under "arrays". Elsewhere in the header
``{"array": i}`` stands for the i-th of them.

The checker uses these functions to read what a submission's process has written, so they trust nothing: every length,
type and shape is checked before it is used. The isolated process uses this file as well, so it imports the standard
library and NumPy only.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

# Imported by name, so that a submission that replaces them in their modules does not change this file.
from json import dumps, loads
from typing import Any

import numpy as np
from numpy import asarray, dtype, frombuffer
from numpy.typing import NDArray

PREFIX = struct.Struct("!II")
MOST_HEADER = 2 << 20  # bytes, of an answer's header
MOST_ARRAYS = 20_000
MOST_DIMENSIONS = 8
MOST_BYTES = 8 << 20  # of an answer's arrays
# Limits are in seconds of computing, so that a verdict hardly depends on how busy the machine is; what sleeps, or has
# to wait for a processor, gets this many times as long.
SLACK = 4
KINDS = "biuf"
TYPES = {f"{kind}{size}" for kind, sizes in zip(KINDS, ("1", "1248", "1248", "248"), strict=True) for size in sizes}


class GarbageError(Exception):
    """The bytes are not a frame; the message says why. ``runner`` catches it, so users never see it."""


def encode(header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> bytes:
    """Make a frame.

    Parameters
    ----------
    header : dict
        Anything that JSON can represent; "arrays" is added to it.
    arrays : sequence of ndarray
        Of the types that :func:`decode` reads, in the machine's own byte order.

    Examples
    --------
    >>> frame = encode({"value": {"array": 0}}, [np.array([[1.0, 2.0]])])
    >>> lengths = PREFIX.unpack(frame[: PREFIX.size])
    >>> header, arrays = decode(frame[PREFIX.size :][: lengths[0]], frame[-lengths[1] :])
    >>> header["arrays"], arrays
    ([['f8', [1, 2]]], [array([[1., 2.]])])
    """
    described = [[array.dtype.str[1:], list(array.shape)] for array in arrays]
    head = dumps({**header, "arrays": described}).encode()
    body = b"".join(array.tobytes() for array in arrays)
    return PREFIX.pack(len(head), len(body)) + head + body


def decode(head: bytes, body: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Read a frame's header and body.

    Returns
    -------
    header : dict
    arrays : list of ndarray
        Copies, of boolean, integer or floating type.

    Raises
    ------
    GarbageError
        If anything is inconsistent.
    """
    try:
        header = loads(head)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise GarbageError("a header that is not JSON") from None
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise GarbageError("a header that lists no arrays")
    if len(header["arrays"]) > MOST_ARRAYS:
        raise GarbageError("too many arrays")
    arrays, offset = [], 0
    for described in header["arrays"]:
        name, shape = _described(described)
        size = math.prod(shape) * int(name[1:])
        if size > len(body) - offset:
            raise GarbageError("an array that is longer than its bytes")
        if extent(shape) * int(name[1:]) > MOST_BYTES:
            raise GarbageError("an array of a strange type or shape")
        # A byte other than 0 or 1 is not a valid boolean and would confuse NumPy.
        flat = frombuffer(body, "u1" if name == "b1" else name, math.prod(shape), offset)
        arrays.append((flat != 0 if name == "b1" else flat.copy()).reshape(shape))
        offset += size
    if offset != len(body):
        raise GarbageError("bytes that belong to no array")
    return header, arrays


def extent(shape: Sequence[int]) -> int:
    """Count the numbers that an array would have if no axis were empty: computing with it may need as many.

    Examples
    --------
    >>> extent((2, 3)), extent((0, 2**31 - 1))
    (6, 2147483647)
    """
    return math.prod(max(length, 1) for length in shape)


def _described(described: object) -> tuple[str, tuple[int, ...]]:
    """Check one entry of the list of arrays."""
    match described:
        case [str() as name, list() as shape] if name in TYPES and len(shape) <= MOST_DIMENSIONS:
            if all(type(length) is int and 0 <= length < 2**31 for length in shape):
                return name, tuple(shape)
    raise GarbageError("an array of a strange type or shape")


def plain(value: object) -> NDArray[Any] | None:
    """Copy numbers into a plain array of a type that can be sent, without calling the value's own methods.

    Parameters
    ----------
    value : object
        An array, a number, or lists and tuples of these that have the form of an array. Of a subclass of ndarray, the
        numbers in its memory are taken; none of its methods is called.

    Returns
    -------
    ndarray or None
        None for everything else: other objects, complex numbers, strings, too many numbers.

    Examples
    --------
    >>> plain(np.ma.array([1, 2])), plain(0.5), plain([(1, 2), (3, 4)]), plain([[1], [2, 3]]), plain("0.5")
    (array([1, 2]), array(0.5), array([[1, 2],
           [3, 4]]), None, None)
    """
    if not _numeric(value):
        return None
    try:
        array = asarray(value)  # for a subclass, the memory in the shape of a plain array
    except ValueError:  # rows of different lengths
        return None
    if array.dtype.kind not in KINDS or array.ndim > MOST_DIMENSIONS:
        return None
    name = array.dtype.str[1:]
    sent = dtype(name if name in TYPES else "f8")  # long doubles become doubles
    if extent(array.shape) * sent.itemsize > MOST_BYTES // 2:
        return None
    return array.astype(sent, order="C")


def _numeric(value: object, depth: int = 0) -> bool:
    """Tell whether a value consists of arrays and numbers only."""
    kind = type(value)
    if kind is list or kind is tuple:
        return depth < MOST_DIMENSIONS and all(_numeric(entry, depth + 1) for entry in value)  # type: ignore[attr-defined]
    return kind in (bool, int, float) or issubclass(kind, (np.ndarray, np.generic))
