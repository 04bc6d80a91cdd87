"""Write a data set to files, and describe it in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.arrays.idx import CLASS_NAMES, FILES, write_idx
from handgrad.data.arrays.npy import write_npz
from handgrad.data.arrays.parts import ARRAYS
from handgrad.data.dataset import Dataset
from handgrad.data.ranges import BRIGHT, PIXELS
from handgrad.errors import DataError


def convert(dataset: Dataset, out_path: str | os.PathLike[str]) -> Path:
    """Write a data set as an ``.npz`` file, or as a folder of four gzipped IDX files.

    Pixels are written as bytes 0..255, as other programs expect. Other values are written scaled, as float32; an
    ``.npz`` file then also contains the scaling, under ``minimum`` and ``maximum``, which IDX cannot store. Both keep
    the names of the classes. Loading the file gives exactly the same numbers.

    Parameters
    ----------
    dataset : Dataset
    out_path : path
        Ending in .npz, or without an extension for a folder. It must not exist yet.

    Returns
    -------
    pathlib.Path
        The file or folder that was written.

    Raises
    ------
    DataError
        If the path exists, or the format cannot represent the data.

    Examples
    --------
    >>> import tempfile
    >>> from handgrad.data import load_data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = convert(load_data("digits"), Path(folder) / "digits.npz")
    ...     load_data(path).scaling
    Scaling(minimum=0.0, maximum=16.0)
    """
    path = Path(out_path)
    if path.suffix not in ("", ".npz"):
        raise DataError(
            f"{path} ends in {path.suffix}", "a name that ends in .npz, or one without an extension", "rename it"
        )
    files.refuse_existing(path)
    if path.suffix == ".npz":
        write_npz(path, _npz_arrays(dataset))
    else:
        _write_idx_folder(dataset, path)
    return path


def _npz_arrays(dataset: Dataset) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz file by name."""
    pixels = _pixels(dataset)
    X_train, X_test = pixels or (dataset.X_train, dataset.X_test)
    parts = (_shaped(X_train, dataset), dataset.y_train, _shaped(X_test, dataset), dataset.y_test)
    arrays: dict[str, NDArray[Any]] = dict(zip(ARRAYS, parts, strict=True))
    arrays["class_names"] = np.array(dataset.class_names)
    if not pixels:
        arrays["minimum"] = np.asarray(dataset.scaling.minimum)
        arrays["maximum"] = np.asarray(dataset.scaling.maximum)
    return arrays


def _write_idx_folder(dataset: Dataset, path: Path) -> None:
    """Write the four files, and the names of the classes unless they are their numbers."""
    in_range = all(X.min() >= 0 and X.max() <= 1 for X in (dataset.X_train, dataset.X_test))
    if dataset.image_shape is None or not in_range:
        raise DataError(
            f"{dataset.name} does not consist of images with values in 0..1",
            "images, for a folder of IDX files",
            "write .npz instead",
        )
    if any("\n" in name for name in dataset.class_names):
        raise DataError(
            f"{dataset.name} has class names of more than one line", "one line for each name", "write .npz instead"
        )
    X_train, X_test = _pixels(dataset) or (dataset.X_train, dataset.X_test)
    kind = np.uint8 if dataset.n_classes <= 256 else np.int32
    parts = (X_train, dataset.y_train.astype(kind), X_test, dataset.y_test.astype(kind))
    with files.written_folder(path) as folder:
        for name, content in zip(FILES, parts, strict=True):
            write_idx(folder / f"{name}.gz", _shaped(content, dataset) if content.ndim == 2 else content)
        if dataset.class_names != tuple(map(str, range(dataset.n_classes))):
            with files.written(folder / CLASS_NAMES) as file:
                file.write("".join(f"{name}\n" for name in dataset.class_names).encode())


def _pixels(dataset: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Return both sets as bytes 0..255, if that is lossless and a reader will recognise them as pixels."""
    if dataset.scaling != PIXELS:
        return None
    parts = []
    for X in (dataset.X_train, dataset.X_test):
        if X.min() < 0 or X.max() > 1:
            return None
        raw = np.rint(X * np.float32(255)).astype(np.uint8)
        if raw.max() < BRIGHT or not np.array_equal(PIXELS.apply(raw), X):
            return None
        parts.append(raw)
    return parts[0], parts[1]


def _shaped(X: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Reshape examples that are images to their height and width."""
    return X if dataset.image_shape is None else X.reshape(-1, *dataset.image_shape)


def describe(dataset: Dataset) -> list[tuple[str, str]]:
    """Describe a data set as rows of a label and a value, for a table on the screen.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    list of (str, str)

    Examples
    --------
    >>> from handgrad.data import load_data
    >>> for label, value in describe(load_data("digits"))[:5]:
    ...     print(f"{label:18} {value}")
    name               digits
    training examples  1,438
    test examples      359
    features           64, as images of 8x8
    scaling            (x - 0) / 16
    """
    d, low, high = dataset.n_features, dataset.scaling.minimum, dataset.scaling.maximum
    same = "always zero"
    if isinstance(low, tuple) or isinstance(high, tuple):
        same = "constant"  # which is scaled to zero, whatever it was
        scaling = "each column by its range in the training set"
    else:
        scaling = f"(x {'+' if low < 0 else '-'} {abs(low):g}) / {high - low:g}"
    zeros = d - int(dataset.X_train.any(axis=0).sum())
    shape = f", as images of {dataset.image_shape[0]}x{dataset.image_shape[1]}" if dataset.image_shape else ""
    table = [
        ("name", dataset.name),
        ("training examples", f"{len(dataset.X_train):,}"),
        ("test examples", f"{len(dataset.X_test):,}"),
        ("features", f"{d:,}{shape}"),
        ("scaling", scaling),
        ("training values", f"{dataset.X_train.min():g} to {dataset.X_train.max():g}"),
        ("test values", f"{dataset.X_test.min():g} to {dataset.X_test.max():g}"),
        ("non-zero", f"{np.count_nonzero(dataset.X_train) / dataset.X_train.size:.1%} of the training values"),
        (same, f"{zeros:,} of {d:,} column{'s' * (d > 1)} in the training set"),
        ("classes", f"{dataset.n_classes:,}"),
    ]
    counts = [np.bincount(y, minlength=dataset.n_classes) for y in (dataset.y_train, dataset.y_test)]
    table += [
        (f"class {name}", f"{train:,} training, {test:,} test")
        for name, train, test in zip(dataset.class_names, *counts, strict=True)
    ]
    return table + [("note", note) for note in dataset.notes]
