"""How the parameters of an estimator are found: where they begin, and how L-BFGS minimises the objective."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.exceptions import ConvergenceWarning

from handgrad.estimator.epochs import diverged
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
