"""Values that lie so far from the others of their column that scaling squeezes these together.

Looked for before the scaling: afterwards, in float32, values near the upper end can no longer be told apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgrad.data.features import Columns
from handgrad.data.ranges import DISTINCT, NARROW, SCALES
from handgrad.data.tables.labels import called, listed
from handgrad.data.text.frames import Frame

_FEW = 2  # values at either end that may be extreme, or a hundredth of them
_BEYOND = 10  # times the width of the inner values
_FAR = 1000


@np.errstate(over="ignore")  # a range near the largest number is infinite, and wide all the same
def far_apart(X: NDArray[np.float64], rows: NDArray[np.intp], columns: Columns, frame: Frame) -> tuple[str, ...]:
    """Warn of columns that a few values squeeze together, and note those whose values spread over many magnitudes.

    Parameters
    ----------
    X : array of shape (n, d)
        Unscaled.
    rows : integer array
        Those of the training set.
    columns : Columns
    frame : Frame
        Says where a row stands in the file.
    """
    some = X[rows]
    outer = min(max(_FEW, len(rows) // 100), (len(rows) - 1) // 2)
    ends = [outer, len(rows) - 1 - outer]
    low, high = np.partition(some, ends, axis=0)[ends]
    width, whole = high - low, np.ptp(some, axis=0)
    squeezed, tightest = {}, 0.0
    for place in np.flatnonzero((width > 0) & (width < NARROW * whole)).tolist():
        values = some[:, place]
        beyond = np.maximum(low[place] - values, values - high[place])
        if len(np.unique(values[beyond <= 0])) >= DISTINCT:
            worst, count = int(beyond.argmax()), int((beyond > _BEYOND * width[place]).sum())
            more = f" and {count - 1} more" if count > 1 else ""
            squeezed[place] = f"{columns.titles[place]}: {values[worst]:g} in {frame.place(int(rows[worst]))}{more}"
            tightest = max(tightest, float(width[place] / whole[place]))
    notes = []
    if squeezed:
        positive = bool((some[:, list(squeezed)].min(axis=0) > 0).all())
        right = ", or train on their logarithms if they are right" if positive else ""
        notes.append(
            f"warning: {SCALES}: all but a few values of {listed([columns.titles[place] for place in squeezed])} lie "
            f"within {tightest:.1g} of the range 0..1, because of extreme ones ({listed(list(squeezed.values()))}), so "
            f"that the network hardly sees them; correct or leave out those rows{right}"
        )
    lower, upper = np.quantile(some[:: 1 + len(some) // 1000], (0.1, 0.9), axis=0)
    names = [column.name for column in columns.features for _ in column.words or ("",)]
    for place in np.flatnonzero((upper > lower) & (whole > _FAR * (upper - lower))).tolist():
        if place in squeezed:
            continue
        least, most = some[:, place].min(), some[:, place].max()
        advice = "train on its logarithm" if least > 0 else "look at its largest and smallest values"
        notes.append(
            f"{called(names[place], columns.named)} has most of its values in a thousandth of its range, which is "
            f"{least:g} to {most:g}; {advice}"
        )
    return tuple(notes)
