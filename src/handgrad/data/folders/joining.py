"""The tables of a folder as one: which of them have labels, and whether their columns agree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from handgrad.data.settings import TableOptions
from handgrad.data.tables.guesses import lacking, missing_label, refuse_undecided
from handgrad.data.tables.labels import listed
from handgrad.data.tables.one_hot import label_parts, with_label
from handgrad.data.tables.rows import as_written, matched
from handgrad.data.tables.table import FittedOptions, labels_of
from handgrad.data.text.frames import Frame
from handgrad.data.text.names import as_named
from handgrad.data.text.words import LABELS, plain
from handgrad.data.text.written import is_numeric, marks_of, with_numbers
from handgrad.errors import DataError


def with_missing_label(train: Frame, test: Sequence[Frame], options: TableOptions) -> tuple[TableOptions, list[str]]:
    """Take the one column that only the training table has for the label, as in Kaggle's folders, if none was named."""
    names = {missing_label(frame, train.names) for frame in test if train.named}
    if isinstance(options, FittedOptions) or options.label is not None or len(names) != 1 or not (label := names.pop()):
        return options, []
    refuse_undecided(train, label, test[0])
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

    first, options = frames[0], options or TableOptions()
    dropped = {as_named(name, first.names) for name in options.drop} & set(first.names)
    frames = [_with_empty(_with_names(frame, first.names), dropped) for frame in frames]
    label = labels_of(first, options)[1]
    for frame in frames:
        if set(frame.names) != set(first.names):
            raise DataError(
                f"{frame.path} has the columns {listed(frame.names)}",
                f"those of {first.path}, {listed(first.names)}",
                "name one file with --data, or make their columns agree",
            )
    frames = [with_label(frame, label) for frame in frames]
    if isinstance(options, FittedOptions):
        frames = [as_written(frame, options.columns, matched(frame, options.columns)[0]) for frame in frames]
    unlike = [name for name in frames[0].names if name not in {label, *dropped} and not _are_alike(frames, name)]
    table = pd.concat([frame.as_text(*unlike).table[frames[0].names] for frame in frames], ignore_index=True)
    others = {name: kind for frame in frames for name, kind in frame.others.items()}
    marks = {name: one for frame in reversed(frames) for name, one in frame.marks.items()}
    joined = replace(frames[0], path=path, table=table, source=None, others=others, marks=marks, parts=tuple(frames))
    return joined if isinstance(options, FittedOptions) else with_numbers(joined, unlike)


def _are_alike(frames: Sequence[Frame], name: str) -> bool:
    """Say whether a column has been read in the same way in all tables: as texts, or as numbers with the same mark."""
    kinds = {frame.table[name].dtype.kind if is_numeric(frame.table[name]) else "" for frame in frames}
    decimals = {
        marks.decimal for frame in frames if (marks := marks_of(frame, name)) and frame.table[name].dtype.kind == "f"
    }
    return len(decimals) <= 1 and ("" not in kinds or len(kinds) == 1)


def _with_empty(frame: Frame, dropped: Collection[str]) -> Frame:
    """Give a table empty columns in place of those that it lacks and that are left out all the same."""
    absent = {name: None for name in dropped if name not in frame.names}
    return replace(frame, table=frame.table.assign(**absent)) if absent else frame


def _with_names(frame: Frame, names: Sequence[str]) -> Frame:
    """Give the columns of a table the names that they have in another, if these differ only in case and punctuation."""
    same = {plain(name): name for name in names} | {name: name for name in names}
    new = {name: same.get(name, same.get(plain(name), name)) for name in frame.names}
    if len(set(new.values())) < len(new):
        return frame
    others = {new[name]: kind for name, kind in frame.others.items()}
    marks = {new[name]: one for name, one in frame.marks.items()}
    source = frame.source and replace(frame.source, names=tuple(new[name] for name in frame.source.names))
    return replace(frame, table=frame.table.rename(columns=new), others=others, marks=marks, source=source)
