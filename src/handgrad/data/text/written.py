"""The fields of a table as they are written, and columns of texts that are all numbers, whatever their marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.data.text.frames import Frame
from handgrad.data.text.marks import Marks, read_alike
from handgrad.data.text.words import MISSING

if TYPE_CHECKING:
    import pandas as pd


def is_numeric(column: pd.Series[Any]) -> bool:
    """Say whether a column holds numbers; booleans are numbers."""
    return column.dtype.kind in "biuf"


def texts_of(frame: Frame, name: str) -> list[str | None]:
    """Return the fields of a column as texts; None where one is empty."""
    column = frame.table[name]
    return [None if absent else _text(field) for field, absent in zip(column.tolist(), column.isna(), strict=True)]


def _text(field: Any) -> str | None:
    """Return a field as it is written; whole numbers have no point, and a word for a missing value is None."""
    text = str(field).removesuffix(".0") if isinstance(field, float) else str(field).strip()
    return None if text in MISSING else text


def marks_of(frame: Frame, name: str) -> Marks | None:
    """Say how the numbers of a column are written; None if the file is no text, or the column holds words."""
    if frame.usual is None or not is_numeric(frame.table[name]):
        return None
    return frame.marks.get(name, Marks(frame.usual.decimal))


def _may_be_grouped(column: pd.Series[Any]) -> bool:
    """Say whether decimal marks may be marks of thousands: three digits behind them, and whole numbers below 1000."""
    if column.dtype.kind != "f":
        return False
    values = np.abs(column.dropna().to_numpy(np.float64))
    whole = values == np.floor(values)
    return bool(
        whole.any()
        and not whole.all()
        and values[whole].max() < 1000
        and values[~whole].min() > 1
        and np.allclose(values * 1000, np.round(values * 1000), rtol=0, atol=1e-6)
    )


def with_numbers(frame: Frame, names: Iterable[str]) -> Frame:
    """Return a table with columns of texts as numbers, where all their fields are numbers."""
    if frame.usual is None:
        return frame
    columns, found = {}, dict(frame.marks)
    names, usual = list(names), frame.usual
    frame = frame.as_text(*(name for name in names if _may_be_grouped(frame.table[name])))
    for name in names:
        if is_numeric(frame.table[name]):
            continue
        texts = texts_of(frame, name)
        known = {text for text in texts if text is not None}
        read = read_alike(known, usual) if known else None
        if read is not None:
            found[name], values = read
            columns[name] = np.array([np.nan if text is None else values[text] for text in texts])
    return replace(frame, table=frame.table.assign(**columns), marks=found) if columns else frame
