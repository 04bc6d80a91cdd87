"""Tables with one row for each example and one column for the label: text in any usual form, Parquet and ARFF."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.data.content import STANDARD_INPUT
from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.data.features import Columns
from handgrad.data.ranges import PIXELS
from handgrad.data.settings import Missing, TableOptions
from handgrad.data.splits import HeldOut, split_note
from handgrad.data.tables.columns import fit_columns, leaks
from handgrad.data.tables.extremes import far_apart
from handgrad.data.tables.formats import read_frame
from handgrad.data.tables.guesses import find_label
from handgrad.data.tables.label_forms import in_one_form
from handgrad.data.tables.labels import alike, classes, label_words, listed, number_labels, present_classes
from handgrad.data.tables.one_hot import label_parts, labelled, with_label
from handgrad.data.tables.rows import encode
from handgrad.data.text.frames import Frame
from handgrad.errors import DataError, FormatError

_IMAGE = 784  # columns of 28x28 pixels


@dataclass(frozen=True, kw_only=True)
class FittedOptions(TableOptions):
    """What a table does not say itself, once a training set has decided how its columns become a network's inputs.

    Parameters
    ----------
    columns : Columns
    scaling : Scaling
    class_names : tuple of str
    """

    columns: Columns
    scaling: Scaling
    class_names: tuple[str, ...]


def read_table(
    path: str | os.PathLike[str], options: TableOptions | None = None, held_out: HeldOut | None = None
) -> Dataset:
    r"""Read a table of examples.

    Separators, decimal marks, quotes, comments, encodings and compression are recognised. The label column has a usual
    name such as ``label``, ``class`` or ``target``, or is the likeliest by its place and values. Labels are words or
    whole numbers, and become classes in sorted order. Words in other columns become columns of zeros and ones. A fixed
    fifth of each class is the test set; the scaling is fitted on the rest.

    Parameters
    ----------
    path : path
    options : TableOptions, optional
    held_out : HeldOut, optional
        Without a test set, the training set stands in for it, until that of another file takes its place.

    Raises
    ------
    FormatError
        If a row has the wrong length or a field is not a number; the message gives the line.
    DataError
        If the rows are not a data set.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "toy.csv").write_text("size,label\n" + "1,small\n5,small\n" * 3 + "4,big\n9,big\n" * 3)
    ...     data = read_table(Path(folder) / "toy.csv")
    >>> data.class_names, data.X_train.shape, data.X_test.shape
    (('big', 'small'), (10, 1), (2, 1))
    """
    path = Path(path)
    name = "table" if path in STANDARD_INPUT else path.name.partition(".")[0] or path.name
    return table_dataset(read_frame(path), name, options, held_out=held_out)


def table_dataset(
    frame: Frame,
    name: str,
    options: TableOptions | None = None,
    train_rows: int | None = None,
    held_out: HeldOut | None = None,
) -> Dataset:
    """Build a data set from a table.

    Parameters
    ----------
    frame : Frame
    name : str
        That of the data set.
    options : TableOptions, optional
    train_rows : int, optional
        The number of rows at the beginning that are the training set; by default, a fixed fifth of each class is the
        test set.
    held_out : HeldOut, optional

    Raises
    ------
    DataError
        If the rows are not a data set.
    """
    options, held_out = options or TableOptions(), held_out or HeldOut()
    if len(frame.table) == 0:
        raise FormatError(f"{frame.path} has no examples", "rows of numbers and a label", "add them")
    fitted = options if isinstance(options, FittedOptions) else None
    frame, label, notes = labels_of(frame, options)
    frame, words = present_labels(frame, label, options.missing)
    given = None if train_rows is None else frame.table.index.to_numpy() < train_rows
    if given is None:
        class_names, y = classes(words, frame.path, label)
    else:
        class_names, _ = classes([word for word, kept in zip(words, given, strict=True) if kept], frame.path, label)
        y = number_labels(words, class_names, f"{frame.path}: the test set")
    if len(class_names) > MAX_CLASSES:
        raise DataError(
            f"{frame.path}: {len(class_names):,} different labels", f"at most {MAX_CLASSES:,}", "choose another --label"
        )
    train, _, _ = _split(y, frame, given, held_out)
    if fitted is None:
        columns, more = fit_columns(frame, label, options.drop, options.missing, train)
    else:
        columns, more = fitted.columns, ()
    X, whole, unknown = encode(frame, columns, options.missing)
    more = (*more, *unknown)
    if not whole.all():
        more = (*more, f"left out: {gaps(frame, whole)}")
    class_names, y, empty = present_classes(class_names, y, whole if given is None else whole & given, frame.path)
    if given is None and held_out.test:
        empty = (*empty, split_note(int(whole.sum()), len(frame.names) - 1))
    whole &= y >= 0
    X, y = X[whole], y[whole]
    warnings = (*alike(class_names), *(leaks(X, columns, y) if fitted is None else ()))
    train, validation, test = _split(y, frame, None if given is None else given[whole], held_out)
    kept = frame if whole.all() else frame.only(whole)
    scaling, image_shape, seen = _scaling(X, train, columns, kept) if fitted is None else (fitted.scaling, None, ())
    third = scaling.apply(X[validation]) if len(validation) else None
    return Dataset(
        name, scaling.apply(X[train]), y[train], scaling.apply(X[test]), y[test], class_names, image_shape, scaling,
        notes=(*frame.notes, *notes, *more, *empty, *seen, *warnings), columns=None if image_shape else columns,
        X_validation=third, y_validation=None if third is None else y[validation],
        own_test=given is not None or not held_out.test,
    )  # fmt: skip


def _split(
    y: NDArray[np.int64], frame: Frame, in_train: NDArray[np.bool_] | None, held_out: HeldOut
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Split the rows into training, validation and test set: as they are given, or a fixed fifth off."""
    if in_train is None:
        train, validation, test = held_out.split(y, len(frame.names) - 1)
        return train, validation, test if held_out.test else train
    if in_train.all() or not in_train.any():
        raise DataError(f"{frame.path} has no complete rows in one of its sets", "rows in both", "check the tables")
    return *held_out.split_off(np.flatnonzero(in_train), y), np.flatnonzero(~in_train)


