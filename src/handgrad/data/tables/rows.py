"""The rows of a table as numbers: its columns are those of a training set, and are read as they were there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from handgrad.data.features import Column, Columns
from handgrad.data.settings import Missing
from handgrad.data.tables.guesses import find_label
from handgrad.data.tables.labels import called, listed
from handgrad.data.text.frames import Frame
from handgrad.data.text.marks import Marks, may_be_number, most_common_marks
from handgrad.data.text.names import split_names
from handgrad.data.text.words import plain
from handgrad.data.text.written import is_numeric, marks_of, texts_of
from handgrad.errors import DataError, FormatError

TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "t": 1.0, "f": 0.0}


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
    names, noted = matched(frame, columns)
    frame, pairs = as_written(frame, columns, names), list(zip(columns.features, names, strict=True))
    own = [name for column, name in pairs if column.marks is None and not column.words]
    noted = (*noted, *marks_noted(frame, own))
    parts, whole, notes = [], np.ones(len(frame.table), bool), list(noted)
    empty: dict[str, NDArray[np.bool_]] = {}
    filled: list[str] = []
    no_category: list[str] = []
    if not any(column.words for column in columns.features) and all(is_numeric(frame.table[name]) for name in names):
        X = frame.table[names].to_numpy(np.float64, na_value=np.nan)
        if np.isfinite(X).all():  # tables of images would take three times the memory below
            return X, whole, noted
    for column, name in pairs:
        if column.words:
            texts = _categories(texts_of(frame, name), column.words)
            present = np.array([text is not None for text in texts])
            if missing == "mean" and not present.all():
                no_category.append(f"{called(column.name, columns.named)} {_in_rows(int((~present).sum()))}")
                present[:] = True
            parts.append(np.array([[text == word for word in column.words] for text in texts], np.float64))
            unknown = Counter(text for text in texts if text is not None and text not in column.words)
            if unknown:
                counts = [f"{word!r} {_in_rows(count)}" for word, count in sorted(unknown.items())]
                place = called(column.name, frame.named)
                notes.append(
                    f"{place} has {listed(counts)}, which the training set does not have; "
                    "encoded as none of the categories"
                )
        else:
            values = numbers(frame, column, name)
            present = ~np.isnan(values)
            if column.fill is not None and not present.all():
                where = _in_rows(int((~present).sum()))
                filled.append(f"{called(column.name, columns.named)} {where} ({column.fill:.4g})")
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
        if not present.all():
            empty[name] = ~present
        whole &= present
    if missing == "error" and empty:
        name, row = next((name, int(np.flatnonzero(absent)[0])) for name, absent in empty.items())
        place = called(name, frame.named)
        others = f"; there are empty fields in {_counted(empty, frame.named)}" if len(empty) > 1 else ""
        raise FormatError(
            f"{frame.path}, {frame.place(row)}, {place}: an empty field{frame.gap(row, name)}{others}",
            "a value in every field",
            "fill it, or train with --missing drop or --missing mean",
        )
    if len(empty) > 1:
        notes.append(f"empty fields in {_counted(empty, frame.named)}")
    if filled:
        notes.append(f"empty fields filled with the mean of the training set: {listed(filled)}")
    if no_category:
        notes.append(f"empty fields encoded as none of the categories: {listed(no_category)}")
    return np.column_stack(parts), whole, tuple(notes)


def _in_rows(count: int) -> str:
    """Say in how many rows something is."""
    return f"in {count:,} row{'s' * (count > 1)}"


def _counted(empty: Mapping[str, NDArray[np.bool_]], named: bool) -> str:
    """List columns with the numbers of their empty fields, the largest first."""
    counts = sorted(((int(absent.sum()), name) for name, absent in empty.items()), key=lambda pair: -pair[0])
    return listed([f"{called(name, named)} ({count:,})" for count, name in counts])


def as_written(frame: Frame, columns: Columns, names: Sequence[str]) -> Frame:
    """Return a table with columns as texts that must be read in another way than it has been: as a model reads them."""
    pairs = zip(columns.features, names, strict=True)
    return frame.as_text(*(name for column, name in pairs if not _is_read(frame, column, name)))


def _is_read(frame: Frame, column: Column, name: str) -> bool:
    """Say whether a table's column has been read as that of the training set: not if it has words, or other marks."""
    marks = marks_of(frame, name)
    if column.words or marks is None:
        return not column.words
    wanted, whole = column.marks or marks, frame.table[name].dtype.kind in "biu"  # which look the same with any marks
    return whole or (marks.decimal == wanted.decimal and marks.thousands in ("", wanted.thousands))


def _categories(texts: Sequence[str | None], words: Sequence[str]) -> list[str | None]:
    """Replace whole numbers by the category that is written 1.0 for 1, or 1 for 1.0."""
    same = {word.removesuffix(".0"): word for word in words if re.fullmatch(r"-?\d+(\.0)?", word)}
    known = set(words)
    return [text if text is None or text in known else same.get(text.removesuffix(".0"), text) for text in texts]


