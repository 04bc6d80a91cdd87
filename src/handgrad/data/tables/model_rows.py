"""The rows of a table as a trained model takes them, with labels or without."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.data.content import STANDARD_INPUT
from handgrad.data.features import Column, Columns
from handgrad.data.settings import Missing
from handgrad.data.tables.fitted import columns_in
from handgrad.data.tables.formats import read_frame
from handgrad.data.tables.labels import listed
from handgrad.data.tables.pixels import find_pixels
from handgrad.data.tables.rows import encode
from handgrad.data.tables.table import gaps, labelled_like, present_labels
from handgrad.data.text.frames import Frame
from handgrad.data.text.libsvm import with_pixels, with_zeros
from handgrad.data.text.marks import may_be_number
from handgrad.data.text.words import LABELS, plain
from handgrad.errors import DataError, FormatError


def _read(path: Path, columns: Columns | None) -> Frame:
    """Read a table; for a model without names, a first row that fits its columns is a row and not a header."""
    frame = read_frame(path)
    if columns is None or columns.named or not frame.named or frame.source is None or path in STANDARD_INPUT:
        return frame
    if any(plain(name) in LABELS for name in frame.names):
        return frame
    first = dict(zip(map(str, range(1, len(frame.names) + 1)), frame.names, strict=True))
    fields = [(column, first.get(column.name, "")) for column in columns.features]
    return read_frame(path, headed=False) if all(_fits(column, field) for column, field in fields) else frame


def _fits(column: Column, field: str) -> bool:
    """Say whether a field may stand in a column of a training set."""
    return field in column.words if column.words else may_be_number(field)


def _unused(frame: Frame, columns: Columns) -> tuple[str, ...]:
    """Name the columns of a table that a model has no use for."""
    known = {plain(name) for name in (columns.label, *(column.name for column in columns.features))}
    names = [name for name in frame.names if plain(name) not in known] if frame.named and columns.named else []
    return (f"column{'s' * (len(names) > 1)} not used: {listed(names)}",) if names else ()


@dataclass(frozen=True)
class Rows:
    """All rows of a table, as a trained model takes them.

    Attributes
    ----------
    X : array of shape (n, d)
        Unscaled.
    labels : tuple of n str, or None
        If they were asked for, and the table has the label's column.
    notes : tuple of str
        What was assumed.
    numbers : array of shape (n,)
        The numbers of the rows in the table, from 0.
    left_out : str
        How many rows were left out because of empty fields, and where the first of them is; empty if there is none.
    """

    X: NDArray[np.float64]
    labels: tuple[str, ...] | None
    notes: tuple[str, ...]
    numbers: NDArray[np.intp]
    left_out: str = ""


def read_table_rows(
    path: str | os.PathLike[str],
    columns: Columns | None,
    width: int,
    missing: Missing = "error",
    with_labels: bool = True,
    class_names: Sequence[str] = (),
) -> Rows:
    """Read all rows of a table for a model: its columns by name, or by place where there are no names.

    Parameters
    ----------
    path : path
    columns : Columns or None
        Those of the model; None for a model of images, whose table has pixels, and may have labels.
    width : int
        The number of the network's inputs.
    missing : {"error", "drop", "mean"}, default "error"
        Unless it is "error", a row with an empty field is left out, if nothing stands for the field.
    with_labels : bool, default True
        Whether the labels are wanted; otherwise it does not matter what is in their column.
    class_names : sequence of str, optional
        Those of the model, by which labels in another form are found.

    Raises
    ------
    DataError
        If the table lacks a column or a value.
    """
    frame = _read(Path(path), columns)
    if len(frame.table) == 0:
        raise FormatError(f"{path} has no examples", "rows of numbers", "add them")
    label: str | None = None
    notes: tuple[str, ...] = ()
    if columns is None:
        frame = with_pixels(frame, width)
        found = find_pixels(frame, width)
        frame, label, notes = found.frame, found.label, found.notes
        columns = Columns(label or "", tuple(map(Column, found.names)), frame.named)
    else:
        by_name = columns.named
        if by_name:
            frame = with_zeros(frame, [column.name for column in columns.features])
        if columns.of_estimator:
            frame, columns, assumed = columns_in(frame if by_name else with_pixels(frame, width), columns)
            notes = assumed if with_labels or not by_name else ()
        if with_labels:
            frame, label = labelled_like(frame, columns, class_names)
            notes = (*notes, *_unused(frame, columns))
    words = None
    if label is not None and with_labels:
        frame, words = present_labels(frame, label, missing)
    X, whole, unknown = encode(frame, columns, missing)
    labels = None if words is None else tuple(word for word, kept in zip(words, whole, strict=True) if kept)
    if with_labels and not whole.any():
        raise DataError(f"{path}: every row has an empty field", "whole rows", "fill them")
    left_out = "" if whole.all() else gaps(frame, whole)
    return Rows(X[whole], labels, (*frame.notes, *notes, *unknown), np.flatnonzero(whole), left_out)
