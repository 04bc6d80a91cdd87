"""A data set: training, test and validation sets, the names of the classes, and the scaling that was applied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handgrad.data.features import Columns
from handgrad.errors import DataError, ShapeError

Bound = float | tuple[float, ...]

MAX_CLASSES = 10_000
_CHUNK = 2**17  # numbers scaled at a time: the float64 intermediate stays in the cache


@dataclass(frozen=True)
class Scaling:
    """The preprocessing of raw rows: (x - minimum) / (maximum - minimum).

    Pixels have one pair of bounds, (0, 255); a table has one pair for each column, fitted on the training set only. A
    value in the test set outside the range of the training set is not clipped: it is scaled to a value outside 0..1. A
    column whose two bounds are equal carries no information, and becomes 0 everywhere.

    Parameters
    ----------
    minimum, maximum : float or sequence of d floats

    Raises
    ------
    DataError
        If the bounds are not finite, not in order, or differ in length.

    Examples
    --------
    >>> Scaling(0, 255).apply([[0, 51, 255]])
    array([[0. , 0.2, 1. ]], dtype=float32)
    """

    minimum: Bound
    maximum: Bound

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum"):
            object.__setattr__(self, name, _bound(name, getattr(self, name)))
        low, high = np.asarray(self.minimum), np.asarray(self.maximum)
        if low.shape != high.shape:
            raise DataError(
                f"a scaling of {low.size} and {high.size} bounds", "as many minima as maxima", "fit it again"
            )
        if not (low <= high).all():
            raise DataError("a scaling whose minimum is above its maximum", "minimum <= maximum", "fit it again")
        with np.errstate(over="ignore"):
            if not np.isfinite(high - low).all():
                raise DataError(
                    f"numbers from {low.min():g} to {high.max():g}",
                    "numbers that differ by at most 1.8e308",
                    "divide them by a large number",
                )

    @classmethod
    def fit(cls, X: NDArray[Any]) -> Scaling:
        """Fit the bounds of each column of X (n, d).

        Examples
        --------
        >>> Scaling.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
        Scaling(minimum=(1.0, 5.0), maximum=(3.0, 5.0))
        """
        return cls(tuple(X.min(axis=0).tolist()), tuple(X.max(axis=0).tolist()))

    def apply(self, X: ArrayLike) -> NDArray[np.float32]:
        """Scale raw rows X (n, d), computing in float64 and rounding once to float32.

        Raises
        ------
        ShapeError
            If X is not two-dimensional, or does not have one column for each bound.
        """
        raw = np.asarray(X)
        if raw.ndim != 2 or (isinstance(self.minimum, tuple) and raw.shape[1] != len(self.minimum)):
            columns = len(self.minimum) if isinstance(self.minimum, tuple) else "d"
            raise ShapeError(f"rows of shape {raw.shape}", f"shape (n, {columns})", "use one row for each example")
        low, high = np.asarray(self.minimum), np.asarray(self.maximum)
        factor = np.where(high > low, high - low, np.inf)  # a constant column is divided by infinity, which gives 0
        scaled = np.empty(raw.shape, np.float32)
        with np.errstate(over="ignore"):  # a value beyond float32 becomes infinite, and Dataset refuses it
            step = max(1, _CHUNK // max(1, raw.shape[1]))
            for start in range(0, len(raw), step):
                rows = slice(start, start + step)
                scaled[rows] = (raw[rows].astype(np.float64) - low) / factor
        return scaled

    def to_dict(self) -> dict[str, Bound]:
        """Return the bounds as JSON can represent them.

        Examples
        --------
        >>> Scaling(0, 16).to_dict()
        {'minimum': 0.0, 'maximum': 16.0}
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scaling:
        """Read the result of :meth:`to_dict`, and refuse anything else.

        Examples
        --------
        >>> Scaling.from_dict({"minimum": [0, 1], "maximum": [2, 3]})
        Scaling(minimum=(0.0, 1.0), maximum=(2.0, 3.0))
        """
        if not isinstance(content, Mapping) or set(content) != {"minimum", "maximum"}:
            raise DataError(
                "a scaling without its bounds", "a minimum and a maximum, and nothing else", "write it again"
            )
        return cls(content["minimum"], content["maximum"])


