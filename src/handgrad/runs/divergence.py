"""Why a training diverged, and which learning rate would have done: found out by trying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DivergenceError
from handgrad.network import Parameters
from handgrad.runs.job import Job
from handgrad.training.engines.protocol import SpanLog
from handgrad.training.engines.reference import NumpyEngine
from handgrad.training.examples import Examples
from handgrad.training.loop import train_in_spans
from handgrad.training.rates import suitable_rate
from handgrad.training.state import TrainingState

STEPS = 100  # of a trial
SECONDS = 2.0  # that a trial, or the search for the step, may take
ROWS = 2000  # on which the loss of a trial is measured
DECADES = 7  # how far down rates are tried
FAR = 1e3  # larger inputs are not scaled


def explained(job: Job, error: DivergenceError, rate: float) -> DivergenceError:
    """Say at which step a training diverged, where, why in all likelihood, and what would have done.

    Parameters
    ----------
    job : Job
        In the state before the steps that diverged.
    error : DivergenceError
        What the loop said.
    rate : float
        The learning rate in use, which may have been halved.

    Returns
    -------
    DivergenceError
        If nothing that was tried did better, its advice is that of ``error``.
    """
    with np.errstate(all="ignore"):
        spot, trial = _spot(job, rate), _best_trial(job, rate)
    reach = float(np.abs(job.examples.X).max())
    found = error.found
    if spot is not None:
        found = f"the training diverged at step {spot.step:,}: {spot.what} no longer finite"
        if spot.step > 1:
            found += f" (before it, the largest weight was {spot.largest:.3g})"
    if reach > FAR:
        return DivergenceError(f"{found}; the inputs reach {reach:.3g}", "inputs near 1", "scale them")
    if trial is None:
        return DivergenceError(found, error.wanted, error.remedy)
    halved = f", to which {job.learning_rate:g} was halved as often as is allowed" if rate < job.learning_rate else ""
    return DivergenceError(
        f"{found}. The likely cause is the learning rate of {rate:g}{halved}",
        "one that lets the loss fall",
        f"train a new run with --lr {trial.rate:g}, for example: in a trial on these data, {trial.steps} steps with it "
        f"changed the training loss from {trial.before:.4g} to {trial.after:.4g}",
    )


def _spot(job: Job, rate: float) -> _Spot | None:
    """Repeat the steps that diverged, one by one; None if the step is not found in time."""
    settings = replace(job.config.training, learning_rate=rate, log_every=None)
    state = job.state.copy()
    engine = _Watched(job.network, job.examples, settings)
    began = perf_counter()
    try:
        for _ in train_in_spans(job.network, state, job.examples, settings=settings, engine=engine):
            if perf_counter() - began > SECONDS:
                return None
    except _Seen as seen:
        return seen.spot
    except DivergenceError:
        return None
    return None


def _best_trial(job: Job, rate: float) -> _Trial | None:
    """Try lower rates from the beginning, and return the one after which the loss is lowest, if it has fallen."""
    usual = suitable_rate(job.network, job.config.training.recurrence, job.config.network.init)
    rates = [rate * 10.0**-k for k in range(1, DECADES)] + ([usual] if usual < rate else [])
    trials = [trial for one in rates if (trial := _trial(job, float(f"{one:.3g}"))) is not None]
    return min(trials, key=lambda trial: trial.after, default=None)


def _trial(job: Job, rate: float) -> _Trial | None:
    """Take some steps from the initial weights; None if the loss does not fall."""
    settings = replace(
        job.config.training, learning_rate=rate, schedule="constant", log_every=1, evaluate_every=job.steps + 1
    )
    state = job.fresh()
    engine = NumpyEngine(job.network, job.examples, settings)
    weight = None if job.examples.weight is None else job.examples.weight[:ROWS]
    some = Examples(job.examples.X[:ROWS], job.examples.y[:ROWS], weight)
    before, _ = engine.evaluate(state.parameters, some)
    began = perf_counter()
    try:
        for _ in train_in_spans(job.network, state, job.examples, settings=settings, engine=engine):
            if state.step >= STEPS or perf_counter() - began > SECONDS:
                break
    except DivergenceError:
        return None
    after, _ = engine.evaluate(state.parameters, some)
    return _Trial(rate, state.step, before, after) if after < before else None


class _Seen(Exception):  # noqa: N818 - it ends a search that has succeeded
    """Ends a search, with what it was for."""

    def __init__(self, spot: _Spot) -> None:
        super().__init__(spot)
        self.spot = spot


class _Spot(NamedTuple):
    """Where numbers cease to be finite.

    Attributes
    ----------
    step : int
        From 1.
    what : str
        With its verb.
    largest : float
        The largest parameter before that step.
    """

    step: int
    what: str
    largest: float


class _Trial(NamedTuple):
    """What came of some steps with another learning rate."""

    rate: float
    steps: int
    before: float
    after: float


KINDS = {"W": "weights", "b": "biases", "g": "gains", "mean": "running means", "variance": "running variances"}


class _Watched(NumpyEngine):
    """Takes step after step and looks at all numbers, until some are not finite."""

    def run_span(
        self,
        state: TrainingState,
        order: NDArray[np.integer[Any]],
        ends: NDArray[np.integer[Any]],
        learning_rates: Sequence[float],
    ) -> SpanLog:
        """Take the steps, and raise ``_Seen`` at the first that is at fault."""
        for (begin, end), rate in zip(pairwise([0, *ends]), learning_rates, strict=True):
            step, rows = state.step + 1, order[begin:end]
            largest = float(np.abs(state.parameters.vector).max())
            batch = self.gradient(state, rows)
            if not isfinite(batch.loss):
                raise _Seen(_Spot(step, self._layer(state.parameters, rows), largest))
            if name := _not_finite(state.parameters.like(batch.gradient)):
                raise _Seen(_Spot(step, f"the gradients of {name}", largest))
            self.update(state, batch.gradient, rate)
            if name := _not_finite(state.parameters):
                raise _Seen(_Spot(step, name, largest))
        return SpanLog((0.0,) * len(ends), None, 0.0)

    def evaluate(self, parameters: Parameters, examples: Examples) -> tuple[float, float | None]:  # noqa: ARG002
        """Spare the time: nobody looks at it."""
        return 0.0, None

    def _layer(self, parameters: Parameters, rows: NDArray[np.integer[Any]]) -> str:
        """Name the first layer whose numbers are not finite in a forward pass."""
        X = self.examples.X[rows].astype(parameters.vector.dtype, copy=False)
        _, cache = self.network.forward(parameters, X, training=True)
        layers = (layer for layer, Z in enumerate(cache.Z, start=1) if not np.isfinite(Z).all())
        return f"the outputs of layer {layer} are" if (layer := next(layers, None)) else "the loss is"


def _not_finite(parameters: Parameters) -> str | None:
    """Name the first array with a number that is not finite."""
    for name, array in parameters.named().items():
        if not np.isfinite(array).all():
            kind, layer = name.split(".")
            return f"the {KINDS[kind]} of layer {int(layer) + 1} are"
    return None
