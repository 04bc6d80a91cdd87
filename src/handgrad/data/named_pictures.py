"""A folder of pictures with a table that names each of them and gives its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.formats import read_frame
from handgrad.data.frames import Frame
from handgrad.data.images import are_digits, is_example
from handgrad.data.labels import listed
from handgrad.data.one_hot import labelled
from handgrad.data.pictures import read_pictures
from handgrad.data.raw import dataset_from_raw
from handgrad.data.settings import TableOptions
from handgrad.data.table import present_labels
from handgrad.data.written import texts_of
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
    pictures = _by_name(folder, filter(is_example, paths))
    found = [(frame, column) for frame in _frames(tables if pictures else ()) if (column := _naming(frame, pictures))]
    if not found:
        return None
    found = [one for one in found if "train" in one[0].path.name.lower()] or found
    if len(found) > 1:
        raise DataError(
            f"{folder} has {len(found)} tables that name its pictures: {listed([one.path.name for one, _ in found])}",
            "one, or one that is called train",
            "move the others elsewhere",
        )
    frame, column = found[0]
    names = _names(frame, column)
    _refuse_wrong(folder, frame, names, pictures)
    frame, label, notes = labelled(_without_names(frame, column, options), options.label)
    if label == column:
        raise DataError(f"{frame.path}: {column} names the pictures", "their labels", "name their column with --label")
    more = [f"not used: {path.name}" for path in tables if path != frame.path]
    if unused := [one for one in frame.names if one not in (column, label)]:
        more.append(f"not used: the columns {listed(unused)} of {frame.path.name}")
    kept, words = present_labels(frame, label, options.missing)
    sources = [pictures[names[row]] for row in np.flatnonzero(frame.table.index.isin(kept.table.index))]
    X, readable, seen = read_pictures(sources, are_digits({*words}))
    if rest := len({*pictures.values()} - {*sources}):
        more.append(f"not used: {rest:,} of the pictures, for which {frame.path.name} has no label")
    data = dataset_from_raw(name, (X, np.array(words)[readable], None, None))
    beside = f"the column {column} of {frame.path.name} names the pictures, and {label} is their label"
    return data.with_notes(beside, *frame.notes, *notes, *seen, *more)


def _by_name(folder: Path, pictures: Sequence[Path] | filter[Path]) -> dict[str, Path]:
    """Find each picture by all that a table may call it, unless that is what another one is called too."""
    found: dict[str, set[Path]] = {}
    for path in pictures:
        inner = path.relative_to(folder)
        for one in {inner.as_posix(), inner.with_suffix("").as_posix(), path.name, path.stem}:
            found.setdefault(one, set()).add(path)
    return {one: next(iter(paths)) for one, paths in found.items() if len(paths) == 1}


def _frames(tables: Sequence[Path]) -> list[Frame]:
    """Read what can be read as a table: a text beside pictures may be anything."""
    frames = []
    for path in tables:
        try:
            frames.append(read_frame(path))
        except DataError:
            continue
    return frames


def _naming(frame: Frame, pictures: dict[str, Path]) -> str | None:
    """Find the first column that names another picture in most rows, if there is one more for their labels."""
    for name in frame.names:
        texts = list(filter(None, _names(frame, name)))
        if 2 * len({text for text in texts if text in pictures}) > len(texts):  # few classes may be called as pictures
            return name
    return None


def _names(frame: Frame, column: str) -> list[str]:
    """Return the fields of a column as names of files, empty where they are."""
    return [(text or "").replace("\\", "/").removeprefix("./") for text in texts_of(frame.as_text(column), column)]


def _refuse_wrong(folder: Path, frame: Frame, names: Sequence[str], pictures: dict[str, Path]) -> None:
    """Refuse a row whose picture is not there, or that another row has named already."""
    seen = set()
    for row, name in enumerate(names):
        path = pictures.get(name)
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


def _without_names(frame: Frame, column: str, options: TableOptions) -> Frame:
    """Put numbers that are no labels in the place of the names, and leave out what is to be left out."""
    table = frame.table.drop(columns=[name for name in {column, *options.drop} if name in frame.names])
    table.insert(0, column, np.arange(len(table)) + 0.5)
    return replace(frame, table=table)
