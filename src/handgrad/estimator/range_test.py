"""A learning-rate range test: a short training in which the rate grows, until the loss does."""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import SettingError
from handgrad.estimator.epochs import diverged

STEPS = 100
WORSE = 4.0  # times the smallest loss: where the test ends
KEPT = 0.7  # the share of the earlier losses in their running average


class RateRange(NamedTuple):
    """The result of a learning-rate range test.

    Attributes
    ----------
    rates : ndarray of shape (steps,)
        Growing by the same factor from step to step.
    losses : ndarray of shape (steps,)
        The loss of each step's batch, before the step, as a running average.
    suggested : float
        A tenth of the rate at which the loss is smallest.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    suggested: float


def range_test(probe: Any, X: Any, y: Any, lowest: float, highest: float) -> RateRange:
    """Train an estimator that is not fitted, and note the losses (Smith, 2017, section 3.3).

    Parameters
    ----------
    probe : MLPClassifier or MLPRegressor
        Of no use afterwards.
    X, y : array-like
        As for ``fit``.
    lowest, highest : float
        The first and the last rate.

    Raises
    ------
    SettingError
        If the solver has no learning rate, or the rates are not in order.
    DivergenceError
        If the first loss is not a finite number.
    """
    numbers = all(isinstance(rate, int | float | np.number) for rate in (lowest, highest))
    if not (numbers and 0 < lowest < highest < inf):
        found = f"lowest is {lowest!r} and highest {highest!r}"
        raise SettingError(found, "two numbers above 0, in order", "correct them")
    if probe.solver == "lbfgs":
        raise SettingError("a range test with lbfgs", "a solver with a learning rate", "use adam or sgd")
    given = probe._given(X, y, None, begins=True)
    engine, batches = probe._engine(given.examples, epochs=1)
    rates, order = np.geomspace(lowest, highest, STEPS), np.zeros(0, int)
    running = 0.0
    smooth: list[float] = []
    for step, rate in enumerate(rates, start=1):
        if len(order) < batches.size:
            order = np.arange(batches.n) if batches.rng is None else batches.rng.permutation(batches.n)
        rows, order = order[: batches.size], order[batches.size :]
        with np.errstate(over="ignore", invalid="ignore"):
            log = engine.run_span(probe._state, rows, np.array([len(rows)]), [probe._rate_factor * float(rate)])
        running = KEPT * running + (1 - KEPT) * probe._scale * log.losses[0]
        average = running / (1 - KEPT**step)  # without the zero that it began with
        if not isfinite(average) or average > WORSE * min(smooth, default=inf):
            break
        smooth.append(average)
    if not smooth:
        raise diverged("scale the inputs, or the targets")
    return RateRange(rates[: len(smooth)], np.array(smooth), float(rates[int(np.argmin(smooth))] / 10))
