"""The learning rate that suits an optimizer and a network, for those who name none.

The values were found on scikit-learn's digits; ``tests/training/test_rates.py`` trains every combination with them.
"""

from __future__ import annotations

from handgrad.network.losses import name_of
from handgrad.network.mlp import MLP
from handgrad.training.optimizers import SGD, Lion, Momentum, Nesterov, Optimizer, RMSprop

# Rates of SGD. Sigmoids pass on at most a quarter of a delta, and so allow longer steps.
_SGD = {
    "cross_entropy": 0.1,
    "binary_cross_entropy": 1.0,  # the mean over the outputs: its gradient is smaller by their number
    "squared_error": 0.1,
    "absolute_error": 0.1,
    "huber": 1.0,
    "quantile": 0.2,  # half the absolute error
    "poisson": 0.2,
    "binary_focal": 0.5,  # steeper, where the network is not sure
}
_SIGMOID = {"cross_entropy": 1.0, "binary_cross_entropy": 5.0, "focal": 1.0, "binary_focal": 10.0}
# Units without an upper bound, far from zero at the start: a step that is too long makes the numbers grow without end.
_FAR_FROM_ZERO = {"squared_error": 0.02, "absolute_error": 0.02, "quantile": 0.04, "huber": 0.1, "poisson": 0.02}
# Where the usual rate does not do; silu needs a larger one to get there within ten epochs. The last one counts.
_OF_ACTIVATION = {
    "elu": {"squared_error": 0.05, "huber": 0.5},
    "silu": {"absolute_error": 0.2, "quantile": 0.4},
    "identity": _FAR_FROM_ZERO,
    "softplus": _FAR_FROM_ZERO,
}
# Adam and its like divide by the size of the gradient, so that only the kind of loss matters. Two take longer steps:
# Lion moves every coordinate by the rate, and RMSprop's first steps, before it knows the size of the gradient, are too
# long for the Poisson loss, which grows exponentially.
_ADAM, _ADAM_OF_NUMBERS, _LION = 0.001, 0.003, 0.0003
# N(0, 1) weights are ten to twenty times as large as others: rectifiers then compute numbers in the thousands.
_LARGE_WEIGHTS = {"sigmoid": 0.3, "tanh": 0.3}


def suitable_rate(network: MLP, optimizer: Optimizer, init: str = "he_normal") -> float:
    """Return a learning rate that suits an optimizer, a network and its initial weights.

    Parameters
    ----------
    network : MLP
    optimizer : Optimizer
    init : str, default "he_normal"
        Distribution of the initial weights.

    Returns
    -------
    float
        The highest rate of a schedule.

    Examples
    --------
    >>> from handgrad.training.optimizers import Adam
    >>> suitable_rate(MLP((64, 400, 10), "sigmoid"), SGD()), suitable_rate(MLP((64, 400, 10), "relu"), Adam())
    (1.0, 0.001)
    """
    loss, activations = name_of(network.loss), network.activations
    if not isinstance(optimizer, SGD | Momentum | Nesterov):
        if isinstance(optimizer, Lion):
            return _LION
        exponential = isinstance(optimizer, RMSprop) and loss == "poisson"
        return _ADAM_OF_NUMBERS if network.criterion.targets == "numbers" and not exponential else _ADAM
    rate = _SGD.get(loss, 0.1)
    if activations and set(activations) == {"sigmoid"}:
        rate = _SIGMOID.get(loss, rate)
    for name, own in _OF_ACTIVATION.items():
        if name in activations:
            rate = own.get(loss, rate)
    if init == "normal":
        rate *= min((_LARGE_WEIGHTS.get(str(name), 0.001) for name in activations), default=1.0)
    beta = 0.0 if isinstance(optimizer, SGD) else optimizer.beta
    return rate * max(1 - beta, 0.01)  # a constant gradient is added up 1 / (1 - beta) times
