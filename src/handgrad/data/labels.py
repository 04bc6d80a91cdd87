"""The labels of a table: which column they are in, and which classes they name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.frames import Frame
from handgrad.data.text import LABELS, MISSING, is_number, plain
from handgrad.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_PIXELS = 784  # of MNIST's images
_MANY_CLASSES = 100
QUANTITY = "the command predicts classes, and quantities can be learned in Python with a loss such as squared_error"
_PIXEL = re.compile(r"(pixel|px|p)_?\d+|\d+x\d+", re.IGNORECASE)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)(\.0*)?")


def label_column(frame: Frame, asked: str | None) -> tuple[str, tuple[str, ...]]:
    """Find the column of the labels.

    It is the one that was asked for, by name or number; otherwise one with a usual name; otherwise the only one of
    words; otherwise ``y``, unless there is an ``x``; otherwise the last one, or the first if only that can be a label.

    Parameters
    ----------
    frame : Frame
    asked : str or None
        A name, or a number counted from 1.

    Returns
    -------
    name : str
    notes : tuple of str
        What was assumed.
    """
    names = frame.names
    if asked is not None:
        if asked in names:
            return asked, ()
        if close := [name for name in names if plain(name) == plain(asked)]:
            return close[0], ()
        if re.fullmatch("[1-9][0-9]*", asked) and int(asked) <= len(names):
            return names[int(asked) - 1], ()
        raise DataError(
            f"{frame.path} has no column {asked!r}", f"one of {listed(names)}, or a number from 1", "check --label"
        )
    if frame.named:
        for usual in LABELS:
            if found := [name for name in names if plain(name) == usual]:
                return found[0], () if found[0].strip().lower() in LABELS else (
                    f"using the column {found[0]} as the label",
                )
    names = [name for name in names if name not in frame.others] or names
    words = [name for name in names if not is_numeric(frame.table[name])]
    _refuse_pixels_alone(frame, words)
    if len(words) == 1:
        return words[0], (f"using {called(words[0], frame.named)}, the only one of words, as the label",)
    plains = [plain(name) for name in names]
    if frame.named and "y" in plains and "x" not in plains:
        return names[plains.index("y")], ()
    last = names[-1]
    if not frame.named and not words and _few_values(frame.table[names[0]]) and not _few_values(frame.table[last]):
        return names[0], (f"using {called(names[0], False)} as the label; choose another one with --label",)
    if not frame.named and len(names) == _PIXELS + 1 and not words and _numbers_classes(frame.table[names[0]]):
        return names[0], (f"using {called(names[0], False)} as the label, as in tables of images",)
    return last, (f"using the last column{', ' + last + ',' if frame.named else ''} as the label",)


def find_label(frame: Frame, label: str, features: int, named: bool) -> str | None:
    """Find the column of a model's labels in a new table; None if the table has none."""
    if named and frame.named:
        return next((name for name in frame.names if plain(name) == plain(label)), None)
    if len(frame.names) <= features:
        return None
    return label if label in frame.names else label_column(frame, None)[0]


def called(name: str, named: bool) -> str:
    """Call a column by its name or number in a message."""
    return f"the column {name}" if named else f"column {name}"


def listed(names: Sequence[str]) -> str:
    """List names in a message, the first few of many."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def is_numeric(column: pd.Series[Any]) -> bool:
    """Say whether a column holds numbers; booleans are numbers."""
    return column.dtype.kind in "biuf"


def _few_values(column: pd.Series[Any]) -> bool:
    """Say whether numbers may be classes: whole, few, and each of them often."""
    if not is_numeric(column) or column.isna().any():
        return False
    values = column.to_numpy(np.float64)
    distinct = np.unique(values)
    return bool((distinct == np.floor(distinct)).all()) and 2 <= len(distinct) <= max(2, len(values) // 10)


def _numbers_classes(column: pd.Series[Any]) -> bool:
    """Say whether a column of a table of images numbers their classes: whole, small, and not always the same."""
    values = column.to_numpy(np.float64)
    return bool((values % 1 == 0).all() and 0 <= values.min() < values.max() < _MANY_CLASSES)


def _refuse_pixels_alone(frame: Frame, words: Sequence[str]) -> None:
    """Refuse a table whose columns are all pixels, as Kaggle's test.csv: none of them is a label."""
    names = frame.names
    if not words and (all(map(_PIXEL.fullmatch, names)) or (not frame.named and len(names) == _PIXELS)):
        raise DataError(
            f"{frame.path} has {len(names)} columns of pixels and no label",
            "a column called label",
            f"classify its rows with `handgrad predict RUN {frame.path}`, or name another file for training",
        )


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
