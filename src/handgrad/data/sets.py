"""The sets of a training: another file's examples beside the training set, and what is held out of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.catalog import load_data
from handgrad.data.dataset import Dataset, Scaling
from handgrad.data.features import Columns
from handgrad.data.published.download import Progress
from handgrad.data.ranges import recognise, without_fitted
from handgrad.data.settings import DataSettings, Missing, TableOptions
from handgrad.data.splits import NO_TEST_SET, HeldOut
from handgrad.data.tables.formats import is_table, read_frame
from handgrad.data.tables.guesses import lacking
from handgrad.data.tables.labels import number_labels
from handgrad.data.tables.model_rows import read_table_rows
from handgrad.data.tables.table import FittedOptions, wanted_label
from handgrad.data.text.names import flag
from handgrad.errors import DataError, ShapeError


class Prepared(Protocol):
    """What data sets and models have in common: how examples become a network's inputs, and what its classes are."""

    @property
    def n_features(self) -> int:
        """The number of features."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes."""

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """The shape of an example that is an image."""

    @property
    def scaling(self) -> Scaling:
        """The scaling of raw rows."""

    @property
    def columns(self) -> Columns | None:
        """How a table becomes raw rows."""


@dataclass(frozen=True)
class Part:
    """Labelled examples of another file, prepared as a training set was.

    Attributes
    ----------
    name : str
        That of the data set, or the path of a table.
    X : array of shape (n, d)
        Scaled.
    y : array of shape (n,)
    notes : tuple of str
        What was assumed.
    whole : bool
        Whether these are all examples of the file, and not only its test set.
    """

    name: str
    X: NDArray[np.float32]
    y: NDArray[np.int64]
    notes: tuple[str, ...]
    whole: bool


def read_part(source: str, like: Prepared, progress: Progress | None = None, missing: Missing = "error") -> Part:
    """Read another file for a network: its test set, or all of it if it has none, as a table.

    Columns and labels are matched by name, and values are scaled as those of the training set. A class may be absent,
    but none may be new.

    Parameters
    ----------
    source : str
        Anything that :func:`load_data` accepts.
    like : Dataset or Model
        The training set, or a model that was trained on it.
    progress : callable, optional
        As for :func:`load_data`.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about an empty field of a table.

    Raises
    ------
    DataError
        If it cannot be read, or a column, a label or a class is missing or unknown.
    ShapeError
        If it has another number of features.

    Examples
    --------
    >>> part = read_part("digits", load_data("digits"))
    >>> part.X.shape, part.whole
    ((359, 64), False)
    """
    if is_table(source):
        return _all_rows(Path(source), like, missing)
    data = load_data(source, progress, _options(TableOptions(missing=missing), like))
    if like.columns is not None and like.columns.of_estimator and data.columns is not None:
        raise DataError(
            f"{source} holds tables, whose columns cannot be matched with those that the estimator was fitted to",
            "one table",
            "name the table itself",
        )
    if data.own_test:
        return test_part(data, like)
    whole = _rejoined(data)
    return replace(training_part(whole, like), whole=True)


def test_part(data: Dataset, like: Prepared) -> Part:
    """Take the test set of a data set for a network, as :func:`read_part` does."""
    if data.n_features != like.n_features:
        raise ShapeError(
            f"{data.name} with {data.n_features} features",
            f"{like.n_features} features, as in the training set",
            "use data of the same kind",
        )
    y = number_labels(data.class_names, like.class_names, data.name)[data.y_test]
    X = _rescaled(data.X_test, data.scaling, like.scaling)
    own = data.notes if X is data.X_test else without_fitted(data.notes)
    return Part(data.name, X, y, (*own, *_absent(y, like)), False)


def training_part(data: Dataset, like: Prepared) -> Part:
    """Take the training set of a data set for a network, as :func:`test_part` takes the other one."""
    return test_part(replace(data, X_test=data.X_train, y_test=data.y_train), like)


