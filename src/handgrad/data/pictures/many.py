"""Many pictures as one array of images, whether they are files or in a table.

Pictures of one small size are taken as they are. Others become 28x28 as for :func:`handgrad.data.read_image`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.pictures.images import is_light_on_dark, prepare, read_grey
from handgrad.errors import DataError

_LARGEST = 64  # pixels; no set of larger pictures is meant for a fully connected network as it is
_SHAPE = (28, 28)


def read_pictures(
    sources: Sequence[Path | tuple[bytes, Path]], digits: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...]]:
    """Decode pictures into grey images of one shape, light on dark.

    Parameters
    ----------
    sources : sequence of Path or (bytes, Path)
        Files, or what files would contain and a path for messages.
    digits : bool
        Whether the pictures show digits, of which other ink is removed.

    Returns
    -------
    X : array of shape (n, height, width)
    readable : array of bool
        For each source. A few pictures that cannot be read are left out, with a note.
    notes : tuple of str

    Raises
    ------
    DataError
        If more than one in ten cannot be read.
    """
    decoded: dict[int, NDArray[np.float32]] = {}
    errors: dict[int, DataError] = {}
    coloured = False
    large = set()  # prepared at once, before many of them fill the memory
    for number, source in enumerate(sources):
        try:
            grey, has_colours = _decoded(source)
            coloured |= has_colours
            if max(grey.shape) > _LARGEST:
                large.add(number)
                grey = prepare(grey, _SHAPE, _where(source), digits=digits)
            decoded[number] = grey
        except DataError as error:
            _leave_out(number, error, errors, len(sources))
    as_they_are = not large and len({one.shape for one in decoded.values()}) == 1
    for number in [] if as_they_are else [one for one in decoded if one not in large]:
        try:
            decoded[number] = prepare(decoded[number], _SHAPE, _where(sources[number]), digits=digits)
        except DataError as error:
            del decoded[number]
            _leave_out(number, error, errors, len(sources))
    found = [np.rint(one * 255).astype(np.uint8) for one in decoded.values()]
    X, notes = np.stack(found), []
    if errors:
        first = errors[min(errors)]
        are = "is" if len(errors) == 1 else "are"
        notes.append(f"{len(errors):,} of {len(sources):,} pictures {are} left out; the first: {first}")
    if coloured:
        notes.append("colour pictures become grey")
    if not as_they_are:
        notes.append("pictures of other sizes become 28x28, as for predict")
    elif 2 * sum(map(is_light_on_dark, found)) < len(found):
        X = 255 - X
        notes.append("the pictures are dark on light, and are inverted")
    return X, np.isin(np.arange(len(sources)), list(decoded)), tuple(notes)


def _leave_out(number: int, error: DataError, errors: dict[int, DataError], count: int) -> None:
    """Write down the error of a picture; refuse all at once, and not after hours, if more than one in ten have one."""
    errors[number] = error
    if 10 * len(errors) > count:
        raise errors[min(errors)]


def _decoded(source: Path | tuple[bytes, Path]) -> tuple[NDArray[np.float32], bool]:
    """Decode a picture into brightness in 0..1, and say whether it has colours."""
    if isinstance(source, tuple):
        return read_grey(io.BytesIO(source[0]), source[1])
    with files.opened(source) as file:
        return read_grey(file, source)


def _where(source: Path | tuple[bytes, Path]) -> str:
    """Name a picture in messages."""
    return str(source if isinstance(source, Path) else source[1])


def read_column(column: Sequence[Any], path: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...]]:
    """Decode a table's column of pictures, each a dict of ``bytes`` and ``path`` or bytes alone."""
    contents = [cell.get("bytes") if isinstance(cell, dict) else cell for cell in column]
    sources = [(content or b"", Path(f"{path}, row {row + 1}")) for row, content in enumerate(contents)]
    return read_pictures(sources, digits=False)
