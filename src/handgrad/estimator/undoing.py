"""What a training changes in an estimator, copied, and restored if it fails: a bad batch must not destroy a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from handgrad.errors import HandgradError

# Attributes that are changed in place.
CHANGING = ("_state", "_rate", "loss_curve_", "validation_loss_curve_", "validation_scores_")


def copied(estimator: Any, names: Sequence[str]) -> dict[str, Any]:
    """Copy those of the attributes that an estimator has."""
    return {name: deepcopy(value) for name, value in vars(estimator).items() if name in names}


@contextmanager
def undone_by_errors(estimator: Any, begins: bool) -> Iterator[None]:
    """Let an error leave all that was learnt, and what was noted of it, as it was; only random numbers are used up.

    Parameters
    ----------
    estimator : estimator
    begins : bool
        Whether nothing has been learnt yet: then it is not fitted after an error.
    """
    kept, before = vars(estimator).copy(), {} if begins else copied(estimator, CHANGING)
    try:
        yield
    except (HandgradError, ValueError):
        if begins:
            vars(estimator).pop("_state", None)
        else:
            kept["_state"].become(before.pop("_state"))  # in place, for there may be views of it
            vars(estimator).clear()
            vars(estimator).update(kept | before)
        raise
