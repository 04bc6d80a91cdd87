"""The columns of a table: which one is the label, which ones tell nothing, and how the others become numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.features import Column, Columns
from handgrad.data.frames import Frame
from handgrad.data.guesses import find_label
from handgrad.data.labels import called, is_numeric, listed
from handgrad.data.names import dropping
from handgrad.data.settings import Missing
from handgrad.data.text import is_number, plain
from handgrad.errors import DataError, FormatError

if TYPE_CHECKING:
    import pandas as pd

MAX_WORDS = 100  # more different words in a column are names or free text, not categories
_FAR = 1000
_MANY_ROWS = 50
_COUNTERS = ("id", "index", "idx", "no", "nr", "row", "rowid", "rownames", "rowname", "serial", "number")
_TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "t": 1.0, "f": 0.0}


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
    features, notes = [], []
    for name in frame.names:
        if name == label or name in drop:
            continue
        frame.refuse_other(name, f"convert the column, or leave it out with {dropping(name)}")
        column = frame.table[name]
        if column.iloc[rows].isna().all():
            where = "" if column.isna().all() else " in the training set"
            notes.append(f"{called(name, frame.named)} is empty{where}; left out")
        elif _counts(column, name):
            notes.append(f"{called(name, frame.named)} only counts the rows; left out")
        elif is_numeric(column):
            if _identifies(column):
                notes.append(
                    f"{called(name, frame.named)} has a different whole number in every row, as identifiers have; if "
                    f"it is one, leave it out with {dropping(name)}"
                )
            known = column.to_numpy(np.float64, na_value=np.nan)[rows]
            mean = float(np.nanmean(known)) if missing == "mean" and np.isfinite(known).any() else None
            features.append(Column(name, fill=mean))
        else:
            features.append(_of_words(frame, name, rows))
            if features[-1].words:
                notes.append(
                    f"{called(name, frame.named)} becomes {len(features[-1].words)} columns, one for each word"
                )
    if not features:
        raise DataError(f"{frame.path} has no feature besides its label {label}", "columns of numbers", "add one")
    return Columns(label, tuple(features), frame.named), tuple(notes)


def _counts(column: pd.Series[Any], name: str) -> bool:
    """Recognise a column that counts the rows from 0 or 1 and is called like a counter."""
    if column.dtype.kind not in "iu" or len(column) < 3 or column.hasnans:
        return False
    return is_called_counter(name) and bool((np.diff(column.to_numpy()) == 1).all())


def is_called_counter(name: str) -> bool:
    """Say whether a column is called like one that counts the rows."""
    return plain(name) in _COUNTERS or name.startswith("Unnamed: ") or name.endswith(("Id", "ID", "_id"))


def _identifies(column: pd.Series[Any]) -> bool:
    """Recognise whole numbers that are all different, in more rows than chance would leave so."""
    many = column.dtype.kind in "iu" and len(column) >= _MANY_ROWS
    return many and int(column.max()) - int(column.min()) >= len(column) - 1 and bool(column.is_unique)


def _of_words(frame: Frame, name: str, rows: NDArray[np.intp]) -> Column:
    """Describe a column that holds words: truth values, or categories."""
    column = frame.table[name]
    texts = [str(word).strip() for word in column.iloc[rows].dropna().tolist()]
    numbers = sum(map(is_number, texts))
    if {text.lower() for text in texts} <= set(_TRUTH):
        return Column(name)
    words = sorted(set(texts))
    if numbers > len(texts) / 2 or len(words) > MAX_WORDS or (len(words) > 20 and 2 * len(words) > len(texts)):
        row = next(
            (i for i, word in enumerate(column.tolist()) if isinstance(word, str) and not is_number(word.strip())), 0
        )
        found = str(column.iloc[row])[:40]
        raise FormatError(
            f"{frame.path}, {frame.place(row)}, {called(name, frame.named)}: {found!r} is not a number, and the column "
            f"has {len(words):,} different words",
            f"numbers, or at most {MAX_WORDS} words that occur again and again",
            f"correct the field, or leave the column out with {dropping(name)}",
        )
    return Column(name, tuple(words))


def encode(
    frame: Frame, columns: Columns, missing: Missing = "error"
) -> tuple[NDArray[np.float64], NDArray[np.bool_], tuple[str, ...]]:
    """Turn the rows of a table into numbers.

    Returns
    -------
    X : array of shape (n, d)
    whole : array of shape (n,)
        False for a row with an empty field that nothing stands for, if ``missing`` is "drop".
    notes : tuple of str
        Words that are none of the categories, which become zeros, and how many empty fields were filled.
    """
    parts, whole, found = [], np.ones(len(frame.table), bool), matched(frame, columns)
    notes, filled = [], []
    if all(map(is_numeric, found)) and not any(column.words for column in columns.features):
        X = frame.table[[series.name for series in found]].to_numpy(np.float64, na_value=np.nan)
        if np.isfinite(X).all():  # tables of images would take three times the memory below
            return X, whole, ()
    for column, series in zip(columns.features, found, strict=True):
        if column.words:
            texts = [None if word is None or word != word else str(word).strip() for word in series.tolist()]
            present = np.array([text is not None for text in texts])
            if missing == "mean" and not present.all():
                filled.append(f"{column.name} {int((~present).sum()):,} (no category)")
                present[:] = True
            parts.append(np.array([[text == word for word in column.words] for text in texts], np.float64))
            unknown = Counter(text for text in texts if text is not None and text not in column.words)
            if unknown:
                counts = [f"{word!r} in {count:,} row{'s' * (count > 1)}" for word, count in sorted(unknown.items())]
                place = called(column.name, frame.named)
                notes.append(
                    f"{place} has {listed(counts)}, which the training set does not have; taken as no category"
                )
        else:
            values = _numbers(frame, series, column.name)
            present = ~np.isnan(values)
            if column.fill is not None and not present.all():
                filled.append(f"{column.name} {int((~present).sum()):,} ({column.fill:.4g})")
                values = np.where(present, values, column.fill)
                present[:] = True
            if np.isinf(values).any():
                row = int(np.flatnonzero(np.isinf(values))[0])
                raise DataError(
                    f"{frame.path}, {frame.place(row)}, {called(column.name, frame.named)}: {values[row]}",
                    "finite numbers",
                    "correct or drop that row",
                )
            parts.append(values[:, None])
        if missing == "error" and not present.all():
            row = int(np.flatnonzero(~present)[0])
            gap = frame.gap(row, column.name)
            raise FormatError(
                f"{frame.path}, {frame.place(row)}, {called(column.name, frame.named)}: an empty field{gap}",
                "a value in every field",
                "fill it, or train with --missing drop or --missing mean",
            )
        whole &= present
    if filled:
        notes.append(f"empty fields filled with the mean of the training set: {listed(filled)}")
    return np.column_stack(parts), whole, tuple(notes)


def matched(frame: Frame, columns: Columns) -> list[pd.Series[Any]]:
    """Pick the columns of a table that a model's features are, by name or, where there are no names, by place."""
    wanted = [column.name for column in columns.features]
    if columns.named and frame.named:
        by_name: Mapping[str, str] = {**{plain(name): name for name in frame.names}, **{n: n for n in frame.names}}
        absent = [name for name in wanted if name not in by_name and plain(name) not in by_name]
        if absent:
            raise DataError(
                f"{frame.path} lacks the column{'s' if len(absent) > 1 else ''} {listed(absent)}",
                f"the columns {listed(wanted)}",
                "add what is missing, or rename the columns",
            )
        found = [by_name.get(name, by_name.get(plain(name), name)) for name in wanted]
        for name in found:
            frame.refuse_other(name, "convert the column to what it was in the training set")
        return [frame.table[name] for name in found]
    label = find_label(frame, columns.label, len(columns.features), columns.named)
    names = [name for name in frame.names if name != label]
    if not columns.named and set(wanted) <= set(frame.names):
        names = wanted
    if len(names) != len(wanted):
        raise DataError(
            f"{frame.path} has {len(names)} columns besides a label",
            f"the {len(wanted)} features {listed(wanted)}",
            "check the columns",
        )
    return [frame.table[name] for name in names]


