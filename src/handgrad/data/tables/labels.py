"""The labels of a table, and the classes that they name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.text.frames import Frame
from handgrad.data.text.marks import Marks
from handgrad.data.text.words import EMPTY, is_number
from handgrad.data.text.written import is_numeric
from handgrad.errors import DataError

if TYPE_CHECKING:
    pass

_LONGEST = 1000  # characters in a label
_NUMBERS = 20  # different ones that are classes, however few the rows are
QUANTITY = "the command predicts classes, and quantities can be learned in Python with a loss such as squared_error"
_ANSWERS = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}
_OTHERWISE = re.compile(r"[+-]?\d+(,\d+|\.\d+[eE][+-]\d+)")
_INTEGER = re.compile(r"-?(0|[1-9]\d*)(\.0*)?")


def called(name: str, named: bool) -> str:
    """Call a column by its name or number in a message."""
    return f"the column {name}" if named else f"column {name}"


def listed(names: Sequence[str]) -> str:
    """List names in a message, the first few of many."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def label_words(frame: Frame, name: str) -> list[str | None]:
    """Return the labels as texts; None where one is missing."""
    frame.refuse_other(name, "convert the labels to texts, or train with another column as the --label")
    column = frame.table[name]
    if is_numeric(column):  # only in Parquet and ARFF; texts stay texts otherwise
        values = zip(column.tolist(), column.isna(), strict=True)
        return [None if absent else str(value).removesuffix(".0") for value, absent in values]
    words = zip(column.tolist(), column.isna(), strict=True)
    texts = [None if absent or str(word).strip() in EMPTY else str(word).strip() for word, absent in words]
    return _with_points(texts, frame.usual or Marks())


def _with_points(texts: list[str | None], marks: Marks) -> list[str | None]:
    """Write labels that are all numbers, some with a decimal comma or as 1.0e+00, as Python does."""
    known = {text for text in texts if text is not None}
    odd = any(_OTHERWISE.fullmatch(text) for text in known)
    values = {text: marks.value(text) for text in known} if odd else {}
    if not odd or not all(value is not None and math.isfinite(value) for value in values.values()):
        return texts
    return [None if text is None else str(values[text]).removesuffix(".0") for text in texts]


def without_zeros(word: str) -> str:
    """Write a whole number such as 1.0 without its point; other words stay as they are.

    Examples
    --------
    >>> [without_zeros(word) for word in ("1.0", "1.9", "1.html")]
    ['1', '1.9', '1.html']
    """
    return word.partition(".")[0] if _INTEGER.fullmatch(word) else word


def number_labels(words: Sequence[str], class_names: Sequence[str], source: object) -> NDArray[np.int64]:
    """Give labels the numbers that they have among the classes of a training set; refuse new ones.

    Zeros behind the point do not count, nor does it how the answer to a question of yes or no is written, nor a full
    stop at the end, which all labels of adult.test have.

    Examples
    --------
    >>> number_labels(["true", "FALSE", "1"], ("False", "True"), "t.csv")
    array([1, 0, 1])
    """
    number = {name: index for index, name in enumerate(class_names)}
    answers = {_ANSWERS.get(name.lower()): index for name, index in number.items()}
    if len(number) == len(answers) == 2 and None not in answers:
        number = {word: answers[_ANSWERS[word.lower()]] for word in words if word.lower() in _ANSWERS} | number
    unstopped = {name.removesuffix("."): index for name, index in number.items()}
    if len(unstopped) == len(number):
        number = unstopped | number
    forms = ((word, without_zeros(word), word.removesuffix(".")) for word in words)
    known = [next((form for form in three if form in number), three[0]) for three in forms]
    if unknown := sorted(set(known) - set(number)):
        raise DataError(
            f"{source} has the label {unknown[0]!r}, which the training set does not have",
            f"the classes {', '.join(class_names[:20])}",
            "check the labels",
        )
    return np.array([number[word] for word in known], np.int64)


def alike(class_names: Sequence[str]) -> tuple[str, ...]:
    """Warn of classes that differ only in how they are written.

    Examples
    --------
    >>> alike(("1", "1e0", "No", "Yes", "yes"))
    ('warning: the classes 1, 1e0 and Yes, yes differ only in how they are written; correct them if they are the same',)
    """
    groups: dict[str | float, list[str]] = {}
    for name in class_names:
        groups.setdefault(float(name) if is_number(name) else name.lower(), []).append(name)
    same = " and ".join(", ".join(names) for names in groups.values() if len(names) > 1)
    what = f"warning: the classes {same} differ only in how they are written; correct them if they are the same"
    return (what,) if same else ()


def present_classes(
    class_names: Sequence[str], y: NDArray[np.int64], rows: NDArray[np.bool_], path: object
) -> tuple[tuple[str, ...], NDArray[np.int64], tuple[str, ...]]:
    """Keep the classes of some rows, and number the labels anew: -1 stands for a class that is left out.

    Returns
    -------
    class_names : tuple of str
    y : array of shape (n,)
    notes : tuple of str
        The classes that are left out.
    """
    present = np.unique(y[rows])
    absent = [name for index, name in enumerate(class_names) if index not in present]
    if not absent:
        return tuple(class_names), y, ()
    what = f"the class{'es' * (len(absent) > 1)} {listed(absent)}"
    if len(present) < 2:
        raise DataError(
            f"{path}: every row of {what} has an empty field",
            "complete rows of 2 classes or more",
            "use --missing mean",
        )
    numbers = np.full(len(class_names), -1)
    numbers[present] = np.arange(len(present))
    notes = (f"{what} left out: every row of it in the training set has an empty field",)
    return tuple(class_names[index] for index in present), numbers[y], notes


def _in_a_row(names: Sequence[str]) -> bool:
    """Tell whether numbers in order are consecutive, as classes are numbered."""
    return float(names[-1]) - float(names[0]) == len(names) - 1


def classes(words: Sequence[str], path: Any, label: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Name the classes, in numerical order if all labels are whole numbers, and otherwise in alphabetical order.

    Labels are the same only if they are written alike, but for the zeros behind the point of 1.0.
    """
    names: list[str] = sorted(set(words))
    if longest := next((name for name in names if len(name) > _LONGEST), None):
        raise DataError(
            f"{path}: a label of {len(longest):,} characters in the column {label}, {longest[:20]}...",
            f"labels of at most {_LONGEST:,} characters",
            "correct it, or choose another column with --label",
        )
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
        raise DataError(
            f"{path}: 1 label in the column {label}", "2 classes or more", "choose another column with --label"
        )
    if len(names) > max(_NUMBERS, len(words) / 4) and all(map(is_number, names)) and not _in_a_row(names):
        raise DataError(
            f"{path}: the label {label!r} has {len(names):,} different numbers in {len(words):,} rows",
            "classes",
            "use MLPRegressor in Python for numbers, choose another column with --label, or write words in place of "
            "the numbers if they are classes",
        )
    if len(words) < 2 * len(names) and len(names) > 2:
        raise DataError(
            f"{path}: {len(names):,} different labels in {len(words):,} rows, in the column {label}",
            "several rows for each class",
            f"choose another column with --label; {QUANTITY}",
        )
    number = {name: index for index, name in enumerate(names)}
    return tuple(names), np.array([number[word] for word in words], np.int64)
