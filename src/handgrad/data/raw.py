"""Build a data set from the raw arrays of a file.

Files of images do not say how their pixels are scaled or how their classes are numbered. The rules in this module
accept unambiguous values only, record the assumptions that were made, and refuse everything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.errors import DataError

PIXELS = Scaling(0, 255)
UNIT = Scaling(0, 1)
BRIGHT = 128  # images stored as 0..255 have at least one pixel as bright as this


def dataset_from_raw(
    name: str,
    arrays: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
    class_names: tuple[str, ...] | None = None,
    scaling: Scaling | None = None,
) -> Dataset:
    """Build a data set of images or rows from the four arrays of a file.

    Parameters
    ----------
    name : str
    arrays : X_train, y_train, X_test, y_test
        Examples of shape (n, height, width) or (n, d); labels of shape (n,), (n, 1) or, one-hot, (n, k).
    class_names : tuple of str, optional
        By default, the numbers of the classes.
    scaling : Scaling, optional
        The scaling that has been applied to the examples; by default, derived from their values.

    Examples
    --------
    >>> X, y = np.array([[[0, 255], [51, 0]]] * 2), np.array([0, 1])
    >>> data = dataset_from_raw("toy", (X, y, X, y))
    >>> data.X_train[0].tolist(), data.image_shape, data.class_names
    ([0.0, 1.0, 0.20000000298023224, 0.0], (2, 2), ('0', '1'))
    """
    X_train, X_test = (rows(X, part) for X, part in ((arrays[0], "training"), (arrays[2], "test")))
    y_train, y_test = (labels(y, part) for y, part in ((arrays[1], "training"), (arrays[3], "test")))
    if X_train.shape[1:] != X_test.shape[1:] or arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise DataError(
            f"training examples of shape {arrays[0].shape[1:]}, test examples of shape {arrays[2].shape[1:]}",
            "the same shape in both",
            "use two parts of one data set",
        )
    found, notes = (UNIT, ()) if scaling else pixel_scaling(X_train, X_test)
    classes, more_notes = (class_names, ()) if class_names else count_classes(y_train, y_test)
    shape, shape_notes = image_shape(arrays[0]) if arrays[0].ndim == 3 or not scaling else (None, ())
    return Dataset(
        name=name,
        X_train=found.apply(X_train),
        y_train=y_train,
        X_test=found.apply(X_test),
        y_test=y_test,
        class_names=classes,
        image_shape=shape,
        scaling=scaling or found,
        notes=(*notes, *more_notes, *shape_notes),
    )


def rows(X: NDArray[Any], part: str) -> NDArray[Any]:
    """Flatten examples (n, height, width) to (n, height * width); refuse anything but real numbers."""
    if X.ndim not in (2, 3) or X.dtype.kind not in "biuf" or 0 in X.shape:
        raise DataError(
            f"{part} examples of shape {X.shape} and dtype {X.dtype}",
            "numbers of shape (n, height, width) or (n, d), with n at least 1",
            "write the examples as one array of numbers",
        )
    if X.dtype.kind == "f" and not np.isfinite(X).all():
        raise DataError(f"{part} examples contain NaN or infinity", "finite numbers", "correct or drop those examples")
    return X.reshape(len(X), -1)


def image_shape(X: NDArray[Any]) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return the shape of an image: (height, width) of (n, height, width), and for 784 or 64 columns a noted guess."""
    if X.ndim == 3:
        return (int(X.shape[1]), int(X.shape[2])), ()
    side = {784: 28, 64: 8}.get(X.shape[1])
    return ((side, side), (f"rows of {X.shape[1]} taken as images of {side}x{side}",)) if side else (None, ())


def pixel_scaling(X_train: NDArray[Any], X_test: NDArray[Any]) -> tuple[Scaling, tuple[str, ...]]:
    """Distinguish 0..255 from 0..1 by the largest value of each set; refuse anything else.

    Examples
    --------
    >>> pixel_scaling(np.array([[0, 254]]), np.array([[7, 255]]))
    (Scaling(minimum=0.0, maximum=255.0), ('values taken as pixels 0..255: the largest is 255',))
    """
    scales = []
    for part, X in (("training", X_train), ("test", X_test)):
        low, high = X.min(), X.max()
        if low < 0 or not (high <= 1 or BRIGHT <= high <= 255):
            raise DataError(
                f"{part} values from {low:g} to {high:g}",
                f"values in 0..1, or pixels in 0..255 with some as bright as {BRIGHT}",
                "scale the examples to 0..1 before writing the file",
            )
        scales.append(UNIT if high <= 1 else PIXELS)
    largest = max(X_train.max(), X_test.max())
    if scales[0] != scales[1]:
        raise DataError(
            f"values up to {X_train.max():g} in the training set, up to {X_test.max():g} in the test set",
            "both in 0..1, or both in 0..255",
            "scale both in the same way",
        )
    kind = "pixels 0..255" if scales[0] == PIXELS else "already scaled to 0..1"
    return scales[0], (f"values taken as {kind}: the largest is {largest:g}",)


def labels(y: NDArray[Any], part: str) -> NDArray[np.int64]:
    """Convert labels of any integer type, a column of labels, or one-hot rows to (n,) int64; refuse anything else.

    Examples
    --------
    >>> labels(np.array([[0.0, 1.0], [1.0, 0.0]]), "training")
    array([1, 0])
    """
    if y.dtype.kind not in "biuf" or y.ndim not in (1, 2) or 0 in y.shape:
        raise DataError(
            f"{part} labels of shape {y.shape} and dtype {y.dtype}", "whole numbers of shape (n,)", "number the classes"
        )
    if y.ndim == 2 and y.shape[1] > 1:
        if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
            raise DataError(
                f"{part} labels of shape {y.shape} that are not one-hot",
                "whole numbers of shape (n,), or rows with a single 1 among zeros",
                "replace each row by the number of its class",
            )
        y = y.argmax(axis=1)
    y = y.reshape(-1)
    if not np.isfinite(y).all() or (y != np.floor(y)).any() or y.min() < 0 or y.max() >= MAX_CLASSES:
        raise DataError(
            f"{part} labels from {y.min()} to {y.max()}",
            f"whole numbers from 0, below {MAX_CLASSES}",
            "number the classes from 0",
        )
    return np.asarray(y, np.int64)


def count_classes(y_train: NDArray[np.int64], y_test: NDArray[np.int64]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the classes 0 to the largest label; refuse labels that start at 1, which would silently add a class.

    Returns
    -------
    class_names, notes : tuples of str
    """
    if y_train.min() > 0:
        raise DataError(
            f"training labels from {y_train.min()} to {y_train.max()}, none of them 0",
            "labels from 0 to k - 1",
            "subtract the smallest label from all labels, or add examples of class 0",
        )
    k = int(max(y_train.max(), y_test.max())) + 1
    absent = np.setdiff1d(np.arange(k), y_train)
    notes = (f"no training example of class {', '.join(map(str, absent[:10]))}",) if len(absent) else ()
    return tuple(map(str, range(k))), notes
