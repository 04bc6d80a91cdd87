"""Which column of a table is the label: the one that was asked for, or the likeliest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.data.tables.labels import called, listed
from handgrad.data.text.frames import Frame
from handgrad.data.text.names import as_named, dropping, flag
from handgrad.data.text.words import LABELS, plain
from handgrad.data.text.written import is_numeric
from handgrad.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_COUNTERS = ("id", "index", "idx", "no", "nr", "row", "rowid", "rownames", "rowname", "serial", "number")
_PIXELS = 784  # of MNIST's images
_MANY_CLASSES = 100
_CODES = 10  # different whole numbers that stand for classes, where a column of words might be the label too
_PIXEL = re.compile(r"(pixel|px|p)_?\d+|\d+x\d+", re.IGNORECASE)

# What labels of public tables are called, in lower case without punctuation.
_USUAL = (
    "survived", "outcome", "exited", "churn", "churned", "attrition", "heartdisease", "diagnosis", "species", "variety",
    "deathevent", "quality", "purchased", "potability", "fraud", "isfraud", "fraudreported", "spam", "isspam",
    "loanstatus", "defaultpaymentnextmonth", "readmitted", "transported", "revenue", "bankrupt", "satisfaction",
    "diabetesbinary", "diabetes012",
)  # fmt: skip
# Names that features have as well: they tell only if nothing speaks for the last column.
_AMBIGUOUS = ("default", "stroke", "diabetes", "status", "type", "risk", "result", "response", "income", "category")


def label_column(frame: Frame, asked: str | None) -> tuple[str, tuple[str, ...]]:
    """Find the column of the labels.

    It is the one that was asked for, by name or number; otherwise one with a usual name; otherwise ``y``, unless there
    is an ``x``; otherwise the last one if it has a few whole numbers, or the only one of words; otherwise the last one,
    or the first if only that can be a label.

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

    Raises
    ------
    DataError
        If there is no such column, or two are equally likely.
    """
    names = frame.names
    if asked is not None:
        if (name := as_named(asked, names)) in names:
            return name, ()
        if close := [name for name in names if plain(name) == plain(asked)]:
            return close[0], ()
        if re.fullmatch("[1-9][0-9]*", asked) and int(asked) <= len(names):
            return names[int(asked) - 1], ()
        raise DataError(
            f"{frame.path} has no column {asked!r}", f"one of {listed(names)}, or a number from 1", "check --label"
        )
    if frame.named and (found := [name for usual in LABELS for name in names if plain(name) == usual]):
        if rest := [name for name in _called(frame, names, _USUAL) if name not in found]:
            raise _undecided(frame, [found[0], *rest])
        others = f", and {listed(found[1:])} as a feature" if found[1:] else ""
        told = found[0].strip().lower() in LABELS and not others
        return found[0], () if told else (f"using the column {found[0]} as the label{others}",)
    names = [name for name in names if name not in frame.others and not _is_nothing(frame.table[name], name)] or names
    words = [name for name in names if not is_numeric(frame.table[name])]
    _refuse_pixels_alone(frame, words)
    if frame.named and (found_by_name := _by_name(frame, names)):
        return found_by_name
    return _by_values(frame, names, words)


def find_label(frame: Frame, label: str, features: int, named: bool) -> str | None:
    """Find the column of a model's labels in a new table; None if the table has none."""
    if not label and label not in frame.names:
        return None
    if named and frame.named:
        return label if label in frame.names else next((n for n in frame.names if plain(n) == plain(label)), None)
    if len(frame.names) <= features:
        return None
    if label in frame.names or not (named or frame.named):
        return label if label in frame.names else None
    return label_column(frame, None)[0]


def lacking(frame: Frame, names: Sequence[str]) -> list[str]:
    """List the names that no column of a table has."""
    there = {*frame.names, *map(plain, frame.names)}
    return [name for name in names if name not in there and plain(name) not in there]


def missing_label(frame: Frame, names: Sequence[str]) -> str | None:
    """Return the one name that only the training table has, as in Kaggle's tables for prediction; None otherwise."""
    absent = lacking(frame, names)
    others = [name for name in frame.names if plain(name) in LABELS]
    as_usual = frame.named and len(frame.names) == len(names) - 1 and not others
    return absent[0] if as_usual and len(absent) == 1 and not is_called_counter(absent[0]) else None


def refuse_undecided(train: Frame, absent: str, test: Frame) -> None:
    """Refuse a column that only the training table has as the label, if the last one is called as labels are.

    Raises
    ------
    DataError
        With the choice.
    """
    last = train.names[-1]
    if plain(absent) not in _USUAL and plain(last) in _USUAL and not lacking(test, [last]):
        raise DataError(
            f"{train.path}: the column {absent}, which {test.path.name} lacks, and the last column {last} may each be "
            "the label",
            "a column called label, or --label",
            f"choose with {flag('--label', absent)}, or with {flag('--label', last)} {dropping(absent)}",
        )


