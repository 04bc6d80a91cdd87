"""The best weights of a training so far, which is all that stopping early needs to know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

from numpy.typing import NDArray

from handgrad.training.loop import Record


@dataclass(frozen=True)
class Best:
    """The weights with the lowest validation loss of the evaluations so far.

    Attributes
    ----------
    vector : ndarray
        A copy of the parameters.
    loss : float
        Their validation loss.
    epoch, step : int
        After which they were evaluated.
    left : int
        How many further evaluations in a row may be without a lower loss; with 0, the training stops.
    """

    vector: NDArray[Any]
    loss: float
    epoch: int
    step: int
    left: int


def lowest(best: Best | None, record: Record, vector: NDArray[Any], patience: int) -> Best | None:
    """Return the best weights after an evaluation; None as long as no validation loss has been finite.

    Parameters
    ----------
    best : Best or None
        Those before it.
    record : Record
        The evaluation.
    vector : ndarray
        The parameters that were evaluated.
    patience : int
        How many evaluations in a row may be without a lower loss.

    Examples
    --------
    >>> import numpy as np
    >>> best = None
    >>> for epoch, loss in enumerate([2.0, 1.0, nan, 1.0, 0.5]):
    ...     record = Record("evaluation", epoch, 9 * epoch, 0.1, 0.0, {"validation_loss": loss})
    ...     best = lowest(best, record, np.array([loss]), patience=2)
    ...     print(best.epoch, best.left)
    0 2
    1 2
    1 1
    1 0
    1 0
    """
    if best is not None and not best.left:
        return best  # the training has stopped: a rounding when it is continued must not wake it
    loss = record.figures.get("validation_loss", nan)
    if isfinite(loss) and (best is None or loss < best.loss):
        return Best(vector.copy(), float(loss), record.epoch, record.step, patience)
    return best and replace(best, left=max(0, best.left - 1))
