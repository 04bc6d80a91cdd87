"""Many pictures as one array of images: those of a folder with a subfolder for each class, and those in a table.

Pictures of one small size are taken as they are. Others become 28x28 as for :func:`handgrad.data.read_image`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.images import are_digits, is_example, is_light_on_dark, prepare, read_grey
from handgrad.data.parts import join
from handgrad.data.raw import Arrays
from handgrad.errors import DataError

_LARGEST = 64  # pixels; no set of larger pictures is meant for a fully connected network as it is
_SHAPE = (28, 28)
_PARTS = {"x_train": "train(ing)?", "x_val": "val(id(ation)?)?|dev", "x_test": "test(ing)?"}
_UNLABELLED = r"(test(ing)?|val(id(ation)?)?|dev|pred(ict(ions?)?)?|unlabell?ed|unsup(ervised)?)[-_ ]?\d*"


def read_pictures(
    sources: Sequence[Path | tuple[bytes, Path]], digits: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...]]:
    """Decode pictures into grey images of one shape, light on dark.

    Parameters
    ----------
    sources : sequence of Path or (bytes, Path)
        Files, or what files would contain and a path for messages.
    digits : bool
        Whether the pictures show digits, of which other ink is removed.

    Returns
    -------
    X : array of shape (n, height, width)
    readable : array of bool
        For each source. A few pictures that cannot be read are left out, with a note.
    notes : tuple of str

    Raises
    ------
    DataError
        If more than one in ten cannot be read.
    """
    decoded: dict[int, NDArray[np.float32]] = {}
    errors: dict[int, DataError] = {}
    coloured = False
    large = set()  # prepared at once, before many of them fill the memory
    for number, source in enumerate(sources):
        try:
            grey, has_colours = _decoded(source)
            coloured |= has_colours
            if max(grey.shape) > _LARGEST:
                large.add(number)
                grey = prepare(grey, _SHAPE, _where(source), digits=digits)
            decoded[number] = grey
        except DataError as error:
            _leave_out(number, error, errors, len(sources))
    as_they_are = not large and len({one.shape for one in decoded.values()}) == 1
    for number in [] if as_they_are else [one for one in decoded if one not in large]:
        try:
            decoded[number] = prepare(decoded[number], _SHAPE, _where(sources[number]), digits=digits)
        except DataError as error:
            del decoded[number]
            _leave_out(number, error, errors, len(sources))
    found = [np.rint(one * 255).astype(np.uint8) for one in decoded.values()]
    X, notes = np.stack(found), []
    if errors:
        first = errors[min(errors)]
        notes.append(f"{len(errors):,} of {len(sources):,} pictures are left out; the first: {first}")
    if coloured:
        notes.append("colour pictures become grey")
    if not as_they_are:
        notes.append("pictures of other sizes become 28x28, as for predict")
    elif 2 * sum(map(is_light_on_dark, found)) < len(found):
        X = 255 - X
        notes.append("the pictures are dark on light, and are inverted")
    return X, np.isin(np.arange(len(sources)), list(decoded)), tuple(notes)


def _leave_out(number: int, error: DataError, errors: dict[int, DataError], count: int) -> None:
    """Write down the error of a picture; refuse all at once, and not after hours, if more than one in ten have one."""
    errors[number] = error
    if 10 * len(errors) > count:
        raise errors[min(errors)]


def _decoded(source: Path | tuple[bytes, Path]) -> tuple[NDArray[np.float32], bool]:
    """Decode a picture into brightness in 0..1, and say whether it has colours."""
    if isinstance(source, tuple):
        return read_grey(io.BytesIO(source[0]), source[1])
    with files.opened(source) as file:
        return read_grey(file, source)


def _where(source: Path | tuple[bytes, Path]) -> str:
    """Name a picture in messages."""
    return str(source if isinstance(source, Path) else source[1])


def class_folders(folder: Path, paths: Iterable[Path]) -> dict[str, dict[str, list[Path]]]:
    """Sort the pictures among some paths by their set and by their class, which is the name of their folder.

    Parameters
    ----------
    folder : Path
        Below it, a folder called ``train``, ``test`` or the like stands for a set.
    paths : iterable of Path

    Returns
    -------
    dict
        From x_train, x_val, x_test, or x where nothing tells, to classes, to paths.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(paths):
        parents = path.relative_to(folder).parts[:-1]
        if parents and is_example(path):
            sets = [role for name in parents[:-1] for role, words in _PARTS.items() if _is(words, name)]
            found.setdefault(sets[0] if sets else "x", {}).setdefault(parents[-1], []).append(path)
    return found


