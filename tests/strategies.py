"""Training problems for tests: networks with data to differentiate them on, from a seed or drawn by hypothesis."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters

# What the compiled engine supports; anything else is trained by the NumPy engine.
COMPILED_ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
COMPILED_LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error", "absolute_error", "huber")
COMPILED_OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw")
KINKED = ("relu", "leaky_relu", "elu")  # a jump at 0 in the first or the second derivative


@dataclass(frozen=True)
class Problem:
    """A network, a point in its parameter space, a batch, and the options of its objective."""

    network: MLP
    parameters: Parameters
    X: np.ndarray
    y: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)

    def objective(self, parameters: Parameters) -> tuple[Any, Parameters]:
        """Compute the value and the gradient at a point."""
        return self.network.value_and_gradient(parameters, self.X, self.y, **self.options)

    def kink_distance(self) -> float:
        """Say how far every pre-activation and every residual keeps from a place where a derivative jumps."""
        logits, cache = self.network.forward(self.parameters, self.X, self.options.get("masks"))
        names = self.network.activations
        distances = [np.abs(Z).min() for name, Z in zip(names, cache.Z, strict=False) if name in KINKED]
        if self.network.loss in ("absolute_error", "quantile", "huber"):
            jump = 1.0 if self.network.loss == "huber" else 0.0
            distances.append(np.abs(np.abs(logits - self.y) - jump).min())
        return float(min(distances, default=np.inf))

    def with_options(self, **options: Any) -> "Problem":
        """Return the same problem with other options."""
        return replace(self, options=options)


def problem(
    seed: int,
    layer_sizes: Sequence[int] = (3, 4, 4, 2),
    activation: str | Sequence[str] = "tanh",
    loss: str = "cross_entropy",
    *,
    n: int = 6,
    weighted: bool = False,
    dropout: float = 0.0,
    label_smoothing: float = 0.0,
    l2: float = 0.0,
    share: float = 1.0,
) -> Problem:
    """Draw a problem whose activations are neither all small nor all saturated."""
    rng = np.random.default_rng(seed)
    network = MLP(tuple(layer_sizes), activation, loss)
    d, k = network.layer_sizes[0], network.layer_sizes[-1]
    W = [2 / np.sqrt(d_in) * rng.standard_normal((d_in, d_out)) for d_in, d_out in pairwise(network.layer_sizes)]
    b = [0.5 * rng.standard_normal(d_out) for d_out in network.layer_sizes[1:]]
    X = rng.standard_normal((n, d))
    y = {
        "classes": rng.integers(0, k, n),
        "answers": rng.integers(0, 2, (n, k)).astype(float),
        "numbers": 2 * rng.standard_normal((n, k)),
    }[LOSSES[loss].targets]
    y = np.abs(y) if loss == "poisson" else y
    options: dict[str, Any] = {"l2": l2, "label_smoothing": label_smoothing, "share": share}
    if weighted:
        options["sample_weight"] = rng.uniform(0.2, 3.0, n)
    if dropout:
        options["masks"] = [(rng.random((n, size)) >= dropout) / (1 - dropout) for size in network.layer_sizes[:-1]]
    return Problem(network, Parameters.pack(W, b), X, y, options)


def differentiable_problem(seed: int, *arguments: Any, **options: Any) -> Problem:
    """Draw problems until one keeps away from kinks and has a gradient in every layer that differences can measure."""
    for attempt in range(200):
        drawn = problem(1000 * seed + attempt, *arguments, **options)
        gradient = drawn.objective(drawn.parameters)[1]
        if drawn.kink_distance() > 1e-3 and min(np.abs(array).max() for array in (*gradient.W, *gradient.b)) > 1e-3:
            return drawn
    raise AssertionError("no such problem in 200 draws")


def mixed_activations(count: int, start: int = 0) -> tuple[str, ...]:
    """Name a different activation for each of so many hidden layers."""
    names = list(ACTIVATIONS)
    return tuple(names[(start + 2 * layer) % len(names)] for layer in range(count))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Networks of 0 to 4 hidden layers, any activation in each, any loss and options, on 1 to 8 examples, off kinks."""
    layer_sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=6))
    activation = draw(st.tuples(*[st.sampled_from(list(ACTIVATIONS))] * (len(layer_sizes) - 2)))
    loss = draw(st.sampled_from(list(LOSSES)))
    drawn = problem(
        draw(st.integers(0, 2**32 - 1)),
        layer_sizes,
        activation,
        loss,
        n=draw(st.integers(1, 8)),
        weighted=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.3])),
        label_smoothing=0.0 if LOSSES[loss].targets == "numbers" else draw(st.floats(0, 0.5)),
        l2=draw(st.sampled_from([0.0, 0.1])),
        share=draw(st.sampled_from([1.0, 0.3])),
    )
    assume(drawn.kink_distance() > 1e-3)
    logits = drawn.network.forward(drawn.parameters, drawn.X, drawn.options.get("masks"))[0]
    assume(loss != "poisson" or logits.max() < 10)  # expected counts such as e^48 change too fast to be measured
    return drawn


def finite_floats(limit: float | None = None) -> st.SearchStrategy[float]:
    """Finite numbers in float64, at most ``limit`` in size."""
    return st.floats(
        min_value=None if limit is None else -limit,
        max_value=limit,
        allow_nan=False,
        allow_infinity=False,
    )
