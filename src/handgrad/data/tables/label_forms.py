"""Labels in another form than a training set had: one-hot columns in place of a column of words, or the reverse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handgrad.data.features import Columns
from handgrad.data.tables.one_hot import with_label
from handgrad.data.text.frames import Frame
from handgrad.data.text.names import joined_names, split_names
from handgrad.data.text.words import plain
from handgrad.data.text.written import texts_of


def in_one_form(frame: Frame, columns: Columns, class_names: Sequence[str]) -> Frame:
    """Give a table the label's column of a training set, if it has the same labels in another form.

    The names of one-hot columns are those of the classes, also behind a common beginning such as ``species_``. A table
    that has the label's column already, or no such labels, stays as it is.
    """
    used = {plain(name) for name in (columns.label, *(column.name for column in columns.features))}
    others = [name for name in frame.names if plain(name) not in used]
    if not (frame.named and columns.named and class_names) or columns.label in frame.names:
        return frame
    called = _called(class_names)
    for beginning in {"", *(name[: place + 1] for name in others for place, sign in enumerate(name) if sign in "_-= ")}:
        found = {beginning + short: name for short, name in called.items() if beginning + short in others}
        if set(found.values()) == set(class_names) and len(found) == len(class_names):
            frame = with_label(frame, parts := joined_names(found))
            words = [None if name is None else found[name] for name in frame.table[parts]]
            return replace(frame, table=frame.table.drop(columns=parts).assign(**{columns.label: words}))
    for name in others if len(split_names(columns.label)) > 1 else ():  # of words, the name of the column tells
        texts = texts_of(frame.as_text(name), name)
        if any(texts) and {text for text in texts if text is not None} <= set(called):
            words = [None if text is None else called[text] for text in texts]
            return replace(frame, table=frame.table.drop(columns=name).assign(**{columns.label: words}))
    return frame


def _called(class_names: Sequence[str]) -> dict[str, str]:
    """Find each class by its name, and by what follows on a beginning such as ``species_`` that all of them have."""
    first, called = class_names[0], {name: name for name in class_names}
    for place in (place for place, sign in enumerate(first, 1) if sign in "_-= "):
        if all(name.startswith(first[:place]) for name in class_names):
            called = {name[place:]: name for name in class_names} | called
    return called
