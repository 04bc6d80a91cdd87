"""Reads the loss and accuracy that a routine returns, where its rows name them as the sheet's do."""

from __future__ import annotations

from typing import Any

from numpy import array, nan
from numpy.typing import NDArray

from .protocol import plain

COLUMNS = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")
NUMBERS = ("done", "epoch", "step")


def tables(returned: Any) -> list[NDArray[Any]]:
    """Make an array of each list of rows that have some of ``COLUMNS``; NaN where a row has no such name.

    Its columns are ``COLUMNS`` and ``NUMBERS``.

    Examples
    --------
    >>> import collections
    >>> Batch = collections.namedtuple("Batch", "epoch step train_loss train_accuracy")
    >>> tables(([], [Batch(0, 0, 0.75, 0.5)], 7))
    [array([[ nan,  nan, 0.75, 0.5 ,  nan, 0.  , 0.  ]])]
    """
    parts = returned if type(returned) is tuple else (returned,)
    named = [[_named(part) if _repeated(part) else _row(row) for row in part] for part in parts if _is_list(part)]
    return [array(rows) for rows in named if all(any(number == number for number in row[:4]) for row in rows)]


def is_nothing(returned: Any) -> bool:
    """Tell whether a routine returned no history: None, or lists without any rows.

    Examples
    --------
    >>> is_nothing(None), is_nothing(([], [])), is_nothing([(0, 1.5)])
    (True, True, False)
    """
    parts = returned if type(returned) is tuple else (returned,)
    return all(part is None or (type(part) is list and not part) for part in parts)


def _is_list(part: Any) -> bool:
    return type(part) is list and bool(part)


def _repeated(part: list[Any]) -> bool:
    """Tell whether a list holds one and the same array or list again and again, with as many numbers as a row."""
    row = plain(part[0]) if len(part) > 2 and all(one is part[0] for one in part) else None
    return row is not None and row.shape == (1 + len(COLUMNS),)


def _named(part: list[Any]) -> list[float]:
    """Name the numbers of such a row by their place."""
    done, *measured = (float(number) for number in part[0])
    return [*measured, done, nan, nan]


def _bare(value: Any) -> Any:
    """Make a plain float of one of a class of the learner's own, which may have other operators."""
    return float.__pos__(value) if isinstance(value, float) else value


def _row(row: Any) -> list[float]:
    """Take the numbers from a row, which may be an object or a dictionary."""
    values = row if type(row) is dict else {name: getattr(row, name, None) for name in (*COLUMNS, *NUMBERS)}
    numbers = [plain(_bare(values.get(name))) for name in (*COLUMNS, *NUMBERS)]
    return [float(number) if number is not None and number.ndim == 0 else nan for number in numbers]
