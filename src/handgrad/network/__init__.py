"""The mathematics: activations, losses, initialisers, the network and the gradient check."""

from handgrad.network.activations import (
    ACTIVATIONS,
    Activation,
    elu,
    gelu,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from handgrad.network.checks import check_activation, check_loss
from handgrad.network.classification import (
    binary_cross_entropy,
    binary_focal,
    cross_entropy,
    focal,
    log_softmax,
    softmax,
)
from handgrad.network.finite_differences import Coordinate, GradientReport, gradcheck
from handgrad.network.initialisers import (
    INITIALISERS,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
)
from handgrad.network.losses import LOSSES, Criterion, Focal, Huber, Loss, Quantile
from handgrad.network.mlp import MLP, Cache
from handgrad.network.parameters import Parameters, count_parameters
from handgrad.network.regression import absolute_error, huber, poisson, quantile, squared_error
from handgrad.network.settings import NetworkSettings
from handgrad.network.targets import one_hot, shares, targets_like

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LOSSES",
    "MLP",
    "Activation",
    "Cache",
    "Coordinate",
    "Criterion",
    "Focal",
    "GradientReport",
    "Huber",
    "Loss",
    "NetworkSettings",
    "Parameters",
    "Quantile",
    "absolute_error",
    "binary_cross_entropy",
    "binary_focal",
    "check_activation",
    "check_loss",
    "count_parameters",
    "cross_entropy",
    "elu",
    "focal",
    "gelu",
    "glorot_normal",
    "glorot_uniform",
    "gradcheck",
    "he_normal",
    "he_uniform",
    "huber",
    "identity",
    "leaky_relu",
    "lecun_normal",
    "log_softmax",
    "normal",
    "one_hot",
    "poisson",
    "quantile",
    "relu",
    "shares",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "squared_error",
    "tanh",
    "targets_like",
]
