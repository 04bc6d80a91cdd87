"""Build a data set from the raw arrays of a file.

Files of images do not say how their pixels are scaled or how their classes are numbered. The rules in this module
accept unambiguous values only, record the assumptions that were made, and refuse everything else.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.dataset import MAX_CLASSES, Dataset, Scaling
from handgrad.data.ranges import UNIT, find_scaling
from handgrad.data.splits import split_examples
from handgrad.errors import DataError

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]
_WHOLE = re.compile(r"(0|[1-9]\d{0,8})(\.0*)?")


def dataset_from_raw(
    name: str,
    arrays: Arrays,
    class_names: tuple[str, ...] | None = None,
    scaling: Scaling | None = None,
) -> Dataset:
    """Build a data set of images or rows from the arrays of a file.

    Parameters
    ----------
    name : str
    arrays : X_train, y_train, X_test, y_test
        Examples of shape (n, height, width), also with an axis of length 1 for the colours, or (n, d); labels of shape
        (n,), (n, 1) or, one-hot, (n, k). The last two are None without a test set; a fixed fifth of each class becomes
        the test set then.
    class_names : tuple of str, optional
        By default, the numbers of the classes, or the labels themselves if they are words or do not start at 0.
    scaling : Scaling, optional
        The scaling that has been applied to the examples; by default, derived from their values.

    Examples
    --------
    >>> X, y = np.array([[[0, 255], [51, 0]]] * 2), np.array([0, 1])
    >>> data = dataset_from_raw("toy", (X, y, X, y))
    >>> data.X_train[0].tolist(), data.image_shape, data.class_names
    ([0.0, 1.0, 0.20000000298023224, 0.0], (2, 2), ('0', '1'))
    """
    X_train, y_train = examples(arrays[0], "training"), labels(arrays[1], "training")
    if arrays[2] is None or arrays[3] is None:
        classes, (y,), notes = name_classes((y_train,), class_names)
        if len(X_train) != len(y):
            raise DataError(f"{len(X_train)} examples with {len(y)} labels", "one label for each", "pair the arrays")
        train, test, note = split_examples(y, X_train[0].size)
        X_train, y_train, X_test, y_test = X_train[train], y[train], X_train[test], y[test]
        notes = (*notes, note)
    else:
        X_test = examples(arrays[2], "test")
        classes, (y_train, y_test), notes = name_classes((y_train, labels(arrays[3], "test")), class_names)
    if X_train.shape[1:] != X_test.shape[1:]:
        raise DataError(
            f"training examples of shape {X_train.shape[1:]}, test examples of shape {X_test.shape[1:]}",
            "the same shape in both",
            "use two parts of one data set",
        )
    shape, shape_notes = image_shape(X_train) if X_train.ndim == 3 or not scaling else (None, ())
    X_train, X_test = X_train.reshape(len(X_train), -1), X_test.reshape(len(X_test), -1)
    given_test = None if arrays[2] is None else X_test
    found, range_notes = (UNIT, ()) if scaling else find_scaling(X_train, given_test, shape is not None)
    return Dataset(
        name=name,
        X_train=found.apply(X_train),
        y_train=y_train,
        X_test=found.apply(X_test),
        y_test=y_test,
        class_names=classes,
        image_shape=shape,
        scaling=scaling or found,
        notes=(*range_notes, *notes, *shape_notes),
        own_test=arrays[2] is not None,
    )


def examples(X: NDArray[Any], part: str) -> NDArray[Any]:
    """Check examples, and drop the axis of a single colour: (n, height, width, 1) and (n, 1, height, width).

    Examples
    --------
    >>> examples(np.zeros((3, 1, 8, 8)), "training").shape
    (3, 8, 8)
    """
    if X.ndim == 4 and 1 in (X.shape[1], X.shape[3]):
        X = X[..., 0] if X.shape[3] == 1 else X[:, 0]
    if X.ndim == 4 and X.dtype.kind in "biuf" and (X.shape[3] in (3, 4) or X.shape[1] in (3, 4)):
        raise DataError(
            f"{part} examples of shape {X.shape}, which are colour images",
            "grey images of shape (n, height, width)",
            f"convert them with X.mean(axis={1 if X.shape[1] in (3, 4) else 3})",
        )
    if X.ndim not in (2, 3) or X.dtype.kind not in "biuf" or 0 in X.shape:
        raise DataError(
            f"{part} examples of shape {X.shape} and dtype {X.dtype}",
            "numbers of shape (n, height, width) or (n, d), with n at least 1",
            "write the examples as one array of numbers",
        )
    if X.dtype.kind == "f" and not np.isfinite(X).all():
        raise DataError(f"{part} examples contain NaN or infinity", "finite numbers", "correct or drop those examples")
    return X


def image_shape(X: NDArray[Any]) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return the shape of an image: (height, width) of (n, height, width), and for 784 or 64 columns a noted guess."""
    if X.ndim == 3:
        return (int(X.shape[1]), int(X.shape[2])), ()
    side = {784: 28, 64: 8}.get(X.shape[1])
    return ((side, side), (f"rows of {X.shape[1]} taken as images of {side}x{side}",)) if side else (None, ())


