"""A folder of pictures with a table that names each of them and gives its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from handgrad.data.arrays.parts import join, set_of
from handgrad.data.arrays.raw import dataset_from_raw
from handgrad.data.dataset import Dataset
from handgrad.data.folders.class_folders import ClassFolders
from handgrad.data.pictures.images import are_digits, is_example
from handgrad.data.pictures.many import read_pictures
from handgrad.data.settings import TableOptions
from handgrad.data.tables.formats import read_frame
from handgrad.data.tables.labels import listed
from handgrad.data.tables.one_hot import label_parts, labelled
from handgrad.data.tables.table import present_labels
from handgrad.data.text.frames import Frame
from handgrad.data.text.written import texts_of
from handgrad.errors import DataError


def read_named_pictures(
    folder: Path, name: str, paths: Sequence[Path], tables: Sequence[Path], options: TableOptions
) -> Dataset | None:
    """Read the pictures that a table beside them names, by their paths or names, with their endings or without.

    Parameters
    ----------
    folder : Path
    name : str
        That of the data set.
    paths, tables : sequence of Path
        All files of the folder, and those among them that are tables.
    options : TableOptions

    Returns
    -------
    Dataset or None
        None if no table names pictures and has another column.

    Raises
    ------
    DataError
        If more than one table does, one names pictures that are not there, or a picture twice.
    """
    examples = [path for path in paths if is_example(path)]
    found = [one for frame in _frames(tables if examples else ()) if (one := _naming(folder, frame, examples))]
    if not found:
        return None
    chosen = _by_set(folder, found)
    frame, label, notes = labelled(_without_names(chosen["train"], options), options.label)
    if label == chosen["train"].column:
        raise DataError(f"{frame.path}: {label} names the pictures", "their labels", "name their column with --label")
    frames = {"train": frame}
    for kind in [kind for kind in chosen if kind != "train"]:
        other = _without_names(chosen[kind], options)
        if {*label_parts(frame, label)} <= {*other.names} or label in other.names:
            frames[kind] = labelled(other, label)[0]
    more = [f"not used: {path.name}" for path in tables if path not in {part.path for part in frames.values()}]
    sources: dict[Path, str] = {}
    words: list[str] = []
    for kind, part in frames.items():
        column = chosen[kind].column
        pictures, labels = _labels(folder, chosen[kind], part, label, options)
        if twice := next((path for path in pictures if path in sources), None):
            found_twice = f"{part.path}: {twice.name} is named in {frame.path}, too"
            raise DataError(found_twice, "each picture in one table", "keep it in one of them")
        sources |= dict.fromkeys(pictures, kind)
        words += labels
        if unused := [one for one in part.names if one not in (column, label)]:
            more.append(f"not used: the column{'s' * (len(unused) > 1)} {listed(unused)} of {part.path.name}")
        table = part.path.relative_to(folder).as_posix()
        more.append(f"the column {column} of {table} names the pictures, and {label} is their label")
    X, readable, seen = read_pictures(list(sources), are_digits({*words}))
    if rest := len({*examples} - {*sources}):
        more.append(f"not used: {rest:,} of the pictures, for which {frame.path.name} has no label")
    kinds, y = np.array(list(sources.values()))[readable], np.array(words)[readable]
    arrays = {f"{axis}_{kind}": all_[kinds == kind] for kind in frames for axis, all_ in (("x", X), ("y", y))}
    joined, parts = join(arrays, folder)
    return dataset_from_raw(name, joined).with_notes(*frame.notes, *notes, *seen, *parts, *more)


def competing_table(folder: Path, tables: Sequence[Path], found: ClassFolders) -> Path | None:
    """Find a table that names most of the pictures in folders, and has no column that says the same as the folders.

    Folders of classes in those of sets leave no doubt.
    """
    folder_of = {path: name for name, paths in found.sets.get("", {}).items() for path in paths}
    large = [
        path for path in tables if folder_of and path.stat().st_size > len(folder_of)
    ]  # two bytes or more for each name
    for frame in _frames(large):
        one = _naming(folder, frame, list(folder_of))
        if one is None:
            continue
        places = [folder_of.get(one.pictures.get(name, folder)) for name in one.names]
        if 2 * sum(place is not None for place in places) > len(folder_of) and not any(
            _say_the_same(places, texts_of(frame.as_text(name), name)) for name in frame.names if name != one.column
        ):
            return frame.path
    return None


def _say_the_same(places: Sequence[str | None], texts: Sequence[str | None]) -> bool:
    """Say whether each folder has one text, and each text one folder."""
    pairs = {(place, text) for place, text in zip(places, texts, strict=True) if place is not None}
    return len(pairs) == len({place for place, _ in pairs}) == len({text for _, text in pairs})


@dataclass(frozen=True)
class _Naming:
    """A table that names pictures.

    Attributes
    ----------
    frame : Frame
    column : str
        That of the names.
    names : list of str
    pictures : dict from str to Path
        Each picture by all that the table may call it.
    """

    frame: Frame
    column: str
    names: list[str]
    pictures: dict[str, Path]


def _by_set(folder: Path, found: Sequence[_Naming]) -> dict[str, _Naming]:
    """Tell the tables of the sets by their names and folders; forms to fill in for a contest are none of them."""
    found = [one for one in found if "submission" not in one.frame.path.name.lower()] or found
    kinds: dict[str, list[_Naming]] = {}
    for one in found:
        names = one.frame.path.relative_to(folder).with_suffix("").parts[::-1]
        kind = next(filter(None, map(set_of, names)), "train" if "train" in names[0].lower() else "")
        kinds.setdefault(kind, []).append(one)
    train = kinds.get("train") or kinds.get("") or found
    several = next((many for many in (train, kinds.get("val", []), kinds.get("test", [])) if len(many) > 1), None)
    if several:
        called = [one.frame.path.relative_to(folder).as_posix() for one in several]
        raise DataError(
            f"{folder} has {len(several)} tables that name its pictures: {listed(called)}",
            "one, or one that is called train",
            "move the others elsewhere",
        )
    return {"train": train[0]} | {kind: kinds[kind][0] for kind in ("val", "test") if kinds.get(kind, train) != train}


def _labels(
    folder: Path, one: _Naming, frame: Frame, label: str, options: TableOptions
) -> tuple[list[Path], list[str]]:
    """Return the pictures that a table names, and their labels."""
    _refuse_wrong(folder, one)
    kept, words = present_labels(frame, label, options.missing)
    rows = np.flatnonzero(frame.table.index.isin(kept.table.index))
    return [one.pictures[one.names[row]] for row in rows], words


def _by_name(folder: Path, table: Path, pictures: Sequence[Path]) -> dict[str, Path]:
    """Find each picture by all that a table may call it, unless that is what another one is called too.

    Paths below the table's folder come before those below the folder of the data, and both before mere names.
    """
    found: dict[str, Path] = {}
    for base in (None, folder, table.parent):
        called: dict[str, set[Path]] = {}
        for path in pictures:
            if base is None or path.is_relative_to(base):
                inner = Path(path.name) if base is None else path.relative_to(base)
                for one in {inner.as_posix(), inner.with_suffix("").as_posix()}:
                    called.setdefault(one, set()).add(path)
        found |= {one: next(iter(paths)) for one, paths in called.items() if len(paths) == 1}
    return found


def _frames(tables: Sequence[Path]) -> list[Frame]:
    """Read what can be read as a table: a text beside pictures may be anything."""
    frames = []
    for path in tables:
        try:
            frames.append(read_frame(path))
        except DataError:
            continue
    return frames


def _naming(folder: Path, frame: Frame, examples: Sequence[Path]) -> _Naming | None:
    """Find the first column that names another picture in most rows, if there is one more for their labels."""
    pictures = _by_name(folder, frame.path, examples)
    for column in frame.names:
        names = _names(frame, column)
        texts = list(filter(None, names))
        if 2 * len({text for text in texts if text in pictures}) > len(texts):  # few classes may be called as pictures
            return _Naming(frame, column, names, pictures)
    return None


def _names(frame: Frame, column: str) -> list[str]:
    """Return the fields of a column as names of files, empty where they are."""
    return [(text or "").replace("\\", "/").removeprefix("./") for text in texts_of(frame.as_text(column), column)]


def _refuse_wrong(folder: Path, named: _Naming) -> None:
    """Refuse a row whose picture is not there, or that another row has named already."""
    frame, seen = named.frame, set()
    for row, name in enumerate(named.names):
        path = named.pictures.get(name)
        if path is None:
            raise DataError(
                f"{frame.path}, {frame.place(row)}: {name!r} is the name of no picture, or of several, in {folder}",
                "the name of a picture in each row",
                "add the picture, write its path below the folder, or remove the row",
            )
        if path in seen:
            raise DataError(
                f"{frame.path}, {frame.place(row)}: {name!r} is named a second time",
                "one row for each picture",
                "keep one of its rows",
            )
        seen.add(path)


def _without_names(named: _Naming, options: TableOptions) -> Frame:
    """Put numbers that are no labels in the place of the names, and leave out what is to be left out."""
    frame, column = named.frame, named.column
    table = frame.table.drop(columns=[name for name in {column, *options.drop} if name in frame.names])
    table.insert(0, column, np.arange(len(table)) + 0.5)
    return replace(frame, table=table)
