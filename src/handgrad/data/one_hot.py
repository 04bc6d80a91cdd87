"""Labels that are spread over several columns, one for each class, of which one is 1 in every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handgrad.data.frames import Frame
from handgrad.data.guesses import label_column
from handgrad.data.labels import is_numeric, listed
from handgrad.data.text import LABELS, plain
from handgrad.errors import DataError


def labelled(frame: Frame, asked: str | None) -> tuple[Frame, str, tuple[str, ...]]:
    """Find the labels of a table, in one column or, one-hot, in several.

    Parameters
    ----------
    frame : Frame
    asked : str or None
        A name, a number counted from 1, or several names separated by commas.

    Returns
    -------
    frame : Frame
        With a column of labels, as they are written.
    name : str
        That of the column; for labels of several columns, their names with commas between.
    notes : tuple of str
        What was assumed.

    Raises
    ------
    DataError
        If there is no such column, or several are not one-hot.
    """
    if asked is not None and _parts(frame, asked):
        return with_label(frame, asked), asked, ()
    name, notes = label_column(frame, asked)
    parts = _one_hot_with(frame, name)
    if not parts:
        return frame.as_text(name), name, notes
    joined, called = ",".join(parts), f"the columns {listed(parts)}, exactly one of which is 1 in each row"
    if asked is None and not (frame.named and plain(name) in (*LABELS, "y")):
        return with_label(frame, joined), joined, (f"using {called}, as the label",)
    if len(parts) > 2:  # of two columns, the leak warning already names the other
        notes = (*notes, f"warning: {called}, give each other away; --label {joined} takes them all as the label")
    return frame.as_text(name), name, notes


def with_label(frame: Frame, name: str) -> Frame:
    """Return a table with the labels of a column, or of several columns that become one, as they are written.

    The names of the columns are those of the classes; columns without names are numbered from 0.

    Raises
    ------
    DataError
        If several columns are not one-hot.
    """
    parts = _parts(frame, name)
    if not parts:
        return frame.as_text(name)
    if not _are_one_hot(frame, parts):
        raise DataError(
            f"{frame.path}: the columns {listed(parts)} are not one-hot",
            "a single 1 among zeros in each row",
            "correct them, or name one column with --label",
        )
    words = np.array(parts if frame.named else [str(number) for number in range(len(parts))], object)
    labels = words[frame.table[list(parts)].to_numpy(np.float64).argmax(axis=1)]
    return replace(frame, table=frame.table.drop(columns=list(parts)).assign(**{name: labels}))


def has_label(frame: Frame, name: str) -> bool:
    """Say whether a table has all columns of a label that is spread over several."""
    return bool(_parts(frame, name))


def _parts(frame: Frame, name: str) -> tuple[str, ...]:
    """Split the name of a label of several columns; nothing if it is not one of this table."""
    parts = tuple(name.split(","))
    return parts if len(parts) > 1 and name not in frame.names and set(parts) <= set(frame.names) else ()


def _one_hot_with(frame: Frame, label: str) -> tuple[str, ...]:
    """Find the columns beside a label's that are one-hot together with it, if features remain."""
    names, place = frame.names, frame.names.index(label)
    for run in (names[place::-1], names[place:]):
        total = np.zeros(len(frame.table))
        for count, values in enumerate(_zeros_and_ones(frame, run), 1):
            total += values
            if total.max(initial=0) > 1:
                break
            if 1 < count < len(names) and total.min(initial=1) == 1:
                return tuple(name for name in names if name in run[:count])
    return ()


def _zeros_and_ones(frame: Frame, names: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """Pass on columns up to the first that has something else in it than zeros and ones."""
    for name in names:
        column = frame.table[name]
        if not is_numeric(column) or not column.isin((0, 1)).all():
            return
        yield column.to_numpy(np.float64)


def _are_one_hot(frame: Frame, names: Sequence[str]) -> bool:
    """Say whether exactly one of some columns is 1 in every row, and the others are 0."""
    columns = list(_zeros_and_ones(frame, names))
    return len(columns) == len(names) and bool((np.sum(columns, axis=0) == 1).all())
