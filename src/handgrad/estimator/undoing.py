"""Undoing a fit that fails, so that one bad batch does not destroy what was learnt before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from handgrad.errors import HandgradError


@contextmanager
def undone_by_errors(estimator: Any, begins: bool) -> Iterator[None]:
    """Let an error leave the weights, the optimizer and the learning rate as they were.

    Parameters
    ----------
    estimator : estimator
    begins : bool
        Whether nothing has been learnt yet: then it is not fitted after an error.
    """
    if not begins:
        state, rule, rate = estimator._state, estimator._rule, copy(estimator._rate)
        before = state.copy()
    try:
        yield
    except (HandgradError, ValueError):
        if begins:
            estimator.__dict__.pop("_state", None)
        else:
            state.become(before)  # in place, for there may be views of it
            estimator._state, estimator._rule, estimator._rate = state, rule, rate
        raise
