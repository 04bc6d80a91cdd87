"""Pictures in a folder for each class: which folders are the classes, and which the sets.

The folder of a picture is its class, and a folder above it whose name has a word such as ``train`` or ``test`` is its
set: ``training_set/cats``, ``seg_train/seg_train/forest``, ``train/cats/images``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.arrays.parts import join, set_of
from handgrad.data.arrays.raw import Arrays
from handgrad.data.pictures.images import are_digits, is_example
from handgrad.data.pictures.many import read_pictures
from handgrad.errors import DataError

_HOLDERS = re.compile("images?|imgs?|pictures?|photos?|jpe?g|png", re.IGNORECASE)
_MASKS = re.compile("masks?|segmentations?|annotations?|ground.?truth", re.IGNORECASE)
_MASK = re.compile(r"(?P<of>.+)[-_ ](mask|seg|segmentation|gt|groundtruth|annotation)([-_ ]?\d+)?", re.IGNORECASE)
_SETS = {"train": "training", "val": "validation", "test": "test"}
Classes = dict[str, list[Path]]


@dataclass(frozen=True)
class ClassFolders:
    """The pictures in a folder for each class.

    Attributes
    ----------
    sets : mapping from str to mapping from str to list of Path
        From train, val, test, or an empty text where no name tells, to classes, to pictures.
    names : tuple of str
        All folders with pictures in them, whether they are classes or not.
    notes : tuple of str
    """

    sets: Mapping[str, Classes]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def training(self) -> Classes:
        """The classes of the training set."""
        return self.sets.get("train", self.sets.get("", {}))

    @property
    def are_classes(self) -> bool:
        """Whether there are two classes or more, none of which is called as a set, such as train, is."""
        any_set = self.training or next(iter(self.sets.values()), {})
        return len(any_set) > 1 and ("train" in self.sets or not _called_as_sets(self.training))


def _called_as_sets(classes: Iterable[str]) -> list[str]:
    """List the folders that are called as sets are: ``test``, or ``seg_test`` if all others are called so, too."""
    kinds = {name: set_of(name) for name in classes}
    all_sets = None not in kinds.values() and len({*kinds.values()}) > 1
    return [name for name in kinds if all_sets or set_of(name, plain=True)]


def class_folders(folder: Path, paths: Iterable[Path]) -> ClassFolders:
    """Sort the pictures among some paths by their set and by their class.

    Parameters
    ----------
    folder : Path
        Above it, names mean nothing.
    paths : iterable of Path
    """
    pictures = sorted(path for path in paths if is_example(path) and path.parent != folder)
    names = tuple(sorted({path.parent.name for path in pictures}))
    sets: dict[str, Classes] = {}
    places: dict[str, set[str]] = {}
    pictures, masks = _without_masks(pictures)
    for path in pictures:
        *above, name = path.relative_to(folder).parts[:-1]
        named = [(kind, one) for one in above if (kind := set_of(one))]
        kind, place = named[-1] if named else ("", "")
        if named and not set_of(place, plain=True):
            places.setdefault(kind, set()).add(place)
        sets.setdefault(kind, {}).setdefault(name, []).append(path)
    sets = {kind: _above_holders(classes) for kind, classes in sets.items()}
    sets, unused = _without_unlabelled(sets)
    if [*sets] == [set_of(folder.name)]:  # seg_test/seg_test: the set itself was named
        sets = {"": next(iter(sets.values()))}
    sets, copies = _without_copies(sets)
    notes = [f"not used: {masks:,} mask{'s' * (masks > 1)} beside the pictures"] if masks else []
    if taken := [f"{', '.join(sorted(places[kind]))} for the {_SETS[kind]} set" for kind in sets if kind in places]:
        notes.append(f"taken by their names: {'; '.join(taken)}")
    return ClassFolders(sets, names, (*notes, *unused, *copies, *_spread(folder, sets)))


def _without_masks(pictures: Sequence[Path]) -> tuple[list[Path], int]:
    """Leave out ``x_mask.png`` beside ``x.png``, and folders of masks if all folders are such or hold pictures."""
    stems = {(path.parent, path.stem) for path in pictures}
    kept = [
        path for path in pictures if not ((found := _MASK.fullmatch(path.stem)) and (path.parent, found["of"]) in stems)
    ]
    folders = {path.parent.name for path in kept}
    if any(map(_HOLDERS.fullmatch, folders)) and all(_HOLDERS.fullmatch(x) or _MASKS.fullmatch(x) for x in folders):
        kept = [path for path in kept if not _MASKS.fullmatch(path.parent.name)]
    return kept, len(pictures) - len(kept)


def _above_holders(classes: Classes) -> Classes:
    """Take the folders above for the classes, if those of the pictures all say no more than that they hold some."""
    folders = {path.parent for paths in classes.values() for path in paths}
    if not all(map(_HOLDERS.fullmatch, classes)) or len({folder.parent for folder in folders}) < 2:
        return classes
    found: Classes = {}
    for paths in classes.values():
        for path in paths:
            found.setdefault(path.parent.parent.name, []).append(path)
    return found


def _without_unlabelled(sets: dict[str, Classes]) -> tuple[dict[str, Classes], list[str]]:
    """Tell the training set, and leave out what is in no folder for one of its classes.

    These are the pictures right in a folder called test or the like, beside folders of classes or below another one,
    and those in no folder of a set.
    """
    train, rest = sets.get("train", {}), dict(sets.get("", {}))
    sets_beside = _called_as_sets(rest)
    bare: Classes = {}
    if len(train) > 1:
        bare = {name: paths for name, paths in rest.items() if name not in train}
    elif len(rest) - len(sets_beside) > 1 and "train" not in map(set_of, sets_beside):
        bare = {name: rest[name] for name in sets_beside}
    rest = {name: paths for name, paths in rest.items() if name not in bare}
    training = train or rest
    kept = {"train": train, "": rest}
    for kind in ("val", "test", "unlabelled"):
        classes = sets.get(kind, {})
        other = not {*classes} & {*training} and (kind == "unlabelled" or len(classes) == 1)
        into = bare if other and len(training) > 1 else kept.setdefault("" if kind == "unlabelled" else kind, {})
        for name, paths in classes.items():
            into[name] = [*into.get(name, []), *paths]
    kept = {kind: classes for kind, classes in kept.items() if classes}
    if "train" not in kept and "" in kept and len(kept) > 1:
        kept = {"train": kept.pop(""), **kept}
    notes = [
        f"not used: {name}, whose pictures ({len(paths):,}) are unlabelled, in no folder for a class; classify them "
        "with `handgrad predict RUN PATH`"
        for name, paths in sorted(bare.items())
    ]
    return kept, notes


def _without_copies(sets: dict[str, Classes]) -> tuple[dict[str, Classes], list[str]]:
    """Leave out pictures that are in a set and a class twice, with one name and content: it was unpacked twice."""
    count = 0
    kept: dict[str, Classes] = {kind: {} for kind in sets}
    for kind, classes in sets.items():
        for name, paths in classes.items():
            found: dict[object, Path] = {}
            times = Counter(path.name for path in paths)
            for path in paths:
                found.setdefault((path.name, _content(path)) if times[path.name] > 1 else path, path)
            count += len(paths) - len(found)
            kept[kind][name] = list(found.values())
    return kept, [f"left out: {count:,} duplicate picture{'s' * (count > 1)}"] if count else []


def _content(path: Path) -> object:
    """Return what only copies of a file have in common."""
    try:
        return sha256(path.read_bytes()).digest() if path.stat().st_size else path
    except OSError:  # which is said when it is read
        return path


def _spread(folder: Path, sets: Mapping[str, Classes]) -> list[str]:
    """Note folders of one name, in several places, that are one class."""
    found: dict[str, set[str]] = {}
    for classes in sets.values():
        for name, paths in classes.items():
            own = {path.parent if path.parent.name == name else path.parent.parent for path in paths}
            places = {one.parent.relative_to(folder).as_posix() for one in own}
            if len(places) > 1:
                found[name] = found.get(name, set()) | places
    if not found:
        return []
    first, places = next(iter(found.items()))
    more = f", and likewise for {len(found) - 1} more" if len(found) > 1 else ""
    return [f"the folders {first} in {', '.join(sorted(places)[:3])}{', ...' if len(places) > 3 else ''} are one class"
            f"{more}; rename them if they are not"]  # fmt: skip


def read_class_folders(folder: Path, found: ClassFolders) -> tuple[Arrays, tuple[str, ...]]:
    """Read the pictures that :func:`class_folders` found.

    Returns
    -------
    X_train, y_train, X_test, y_test : arrays
        The labels are the names of the classes; None without a test set.
    notes : tuple of str

    Raises
    ------
    DataError
        If there are no folders for the classes, or not only such.
    """
    notes = [*found.notes, *_refuse_unclear(folder, found)]
    listed = [(kind, name, path) for kind, sets in found.sets.items() for name, many in sets.items() for path in many]
    X, readable, seen = read_pictures([path for _, _, path in listed], are_digits({name for _, name, _ in listed}))
    kinds, y = (np.array(column)[readable] for column in ([k for k, _, _ in listed], [n for _, n, _ in listed]))
    arrays: dict[str, NDArray[Any]] = {}
    for kind in found.sets:
        role = f"_{kind}" if kind else ""
        arrays |= {f"x{role}": X[kinds == kind], f"y{role}": y[kinds == kind]}
    joined, more = join(arrays, folder)
    return joined, (*seen, *more, *notes)


def _refuse_unclear(folder: Path, found: ClassFolders) -> list[str]:
    """Refuse folders without classes, without a training set, or with classes inside and outside of it."""
    training = found.training
    if not training and found.are_classes:
        kind = next(iter(found.sets))
        inner = next(iter(found.sets[kind].values()))[0]
        place = next(one for one in inner.parents if set_of(one.name) == kind)
        raise DataError(
            f"{folder} has no training set",
            f"a folder train beside {kind}",
            f"add it, or name {place} itself to use its pictures",
        )
    called = [] if "train" in found.sets else _called_as_sets(training)
    if [set_of(name) for name in called] == ["train"] and len(training) > 2:
        return [f"the folder {called[0]} is taken for a class, as the others are; rename it if it is the training set"]
    if called and len(called) < len(training):
        others = ", ".join(name for name in training if name not in called)
        raise DataError(
            f"{folder} has pictures right in {', '.join(called)}, which is the name of a set, and in {others}",
            "a folder for each class, such as train/0, train/1, ..., test/0, ...",
            f"rename {called[0]} if it is a class, or move its pictures into a folder for each class",
        )
    if not found.are_classes:
        raise DataError(
            f"{folder} has pictures in {', '.join(found.names[:5])}, and no folder for each class",
            "a folder for each class, such as train/0, train/1, ..., test/0, ...",
            "move the pictures of each class into a folder of its name",
        )
    if "" in found.sets and "train" in found.sets:
        outside = sorted({str(path.parent.relative_to(folder)) for many in found.sets[""].values() for path in many})
        raise DataError(
            f"{folder} has pictures both inside and outside of folders such as train and test; outside are those in "
            f"{', '.join(outside[:5])}",
            "one or the other",
            f"move {outside[0]} elsewhere, or into the training set",
        )
    return []
