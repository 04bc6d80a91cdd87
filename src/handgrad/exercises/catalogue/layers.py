"""The names of the network's layers, in the order in which backpropagation passes through them."""

from __future__ import annotations

from dataclasses import dataclass

from handgrad.exercises.tasks import PARAMETERS


@dataclass(frozen=True)
class Layer:
    """The names of a layer's quantities; ``weights`` lead into it, and ``below`` is the activation they multiply."""

    delta: str
    dW: str  # noqa: N815 - the sheet's name
    db: str
    weights: str
    bias: str
    activation: str
    below: str


LAYERS = (
    Layer("delta_out", "dW_h2_o", "db_out", "W_h2_o", "b_out", "out", "h2"),
    Layer("delta_h2", "dW_h1_h2", "db_h2", "W_h1_h2", "b_h2", "h2", "h1"),
    Layer("delta_h1", "dW_i_h1", "db_h1", "W_i_h1", "b_h1", "h1", "X"),
)
ACTIVATIONS = ("X", "h1", "h2", "out")
EQUATIONS = {
    **{layer.dW: "(4.27)" for layer in LAYERS},
    **{layer.db: "(4.28)" for layer in LAYERS},
    **{layer.delta: "(4.26)" for layer in LAYERS[1:]},
    "delta_out": "(4.30), (4.31)",
}
GRADIENTS = {name: f"d{name}" for name in PARAMETERS}  # of each weight and bias
