"""The range of values: which scaling the examples of a file need, and whether new rows are in the range of a model's.

Nothing is scaled twice: values in 0..1 are kept, pixels in 0..255 are divided by 255, and any other range is scaled by
what the training set covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.dataset import Scaling
from handgrad.errors import DataError

PIXELS = Scaling(0, 255)
UNIT = Scaling(0, 1)
SCALES = "the inputs are on very different scales"  # begins a warning
NARROW = 0.01  # of the range 0..1: where all but the outermost 2% of a column's values lie
DISTINCT = 10  # values by which a column is one of measurements, and not of rare events
BRIGHT = 128  # images stored as 0..255 have at least one pixel as bright as this
_FAINT = 1 / 8  # of the range: rows of images that are all darker are in another range
_NAMED = 5  # columns in a note
_FITTED = "in the training set are scaled to 0..1"


def find_scaling(
    X_train: NDArray[Any], X_test: NDArray[Any] | None, images: bool = True
) -> tuple[Scaling, tuple[str, ...]]:
    """Tell by the largest and smallest values how examples are to be scaled to 0..1.

    Parameters
    ----------
    X_train : array of shape (n, d)
    X_test : array of shape (n, d) or None
        None if it is a share of the same examples.
    images : bool
        Images in another range than 0..1 and 0..255 have one range for all pixels, other examples one for each column.

    Returns
    -------
    scaling : Scaling
    notes : tuple of str
        The assumption that was made.

    Raises
    ------
    DataError
        If the two sets are in different ranges.

    Examples
    --------
    >>> find_scaling(np.array([[0, 254]]), np.array([[7, 255]]))
    (Scaling(minimum=0.0, maximum=255.0), ('values taken as pixels 0..255: the largest is 255',))
    >>> find_scaling(np.array([[-1.0, 1.0]]), np.array([[-1.0, 0.5]]))[0]
    Scaling(minimum=-1.0, maximum=1.0)
    """
    low, high = test_low, test_high = float(X_train.min()), float(X_train.max())
    if X_test is not None:
        test_low, test_high = float(X_test.min()), float(X_test.max())
    span = (high - low) or 1.0
    if low >= 0 and high <= 1:
        scaling, kind, span = UNIT, "already scaled to 0..1", 1.0
    elif low >= 0 and BRIGHT <= high <= 255 and (images or _whole(X_train)):
        scaling, kind, span = PIXELS, "pixels 0..255", 255.0
    elif images:
        scaling, kind = Scaling(low, high), ""
    else:
        scaling, kind = Scaling.fit(X_train), ""
    widest = max(test_high - test_low, abs(test_low - low), abs(test_high - high))
    if widest > 10 * span or (images and 0 < test_high - test_low < span / 20):
        raise DataError(
            f"values up to {high:g} in the training set, up to {test_high:g} in the test set",
            "both in the same range, such as 0..1 or 0..255",
            "scale both in the same way",
        )
    if kind:
        return scaling, (f"values taken as {kind}: the largest is {max(high, test_high):g}",)
    how = "" if images else ", column by column"
    return scaling, (f"values from {low:g} to {high:g} {_FITTED}{how}",)


def without_fitted(notes: Iterable[str]) -> tuple[str, ...]:
    """Leave out of the notes of a data set that its scaling was fitted, where that of another takes its place."""
    return tuple(note for note in notes if _FITTED not in note)


def recognise(
    X: NDArray[Any], scaling: Scaling, images: bool, where: str, titles: Sequence[str] = ()
) -> tuple[Scaling, tuple[str, ...]]:
    """Find the scaling for new rows, which may be in another range than those that a model was trained on.

    Parameters
    ----------
    X : array of shape (n, d)
    scaling : Scaling
        The model's own.
    images : bool
        Whether the rows are images. These are recognised in 0..1 and in 0..255, whatever the model was trained on.
    where : str
        The file, for messages.
    titles : sequence of d str, optional
        What the columns of a table are called.

    Returns
    -------
    scaling : Scaling
    notes : tuple of str

    Raises
    ------
    DataError
        If the rows are neither in the range of the model's nor in one that can be recognised.

    Examples
    --------
    >>> recognise(np.array([[0.0, 0.5, 1.0]]), PIXELS, True, "rows.npy")[0]
    Scaling(minimum=0.0, maximum=1.0)
    """
    if isinstance(scaling.minimum, tuple) or isinstance(scaling.maximum, tuple):
        return _column_by_column(X, scaling, where), _in_other_units(X, scaling, titles)
    lowest, highest, low, high = float(X.min()), float(X.max()), scaling.minimum, scaling.maximum
    span = high - low
    more = span / 20 if images else span
    fits = lowest >= low - more and highest <= high + more
    if not images:
        if fits:
            return scaling, ()
    elif scaling != UNIT and lowest >= 0 and _FAINT < highest <= 1 and (low < 0 or high > 2):
        return UNIT, ("values up to 1 taken as already scaled",)
    elif fits and (highest == lowest or highest - low > span * _FAINT):
        return scaling, ()
    elif lowest >= 0 and BRIGHT <= highest <= 255:
        return PIXELS, (f"values up to {highest:g} taken as pixels 0..255",)
    others = [text for other, text in ((UNIT, "0..1"), (PIXELS, "0..255")) if images and other != scaling]
    raise DataError(
        f"{where}: values from {lowest:g} to {highest:g}",
        f"{low:g}..{high:g}, as in the data that the model was trained on" + "".join(f", or {one}" for one in others),
        "scale the rows as the training data were scaled",
    )


def _column_by_column(X: NDArray[Any], scaling: Scaling, where: str) -> Scaling:
    """Refuse rows that lie for the most part far outside the ranges of a table's columns."""
    scaled = scaling.apply(X)
    varied = np.asarray(scaling.maximum) > np.asarray(scaling.minimum)
    far = (np.abs(scaled[:, varied] - 0.5) > 10).any(axis=0)
    if far.sum() > varied.sum() / 2:
        column = int(np.flatnonzero(varied)[np.argmax(far)])
        bounds = [float(np.asarray(bound)[column]) for bound in (scaling.minimum, scaling.maximum)]
        raise DataError(
            f"{where}: values from {X[:, column].min():g} to {X[:, column].max():g} in feature {column + 1}, "
            "and most features as far off",
            f"about {bounds[0]:g} to {bounds[1]:g}, as in the data that the model was trained on",
            "give the rows unscaled, in the units of the training data",
        )
    return scaling


def _in_other_units(X: NDArray[Any], scaling: Scaling, titles: Sequence[str]) -> tuple[str, ...]:
    """Note the columns of which half of the values or more lie outside the training set's range, and by half of it."""
    scaled = scaling.apply(X)
    outside = np.flatnonzero((np.abs(scaled - 0.5) > 1).mean(axis=0) >= 0.5).tolist()
    bounds = np.asarray(scaling.minimum), np.asarray(scaling.maximum)
    said = [
        f"{titles[i] if titles else f'feature {i + 1}'} ({_span(X[:, i].min(), X[:, i].max())}; "
        f"in the training set {_span(bounds[0][i], bounds[1][i])})"
        for i in outside
    ]
    more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return (f"far from the values of the training set: {', '.join(said[:_NAMED])}{more}",) if said else ()


def _span(low: float, high: float) -> str:
    """Write a range."""
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _whole(X: NDArray[Any]) -> bool:
    """Say whether all values are whole numbers."""
    return X.dtype.kind in "biu" or not (X % 1).any()
