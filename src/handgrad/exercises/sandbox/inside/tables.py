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
    named = [[_row(row) for row in part] for part in parts if type(part) is list and part]
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


def _row(row: Any) -> list[float]:
    """Take the numbers from a row, which may be an object or a dictionary."""
    values = row if type(row) is dict else {name: getattr(row, name, None) for name in (*COLUMNS, *NUMBERS)}
    numbers = [plain(values.get(name)) for name in (*COLUMNS, *NUMBERS)]
    return [float(number) if number is not None and number.ndim == 0 else nan for number in numbers]
