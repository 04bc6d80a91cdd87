"""Labels that are spread over several columns, one for each class, of which one is 1 in every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handgrad.data.tables.guesses import label_column
from handgrad.data.tables.labels import listed
from handgrad.data.text.frames import Frame
from handgrad.data.text.names import flag, joined_names, split_names
from handgrad.data.text.words import LABELS, plain
from handgrad.data.text.written import is_numeric
from handgrad.errors import DataError

_WRONG = 0.05  # of the rows: with fewer, columns of zeros and ones were meant to be one-hot


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
    if asked is not None and len(label_parts(frame, asked)) > 1:
        return with_label(frame, asked), asked, ()
    name, notes = label_column(frame, asked)
    parts = _one_hot_with(frame, name)
    if not parts:
        return frame.as_text(name), name, (*notes, *_nearly_one_hot(frame, name))
    joined, called = joined_names(parts), f"the columns {listed(parts)}, exactly one of which is 1 in each row"
    if asked is None and not (frame.named and plain(name) in (*LABELS, "y")):
        return with_label(frame, joined), joined, (f"using {called}, as the label",)
    if len(parts) > 2:  # of two columns, the leak warning already names the other
        all_of_them = flag("--label", joined)
        notes = (*notes, f"warning: {called}, give each other away; {all_of_them} takes them all as the label")
    return frame.as_text(name), name, notes


def _nearly_one_hot(frame: Frame, name: str) -> tuple[str, ...]:
    """Warn of columns that would be one-hot together with a label's but for a few rows."""
    if not (parts := _one_hot_with(frame, name, _WRONG)):
        return ()
    rows = _not_one_hot(frame, parts)
    some = f"{len(rows):,} row{'s' * (len(rows) > 1)}, the first in {frame.place(rows[0])}"
    return (f"warning: exactly one of the columns {listed(parts)} is 1 in each row except {some}; correct it if they "
            "are one label, or leave the others out with --drop",)  # fmt: skip


def with_label(frame: Frame, name: str) -> Frame:
    """Return a table with the labels of a column, or of several columns that become one, as they are written.

    The names of the columns are those of the classes; columns without names are numbered from 0.

    Raises
    ------
    DataError
        If several columns are not one-hot.
    """
    parts = label_parts(frame, name)
    if len(parts) == 1:
        return frame.as_text(name)
    if len(wrong := _not_one_hot(frame, parts)):
        raise DataError(
            f"{frame.path}, {frame.place(wrong[0])}: the columns {listed(parts)} are not one-hot",
            "a single 1 among zeros in each row",
            "correct them, or name one column with --label",
        )
    words = np.array(parts if frame.named else [str(number) for number in range(len(parts))], object)
    columns = frame.table[list(parts)].to_numpy(np.float64, na_value=np.nan)
    labels = np.where(np.isnan(columns).any(axis=1), None, words[(columns == 1).argmax(axis=1)])
    return replace(frame, table=frame.table.drop(columns=list(parts)).assign(**{name: labels}))


def label_parts(frame: Frame, name: str) -> tuple[str, ...]:
    """Split the name of a label into those of its columns, which are several if the label is spread over them."""
    parts = split_names(name)
    return parts if len(parts) > 1 and name not in frame.names and set(parts) <= set(frame.names) else (name,)


def _one_hot_with(frame: Frame, label: str, share: float = 0.0) -> tuple[str, ...]:
    """Find the columns beside a label's that are one-hot together with it, if features remain.

    Up to ``share`` of the rows may break the rule, as long as every column has clearly more ones than that.
    """
    names, place, wrong = frame.names, frame.names.index(label), int(share * len(frame.table))
    for run in (names[place::-1], names[place:]):
        total, fewest = np.zeros(len(frame.table)), len(frame.table)
        for count, values in enumerate(_zeros_and_ones(frame, run), 1):
            total, fewest = total + values, min(fewest, int(np.nansum(values)))
            if (total > 1).sum() > wrong or fewest <= 3 * wrong:
                break
            if 1 < count < len(names) and (total == 1).sum() >= np.isfinite(total).sum() - wrong:
                return tuple(name for name in names if name in run[:count])
    return ()


def _zeros_and_ones(frame: Frame, names: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """Pass on columns up to the first that has something else in it than zeros, ones and empty fields."""
    for name in names:
        column = frame.table[name]
        if not is_numeric(column) or not column.dropna().isin((0, 1)).all():
            return
        yield column.to_numpy(np.float64, na_value=np.nan)


def _not_one_hot(frame: Frame, names: Sequence[str]) -> NDArray[np.intp]:
    """List the rows in which not exactly one of some columns is 1, and the others are 0; empty fields may be either."""
    columns = list(_zeros_and_ones(frame, names))
    if len(columns) < len(names):
        return np.arange(len(frame.table))
    total = np.sum(columns, axis=0)
    return np.flatnonzero((total != 1) & np.isfinite(total))