def labels_of(frame: Frame, options: TableOptions) -> tuple[Frame, str, tuple[str, ...]]:
    """Find the labels of a data set, where the training set had them if there was one before."""
    if not isinstance(options, FittedOptions):
        if options.label is not None or not options.drop:
            return labelled(frame, options.label)
        _, likeliest, notes = labelled(frame.without(options.drop), None)  # what is left out is not meant as the label
        return *labelled(frame, likeliest)[:2], notes
    frame, label = labelled_like(frame, options.columns, options.class_names)
    if label is None:
        raise DataError(
            f"{frame.path} has no labels",
            wanted_label(options.columns),
            "use `handgrad predict` for rows without labels",
        )
    return frame, label, ()


def wanted_label(columns: Columns) -> str:
    """Say where labels are looked for."""
    if not columns.named or columns.of_estimator:
        return "a column of labels"
    return f"the column {columns.label}, or one-hot columns called as the classes"


def labelled_like(frame: Frame, columns: Columns, class_names: Sequence[str]) -> tuple[Frame, str | None]:
    """Find the labels where a training set had them, or in another form; None if the table has none."""
    if len(label_parts(frame, columns.label)) > 1:
        frame = with_label(frame, columns.label)
    frame = in_one_form(frame, columns, class_names)
    label = find_label(frame, columns.label, len(columns.features), columns.named)
    return (frame, None) if label is None else (frame.as_text(label), label)


def present_labels(frame: Frame, label: str, missing: Missing) -> tuple[Frame, list[str]]:
    """Return the labels, and refuse or leave out rows without one."""
    words = label_words(frame, label)
    present = np.array([word is not None for word in words])
    if not present.all() and missing != "drop":
        row = int(np.flatnonzero(~present)[0])
        raise FormatError(
            f"{frame.path}, {frame.place(row)}: an empty label{frame.gap(row, label)}",
            "a label in every row",
            "fill it, remove the row, or train with --missing drop",
        )
    if not present.all():
        frame = frame.with_notes(f"left out: {gaps(frame, present, 'an empty label')}")
    return frame.only(present), [word for word in words if word is not None]


def _scaling(
    X: NDArray[np.float64], train: NDArray[np.intp], columns: Columns, frame: Frame
) -> tuple[Scaling, tuple[int, int] | None, tuple[str, ...]]:
    """Recognise images of 28x28 by their columns and values; scale each column of anything else by its range."""
    path, image_shape = frame.path, frame.image_shape
    if image_shape is not None and X.shape[1] == image_shape[0] * image_shape[1]:
        return PIXELS, image_shape, ()
    numbers = not any(column.words for column in columns.features)
    if numbers and X.shape[1] == _IMAGE and X.min() >= 0 and 1 < X.max() <= 255 and not (X % 1).any():
        return PIXELS, (28, 28), (f"{_IMAGE} columns of 0 to {X.max():g} taken as images of 28x28",)
    scaling = Scaling.fit(X[train])
    constant = np.asarray(scaling.minimum) == np.asarray(scaling.maximum)
    if constant.all():
        raise DataError(
            f"{path}: every feature is constant in the training set", "features that differ", "check the columns"
        )
    note = () if not constant.any() else (_constant(columns, constant),)
    return scaling, None, (*note, *far_apart(X, train, columns, frame))


def _constant(columns: Columns, constant: NDArray[np.bool_]) -> str:
    """Name the features that never change."""
    names = [f"{one.name}={word}" if word else one.name for one in columns.features for word in one.words or ("",)]
    which, count = listed([name for name, same in zip(names, constant, strict=True) if same]), int(constant.sum())
    verb = "is" if count == 1 else "are"
    return f"{count:,} of {len(constant):,} features {verb} constant in the training set: {which}"


def gaps(frame: Frame, whole: NDArray[np.bool_], what: str = "an empty field") -> str:
    """Count the rows that lack something, for a message, and say where the first one is."""
    count, place = int((~whole).sum()), frame.place(int(np.argmin(whole)))
    return f"1 row with {what}, {place}" if count == 1 else f"{count:,} rows with {what}, first {place}"
