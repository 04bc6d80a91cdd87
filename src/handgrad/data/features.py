"""What the features of a table are, and how each of them becomes columns of numbers."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from handgrad.data.text.marks import MARKS, Marks
from handgrad.errors import DataError

_MOST = 1_000_000  # columns


@dataclass(frozen=True)
class Column:
    """A feature of a table: a column of numbers, or of words, each of which becomes a column of zeros and ones.

    Parameters
    ----------
    name : str
    words : tuple of str
        The categories, in the order of their columns; none for numbers.
    fill : float, optional
        Stands for an empty field.
    marks : Marks, optional
        How its numbers are written in a text; by default, as each file says.
    """

    name: str
    words: tuple[str, ...] = ()
    fill: float | None = None
    marks: Marks | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can represent."""
        described: dict[str, Any] = {"name": self.name, "words": list(self.words), "fill": self.fill}
        return described if self.marks is None else {**described, "marks": asdict(self.marks)}

    @classmethod
    def from_dict(cls, content: Any) -> Column:
        """Read the result of :meth:`to_dict`; models that are older than marks have none."""
        column = cls(content["name"], tuple(content["words"]), content["fill"])
        if "marks" not in content:
            return column
        return replace(column, marks=Marks(content["marks"]["decimal"], content["marks"]["thousands"]))


@dataclass(frozen=True)
class Columns:
    """How a table becomes rows of numbers; kept with a model, so that new tables become the same.

    Parameters
    ----------
    label : str
        The name of the label's column; empty for the columns that an estimator was fitted to.
    features : tuple of Column
    named : bool
        Whether the names come from the file; otherwise they are the numbers of the columns, from 1.
    total : int, optional
        The number of columns in a training table without names, the label and what is left out included.

    Examples
    --------
    >>> Columns("kind", (Column("size"), Column("colour", ("blue", "red"))), True).width
    3
    """

    label: str
    features: tuple[Column, ...]
    named: bool
    total: int | None = None

    @property
    def width(self) -> int:
        """The number of columns of numbers."""
        return sum(len(column.words) or 1 for column in self.features)

    @property
    def titles(self) -> tuple[str, ...]:
        """What each column of numbers is called in a message.

        Examples
        --------
        >>> Columns("kind", (Column("size"), Column("colour", ("blue", "red"))), True).titles
        ('size', 'colour', 'colour')
        """
        names = (name for column in self.features for name in [column.name] * (len(column.words) or 1))
        return tuple(name if self.named else f"column {name}" for name in names)

    @property
    def headings(self) -> tuple[str, ...]:
        """What each column of numbers is called in a picture, with its word.

        Examples
        --------
        >>> Columns("kind", (Column("size"), Column("colour", ("blue", "red"))), True).headings
        ('size', 'colour=blue', 'colour=red')
        """
        words = (word for column in self.features for word in column.words or ("",))
        return tuple(f"{title}={word}" if word else title for title, word in zip(self.titles, words, strict=True))

    @property
    def of_estimator(self) -> bool:
        """Whether an estimator was fitted to the columns, which knows no label, and takes all numbers as they are."""
        return not self.label

    def _is_numbered(self, total: Any) -> bool:
        """Tell whether the names are column numbers from 1 to the total."""
        if type(total) is not int or not 0 < total <= _MOST:
            return False
        names = [*self.label.split(","), *(one.name for one in self.features)]
        return all(re.fullmatch("[1-9][0-9]{0,6}", name) and int(name) <= total for name in names)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can represent.

        Examples
        --------
        >>> Columns("kind", (Column("size", fill=0.5),), True).to_dict()
        {'label': 'kind', 'named': True, 'features': [{'name': 'size', 'words': [], 'fill': 0.5}]}
        """
        features = [one.to_dict() for one in self.features]
        described = {"label": self.label, "named": self.named, "features": features}
        return described if self.total is None else {**described, "total": self.total}

    @classmethod
    def from_dict(cls, content: Any) -> Columns:
        """Read the result of :meth:`to_dict`, and refuse anything else; older models have no total.

        Examples
        --------
        >>> columns = Columns("kind", (Column("size"),), True)
        >>> Columns.from_dict(columns.to_dict()) == columns
        True
        """
        try:
            features = tuple(map(Column.from_dict, content["features"]))
            found = cls(content["label"], features, content["named"], content.get("total"))
            texts = [found.label, *(text for one in features for text in (one.name, *one.words))]
            fills = [one.fill for one in features if one.fill is not None]
            whole = isinstance(found.named, bool) and set(content) - {"total"} == {"label", "named", "features"}
            whole = whole and (found.total is None or found._is_numbered(found.total))
            whole = whole and all(one.marks is None or one.marks in MARKS for one in features)
            if whole and all(isinstance(text, str) for text in texts) and all(math.isfinite(fill) for fill in fills):
                return found
        except (TypeError, KeyError, AttributeError):
            pass
        raise DataError("columns that are not described in full", "a label and features", "write them again")
