"""The labels of a table, and the classes that they name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.frames import Frame
from handgrad.data.text import MISSING, is_number
from handgrad.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

QUANTITY = "the command predicts classes, and quantities can be learned in Python with a loss such as squared_error"
_INTEGER = re.compile(r"-?(0|[1-9]\d*)(\.0*)?")


def called(name: str, named: bool) -> str:
    """Call a column by its name or number in a message."""
    return f"the column {name}" if named else f"column {name}"


def listed(names: Sequence[str]) -> str:
    """List names in a message, the first few of many."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def is_numeric(column: pd.Series[Any]) -> bool:
    """Say whether a column holds numbers; booleans are numbers."""
    return column.dtype.kind in "biuf"


def label_words(frame: Frame, name: str) -> list[str | None]:
    """Return the labels as texts; None where one is missing."""
    frame.refuse_other(name, "convert the labels to texts, or train with another column as the --label")
    column = frame.table[name]
    if is_numeric(column):  # only in Parquet and ARFF; texts stay texts otherwise
        values = zip(column.tolist(), column.isna(), strict=True)
        return [None if absent else str(value).removesuffix(".0") for value, absent in values]
    empty = (*(word for word in MISSING if word not in ("-", ".")),)
    return [None if word is None or str(word).strip() in empty else str(word).strip() for word in column.tolist()]


def without_zeros(word: str) -> str:
    """Write a whole number such as 1.0 without its point; other words stay as they are.

    Examples
    --------
    >>> [without_zeros(word) for word in ("1.0", "1.9", "1.html")]
    ['1', '1.9', '1.html']
    """
    return word.partition(".")[0] if _INTEGER.fullmatch(word) else word


def classes(words: Sequence[str], path: Any, label: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Name the classes, in numerical order if all labels are whole numbers, and otherwise in alphabetical order.

    Labels are the same only if they are written alike, but for the zeros behind the point of 1.0.
    """
    names: list[str] = sorted(set(words))
    if all(map(_INTEGER.fullmatch, names)):
        words = list(map(without_zeros, words))
        names = sorted(set(words), key=int)
    elif all(map(is_number, names)) and any(float(name) % 1 for name in names if math.isfinite(float(name))):
        raise DataError(
            f"{path}: labels in the column {label} that are not whole numbers, such as "
            f"{next(name for name in names if float(name) % 1)}",
            "classes, as words or whole numbers",
            f"choose another column with --label; {QUANTITY}",
        )
    if len(names) < 2:
        raise DataError(f"{path}: 1 label in the column {label}", "2 classes or more", "choose the column with --label")
    if len(words) < 2 * len(names) and len(names) > 2:
        raise DataError(
            f"{path}: {len(names):,} different labels in {len(words):,} rows, in the column {label}",
            "several rows for each class",
            f"choose the label's column with --label; {QUANTITY}",
        )
    number = {name: index for index, name in enumerate(names)}
    return tuple(names), np.array([number[word] for word in words], np.int64)
