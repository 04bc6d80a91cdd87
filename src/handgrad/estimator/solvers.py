"""How the parameters of an estimator are found: epoch after epoch on an engine, or by L-BFGS."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.exceptions import ConvergenceWarning

from handgrad.errors import DivergenceError
from handgrad.estimator.rates import Rate, Scheduled
from handgrad.estimator.tasks import FRAMES
from handgrad.network.losses import Focal, Huber, Quantile
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.engines.protocol import Engine
from handgrad.training.state import TrainingState


def scale_of(network: MLP) -> float:
    """Return the factor between scikit-learn's objective and ours.

    Where there are several outputs, ours is their mean, and scikit-learn differentiates their sum; it halves squares.
    A loss of the user's own is taken as it is.

    Examples
    --------
    >>> scale_of(MLP((4, 3), loss="squared_error")), scale_of(MLP((4, 3), loss="binary_cross_entropy"))
    (1.5, 3.0)
    """
    own = not isinstance(network.loss, str | Huber | Quantile | Focal)
    if own or network.criterion.targets == "classes":
        return 1.0
    return network.layer_sizes[-1] / (2.0 if network.loss == "squared_error" else 1.0)


def first_parameters(network: MLP, gain: float, rng: np.random.RandomState, dtype: DTypeLike) -> Parameters:
    """Draw weights and biases as scikit-learn does: uniformly, within Glorot's and Bengio's bound (2010).

    Parameters
    ----------
    network : MLP
    gain : float
        The bound of a layer is the square root of this, divided by the number of its inputs and outputs.
    rng : RandomState
    dtype : dtype
    """
    W, b = [], []
    for d_in, d_out in pairwise(network.layer_sizes):
        bound = np.sqrt(gain / (d_in + d_out))
        W.append(rng.uniform(-bound, bound, (d_in, d_out)))
        b.append(rng.uniform(-bound, bound, d_out))
    return network.pack(W, b, dtype)


@dataclass
class Patience:
    """Counts the epochs since the last improvement.

    Examples
    --------
    >>> patience = Patience(1)
    >>> [patience.ended(improved) for improved in (False, True, False, False)]
    [False, False, False, True]
    """

    most: float
    count: int = 0

    def ended(self, improved: bool) -> bool:
        """Count an epoch, and say whether there were more than allowed."""
        self.count = 0 if improved else self.count + 1
        return self.count > self.most


@dataclass(frozen=True)
class Batches:
    """How n examples are divided into batches, and who draws their order (None: nobody)."""

    n: int
    size: int
    rng: np.random.RandomState | None


def epochs(
    engine: Engine, state: TrainingState, batches: Batches, rate: Rate | Scheduled, factor: float
) -> Iterator[float]:
    """Train for one epoch after another, and yield the mean loss of each.

    Parameters
    ----------
    engine : Engine
    state : TrainingState
        Changed in place.
    batches : Batches
    rate : Rate or Scheduled
        The changes of a Rate take effect in the next epoch.
    factor : float
        Multiplies each rate.

    Raises
    ------
    DivergenceError
        If the loss or a parameter is no longer finite.
    """
    n, size = batches.n, batches.size
    order, ends = np.arange(n), np.minimum(size * np.arange(1, -(-n // size) + 1), n)
    shares = np.diff(ends, prepend=0) / n  # the last batch may be smaller, and counts for less
    used = rate.now
    while True:
        if batches.rng is not None:
            order = order[batches.rng.permutation(n)]  # as sklearn.utils.shuffle, which takes longer
        if isinstance(rate, Rate):
            if rate.of_velocity and rate.now != used:
                state.slots *= used / rate.now
            used = rate.now
        with np.errstate(over="ignore", invalid="ignore"):
            rates = [factor * one for one in rate.of_steps(state.step, len(ends))]
            loss = float(shares @ engine.run_span(state, order, ends, rates).losses)
        if not (isfinite(loss) and np.isfinite(state.parameters.vector).all()):
            raise diverged(f"lower learning_rate_init (the rate is {rate.now:g}), or scale the inputs")
        yield loss


def minimise(network: MLP, engine: Engine, state: TrainingState, n: int, options: dict[str, Any]) -> tuple[float, int]:
    """Minimise the objective on all examples, as scikit-learn scales it, by L-BFGS (Zhu et al., 1997).

    Parameters
    ----------
    network : MLP
    engine : Engine
    state : TrainingState
        Its parameters are changed in place.
    n : int
        The number of examples.
    options : dict
        Those of ``scipy.optimize.minimize``: ``maxiter``, ``maxfun``, ``gtol``.

    Returns
    -------
    value : float
    iterations : int

    Raises
    ------
    DivergenceError
        If a parameter is no longer finite.
    """
    from scipy.optimize import minimize

    rows, vector = np.arange(n), state.parameters.vector
    scale, learnt_count = scale_of(network), network.learnt_count
    learnt = vector[:learnt_count]

    def objective(found: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        learnt[:] = found
        with np.errstate(over="ignore", invalid="ignore"):
            batch = engine.gradient(state, rows)
        return scale * batch.loss, scale * batch.gradient[:learnt_count].astype(np.float64)

    result = minimize(objective, learnt.astype(np.float64), method="L-BFGS-B", jac=True, options=options)
    learnt[:] = result.x
    if learnt_count < vector.size:  # running averages become those of all examples
        vector[learnt_count:] -= engine.gradient(state, rows).gradient[learnt_count:]
    if not np.isfinite(vector).all():
        raise diverged("scale the inputs")
    if result.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}): {result.message}. "
            "Increase max_iter or max_fun, or scale the inputs.",
            ConvergenceWarning,
            stacklevel=4 + FRAMES,
        )
    return float(result.fun), min(int(result.nit), options["maxiter"])


def diverged(remedy: str) -> DivergenceError:
    """Describe a fit whose numbers are no longer finite."""
    return DivergenceError("the training loss or a parameter is no longer finite", "finite numbers", remedy)
