"""The settings of a network: all but the numbers of its inputs and outputs, which the data determine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from handgrad.errors import SettingError
from handgrad.network.activations import ACTIVATIONS
from handgrad.network.initialisers import INITIALISERS
from handgrad.network.losses import LOSSES, with_constant
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
    activation : str or tuple of str, default "sigmoid"
        Activation function of the hidden layers: one for all of them, or one for each, such as relu,tanh.
    init : str, default "he_normal"
        Distribution of the initial weights. Biases start at zero, except with normal.
    loss : str, default "cross_entropy"
        Loss function to minimise.
    loss_constant : float, optional
        Constant of the loss: the level of quantile (by default 0.5), the delta of huber (1.0), or the gamma of focal
        and binary_focal (2.0).
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
    activation: ActivationName | tuple[str, ...] = "sigmoid"
    init: InitialiserName = "he_normal"
    loss: LossName = "cross_entropy"
    loss_constant: float | None = None
    dtype: Literal["float32", "float64"] = "float32"
    normalisation: Literal["batch", "layer"] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.activation, tuple) and len(self.activation) != len(self.hidden):
            widths = ",".join(map(str, self.hidden)) or "none"
            raise SettingError(
                f"activation is {','.join(self.activation)} with the hidden layers {widths}",
                "one name for all of them, or one for each",
                f"set activation to one name{f', or to {len(self.hidden)}' * (len(self.hidden) > 1)}",
            )
        with_constant(self.loss, self.loss_constant)

    def build(self, inputs: int, outputs: int) -> MLP:
        """Build the network for data with these numbers of inputs and outputs."""
        loss = with_constant(self.loss, self.loss_constant)
        return MLP((inputs, *self.hidden, outputs), self.activation, loss, self.normalisation)
