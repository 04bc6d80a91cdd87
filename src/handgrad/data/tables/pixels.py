"""Which columns of a table are the pixels of images, for a network that was trained on images.

A column too many at the front would shift every image by a pixel: what neither names nor values say is refused.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.data.tables.guesses import is_called_counter
from handgrad.data.tables.labels import called, listed
from handgrad.data.tables.one_hot import with_label
from handgrad.data.text.frames import Frame
from handgrad.data.text.names import in_order, joined_names, split_names
from handgrad.data.text.words import LABELS, plain
from handgrad.data.text.written import is_numeric
from handgrad.errors import DataError

_MNIST = 784  # pixels, before which tables without names have the label
_CLASSES = 100


@dataclass(frozen=True)
class Pixels:
    """A table of images.

    Attributes
    ----------
    frame : Frame
        With the labels as they are written.
    names : tuple of str
        The columns of the pixels.
    label : str or None
        The column of the labels, if there is one.
    notes : tuple of str
        What was assumed.
    """

    frame: Frame
    names: tuple[str, ...]
    label: str | None
    notes: tuple[str, ...]


def find_pixels(frame: Frame, width: int) -> Pixels:
    """Tell the pixels from the label, and from what is neither, such as a column ``id``.

    Parameters
    ----------
    frame : Frame
    width : int
        The number of pixels of an image.

    Raises
    ------
    DataError
        If there are fewer or more columns that may be pixels.
    """
    names = _by_name(frame, width) if frame.named else by_place(frame, width, "pixel")
    if len(names) != width:
        raise DataError(
            f"{frame.path} has {len(frame.names):,} columns"
            + (f", of which {len(names):,} may be pixels" if len(names) < len(frame.names) else ""),
            f"{width:,} columns of numbers, as many as the network has inputs, and at most one of labels",
            "use the model that was trained on such a table, or a table that has these columns",
        )
    if frame.named:
        names = [names[place] for place in in_order(names)]
    pixels = set(names)
    others = [name for name in frame.names if name not in pixels]
    label = label_among(frame, others)
    notes = []
    if label is not None:
        frame = with_label(frame, label)
        notes.append(f"using {called(label, frame.named)} as the label")
    if left_out := [name for name in others if name != label and name not in split_names(label or "")]:
        plural = "s" if len(left_out) > 1 else ""
        kind = "no pixels and no label" if plural else "no pixel and no label"
        notes.append(f"left out, as {kind}: the column{plural} {listed(left_out)}")
    return Pixels(frame, tuple(names), label, tuple(notes))


def _by_name(frame: Frame, width: int) -> list[str]:
    """Pick the columns whose names differ in their numbers only, or else all whose names say nothing else."""
    families: dict[str, list[str]] = {}
    for name in frame.names:
        families.setdefault(re.sub(r"\d+", "#", name.strip().lower()), []).append(name)
    fitting = [family for family in families.values() if len(family) == width]
    largest = max(families.values(), key=len)
    if len(fitting) == 1 or 2 * len(largest) > len(frame.names):
        return (fitting or [largest])[0]
    return [
        name
        for name in frame.names
        if plain(name) not in LABELS and not is_called_counter(name) and is_numeric(frame.table[name])
    ]


def by_place(frame: Frame, width: int, what: str) -> list[str]:
    """Leave out the one column too many: that of words, or else the first or the last if it cannot be an input.

    Parameters
    ----------
    frame : Frame
        Without names.
    width : int
        The number of inputs.
    what : str
        What an input is called in the message.

    Raises
    ------
    DataError
        If any column may be the one.
    """
    names = frame.names
    if len(names) != width + 1:
        return names
    words = [name for name in names if not is_numeric(frame.table[name])]
    ends = [names[0], names[-1]]
    odd = (
        words
        or [name for name in ends if _counts(frame.table[name])]
        or [name for name in ends if _may_be_classes(frame.table[name])]
    )
    if len(odd) == 2 and not words and width == _MNIST:
        odd = odd[:1]
    if len(odd) != 1:
        raise DataError(
            f"{frame.path} has {len(names):,} columns without names, any of which may be the one that is not a {what}",
            f"{width:,} columns of {what}s, and at most one of labels",
            f"give the columns names such as label, {what}0, {what}1, ..., or leave out what is not a {what}",
        )
    return [name for name in names if name != odd[0]]


def label_among(frame: Frame, others: list[str]) -> str | None:
    """Find the label among the columns that are no inputs; None if there is none."""
    for usual in (*LABELS, "y"):
        if found := [name for name in others if frame.named and plain(name) == usual]:
            return found[0]
    if len(others) > 1:
        with suppress(DataError):  # they are not one-hot
            with_label(frame, joined_names(others))
            return joined_names(others)
    if len(others) != 1 or is_called_counter(others[0]) or _counts(frame.table[others[0]]):
        return None
    return others[0]


def _counts(column: Any) -> bool:
    """Say whether a column counts the rows."""
    return column.dtype.kind in "iu" and len(column) > 2 and bool((np.diff(column.to_numpy()) == 1).all())


def _may_be_classes(column: Any) -> bool:
    """Say whether a column at the end of a row may number classes: small whole numbers, not all 0 as a margin is."""
    values = column.to_numpy(np.float64)
    if not np.isfinite(values).all():
        return False
    return bool((values % 1 == 0).all() and values.min() >= 0 and 0 < values.max() < _CLASSES)
