"""The columns of a table: which one is the label, which ones tell nothing, and how the others become numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.features import Column, Columns
from handgrad.data.pictures.images import is_picture_name
from handgrad.data.settings import Missing
from handgrad.data.tables.guesses import is_called_counter
from handgrad.data.tables.labels import called, listed
from handgrad.data.tables.rows import TRUTH, count_places, marks_noted, numbers
from handgrad.data.text.frames import Frame
from handgrad.data.text.marks import Marks, most_common_marks
from handgrad.data.text.names import as_named, dropping, flag, in_order, joined_names
from handgrad.data.text.words import is_number
from handgrad.data.text.written import is_numeric, marks_of, texts_of
from handgrad.errors import DataError, FormatError

if TYPE_CHECKING:
    import pandas as pd

MAX_WORDS = 100  # more different words in a column are names or free text, not categories
_FEW = 20  # words, or words and numbers, that may be categories in a short table too
_MANY_ROWS = 50


def fit_columns(
    frame: Frame, label: str, drop: Collection[str], missing: Missing, rows: NDArray[np.intp]
) -> tuple[Columns, tuple[str, ...]]:
    """Decide how each column becomes numbers.

    Parameters
    ----------
    frame : Frame
    label : str
    drop : collection of str
        Columns to leave out.
    missing : {"error", "drop", "mean"}
    rows : array of indices
        The training set, from which means and categories are taken.

    Returns
    -------
    columns : Columns
    notes : tuple of str
    """
    drop = [as_named(name, frame.names) for name in drop]
    absent = [name for name in drop if name not in frame.names]
    if absent:
        raise DataError(
            f"{frame.path} has no column {absent[0]!r}", f"names among {listed(frame.names)}", "check --drop"
        )
    if label in drop:
        raise DataError(
            f"{frame.path}: --drop leaves out {called(label, frame.named)}, which is the label",
            "only features in --drop",
            "name the right label with --label",
        )
    features: list[Column] = []
    notes: list[str] = []
    unusable: dict[str, FormatError] = {}
    for name in frame.names:
        if name == label or name in drop:
            continue
        try:
            one, more = _fit_column(frame, name, missing, rows)
        except FormatError as error:
            unusable[name] = error
            continue
        features += [] if one is None else [one]
        notes += more
    if unusable:
        raise _of_all(unusable)
    if not features:
        raise DataError(f"{frame.path} has no feature besides its label {label}", "columns of numbers", "add one")
    features = [features[place] for place in in_order([one.name for one in features])]
    return Columns(label, tuple(features), frame.named, None if frame.named else count_places(frame)), (
        *notes,
        *marks_noted(frame, [one.name for one in features if not one.words]),
    )


def _fit_column(
    frame: Frame, name: str, missing: Missing, rows: NDArray[np.intp]
) -> tuple[Column | None, tuple[str, ...]]:
    """Decide how a column becomes numbers; None if it tells nothing."""
    frame.refuse_other(name, f"convert the column, or leave it out with {dropping(name)}")
    column = frame.table[name]
    if column.iloc[rows].isna().all():
        where = "" if column.isna().all() else " in the training set"
        return None, (f"{called(name, frame.named)} is empty{where}; left out",)
    if all(_counts(part, name) for part in _by_file(frame, column)):
        return None, (f"{called(name, frame.named)} only counts the rows; left out",)
    if is_numeric(column):
        identifies = (
            f"{called(name, frame.named)} has a different whole number in every row, as identifiers have; if "
            f"it is one, leave it out with {dropping(name)}"
        )
        one = Column(name, marks=_inherited(frame, name))
        return _of_numbers(frame, one, missing, rows), (identifies,) * _identifies(column)
    one, more = _of_texts(frame, name, rows)
    return one if one.words else _of_numbers(frame, one, missing, rows), more


def _of_all(unusable: Mapping[str, FormatError]) -> FormatError:
    """Describe the first of the columns that cannot be used, and say how to leave out all of them."""
    error = next(iter(unusable.values()))
    if len(unusable) == 1:
        return error
    every = flag("--drop", joined_names(unusable))
    return FormatError(error.found, error.wanted, f"{error.remedy}; {every} leaves out all that cannot be used")


def _counts(column: pd.Series[Any], name: str) -> bool:
    """Recognise a column that counts the rows from 0 or 1 and is called like a counter."""
    if column.dtype.kind not in "iu" or len(column) < 3 or column.hasnans:
        return False
    return is_called_counter(name) and bool((np.diff(column.to_numpy()) == 1).all())


def _by_file(frame: Frame, column: pd.Series[Any]) -> list[pd.Series[Any]]:
    """Divide a column among the files of a folder, each of which counts its own rows."""
    ends = np.cumsum([len(part.table) for part in frame.parts])
    return [part for _, part in column.groupby(np.searchsorted(ends, column.index, side="right"))]


def _identifies(column: pd.Series[Any]) -> bool:
    """Recognise whole numbers that are all different, in more rows than chance would leave so."""
    many = column.dtype.kind in "iu" and len(column) >= _MANY_ROWS
    return many and int(column.max()) - int(column.min()) >= len(column) - 1 and bool(column.is_unique)


def _inherited(frame: Frame, name: str) -> Marks | None:
    """Say how a column's numbers are written; a mark of thousands that the column lacks is the table's."""
    marks = marks_of(frame, name)
    if marks is not None and frame.usual is not None and marks == Marks(frame.usual.decimal):
        return frame.usual
    return marks


def _of_numbers(frame: Frame, column: Column, missing: Missing, rows: NDArray[np.intp]) -> Column:
    """Add the mean of a column of numbers, if it stands for empty fields."""
    if missing != "mean":
        return column
    known = numbers(frame, column, column.name)[rows]
    return replace(column, fill=float(np.nanmean(known))) if np.isfinite(known).any() else column


def _of_texts(frame: Frame, name: str, rows: NDArray[np.intp]) -> tuple[Column, tuple[str, ...]]:
    """Describe a column that does not hold numbers only: truth values, numbers in texts, or categories."""
    fields = texts_of(frame, name)
    texts = [text for text in (fields[row] for row in rows) if text is not None]
    usual = frame.usual or Marks()
    marks = most_common_marks({text for text in fields if text is not None}, usual)
    others = [text for text in texts if marks.value(text) is None]
    if not others or {text.lower() for text in texts} <= set(TRUTH):
        return Column(name, marks=usual if marks == Marks(usual.decimal) else marks), ()
    words, place = tuple(sorted(set(texts))), called(name, frame.named)
    mixed = len(others) < len(texts) / 2
    row = next(row for row, text in enumerate(fields) if text is not None and marks.value(text) is None)
    where = f"{frame.path}, {frame.place(row)}, {place}: {str(fields[row])[:40]!r} is not a number, and the column has "
    leave = f"correct the field, or leave the column out with {dropping(name)}"
    if row == 0 and len(others) == 1 and frame.named:
        leave = f"remove the row if it holds units or further names; otherwise {leave}"
    elif all(len(text.split()) > 1 and all(map(is_number, text.split())) for text in others):
        leave = f"give each number a column of its own{_in_pandas(frame, name)}"
    pictures = all(is_picture_name(Path(text)) for text in others)
    if pictures:
        leave = (
            "to train on the pictures, name the folder that holds this table and them; to train on the other columns, "
        )
        leave += f"leave this one out with {dropping(name)}"
    if mixed and (len(words) > _FEW or min(Counter(others).values()) < 2 or 2 * len(words) > len(texts)):
        raise FormatError(
            f"{where}{len(texts) - len(others):,} numbers",
            f"numbers, or at most {_FEW} different numbers and words, the words more than once",
            leave,
        )
    names = pictures and len(words) == len(texts)
    if names or len(words) > MAX_WORDS or (len(words) > _FEW and 2 * len(words) > len(texts)):
        raise FormatError(
            f"{where}{len(words):,} different words",
            f"numbers, or at most {MAX_WORDS} words that occur again and again",
            leave,
        )
    why = f"has fields such as {others[0][:40]!r} among its numbers, and so " if mixed else ""
    number = f"{len(words)} column{'s' * (len(words) > 1)}"
    return Column(name, words), (f"{place} {why}becomes {number}, one for each word",)


def _in_pandas(frame: Frame, name: str) -> str:
    """Say how pandas divides a text column of several numbers."""
    if not frame.named or frame.source is None:
        return ""
    split = f"t.join(t.pop({name!r}).str.split(expand=True)).to_csv('new.csv', index=False)"
    return f", in pandas with t = pd.read_csv({frame.path.name!r}); {split}"


def leaks(X: NDArray[np.float64], columns: Columns, y: NDArray[np.int64]) -> tuple[str, ...]:
    """Warn about features that give the label away: that equal it, or divide the classes by themselves."""
    notes, place = [], 0
    order = np.argsort(y, kind="stable")
    starts = np.flatnonzero(np.diff(y[order], prepend=-1))
    enough = (np.diff(starts, append=len(y)) > 2).sum() > 1  # a row or two lie apart from all others by chance
    for column in columns.features:
        width = len(column.words) or 1
        values = X[:, place] if not column.words else X[:, place : place + width] @ np.arange(1, width + 1)
        place += width
        lows, highs = (extreme.reduceat(values[order], starts) for extreme in (np.minimum, np.maximum))
        ascending = np.argsort(lows)
        if (highs[ascending][:-1] < lows[ascending][1:]).all():  # no two classes overlap
            equal = (lows == highs).all()
            if not (equal or enough):
                continue
            what = "equals the label" if equal else "tells the classes apart by itself"
            notes.append(
                f"warning: {called(column.name, columns.named)} {what}; leave it out with --drop unless it is "
                "known beforehand"
            )
    return tuple(notes)