def load_sets(settings: DataSettings, progress: Progress | None = None, like: Prepared | None = None) -> Dataset:
    """Load the data of a training, with the test set and the validation set that the settings name.

    Parameters
    ----------
    settings : DataSettings
    progress : callable, optional
        As for :func:`load_data`.
    like : Dataset or Model, optional
        A model that was trained on these data; a table's columns are matched with its own, as in :func:`read_part`.

    Raises
    ------
    HandgradError
        If something cannot be read, or does not match.

    Examples
    --------
    >>> data = load_sets(DataSettings(validation=0.1))
    >>> data.X_train.shape, data.X_validation.shape, data.X_test.shape
    ((1295, 64), (143, 64), (359, 64))
    """
    share = 0.0 if settings.validation is None or isinstance(settings.validation, str) else settings.validation
    held_out = HeldOut(settings.test is None, share)
    data = load_data(settings.data, progress, _options(settings, like), held_out)
    if settings.test is not None:
        data = data if data.own_test else _rejoined(data)
        part = _read_other("--test", settings.test, data, settings, progress)
        data = replace(data, X_test=part.X, y_test=part.y, own_test=True).with_notes(*_of(part))
    if share and data.X_validation is None:
        X, y = data.X_train, data.y_train
        kept, third = held_out.split_off(np.arange(len(y)), y)
        data = replace(data, X_train=X[kept], y_train=y[kept], X_validation=X[third], y_validation=y[third])
    if isinstance(settings.validation, str):
        part = _read_other("--validation", settings.validation, data, settings, progress)
        data = replace(data, X_validation=part.X, y_validation=part.y).with_notes(*_of(part))
    return data


def scaling_for(X: NDArray[np.float64], like: Prepared, where: Path) -> tuple[Scaling, tuple[str, ...]]:
    """Find the scaling for new rows, as :func:`recognise` does; an estimator's model takes them as they are."""
    columns = like.columns
    if columns is not None and columns.of_estimator:
        return like.scaling, ()
    titles = columns.titles if columns else ()
    return recognise(X, like.scaling, like.image_shape is not None, str(where), titles)


def _options(options: TableOptions, like: Prepared | None) -> TableOptions:
    """Add what a training set has decided about the columns of a table."""
    if like is None or like.columns is None or like.columns.of_estimator:
        return options
    return FittedOptions(
        missing=options.missing, columns=like.columns, scaling=like.scaling, class_names=like.class_names
    )


def _read_other(option: str, source: str, data: Dataset, settings: DataSettings, progress: Progress | None) -> Part:
    """Read the file of an option. If it lacks one column, which may be the label that nobody named, say so."""
    try:
        return read_part(source, data, progress, settings.missing)
    except DataError as error:
        path, columns = files.expanded(source), data.columns
        if columns is None or not columns.named or settings.label is not None or not path.is_file():
            raise
        frame = read_frame(path) if is_table(path) else None
        absent = lacking(frame, [column.name for column in columns.features]) if frame and frame.named else []
        if len(absent) != 1:
            raise
        raise DataError(
            f"{source} lacks the column {absent[0]}",
            f"the columns of the training set, in which {columns.label} was taken as the label",
            f"add it; or, if it is the label, as in Kaggle's files, write {flag('--label', absent[0])} and leave out "
            f"{option}, because {source} has no labels",
        ) from error


def _rejoined(data: Dataset) -> Dataset:
    """Put the part that was split off for want of a test set back into the training set."""
    return replace(
        data,
        X_train=np.concatenate([data.X_train, data.X_test]),
        y_train=np.concatenate([data.y_train, data.y_test]),
        notes=tuple(note for note in data.notes if note != NO_TEST_SET),
    )


def _of(part: Part) -> list[str]:
    """Name the file in its notes."""
    return [f"{part.name}: {note}" for note in part.notes]


def _all_rows(path: Path, like: Prepared, missing: Missing) -> Part:
    """Take all rows of a table."""
    rows = read_table_rows(path, like.columns, like.n_features, missing, class_names=like.class_names)
    if rows.labels is None:
        columns = like.columns
        wanted = wanted_label(columns) if columns and columns.named else "a column called label"
        raise DataError(f"{path} has no labels", wanted, "use `handgrad predict` for rows without labels")
    y = number_labels(rows.labels, like.class_names, path)
    scaling, notes = scaling_for(rows.X, like, path)
    left_out = [f"left out: {rows.left_out}"] if rows.left_out else []
    return Part(str(path), scaling.apply(rows.X), y, (*rows.notes, *left_out, *notes, *_absent(y, like)), True)


def _absent(y: NDArray[np.int64], like: Prepared) -> tuple[str, ...]:
    """Name the classes that do not occur."""
    present = set(np.unique(y).tolist())
    absent = [name for index, name in enumerate(like.class_names) if index not in present]
    return (f"no example of class {', '.join(absent[:10])}",) if absent else ()


def _rescaled(X: NDArray[np.float32], own: Scaling, wanted: Scaling) -> NDArray[np.float32]:
    """Replace the scaling of some examples with the one that is wanted.

    Pixels are in 0..1, whatever their range in the file, and stay as they are.
    """
    if own == wanted or not (isinstance(own.minimum, tuple) or isinstance(wanted.minimum, tuple)):
        return X
    low, high = np.asarray(own.minimum), np.asarray(own.maximum)
    return np.asarray(wanted.apply(X * (high - low) + low))
