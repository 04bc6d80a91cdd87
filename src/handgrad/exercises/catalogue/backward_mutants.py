"""Backpropagation and the step, quantity by quantity: each formula from what comes before it, and its mistakes.

A quantity is computed from a *state*: a mapping with the inputs of the layers (X, h1, h2, out), the labels y, the
weights, and the deltas before it. When a submission is judged, these are its own, so that a mistake is found where it
was made, whatever went wrong earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import Array, Variants
from handgrad.exercises.catalogue.function_mutants import DERIVATIVE, EASY
from handgrad.exercises.tasks import PARAMETERS

State = Mapping[str, Any]
Formula = Callable[[State], Any]
Mutants = dict[str, Variants]


@dataclass(frozen=True)
class Layer:
    """The names of a layer's quantities; ``weights`` lead into it, and ``below`` is what they multiply."""

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


def _back(s: State, above: Layer) -> Array:
    """Carry the delta above back through its weights: the first factor of (4.26)."""
    return np.asarray(s[above.weights] @ s[above.delta])


def _prime(s: State, activation: str) -> Array:
    """Differentiate at an activation, in the orientation of the deltas."""
    return np.asarray(handout.del_sigmoid(s[activation]).T)


def _product(s: State, delta: str, below: str) -> Array:
    """Sum over the examples what a weight's two ends have."""
    return np.asarray((s[delta] @ s[below]).T)


def _delta(layer: Layer, above: Layer) -> Formula:
    return lambda s: _back(s, above) * _prime(s, layer.activation)  # (4.26)


def _dW(layer: Layer) -> Formula:
    return lambda s: _product(s, layer.delta, layer.below) / s["n"]  # (4.27)


def _db(layer: Layer) -> Formula:
    return lambda s: s[layer.delta].mean(axis=1)  # (4.28)


def _delta_out(variant: Callable[..., Any]) -> Formula:
    return lambda s: variant(s["out"], s["y"])


def _formulas() -> Iterator[tuple[str, Formula]]:
    """List the nine formulas, in the order of the chain."""
    for i, layer in enumerate(LAYERS):
        yield layer.delta, _delta(layer, LAYERS[i - 1]) if i else _delta_out(handout.delta_last_layer_easy_approach)
        yield layer.dW, _dW(layer)
        yield layer.db, _db(layer)


def _mutated_delta(layer: Layer, above: Layer, earlier: list[Layer]) -> Mutants:
    """Make mistakes in (4.26)."""

    def derivative(variant: Callable[..., Any], activation: str = layer.activation) -> Formula:
        return lambda s: _back(s, above) * variant(s[activation]).T

    def back(weights: str, delta: str) -> Formula:
        return lambda s: (s[weights] @ s[delta]) * _prime(s, layer.activation)

    mutants: Mutants = {
        "delta_without_derivative": (lambda s: _back(s, above),),
        **{mistake: tuple(map(derivative, variants)) for mistake, variants in DERIVATIVE.items()},
        "derivative_of_preactivation": (
            lambda s: _back(s, above) * handout.del_sigmoid(s[layer.below] @ s[layer.weights] + s[layer.bias]).T,
        ),
        "derivative_of_other_layer": tuple(
            derivative(handout.del_sigmoid, name) for name in ACTIVATIONS if name != layer.activation
        ),
        "delta_with_other_weights": tuple(back(other.weights, above.delta) for other in LAYERS if other is not above),
        "delta_weights_not_transposed": (
            lambda s: (s[above.weights].T @ s[above.delta]) * _prime(s, layer.activation),
        ),
        "updated_weights_used": (lambda s: (s["after"][above.weights] @ s[above.delta]) * _prime(s, layer.activation),),
        "delta_matrix_product": (
            lambda s: _back(s, above) @ _prime(s, layer.activation).T,
            lambda s: _back(s, above) @ _prime(s, layer.activation),
        ),
        "delta_elementwise_product": (lambda s: s[above.weights] * s[above.delta] * _prime(s, layer.activation),),
        "delta_already_averaged": (lambda s: _back(s, above) * _prime(s, layer.activation) / s["n"],),
    }
    if earlier:
        mutants["delta_skips_a_layer"] = tuple(back(above.weights, other.delta) for other in earlier)
    return mutants


def _mutated_dW(layer: Layer, earlier: list[Layer]) -> Mutants:
    """Make mistakes in (4.27)."""

    def mean(delta: str, below: str) -> Formula:
        return lambda s: _product(s, delta, below) / s["n"]

    def divided(size: Callable[[State], int]) -> Formula:
        return lambda s: _product(s, layer.delta, layer.below) / size(s)

    right = _dW(layer)
    mutants: Mutants = {
        "gradient_without_mean": (divided(lambda _: 1),),
        "gradient_mean_twice": (divided(lambda s: s["n"] ** 2),),
        "gradient_divided_by_wrong_axis": (
            divided(lambda s: s[layer.delta].shape[0]),
            divided(lambda s: s[layer.below].shape[1]),
            divided(lambda s: s["out"].shape[1]),
        ),
        "gradient_transposed": (lambda s: right(s).T,),
        "gradient_sign": (lambda s: -right(s),),
        "gradient_with_other_activation": tuple(mean(layer.delta, name) for name in ACTIVATIONS if name != layer.below),
        "gradient_with_derivative": (
            lambda s: (s[layer.delta] @ handout.del_sigmoid(s[layer.below])).T / s["n"],
            lambda s: ((s[layer.delta] * _prime(s, layer.activation)) @ s[layer.below]).T / s["n"],
        ),
        "gradient_elementwise": (
            lambda s: s[layer.delta] * s[layer.below].T / s["n"],
            lambda s: s[layer.delta].T * s[layer.below] / s["n"],
        ),
        "gradient_of_means": (lambda s: np.outer(s[layer.below].mean(axis=0), s[layer.delta].mean(axis=1)),),
        "gradient_left_at_zero": (lambda s: np.zeros(s[layer.weights].shape),),
        "gradient_accumulates": (lambda s: right(s) + s["previous"][layer.dW],),
    }
    if earlier:
        mutants["gradient_with_other_delta"] = tuple(mean(other.delta, layer.below) for other in earlier)
    return mutants