def is_called_counter(name: str) -> bool:
    """Say whether a column is called like one that counts the rows."""
    return plain(name) in _COUNTERS or name.startswith("Unnamed: ") or name.endswith(("Id", "ID", "_id"))


def _is_nothing(column: pd.Series[Any], name: str) -> bool:
    """Say whether a column has no name where others have one, or no field."""
    return name.startswith("Unnamed: ") or bool(column.isna().all())


def _by_name(frame: Frame, names: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Find a column that is called as labels of public tables are, and may hold classes."""
    table, last, plains = frame.table, names[-1], [plain(name) for name in names]
    found, possible = _called(frame, names, _USUAL), _called(frame, names, _AMBIGUOUS)
    if last in found or (last in possible and names[0] not in found):
        return last, (f"using the last column, {last}, as the label",)
    if "y" in plains and "x" not in plains:
        y = names[plains.index("y")]
        if _may_be_classes(table[y]) or not _may_be_classes(table[last]):
            return y, ()
    if len(found) > 1 or (found and found[0] != names[0] and _has_two_values(table[last])):
        raise _undecided(frame, found if len(found) > 1 else [found[0], last])
    if not found and len(possible) == 1 and not _may_be_classes(table[last]):
        found = possible
    return (found[0], (f"using the column {found[0]} as the label",)) if found else None


def _called(frame: Frame, names: Sequence[str], usual: Sequence[str]) -> list[str]:
    """List the columns that have one of the usual names, and may hold classes."""
    return [name for name in names if plain(name) in usual and _may_be_classes(frame.table[name])]


def _by_values(frame: Frame, names: Sequence[str], words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Find the column that may hold classes by its place and its values."""
    table, first, last = frame.table, names[0], names[-1]
    beside = ""
    repeated = [name for name in words if _may_be_classes(table[name])]
    if last in words and len(repeated) == 1 and last not in repeated:
        return repeated[0], (
            f"using {called(repeated[0], frame.named)}, the only text column whose values recur, as the label",
        )
    if len(words) == 1:
        word = words[0]
        if not _are_codes(table[last]) or (_may_be_classes(table[word]) and _before_alike(frame, names, word)):
            return word, (f"using {called(word, frame.named)}, the only text column, as the label",)
        beside = f", and {called(word, frame.named)} as a feature"
    if not frame.named and not words and _few_values(table[first]) and not _few_values(table[last]):
        return first, (f"using {called(first, False)} as the label; choose another one with --label",)
    if not frame.named and len(names) == _PIXELS + 1 and not words and _numbers_classes(table[first]):
        return first, (f"using {called(first, False)} as the label, as in tables of images",)
    return last, (f"using the last column{', ' + last + ',' if frame.named else ''} as the label{beside}",)


def _before_alike(frame: Frame, names: Sequence[str], word: str) -> bool:
    """Say whether the last column is one of several codes, so that a column of words is the likelier label.

    Raises
    ------
    DataError
        If both are equally likely: the last column has two values, and so has the one before.
    """
    before = [frame.table[name] for name in names[:-1] if name != word][-1:]
    if _has_two_values(frame.table[names[-1]]):
        if any(map(_has_two_values, before)):
            raise _undecided(frame, [word, names[-1]])
        return False
    return any(map(_are_codes, before))


def _undecided(frame: Frame, names: Sequence[str]) -> DataError:
    """Describe a table in which several columns may be the label."""
    choices = [flag("--label", name) for name in names]
    return DataError(
        f"{frame.path}: {' and '.join(called(name, frame.named) for name in names)} may each be the label",
        "a column called label, or --label",
        f"choose with {' or '.join(choices)}",
    )


def _may_be_classes(column: pd.Series[Any]) -> bool:
    """Say whether values may be classes: words or whole numbers, which occur again and again."""
    values = column.dropna()
    if is_numeric(column):
        return _few_values(values)
    return 2 <= int(values.nunique()) <= min(_MANY_CLASSES, max(2, len(values) // 2))


def _few_values(column: pd.Series[Any]) -> bool:
    """Say whether numbers may be classes: whole, few, and each of them often."""
    if not is_numeric(column) or column.isna().any():
        return False
    values = column.to_numpy(np.float64)
    distinct = np.unique(values)
    return bool((distinct == np.floor(distinct)).all()) and 2 <= len(distinct) <= max(2, len(values) // 10)


def _are_codes(column: pd.Series[Any]) -> bool:
    """Say whether numbers look like codes of classes: two whole numbers, or a few that count."""
    values = column.dropna()
    if not _few_values(values):
        return False
    distinct = np.unique(values.to_numpy(np.float64))
    return len(distinct) == 2 or (len(distinct) <= _CODES and bool((np.diff(distinct) == 1).all()))


def _has_two_values(column: pd.Series[Any]) -> bool:
    """Say whether a column answers one question: yes or no, 0 or 1, or any two words."""
    return _may_be_classes(column) and int(column.nunique()) == 2


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
