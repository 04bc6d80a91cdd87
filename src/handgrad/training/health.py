"""What the numbers inside a network say of a training: idle and saturated units, and the gradient of each layer.

Everything is measured on a few examples, in plain NumPy on one thread, so that the numbers have the same bits whatever
the engine and the number of threads. Nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from handgrad.network.activations import Activation
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.examples import Examples

ROWS = 300  # that are measured: enough for shares to within a few percent, and few enough to cost little
FLAT = 0.05  # of the steepest slope: a sigmoid is as flat as that beyond 4.4 on either side, tanh beyond 2.2
BOUNDED = {"sigmoid": 0.25, "tanh": 1.0}  # the activations that saturate on both sides, and their steepest slopes
GRADIENT_NORM = "gradient_norm_"  # begins the name of a figure, before the number of the layer
IDLE = 1e-3  # a unit whose slope is smaller for all examples does not learn


@dataclass(frozen=True)
class LayerHealth:
    """The state of one layer of weights, on a few examples.

    Attributes
    ----------
    idle : float or None
        The share of its units that pass on no gradient for any of the examples, such as rectifiers that never fire.
        None for the output layer.
    saturated : float or None
        The share of its outputs, over units and examples, at which a sigmoid or tanh is nearly flat. None for other
        activations.
    gradient : float
        The norm of the gradient with respect to the weights.
    weights : float
        The norm of the weights.
    count : int
        The number of the weights.
    """

    idle: float | None
    saturated: float | None
    gradient: float
    weights: float
    count: int


def some_examples(examples: Examples, rows: int = ROWS) -> Examples:
    """Choose the examples that are measured: always the same ones, spread over the whole set.

    Parameters
    ----------
    examples : Examples
    rows : int

    Returns
    -------
    chosen : Examples
        In their order; all of them if there are no more than ``rows``.

    Examples
    --------
    >>> len(some_examples(Examples(np.zeros((2000, 3)), np.zeros(2000, int))))
    300
    """
    n = len(examples)
    if n <= rows:
        return examples
    chosen = np.sort(np.random.default_rng(0).choice(n, rows, replace=False))
    weight = None if examples.weight is None else examples.weight[chosen]
    return Examples(examples.X[chosen], examples.y[chosen], weight)


def layer_health(network: MLP, parameters: Parameters, examples: Examples) -> list[LayerHealth]:
    """Measure each layer on a few examples, without dropout and penalty.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
    examples : Examples
        As :func:`some_examples` chooses them.

    Returns
    -------
    list of LayerHealth
        One for each layer of weights, from the input to the output.

    Examples
    --------
    >>> network, parameters = MLP((2, 2, 2), "relu"), Parameters((2, 2, 2))
    >>> parameters.W[0][:] = [[1, -1], [1, -1]]
    >>> first, last = layer_health(network, parameters, Examples(np.ones((3, 2)), np.array([0, 1, 1])))
    >>> first.idle, first.saturated, last.gradient > 0
    (0.5, None, True)
    """
    X = examples.X.astype(parameters.vector.dtype, copy=False)
    weight = examples.weight
    if weight is not None and not weight.any():  # weights that are all zero have no mean
        weight = None
    with ThreadpoolController().limit(limits=1), np.errstate(all="ignore"):
        logits, cache = network.forward(parameters, X, training=True)
        _, dlogits = network.loss_and_gradient(logits, examples.y, weight)
        gradient = network.backward(parameters, cache, dlogits)
        hidden = zip(network.activations, network.activation_functions, cache.Z[:-1], cache.H[1:], strict=True)
        units = [_units(*layer) for layer in hidden]
        norms = [(_norm(dW), _norm(W), int(W.size)) for dW, W in zip(gradient.W, parameters.W, strict=True)]
    return [
        LayerHealth(idle, saturated, *norm)
        for (idle, saturated), norm in zip([*units, (None, None)], norms, strict=True)
    ]


def gradient_norms(network: MLP, parameters: Parameters, examples: Examples) -> dict[str, float]:
    """Measure the norm of the gradient of each layer's weights, as figures of a record.

    Examples
    --------
    >>> network = MLP((2, 3, 2))
    >>> list(gradient_norms(network, network.initialise(0), Examples(np.eye(2), np.array([0, 1]))))
    ['gradient_norm_1', 'gradient_norm_2']
    """
    layers = layer_health(network, parameters, examples)
    return {f"{GRADIENT_NORM}{number}": layer.gradient for number, layer in enumerate(layers, start=1)}


def _units(
    name: str | Activation, activation: Activation, Z: NDArray[Any], H: NDArray[Any]
) -> tuple[float, float | None]:
    """Measure the share of idle units, and that of saturated outputs."""
    slopes = np.abs(activation.derivative(Z, H))
    idle = float((slopes.max(axis=0) < IDLE).mean())
    steepest = BOUNDED.get(name) if isinstance(name, str) else None
    return idle, None if steepest is None else float((slopes < FLAT * steepest).mean())


def _norm(array: NDArray[Any]) -> float:
    """Compute the norm in float64."""
    return float(np.linalg.norm(array.ravel().astype(np.float64)))