def matched(frame: Frame, columns: Columns) -> tuple[list[str], tuple[str, ...]]:
    """Find the columns of a table that a model's features are, by name or, where there are no names, by place.

    Returns
    -------
    names : list of str
    notes : tuple of str
    """
    wanted = [column.name for column in columns.features]
    if columns.named and frame.named:
        return _by_name(frame, wanted, columns.label)
    if columns.total is not None and not frame.named:
        return _by_place(frame, wanted, columns.label, columns.total)
    label = find_label(frame, columns.label, len(columns.features), columns.named)
    names = [name for name in frame.names if name != label]
    if not columns.named and set(wanted) <= set(frame.names):
        return wanted, ()
    if len(names) != len(wanted):
        raise DataError(
            f"{frame.path} has {len(names)} columns besides a label",
            f"the {len(wanted)} features {listed(wanted)}",
            "check the columns",
        )
    which = "training set" if frame.named else "table"
    note = f"the {which} has no column names: the columns are taken in the order of the training set, {listed(wanted)}"
    return names, (note,) if columns.named or frame.named else ()


def _by_name(frame: Frame, wanted: Sequence[str], label: str) -> tuple[list[str], tuple[str, ...]]:
    """Find columns by their names, written in the same way if there is such a column."""
    taken = {*wanted, label}
    alike: dict[str, list[str]] = {}
    for name in frame.names:
        if name not in taken:
            alike.setdefault(plain(name) or name, []).append(name)
    names: list[str] = []
    absent, notes = [], []
    for name in wanted:
        others = alike.pop(plain(name) or name, [])
        if name in frame.table:
            names.append(name)
            notes += [f"the column {name} is used, and not {listed(others)}"] if others else []
        elif len(others) == 1:
            names += others
        elif others:
            raise DataError(
                f"{frame.path} has the columns {listed(others)}, all of which may be {name}",
                f"one column called {name}",
                f"call the right one {name}",
            )
        else:
            absent.append(name)
    if absent:
        raise DataError(
            f"{frame.path} lacks the column{'s' if len(absent) > 1 else ''} {listed(absent)}",
            f"the columns {listed(wanted)}",
            "add what is missing, or rename the columns",
        )
    for name in names:
        frame.refuse_other(name, "convert the column to what it was in the training set")
    return names, tuple(notes)


def count_places(frame: Frame) -> int:
    """Count the columns of a table without names as it was before some of them became one label."""
    return sum(len(split_names(name)) for name in frame.names)


def _by_place(frame: Frame, wanted: list[str], label: str, total: int) -> tuple[list[str], tuple[str, ...]]:
    """Find columns without names by their places; the label may be absent, and so may what was left out.

    Columns too many would shift the others.
    """
    found, labels = count_places(frame), split_names(label)
    if found == total:
        return wanted, ()
    unlabelled = [str(place) for place in range(1, total + 1) if str(place) not in labels]
    for kept in (unlabelled, wanted, sorted([*wanted, *labels], key=int)):
        if found == len(kept):
            places = dict(zip(sorted(kept, key=int), frame.names, strict=True))
            names = [places[name] for name in wanted]
            which = f"columns {listed(names)} are taken as {listed(wanted)} of the training set"
            return names, (which,) if len(unlabelled) > len(wanted) else ()
    raise DataError(
        f"{frame.path} has {found} columns without names",
        f"{total} as in the training set, or {len(unlabelled)} without the label",
        "leave out the columns that the training set does not have",
    )


def numbers(frame: Frame, column: Column, name: str) -> NDArray[np.float64]:
    """Turn a column of numbers or truth values into float64."""
    series = frame.table[name]
    if is_numeric(series):
        return np.asarray(series.to_numpy(np.float64, na_value=np.nan))
    texts, values = texts_of(frame, name), np.full(len(series), np.nan)
    marks = column.marks or most_common_marks({text for text in texts if text is not None}, frame.usual or Marks())
    known = [text for text in texts if text is not None]
    values_of = {text: marks.value(text) for text in known if text.lower() not in TRUTH}
    answers = len(values_of) < len({*known}) and all(value in (None, 0.0, 1.0) for value in values_of.values())
    for row, text in enumerate(texts):
        if text is None:
            continue
        value = TRUTH.get(text.lower()) if answers and text.lower() in TRUTH else marks.value(text)
        if value is None:
            other = may_be_number(text)
            wrong = "not a number" + " as the training set writes them" * other
            raise FormatError(
                f"{frame.path}, {frame.place(row)}, {called(column.name, frame.named)}: {text[:40]!r} is "
                + ("neither yes nor no" if answers else wrong),
                "yes or no, true or false, 1 or 0, as in the rest of the column"
                if answers
                else f"a number such as {marks.example} in every field of this column",
                "write the numbers with the marks of the training set" if other else "correct it",
            )
        values[row] = value
    return values


def marks_noted(frame: Frame, names: Sequence[str]) -> tuple[str, ...]:
    """Note the columns of a text whose numbers have decimal commas, or marks between thousands."""
    found = {name: marks for name in names if (marks := marks_of(frame, name)) is not None}
    noted = {"decimal commas": [name for name, marks in found.items() if _has_commas(frame, name, marks)]}
    for name, marks in found.items():
        if marks.thousands:
            noted.setdefault(f"{marks.between} between thousands", []).append(name)
    return tuple(
        f"numbers with {what}: {'the ' * frame.named}column{'s' * (len(which) > 1)} {listed(which)}"
        for what, which in noted.items()
        if which
    )


def _has_commas(frame: Frame, name: str, marks: Marks) -> bool:
    """Say whether the numbers of a column have decimal commas: some of them are not whole."""
    values = frame.table[name].to_numpy()
    return marks.decimal == "," and bool((np.isfinite(values) & (values != np.floor(values))).any())
