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
from handgrad.network.classification import binary_cross_entropy, cross_entropy, log_softmax, softmax
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
from handgrad.network.losses import LOSSES, Loss
from handgrad.network.mlp import MLP, Cache
from handgrad.network.parameters import Parameters, count_parameters
from handgrad.network.regression import absolute_error, huber, squared_error
from handgrad.network.settings import NetworkSettings

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LOSSES",
    "MLP",
    "Activation",
    "Cache",
    "Coordinate",
    "GradientReport",
    "Loss",
    "NetworkSettings",
    "Parameters",
    "absolute_error",
    "binary_cross_entropy",
    "count_parameters",
    "cross_entropy",
    "elu",
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
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "squared_error",
    "tanh",
]