def _numbers(frame: Frame, series: pd.Series[Any], name: str) -> NDArray[np.float64]:
    """Turn a column of numbers or truth values into float64."""
    if is_numeric(series):
        return np.asarray(series.to_numpy(np.float64, na_value=np.nan))
    values = np.full(len(series), np.nan)
    for row, word in enumerate(series.tolist()):
        if isinstance(word, bool | np.bool_):
            values[row] = float(word)
        elif isinstance(word, str):
            text = word.strip()
            if text.lower() in _TRUTH:
                values[row] = _TRUTH[text.lower()]
            elif is_number(text):
                values[row] = float(text)
            else:
                raise FormatError(
                    f"{frame.path}, {frame.place(row)}, {called(name, frame.named)}: {text[:40]!r} is not a number",
                    "a number in every field of this column",
                    "correct the field",
                )
    return values


def far_apart(X: NDArray[np.float64], columns: Columns) -> tuple[str, ...]:
    """Note columns in which a few values lie so far from the others that these are one number after scaling."""
    some = X[:: 1 + len(X) // 1000]  # enough for quantiles
    low, high = np.quantile(some, (0.1, 0.9), axis=0)
    names = [column.name for column in columns.features for _ in column.words or ("",)]
    notes = []
    for place in np.flatnonzero((high > low) & (np.ptp(X, axis=0) > _FAR * (high - low))):
        least, most = X[:, place].min(), X[:, place].max()
        notes.append(
            f"{called(names[place], columns.named)} has nearly all values in a thousandth of its range, which is "
            f"{least:g} to {most:g}; check the others"
        )
    return tuple(notes)


def leaks(frame: Frame, columns: Columns, y: NDArray[np.int64]) -> tuple[str, ...]:
    """Warn about features that give the label away: that equal it, or divide the classes by themselves."""
    notes = []
    order = np.argsort(y, kind="stable")
    starts = np.flatnonzero(np.diff(y[order], prepend=-1))
    enough = (np.diff(starts, append=len(y)) > 2).sum() > 1  # a row or two lie apart from all others by chance
    for column, series in zip(columns.features, matched(frame, columns), strict=True):
        if is_numeric(series):
            values = series.to_numpy()
        else:
            values = np.unique([str(word) for word in series.tolist()], return_inverse=True)[1]
        if len(values) != len(y) or (is_numeric(series) and series.isna().any()):
            continue
        lows, highs = (extreme.reduceat(values[order], starts) for extreme in (np.minimum, np.maximum))
        ascending = np.argsort(lows)
        if (highs[ascending][:-1] < lows[ascending][1:]).all():  # no two classes overlap
            equal = (lows == highs).all()
            if not (equal or enough):
                continue
            what = "equals the label" if equal else "tells the classes apart by itself"
            notes.append(
                f"warning: {called(column.name, frame.named)} {what}; leave it out with --drop unless it is "
                "known beforehand"
            )
    return tuple(notes)