def _is(words: str, name: str) -> bool:
    return re.fullmatch(words, name, re.IGNORECASE) is not None


def _without_unlabelled(
    found: dict[str, dict[str, list[Path]]],
) -> tuple[dict[str, dict[str, list[Path]]], tuple[str, ...]]:
    """Leave out pictures right in a folder called test or the like, which stands beside the folders of classes."""
    bare = {name for classes in found.values() for name in classes if _is(_UNLABELLED, name)}
    sets = {role: {name: classes[name] for name in classes if name not in bare} for role, classes in found.items()}
    kept = {role: classes for role, classes in sets.items() if classes}
    named_train = any(_is(_PARTS["x_train"], name) for classes in kept.values() for name in classes)
    if named_train or len(kept.get("x_train", kept.get("x", {}))) < 2:
        return found, ()
    counts = {name: sum(len(classes.get(name, ())) for classes in found.values()) for name in sorted(bare)}
    return kept, tuple(
        f"not used: {name}, whose pictures ({count:,}) are unlabelled, in no folder for a class; classify them with "
        "`handgrad predict RUN PATH`"
        for name, count in counts.items()
    )


def has_classes(found: dict[str, dict[str, list[Path]]]) -> bool:
    """Say whether what :func:`class_folders` found are folders of classes: two or more, and none called train."""
    names = {name for classes in _without_unlabelled(found)[0].values() for name in classes}
    return len(names) > 1 and not any(_is(words, name) for name in names for words in _PARTS.values())


def read_class_folders(folder: Path, found: dict[str, dict[str, list[Path]]]) -> tuple[Arrays, tuple[str, ...]]:
    """Read the pictures that :func:`class_folders` found.

    Returns
    -------
    X_train, y_train, X_test, y_test : arrays
        The labels are the names of the classes; None without a test set.
    notes : tuple of str

    Raises
    ------
    DataError
        If there are no folders for the classes.
    """
    if not has_classes(found):
        names = {name for classes in found.values() for name in classes}
        raise DataError(
            f"{folder} has pictures in {', '.join(sorted(names)[:5])}, and no folder for each class",
            "a folder for each class, such as train/0, train/1, ..., test/0, ...",
            "move the pictures of each class into a folder of its name",
        )
    found, unlabelled = _without_unlabelled(found)
    names = {name for classes in found.values() for name in classes}
    listed = [(role, name, path) for role, sets in found.items() for name, many in sets.items() for path in many]
    X, readable, notes = read_pictures([path for _, _, path in listed], are_digits(names))
    roles, y = (np.array(column)[readable] for column in ([r for r, _, _ in listed], [n for _, n, _ in listed]))
    arrays: dict[str, NDArray[Any]] = {}
    for role in found:
        arrays |= {role: X[roles == role], f"y{role[1:]}": y[roles == role]}
    if "x" in arrays and len(arrays) > 2:
        raise DataError(
            f"{folder} has pictures both inside and outside of folders such as train and test",
            "one or the other",
            "name the folder with both sets, or that of one",
        )
    if "x_train" not in arrays and "x" not in arrays:
        raise DataError(f"{folder} has no training set", "a folder train beside test", "add it")
    joined, more = join(arrays, folder)
    return joined, (*notes, *more, *unlabelled)


def read_column(column: Sequence[Any], path: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...]]:
    """Decode a table's column of pictures, each a dict of ``bytes`` and ``path`` or bytes alone."""
    contents = [cell.get("bytes") if isinstance(cell, dict) else cell for cell in column]
    sources = [(content or b"", Path(f"{path}, row {row + 1}")) for row, content in enumerate(contents)]
    return read_pictures(sources, digits=False)