def _mutated_db(layer: Layer, earlier: list[Layer]) -> Mutants:
    """Make mistakes in (4.28)."""

    def of_delta(function: Callable[[Array], Any]) -> Formula:
        return lambda s: function(s[layer.delta])

    mutants: Mutants = {
        "gradient_without_mean": (of_delta(lambda d: d.sum(axis=1)),),
        "gradient_mean_twice": (of_delta(lambda d: d.mean(axis=1) / d.shape[1]),),
        "gradient_divided_by_wrong_axis": (of_delta(lambda d: d.sum(axis=1) / d.shape[0]),),
        "gradient_sign": (of_delta(lambda d: -d.mean(axis=1)),),
        "bias_gradient_over_wrong_axis": (
            of_delta(lambda d: d.mean(axis=0)),
            of_delta(lambda d: d.sum(axis=0)),
            of_delta(lambda d: d.sum(axis=0) / d.shape[1]),
        ),
        "bias_gradient_over_all": (
            of_delta(np.mean),
            of_delta(np.sum),
            of_delta(lambda d: d.sum() / d.shape[1]),
        ),
        "bias_gradient_2d": (
            of_delta(lambda d: d.mean(axis=1, keepdims=True)),
            of_delta(lambda d: d.mean(axis=1, keepdims=True).T),
        ),
        "bias_gradient_per_example": (
            of_delta(lambda d: d),
            of_delta(lambda d: d.T),
            of_delta(lambda d: d / d.shape[1]),
        ),
        "bias_gradient_with_derivative": (lambda s: (s[layer.delta] * _prime(s, layer.activation)).mean(axis=1),),
        "gradient_left_at_zero": (of_delta(lambda d: np.zeros(len(d))),),
        "gradient_accumulates": (lambda s: s[layer.delta].mean(axis=1) + s["previous"][layer.db],),
    }
    if earlier:
        mutants["gradient_with_other_delta"] = tuple(map(_db, earlier))
    return mutants


def _mutants() -> Iterator[tuple[str, Mutants]]:
    """List the mistakes of each quantity."""
    for i, layer in enumerate(LAYERS):
        if i:
            yield layer.delta, _mutated_delta(layer, LAYERS[i - 1], list(LAYERS[: i - 1]))
        else:
            yield layer.delta, {mistake: tuple(map(_delta_out, variants)) for mistake, variants in EASY.items()}
        yield layer.dW, _mutated_dW(layer, list(LAYERS[:i]))
        yield layer.db, _mutated_db(layer, list(LAYERS[:i]))


FORMULAS: dict[str, Formula] = dict(_formulas())
MUTANTS: dict[str, Mutants] = dict(_mutants())


# The step. Its state holds the weights and gradients before it, those of the step before that, n, and the rate.

GRADIENTS = {name: f"d{name}" for name in PARAMETERS}


def step_formula(name: str) -> Formula:
    """Return how a parameter is moved."""
    return lambda s: s[name] - s["rate"] * s[GRADIENTS[name]]


def step_mutants(name: str) -> Mutants:
    """Make mistakes in the step of one parameter."""
    gradient = GRADIENTS[name]

    def moved(size: Callable[[float], float], gradient: str = gradient) -> Formula:
        return lambda s: s[name] - size(s["rate"]) * s[gradient]

    def fixed(size: float) -> Formula:
        return moved(lambda _: size)

    def right(rate: float) -> float:
        return rate

    mutants: Mutants = {
        "step_sign": (moved(lambda rate: -rate),),
        "parameter_not_updated": (fixed(0),),
        "learning_rate_twice": (moved(lambda rate: rate**2),),
        "learning_rate_missing": (fixed(1),),
        "step_at_fixed_rate": tuple(map(fixed, (0.1, 0.01, 0.001, 0.5, 0.05))),
        "step_divided_by_rate": (moved(lambda rate: 1 / rate),),
        "step_twice": (moved(lambda rate: 2 * rate),),
        "step_averaged_again": (lambda s: s[name] - s["rate"] * s[gradient] / s["n"],),
        "step_replaces": (lambda s: -s["rate"] * s[gradient], lambda s: s["rate"] * s[gradient]),
        "step_with_other_gradient": tuple(
            moved(right, GRADIENTS[other]) for other in PARAMETERS if other != name and other[0] == name[0]
        ),
        "step_with_old_gradient": (lambda s: s[name] - s["rate"] * (s[gradient] + s["previous"][gradient]),),
        "step_shrinks": (lambda s: (1 - s["rate"]) * s[name], lambda s: s[name] * (1 - s["rate"] * s[gradient])),
    }
    if name[0] == "W":
        mutants["step_gradient_transposed"] = (lambda s: s[name] - s["rate"] * s[gradient].T,)
    return mutants