def labels(y: NDArray[Any], part: str) -> NDArray[Any]:
    """Convert labels of any integer type, a column of labels, or one-hot rows to (n,) int64; words stay words.

    Words that are all whole numbers, such as '5' or b'5', are numbers too. Anything else is refused.

    Examples
    --------
    >>> labels(np.array([[0.0, 1.0], [1.0, 0.0]]), "training")
    array([1, 0])
    >>> labels(np.array(["7", "10"]), "training")
    array([ 7, 10])
    """
    if y.dtype.kind in "US" and y.ndim in (1, 2) and y.size == len(y) > 0:
        return _words(y.reshape(-1))
    if y.dtype.kind not in "biuf" or y.ndim not in (1, 2) or 0 in y.shape:
        raise DataError(
            f"{part} labels of shape {y.shape} and dtype {y.dtype}",
            "whole numbers or words of shape (n,)",
            "write one label for each example",
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


def _words(y: NDArray[Any]) -> NDArray[Any]:
    """Return labels that are words as texts, or as numbers if all of them are whole numbers."""
    try:
        words = [(word.decode() if isinstance(word, bytes) else str(word)).strip() for word in y.tolist()]
    except UnicodeDecodeError as error:
        raise DataError(f"labels that are not UTF-8 ({error})", "words", "write the labels as texts") from error
    if "" in words:
        raise DataError(f"example {words.index('') + 1} has an empty label", "a label for each example", "fill it in")
    if all(map(_WHOLE.fullmatch, set(words))):
        numbers = np.array([int(word.partition(".")[0]) for word in words], np.int64)
        if numbers.max() < MAX_CLASSES:
            return numbers
    return np.array(words)


def name_classes(
    parts: tuple[NDArray[Any], ...], class_names: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], ...], tuple[str, ...]]:
    """Name the classes, and number the labels of all sets from 0.

    Labels from 0 are numbers of classes, with a note on gaps. Words, and numbers that do not start at 0, name the
    classes themselves.

    Parameters
    ----------
    parts : tuple of arrays of shape (n,)
        The labels of the training set, and those of the test set if there are any.
    class_names : tuple of str or None
        Known names, in the order of labels from 0.

    Returns
    -------
    class_names : tuple of str
    parts : tuple of arrays of int64
    notes : tuple of str

    Examples
    --------
    >>> name_classes((np.array([2, 1]), np.array([2])), None)[:2]
    (('1', '2'), (array([1, 0]), array([1])))
    """
    kinds = {part.dtype.kind == "U" for part in parts}
    if len(kinds) > 1:
        raise DataError("words as labels in one set, numbers in the other", "the same in both", "write both alike")
    everything = np.concatenate(parts)
    if True not in kinds and class_names:
        return class_names, parts, ()
    if class_names is None and len(only := np.setdiff1d(everything, parts[0])):
        raise DataError(
            f"the test set has the label {only[0]}, which the training set does not have",
            "the same classes in both",
            "check the labels",
        )
    if True not in kinds and everything.min() == 0:
        k = int(everything.max()) + 1
        absent = np.setdiff1d(np.arange(k), parts[0])
        notes = (f"no training example of class {', '.join(map(str, absent[:10]))}",) if len(absent) else ()
        return tuple(map(str, range(k))), parts, notes
    distinct = np.unique(everything)
    if class_names and not set(distinct.tolist()) <= set(class_names):
        raise DataError("labels that are not among the names of the classes", "the same words", "write both alike")
    if class_names:
        distinct = np.array(class_names)
    order = np.argsort(distinct, kind="stable")
    numbered = tuple(order[np.searchsorted(distinct, part, sorter=order)].astype(np.int64) for part in parts)
    names = tuple(map(str, distinct.tolist()))
    if len(names) > MAX_CLASSES:
        raise DataError(f"{len(names):,} different labels", f"at most {MAX_CLASSES:,}", "check the labels")
    span = f"{names[0]} to {names[-1]}" if len(names) > 10 else ", ".join(names)
    return names, numbered, (f"the labels {span} name the classes",)
