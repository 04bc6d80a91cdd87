"""How well each class is recognised, as a table of text."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.reporting.text import padded, printable, width_of
from handgrad.training.metrics import confusion_counts, recalls

MOST = 20  # classes in the table


def confusion_table(class_names: Sequence[str], y: NDArray[Any], predicted: NDArray[Any]) -> str:
    """Write how often each true class (row) was predicted as each class (column), and each row's recall.

    Of more than 20 classes, only those with the lowest recalls are listed, without the counts.

    Parameters
    ----------
    class_names : sequence of k str
    y, predicted : integer arrays of shape (n,)

    Returns
    -------
    str
        Several lines.

    Examples
    --------
    >>> import numpy as np
    >>> print(confusion_table(["no", "yes"], np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])))
    true class  no  yes   recall
    no           2    1   66.67%
    yes          0    1  100.00%
    """
    k = len(class_names)
    share = recalls(predicted, y, k)
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    listed = np.argsort(share, kind="stable")[:MOST] if k > MOST else np.arange(k)  # NaN comes last
    names = [printable(name if len(name) <= 16 else name[:15] + "~", encoding) for name in class_names]
    if k > MOST:
        counts = np.bincount(y, minlength=k)
        heading, cells = ["examples"], [[f"{counts[i]:,}"] for i in listed]
    else:
        heading, cells = names, [[f"{count:,}" for count in row] for row in confusion_counts(predicted, y, k).tolist()]
    heading = [*heading, "recall"]
    cells = [[*row, "-" if math.isnan(share[i]) else f"{share[i]:.2%}"] for row, i in zip(cells, listed, strict=True)]
    widths = [max(width_of(text) for text in column) for column in zip(heading, *cells, strict=True)]
    first = max(map(width_of, ["true class", *(names[i] for i in listed)]))
    lines = [("true class", heading), *((names[i], row) for row, i in zip(cells, listed, strict=True))]
    return "\n".join("  ".join([padded(name, first), *map(_to_the_right, row, widths)]) for name, row in lines)


def _to_the_right(text: str, width: int) -> str:
    """Fill a text with blanks before it."""
    return " " * (width - width_of(text)) + text
