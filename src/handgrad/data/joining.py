"""The tables of a folder as one: which of them have labels, and whether their columns agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handgrad.data.frames import Frame
from handgrad.data.guesses import lacking, missing_label
from handgrad.data.labels import listed
from handgrad.data.one_hot import label_parts, with_label
from handgrad.data.settings import TableOptions
from handgrad.data.table import FittedOptions, labels_of
from handgrad.data.text import LABELS, plain
from handgrad.errors import DataError


def with_missing_label(train: Frame, test: Sequence[Frame], options: TableOptions) -> tuple[TableOptions, list[str]]:
    """Take the one column that only the training table has for the label, as in Kaggle's folders, if none was named."""
    names = {missing_label(frame, train.names) for frame in test if train.named}
    if isinstance(options, FittedOptions) or options.label is not None or len(names) != 1 or not (label := names.pop()):
        return options, []
    notes = (
        [] if plain(label) in LABELS else [f"using the column {label}, which {test[0].path.name} lacks, as the label"]
    )
    return replace(options, label=label), notes


def has_no_labels(test: Frame, train: Frame, options: TableOptions) -> bool:
    """Say whether a test table is like the training table but for the label."""
    if not (test.named and train.named):
        return len(test.names) < len(train.names)
    label = labels_of(train, options)[1]
    return bool(set(lacking(test, train.names)) >= set(label_parts(train, label)))


def join_frames(path: Path, frames: Sequence[Frame], options: TableOptions | None) -> Frame:
    """Put the rows of several tables with the same columns below each other.

    Parameters
    ----------
    path : Path
        For messages.
    frames : sequence of Frame
    options : TableOptions or None

    Raises
    ------
    DataError
        If the columns differ.
    """
    import pandas as pd

    first = frames[0]
    frames = [_with_names(frame, first.names) for frame in frames]
    label = labels_of(first, options or TableOptions())[1]
    for frame in frames:
        if set(frame.names) != set(first.names):
            raise DataError(
                f"{frame.path} has the columns {listed(frame.names)}",
                f"those of {first.path}, {listed(first.names)}",
                "name one file with --data, or make their columns agree",
            )
    tables = [with_label(frame, label).table for frame in frames]
    table = pd.concat([one[list(tables[0].columns)] for one in tables], ignore_index=True)
    others = {name: kind for frame in frames for name, kind in frame.others.items()}
    return replace(first, path=path, table=table, source=None, others=others, parts=tuple(frames))


def _with_names(frame: Frame, names: Sequence[str]) -> Frame:
    """Give the columns of a table the names that they have in another, if these differ only in case and punctuation."""
    same = {plain(name): name for name in names} | {name: name for name in names}
    new = {name: same.get(name, same.get(plain(name), name)) for name in frame.names}
    if len(set(new.values())) < len(new):
        return frame
    others = {new[name]: kind for name, kind in frame.others.items()}
    return replace(frame, table=frame.table.rename(columns=new), others=others)
