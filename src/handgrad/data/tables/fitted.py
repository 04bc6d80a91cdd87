"""Which columns of a table an estimator's model takes: by name, or by place if it was fitted to columns without names.

What the labels are called it does not know, either.
"""

from __future__ import annotations

from handgrad.data.features import Column, Columns
from handgrad.data.tables.guesses import is_called_counter, label_column
from handgrad.data.tables.labels import called, listed
from handgrad.data.tables.one_hot import with_label
from handgrad.data.tables.pixels import by_place, label_among
from handgrad.data.text.frames import Frame
from handgrad.data.text.words import plain
from handgrad.data.text.written import is_numeric
from handgrad.errors import DataError


def columns_in(frame: Frame, columns: Columns) -> tuple[Frame, Columns, tuple[str, ...]]:
    """Find the columns of an estimator's model in a table, and that of the labels, if there is one.

    Returns
    -------
    frame : Frame
        With the labels as they are written.
    columns : Columns
        By the names of the table, with the label; it is empty if there is none.
    notes : tuple of str
        What was assumed.

    Raises
    ------
    DataError
        If the table has no names and the model has, or too few or too many columns for a model without names.
    """
    wanted = [column.name for column in columns.features]
    if columns.named and not frame.named:
        raise DataError(
            f"{frame.path} does not name its columns",
            f"the columns {listed(wanted)}, to which the estimator was fitted",
            "write their names in its first line",
        )
    names = wanted if columns.named else _in_order(frame, len(wanted))
    taken = {plain(name) or name for name in names}
    others = [name for name in frame.names if (plain(name) or name) not in taken and not _counts(frame, name)]
    label = label_among(frame, others)
    notes = () if label is None else (f"using {called(label, frame.named)} as the label",)
    if frame.named and not columns.named:
        notes = (f"the estimator was fitted to columns without names: {listed(names)} are taken in this order", *notes)
    frame = frame if label is None else with_label(frame, label)
    return frame, Columns(label or "", tuple(map(Column, names)), frame.named), notes


def _in_order(frame: Frame, width: int) -> list[str]:
    """Leave out of the columns what counts rows, and the label."""
    names = frame.names
    if not frame.named:
        names = by_place(frame, width, "feature")
    elif len(names) > width:
        names = [name for name in names if not _counts(frame, name)]
        if len(names) == width + 1:
            label, _ = label_column(frame.without([name for name in frame.names if name not in names]), None)
            if not is_numeric(frame.table[label]) or not (frame.table[label] % 1).any():
                names.remove(label)
    if len(names) != width:
        raise DataError(
            f"{frame.path} has {len(frame.names):,} columns",
            f"the {width:,} features, in the order in which the estimator was fitted to them, and at most one column "
            "of labels",
            "leave out other columns",
        )
    return names


def _counts(frame: Frame, name: str) -> bool:
    """Say whether a column is called like one that counts the rows."""
    return frame.named and is_called_counter(name)
