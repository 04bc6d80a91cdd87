"""The settings of a network: all but the numbers of its inputs and outputs, which the data determine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from handgrad.network.activations import ACTIVATIONS
from handgrad.network.initialisers import INITIALISERS
from handgrad.network.losses import LOSSES
from handgrad.network.mlp import MLP

if TYPE_CHECKING:
    ActivationName = str
    LossName = str
    InitialiserName = str
else:  # the names in the tables, as the command line lists them; no type checker can read a table
    ActivationName = Literal[tuple(ACTIVATIONS)]
    LossName = Literal[tuple(LOSSES)]
    InitialiserName = Literal[tuple(INITIALISERS)]


@dataclass(frozen=True)
class NetworkSettings:
    """The architecture of a network, and how its parameters are initialised.

    Parameters
    ----------
    hidden : tuple of int, default (400, 400)
        Numbers of units in the hidden layers, such as 400,400; none for a linear model.
    activation : str, default "sigmoid"
        Activation function of the hidden layers.
    init : str, default "he_normal"
        Distribution of the initial weights. Biases start at zero, except with normal.
    loss : str, default "cross_entropy"
        Loss function to minimise.
    dtype : {"float32", "float64"}, default "float32"
        Floating-point type of the parameters and of all computations.
    normalisation : {"batch", "layer"}, optional
        Normalisation of the hidden layers before their activation; by default, none.

    Examples
    --------
    >>> NetworkSettings(hidden=(32,)).build(inputs=784, outputs=10).layer_sizes
    (784, 32, 10)
    """

    hidden: tuple[int, ...] = (400, 400)
    activation: ActivationName = "sigmoid"
    init: InitialiserName = "he_normal"
    loss: LossName = "cross_entropy"
    dtype: Literal["float32", "float64"] = "float32"
    normalisation: Literal["batch", "layer"] | None = None

    def build(self, inputs: int, outputs: int) -> MLP:
        """Build the network for data with these numbers of inputs and outputs."""
        return MLP((inputs, *self.hidden, outputs), self.activation, self.loss, self.normalisation)
