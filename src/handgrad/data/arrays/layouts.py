"""IDX files in any layout: folders below each other, other names, and EMNIST, whose images are transposed.

What a file is, its header tells: three dimensions are images, one is labels. Which ones belong together, and which are
the training set, the names tell, or the numbers of examples.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.arrays.idx import CLASS_NAMES, FILES, idx_shape, read_class_names, read_idx
from handgrad.data.arrays.raw import Arrays, dataset_from_raw
from handgrad.data.dataset import Dataset
from handgrad.errors import DataError, ShapeError

_PARTS = re.compile("train|t10k|test", re.IGNORECASE)
_UPPER = string.digits + string.ascii_uppercase
_EMNIST = {  # the classes of each of its sets, in the order of their labels; those of letters start at 1
    "letters": string.ascii_uppercase,
    "digits": string.digits,
    "mnist": string.digits,
    "balanced": _UPPER + "abdefghnqrt",
    "bymerge": _UPPER + "abdefghnqrt",
    "byclass": _UPPER + string.ascii_lowercase,
}


@dataclass(frozen=True)
class IdxFile:
    """A file of images or labels.

    Attributes
    ----------
    path : Path
    shape : tuple of int
    """

    path: Path
    shape: tuple[int, ...]

    @property
    def part(self) -> str:
        """The set as the name tells it: train, test, or nothing."""
        found = _PARTS.search(self.path.name)
        return "" if found is None else "train" if found[0].lower() == "train" else "test"

    @property
    def is_labels(self) -> bool:
        """Whether these are labels; QMNIST has eight numbers for each example, of which the first is the label."""
        return len(self.shape) == 1 or (self.shape[1:] == (8,) and "label" in self.path.name.lower())

    @property
    def set_name(self) -> tuple[Path, str]:
        """What the files of one data set have in common: their folder, and what their names begin with."""
        folder = self.path.parent
        if re.search("images|labels", folder.name, re.IGNORECASE):  # each file unpacked into a folder of its own
            folder = folder.parent
        found = _PARTS.search(self.path.name)
        return folder, "" if found is None else self.path.name[: found.start()].strip("-_. ")


def find_sets(paths: Iterable[Path]) -> dict[tuple[Path, str], list[IdxFile]]:
    """Find the IDX files among some paths, grouped by the data set that they belong to; no file counts twice."""
    groups: dict[tuple[Path, str], list[IdxFile]] = {}
    seen = set()
    for path in sorted(paths, key=lambda path: (path.suffix == ".gz", str(path))):
        shape = idx_shape(path)
        if shape is None or 0 in shape:
            continue
        file = IdxFile(path, shape)
        key = (file.set_name, re.sub("[-.]", "", path.name.removesuffix(".gz")))
        if key not in seen:  # unpacked, and as it was downloaded
            seen.add(key)
            groups.setdefault(file.set_name, []).append(file)
    return groups


def read_set(group: list[IdxFile], name: str) -> Dataset:
    """Read the files of one data set.

    Parameters
    ----------
    group : list of IdxFile
    name : str
        The name of the data set, unless the files have one in common.

    Raises
    ------
    DataError
        If the files do not go together.
    """
    folder, own_name = group[0].set_name
    pairs = _pairs(group, folder)
    arrays = [read_idx(file.path) for pair in pairs for file in pair]
    arrays[1::2] = [y if y.ndim == 1 else y[:, 0] for y in arrays[1::2]]
    joined: Arrays = (arrays[0], arrays[1], *(arrays[2:] or (None, None)))
    names, notes = emnist_set(own_name), []
    if names is not None:
        joined, names, note = turn_upright(joined, names)
        notes.append(note)
    return dataset_from_raw(own_name or name, joined, names or read_class_names(folder / CLASS_NAMES)).with_notes(
        *notes
    )


def read_images(path: Path, width: int) -> NDArray[np.float64]:
    """Read the images of one IDX file as unscaled rows, EMNIST's upright.

    Raises
    ------
    ShapeError
        If an image has another number of pixels than ``width``.
    """
    X = read_idx(path)
    if emnist_set(IdxFile(path, X.shape).set_name[1]) is not None:
        X = _upright(X)
    if X.size != width * len(X):
        raise ShapeError(
            f"{path}: an array of shape {X.shape}", f"examples of {width} values", "use images as in the training set"
        )
    return X.reshape(len(X), width).astype(np.float64)


def emnist_set(name: str) -> tuple[str, ...] | None:
    """Return the classes of a set of EMNIST by its name, empty if the name is not known, and None for other sets.

    Examples
    --------
    >>> emnist_set("emnist-letters")[:3], emnist_set("mnist")
    (('A', 'B', 'C'), None)
    """
    found = re.fullmatch("emnist[-_ ]?(.*)", name, re.IGNORECASE)
    return None if found is None else tuple(_EMNIST.get(found[1].lower(), ""))


def turn_upright(arrays: Arrays, names: tuple[str, ...]) -> tuple[Arrays, tuple[str, ...], str]:
    """Exchange the rows and columns of EMNIST's images, and number its letters from 0.

    Returns
    -------
    X_train, y_train, X_test, y_test : arrays
    class_names : tuple of str
    note : str
    """
    X_train, y_train, X_test, y_test = arrays
    low, high = (int(bound(y_train)) for bound in (np.min, np.max))
    first = 1 if names and (low, high) == (1, len(names)) else 0
    turned = tuple(
        None if array is None else _upright(array) if place % 2 == 0 else array - first
        for place, array in enumerate((X_train, y_train, X_test, y_test))
    )
    note = "EMNIST's images, which are transposed in its files, are turned upright"
    return turned, names, note  # type: ignore[return-value]


def _upright(X: NDArray[Any]) -> NDArray[Any]:
    """Exchange the rows and the columns of each image."""
    if X.ndim == 2 and X.shape[1] == 784:
        X = X.reshape(-1, 28, 28)
    return np.ascontiguousarray(X.transpose(0, 2, 1)) if X.ndim == 3 else X


def _pairs(group: list[IdxFile], folder: Path) -> list[tuple[IdxFile, IdxFile]]:
    """Pair images with labels; the training set comes first."""
    images, labels = ([file for file in group if file.is_labels == such] for such in (False, True))
    pairs = []
    for one in images:
        fitting = [file for file in labels if file.shape[0] == one.shape[0] and file.part == one.part]
        if len(fitting) != 1:
            raise _incomplete(group, folder, f"{one.path.name} has {one.shape[0]:,} images, and ")
        pairs.append((one, fitting[0]))
    pairs.sort(key=lambda pair: ({"train": 0, "": 1, "test": 2}[pair[0].part], -pair[0].shape[0]))
    used = {file.path for pair in pairs for file in pair}
    if len(used) < len(group) or not 1 <= len(pairs) <= 2 or pairs[0][0].part == "test":
        raise _incomplete(group, folder, "")
    if len(pairs) == 2 and pairs[0][0].part == "" and pairs[0][0].shape[0] == pairs[1][0].shape[0]:
        raise _incomplete(group, folder, "nothing distinguishes the training set from the test set; ")
    return pairs


def _incomplete(group: list[IdxFile], folder: Path, what: str) -> DataError:
    """Describe files that do not make a data set."""
    there = ", ".join(f"{file.path.name} ({'x'.join(map(str, file.shape))})" for file in group[:8])
    return DataError(
        f"{folder}: {what}the IDX files there are {there}",
        f"the four files {', '.join(FILES)}, plain or .gz",
        "add what is missing, or rename the files so",
    )