def _bound(name: str, value: Any) -> Bound:
    """Convert a number or a sequence of numbers to a float or a tuple of floats; refuse anything else."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    numbers = value if isinstance(value, list | tuple) else [value]
    if not numbers or not all(map(_is_finite_number, numbers)):
        raise DataError(f"a scaling whose {name} is not finite", "a number, or one for each column", "fit it again")
    return float(numbers[0]) if numbers is not value else tuple(map(float, numbers))


def _is_finite_number(value: Any) -> bool:
    """Check that a value is a real number that a float can represent, and not a bool."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -float(np.finfo(np.float64).max) <= value <= float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training set and a test set, and a validation set if one was asked for.

    The arrays are read-only views, so that no training run can change them for another. Values are in 0..1, except for
    values in the test set of a table that are outside the range of its training set (see :class:`Scaling`).

    Parameters
    ----------
    name : str
    X_train : array of shape (n, d)
        Scaled examples: real numbers of any type, stored as float32.
    y_train : array of shape (n,)
        Labels 0 to k - 1: integers of any type, stored as int64.
    X_test, y_test : arrays of shapes (m, d) and (m,)
    class_names : tuple of k str
    image_shape : (height, width) or None
        If examples are images; height times width is d.
    scaling : Scaling
        The scaling that was applied to the raw rows, and is to be applied to new ones.
    notes : tuple of str, optional
        The assumptions made when the data were read.
    columns : Columns, optional
        How the columns of a table became these numbers.
    X_validation, y_validation : arrays of shapes (v, d) and (v,), optional
    own_test : bool, default True
        Whether the test set is one of its own, and not a part of the only set that there was.

    Raises
    ------
    DataError
        If the arrays do not match, are empty, or contain numbers that are not finite.

    Examples
    --------
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    >>> data = Dataset("toy", X, y, X, y, ("left", "right"), None, Scaling(0, 1))
    >>> data.n_features, data.n_classes, data.X_train.dtype
    (2, 2, dtype('float32'))
    """

    name: str
    X_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None
    scaling: Scaling
    notes: tuple[str, ...] = ()
    columns: Columns | None = None
    X_validation: NDArray[np.float32] | None = None
    y_validation: NDArray[np.int64] | None = None
    own_test: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "name", self.name.encode("utf-8", "backslashreplace").decode()
        )  # of a file of any name
        object.__setattr__(self, "class_names", tuple(self.class_names))
        for part in ("train", "test", "validation") if self.X_validation is not None else ("train", "test"):
            object.__setattr__(self, f"X_{part}", _frozen_examples(getattr(self, f"X_{part}"), f"X_{part}"))
            object.__setattr__(self, f"y_{part}", _frozen_labels(getattr(self, f"y_{part}"), f"y_{part}"))
            _check_pair(part, getattr(self, f"X_{part}"), getattr(self, f"y_{part}"), self.class_names)
            if (width := getattr(self, f"X_{part}").shape[1]) != self.n_features:
                raise DataError(
                    f"{self.n_features} features in the training set, {width} in the {part} set",
                    "the same number in both",
                    "use two parts of one data set",
                )
        different = len(set(self.class_names))
        if not 2 <= self.n_classes <= MAX_CLASSES or different != self.n_classes:
            found = f"{self.n_classes} class names, {different} of them different"
            if self.n_classes == 1:
                found = f"a single class, {self.class_names[0]!r}"
            raise DataError(found, f"2 to {MAX_CLASSES} different classes", "check the labels")
        self._check_columns()

    def _check_columns(self) -> None:
        """Refuse an image shape or a scaling that does not match the number of features."""
        if self.image_shape is not None:
            object.__setattr__(self, "image_shape", tuple(map(int, self.image_shape)))
            if len(self.image_shape) != 2 or math.prod(self.image_shape) != self.n_features:
                raise DataError(
                    f"images of shape {self.image_shape} with {self.n_features} features",
                    "height times width equal to that number",
                    "pass the true shape of the images, or None",
                )
        if isinstance(self.scaling.minimum, tuple) and len(self.scaling.minimum) != self.n_features:
            raise DataError(
                f"a scaling of {len(self.scaling.minimum)} columns with {self.n_features} features",
                "bounds for each column",
                "fit the scaling on these examples",
            )

    @property
    def n_features(self) -> int:
        """The number of features d."""
        return int(self.X_train.shape[1])

    @property
    def n_classes(self) -> int:
        """The number of classes k."""
        return len(self.class_names)

    def with_notes(self, *notes: str) -> Dataset:
        """Return the same data with additional notes."""
        return replace(self, notes=(*self.notes, *notes))


def _frozen_examples(X: Any, name: str) -> NDArray[np.float32]:
    """Return X as a read-only, contiguous float32 view or copy; refuse anything else."""
    X = np.asarray(X)
    if X.ndim != 2 or X.dtype.kind not in "fiub" or 0 in X.shape:
        raise DataError(
            f"{name} has shape {X.shape} and dtype {X.dtype}",
            "real numbers of shape (n, d), with n and d at least 1",
            "flatten each example into a row",
        )
    with np.errstate(over="ignore"):
        view: NDArray[np.float32] = np.ascontiguousarray(X, np.float32).view()
    if not (np.isfinite(view.min()) and np.isfinite(view.max())):
        row, column = (int(index) for index in np.argwhere(~np.isfinite(view))[0])
        raise DataError(
            f"{name} contains {view[row, column]} in row {row}, column {column}",
            "finite numbers",
            "correct or drop that example",
        )
    view.flags.writeable = False
    return view


def _frozen_labels(y: Any, name: str) -> NDArray[np.int64]:
    """Return y as a read-only int64 view or copy; refuse anything but integers."""
    y = np.asarray(y)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DataError(
            f"{name} has shape {y.shape} and dtype {y.dtype}", "integers of shape (n,)", "number the classes"
        )
    view: NDArray[np.int64] = np.ascontiguousarray(y, np.int64).view()
    view.flags.writeable = False
    return view


def _check_pair(part: str, X: NDArray[np.float32], y: NDArray[np.int64], class_names: tuple[str, ...]) -> None:
    """Refuse examples and labels that do not belong together."""
    if len(X) != len(y):
        raise DataError(
            f"{len(X)} {part} examples with {len(y)} labels",
            "one label for each",
            "pair the files that belong together",
        )
    if y.min() < 0 or y.max() >= len(class_names):
        raise DataError(
            f"{part} labels from {y.min()} to {y.max()} with {len(class_names)} classes",
            f"labels from 0 to {len(class_names) - 1}",
            "number the classes from 0",
        )
