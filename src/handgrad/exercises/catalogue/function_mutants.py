"""The tasks that are functions: the arrays to try them on, the reference, and what each mistake makes of it.

It has over 300 lines because it is one table, task after task; a mistake is one line of it.
"""

# ruff: noqa: ARG005 - every mutant takes all arguments of its task

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import TOLERANCE, Array, Variants

Rng = np.random.Generator
Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Subject:
    """One function and how it is judged.

    Attributes
    ----------
    draw : callable
        Draws the arguments of all regular probes. No two are of one shape, n is never 1, and among them is one of equal
        sizes, on which mistakes show that otherwise only crash.
    example : tuple
        Two worked rows, for the picture.
    reference : callable
    mutants : mapping of id to callables
        Each computes what the mistake does, or raises where it would; several ways to make the same mistake are one
        entry. No two entries agree on all probes.
    extremes : mapping of id to callable
        Each draws arguments on which the sheet's own formula, computed literally, overflows: failing there costs
        nothing, and earns a remark with this id.
    tolerance : float
    """

    draw: Callable[[Rng], tuple[Arguments, ...]]
    example: Arguments
    reference: Callable[..., Any]
    mutants: Mapping[str, Variants]
    extremes: Mapping[str, Callable[[Rng], Arguments]] = field(default_factory=dict)
    tolerance: float = TOLERANCE


def _onehot(y: Array, k: int) -> Array:
    return np.eye(k)[y]


def _true(h: Array, y: Array) -> Array:
    """Each row's entry of the true class, as a column."""
    return np.asarray(h[np.arange(len(y)), y][:, np.newaxis])


def _exp(X: Array) -> Array:
    """Exponentiate, after subtracting each row's maximum."""
    return np.asarray(np.exp(X - X.max(axis=1, keepdims=True)))


def _labels(rng: Rng, n: int, k: int) -> Array:
    """Draw labels: every class occurs where n allows it, else all are different and none is the last class."""
    if n < k:
        return rng.permutation(k - 1)[:n]
    return rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n - k)]))


def _probabilities(rng: Rng, n: int, k: int, spread: float = 1.0) -> Array:
    return handout.softmax(spread * rng.standard_normal((n, k)))


# sigmoid


def _draw_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(100, 300, (3, 4)) * rng.choice([-1, 1], (3, 4))
    return (2 * rng.standard_normal((4, 7)),), (rng.standard_normal((6, 3)),), (large,)


def _extreme_sigmoid(rng: Rng) -> Arguments:
    X = rng.uniform(800, 5000, (3, 4))
    X[:, ::2] *= -1
    return (X,)


SIGMOID: dict[str, Variants] = {
    "sigmoid_sign_of_exponent": (lambda X: 1 / (1 + np.exp(X)),),
    "sigmoid_precedence": (lambda X: 1 / 1 + np.exp(-X),),
    "sigmoid_minus_in_denominator": (lambda X: 1 / (1 - np.exp(-X)),),
    "sigmoid_without_one": (lambda X: 1 / np.exp(-X),),
    "sigmoid_of_sigmoid": (lambda X: handout.sigmoid(handout.sigmoid(X)),),
    "sigmoid_gives_derivative": (lambda X: handout.del_sigmoid(handout.sigmoid(X)),),
    "sigmoid_is_tanh": (np.tanh,),
    "sigmoid_is_relu": (lambda X: np.maximum(X, 0),),
    "sigmoid_is_threshold": (lambda X: X > 0, lambda X: handout.sigmoid(X).round()),
    "sigmoid_other_base": (lambda X: 1 / (1 + 2**-X), lambda X: 1 / (1 + 10**-X)),
}

# softmax


def _draw_softmax(rng: Rng) -> tuple[Arguments, ...]:
    large = rng.uniform(-300, -100, (4, 6))  # some rows far up, some far down
    large[:2] *= -1
    large[:, :2] = large[:, :1] + rng.uniform(-1, 1, (4, 2))
    return (2 * rng.standard_normal((5, 7)),), (rng.standard_normal((6, 3)),), (rng.standard_normal((4, 4)),), (large,)


def _extreme_softmax(rng: Rng) -> Arguments:
    X = rng.uniform(800, 2000, (4, 3))
    X[2:] *= -1
    return (X,)


SOFTMAX: dict[str, Variants] = {
    "softmax_over_columns": (lambda X: handout.softmax(X.T).T,),
    "softmax_over_batch": (lambda X: np.exp(X - X.max()) / np.exp(X - X.max()).sum(),),
    "softmax_unnormalised": (np.exp, lambda X: np.exp(X - X.max()), _exp),
    "softmax_without_exponential": (lambda X: X / X.sum(axis=1, keepdims=True),),
    "softmax_negative_exponent": (lambda X: handout.softmax(-X),),
    "softmax_shift_by_column": (
        lambda X: np.exp(X - X.max(axis=0)) / np.exp(X - X.max(axis=0)).sum(axis=1, keepdims=True),
    ),
    "softmax_shift_on_one_side": (
        lambda X: _exp(X) / np.exp(X).sum(axis=1, keepdims=True),
        lambda X: np.exp(X - X.max()) / np.exp(X).sum(axis=1, keepdims=True),
        lambda X: np.exp(X) / _exp(X).sum(axis=1, keepdims=True),
        lambda X: np.exp(X) / np.exp(X - X.max()).sum(axis=1, keepdims=True),
    ),
    "softmax_axis_not_kept": (
        lambda X: np.exp(X) / np.exp(X).sum(axis=1),
        lambda X: _exp(X) / _exp(X).sum(axis=1),
        lambda X: np.exp(X - X.max()) / np.exp(X - X.max()).sum(axis=1),
        lambda X: np.exp(X - X.max(axis=1)) / np.exp(X - X.max(axis=1)).sum(axis=1),
        lambda X: np.exp(X - X.max(axis=1)) / np.exp(X - X.max(axis=1)).sum(axis=1, keepdims=True),
    ),
    "softmax_mean_for_sum": (lambda X: _exp(X) / _exp(X).mean(axis=1, keepdims=True),),
    "softmax_twice": (lambda X: handout.softmax(handout.softmax(X)),),
    "softmax_logarithm": (lambda X: np.log(handout.softmax(X)),),
    "softmax_is_sigmoid": (handout.sigmoid,),
    "softmax_is_argmax": (lambda X: _onehot(X.argmax(axis=1), X.shape[1]),),
    "softmax_other_base": (lambda X: handout.softmax(np.log(2) * X), lambda X: handout.softmax(np.log(10) * X)),
}

# fcc_one_layer

Activation = Callable[[Array], Array]


def _draw_layer(rng: Rng) -> tuple[Arguments, ...]:
    def probe(n: int, d: int, units: int, activation: Activation) -> Arguments:
        weights, bias = rng.standard_normal((d, units)) / np.sqrt(d), rng.standard_normal(units)
        return rng.standard_normal((n, d)), weights, bias, activation

    return probe(5, 4, 3, np.tanh), probe(6, 3, 7, np.exp), probe(4, 4, 4, np.tanh)


LAYER: dict[str, Variants] = {
    "layer_without_bias": (lambda X, W, b, f: f(X @ W),),
    "layer_without_activation": (lambda X, W, b, f: X @ W + b,),
    "layer_bias_subtracted": (lambda X, W, b, f: f(X @ W - b),),
    "layer_bias_after_activation": (lambda X, W, b, f: f(X @ W) + b,),
    "layer_bias_per_example": (lambda X, W, b, f: f(X @ W + b[:, np.newaxis]),),
    "layer_elementwise_product": (lambda X, W, b, f: f(X * W + b),),
    "layer_weights_transposed": (lambda X, W, b, f: f(X @ W.T + b), lambda X, W, b, f: f(W @ X + b)),
    "layer_transposed": (
        lambda X, W, b, f: f(X @ W + b).T,
        lambda X, W, b, f: f(W.T @ X.T + b),
    ),
    "layer_activation_on_inputs": (lambda X, W, b, f: f(X) @ W + b,),
    "layer_activation_fixed": (
        lambda X, W, b, f: handout.sigmoid(X @ W + b),
        lambda X, W, b, f: handout.softmax(X @ W + b),
    ),
    "layer_activation_twice": (lambda X, W, b, f: f(f(X @ W + b)),),
}

# cross_entropy and accuracy


def _draw_losses(rng: Rng) -> tuple[Arguments, ...]:
    return (
        (_probabilities(rng, 9, 4), _labels(rng, 9, 4)),
        (_probabilities(rng, 5, 7), _labels(rng, 5, 7)),
        (_probabilities(rng, 5, 5), _labels(rng, 5, 5)),
        _ruled_out(rng, 1.5e-5, 5e-5),
    )


def _ruled_out(rng: Rng, low: float, high: float) -> Arguments:
    """Draw probabilities of which each true class's is between two small ones, as in a badly trained network."""
    h, y = _probabilities(rng, 4, 6), _labels(rng, 4, 6)
    h[np.arange(4), y] = 0
    h /= h.sum(axis=1, keepdims=True)
    h[np.arange(4), y] = np.exp(rng.uniform(np.log(low), np.log(high), 4))
    return h, y


def _impossible(rng: Rng) -> Arguments:
    """Draw probabilities of which one in each row is exactly zero, but not the true class's."""
    h, y = _probabilities(rng, 6, 4), _labels(rng, 6, 4)
    h[np.arange(6), (y + 1) % 4] = 0
    return h / h.sum(axis=1, keepdims=True), y


def _clipped(smallest: float) -> Callable[[Array, Array], Any]:
    return lambda p, y: np.mean(-np.log(np.maximum(_true(p, y), smallest)))


def _raised(smallest: float) -> Callable[[Array, Array], Any]:
    return lambda p, y: np.mean(-np.log(_true(p, y) + smallest))


CROSS_ENTROPY: dict[str, Variants] = {
    "cross_entropy_sum": (lambda p, y: -np.log(_true(p, y)).sum(),),
    "cross_entropy_not_averaged": (lambda p, y: -np.log(_true(p, y))[:, 0],),
    "cross_entropy_without_minus": (lambda p, y: np.log(_true(p, y)).mean(),),
    "cross_entropy_base_2": (lambda p, y: -np.log2(_true(p, y)).mean(),),
    "cross_entropy_base_10": (lambda p, y: -np.log10(_true(p, y)).mean(),),
    "cross_entropy_softmax_again": (lambda p, y: handout.cross_entropy(handout.softmax(p), y),),
    "cross_entropy_without_log": (lambda p, y: -_true(p, y).mean(), lambda p, y: _true(p, y).mean()),
    "cross_entropy_wrong_class": (
        lambda p, y: -np.log(_true(p, y - 1)).mean(),
        lambda p, y: -np.log(_true(p, (y + 1) % p.shape[1])).mean(),
        lambda p, y: -np.log(_true(p, y + 1)).mean(),
    ),
    "cross_entropy_all_classes": (lambda p, y: -np.log(p).sum(axis=1).mean(), lambda p, y: -np.log(p).mean()),
    "cross_entropy_divided_by_classes": (
        lambda p, y: (-np.log(p) * _onehot(y, p.shape[1])).mean(),
        lambda p, y: -np.log(_true(p, y)).sum() / p.shape[1],
    ),
    "cross_entropy_averaged_twice": (lambda p, y: -np.log(_true(p, y)).mean() / len(y),),
    "cross_entropy_log_of_mean": (lambda p, y: -np.log(_true(p, y).mean()),),
    "cross_entropy_clipped": (
        *map(_clipped, (1e-1, 1e-2, 1e-3, 1e-4)),
        *map(_raised, (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)),
    ),
    "cross_entropy_both_cases": (
        lambda p, y: -(np.log(_true(p, y)).sum() + (np.log(1 - p) * (1 - _onehot(y, p.shape[1]))).sum()) / len(y),
        lambda p, y: -(np.log(p) * _onehot(y, p.shape[1]) + np.log(1 - p) * (1 - _onehot(y, p.shape[1]))).mean(),
    ),
    "cross_entropy_predicted_class": (lambda p, y: -np.log(p.max(axis=1)).mean(),),
    "cross_entropy_every_label": (lambda p, y: -np.log(p[:, y]).mean(),),
    "cross_entropy_squared_error": (
        lambda p, y: ((p - _onehot(y, p.shape[1])) ** 2).sum(axis=1).mean(),
        lambda p, y: ((p - _onehot(y, p.shape[1])) ** 2).mean(),
        lambda p, y: ((p - _onehot(y, p.shape[1])) ** 2).sum(axis=1).mean() / 2,
    ),
    "cross_entropy_complement": (lambda p, y: -np.log(1 - _true(p, y)).mean(),),
}


def _draw_accuracy(rng: Rng) -> tuple[Arguments, ...]:
    """Draw rows of which some are right; in the last probe all are, and the largest entry of all is in row 0."""

    def probe(n: int, k: int, right: int) -> Arguments:
        logits, y = rng.standard_normal((n, k)), _labels(rng, n, k)
        shift = rng.permuted(np.resize(np.arange(1, k), n))  # how far the largest entry lies from the true class
        shift[:right] = 0
        logits[np.arange(n), (y + shift) % k] = logits.max(axis=1) + rng.uniform(0.1, 1, n)
        order = rng.permutation(n)
        return logits[order], y[order]

    logits, y = probe(7, 5, 7)
    logits[0, y[0]] = 9
    return probe(11, 4, 4), probe(6, 7, 2), probe(5, 5, 3), probe(12, 6, 7), (logits, y)


ACCURACY: dict[str, Variants] = {
    "accuracy_over_examples": (lambda h, y: _equal(h.argmax(axis=0), y).mean(),),
    "accuracy_count": (lambda h, y: (h.argmax(axis=1) == y).sum(),),
    "accuracy_per_example": (lambda h, y: h.argmax(axis=1) == y,),
    "accuracy_error_rate": (lambda h, y: (h.argmax(axis=1) != y).mean(),),
    "accuracy_percent": (lambda h, y: 100 * (h.argmax(axis=1) == y).mean(),),
    "accuracy_smallest": (lambda h, y: (h.argmin(axis=1) == y).mean(),),
    "accuracy_of_whole_array": (lambda h, y: (h.argmax() == y).mean(),),
    "accuracy_value_for_index": (lambda h, y: (h.max(axis=1) == y).mean(),),
    "accuracy_off_by_one": (
        lambda h, y: (h.argmax(axis=1) + 1 == y).mean(),
        lambda h, y: (h.argmax(axis=1) == y + 1).mean(),
    ),
    "accuracy_integer_division": (lambda h, y: (h.argmax(axis=1) == y).sum() // len(y),),
    "accuracy_divided_by_classes": (lambda h, y: (h.argmax(axis=1) == y).sum() / h.shape[1],),
    "accuracy_mean_probability": (lambda h, y: _true(h, y).mean(),),
}


def _equal(a: Array, b: Array) -> Array:
    """Compare elementwise; other lengths raise, as NumPy does."""
    if a.shape != b.shape:
        raise ValueError("operands could not be broadcast together")
    return np.equal(a, b)


# delta_last_layer in both forms, and del_sigmoid


def _draw_delta(rng: Rng) -> tuple[Arguments, ...]:
    return (
        (_probabilities(rng, 8, 5), _labels(rng, 8, 5)),
        (_probabilities(rng, 4, 6), _labels(rng, 4, 6)),
        (_probabilities(rng, 5, 5), _labels(rng, 5, 5)),
        (_probabilities(rng, 7, 3, spread=4), _labels(rng, 7, 3)),
    )


def _underflowed(rng: Rng) -> Arguments:
    """Draw probabilities of which one true class's is exactly zero."""
    h, y = _impossible(rng)
    h[0] = np.eye(4)[(y[0] + 2) % 4]
    return h, y


def _jacobian(h: Array, y: Array) -> Array:
    """Row m: the derivatives of the true class's probability with respect to all logits, (4.31)."""
    return np.asarray(_true(h, y) * (_onehot(y, h.shape[1]) - h))


def _easy(h: Array, onehot: Array) -> Array:
    return np.asarray((h - onehot).T)


def _ones_at(h: Array, *where: Any) -> Array:
    onehot = np.zeros(h.shape)
    onehot[where] = 1
    return onehot


def _cases(h: Array, y: Array, true: Array, others: Array) -> Array:
    """Put together the i = j and the i != j entries of a delta."""
    return np.where(_onehot(y, h.shape[1]) == 1, true, others).T


# What is left of the Jacobian when h_y is divided out: i = j gives h_y - 1, i != j gives h_i.
DELTA: dict[str, Variants] = {
    "delta_not_transposed": (lambda h, y: _easy(h, _onehot(y, h.shape[1])).T,),
    "delta_sign": (lambda h, y: -_easy(h, _onehot(y, h.shape[1])),),
    "delta_already_averaged": (lambda h, y: _easy(h, _onehot(y, h.shape[1])) / len(y),),
    "delta_averaged": (lambda h, y: _easy(h, _onehot(y, h.shape[1])).mean(axis=1),),
    "delta_divided_by_probability": (
        lambda h, y: _easy(h, _onehot(y, h.shape[1])) / h.T,
        lambda h, y: (_easy(h, _onehot(y, h.shape[1])).T / _true(h, y)).T,
    ),
    "delta_jacobian_twice": (
        lambda h, y: (h * ((h - _onehot(y, h.shape[1])) - ((h - _onehot(y, h.shape[1])) * h).sum(1, keepdims=True))).T,
    ),
    "delta_sigma_prime_on_output": (lambda h, y: _easy(h, _onehot(y, h.shape[1])) * (h * (1 - h)).T,),
    "delta_softmax_again": (lambda h, y: _easy(handout.softmax(h), _onehot(y, h.shape[1])),),
    "delta_diagonal_only": (lambda h, y: _cases(h, y, h - 1, np.zeros(h.shape)),),
    "delta_without_jacobian": (
        lambda h, y: (-_onehot(y, h.shape[1]) / h).T,
        lambda h, y: -_onehot(y, h.shape[1]).T,
    ),
    "one_hot_off_by_one": (
        lambda h, y: _easy(h, _onehot(y - 1, h.shape[1])),
        lambda h, y: _easy(h, _onehot((y + 1) % h.shape[1], h.shape[1])),
        lambda h, y: _easy(h, _onehot(y + 1, h.shape[1])),
    ),
    "one_hot_by_position": (
        lambda h, y: _easy(h, _onehot(np.arange(len(y)) % h.shape[1], h.shape[1])),
        lambda h, y: _easy(h, np.eye(*h.shape)),
    ),
    "one_hot_whole_rows": (lambda h, y: _easy(h, _ones_at(h, y)),),
    "one_hot_whole_columns": (lambda h, y: _easy(h, _ones_at(h, slice(None), y)),),
    "one_hot_predicted_class": (lambda h, y: _easy(h, _onehot(h.argmax(axis=1), h.shape[1])),),
    "delta_subtracts_label": (lambda h, y: h.T - y,),
}
JACOBIAN: dict[str, Variants] = DELTA | {
    "delta_same_case_everywhere": (lambda h, y: h.T,),
    "delta_without_division": (lambda h, y: -_jacobian(h, y).T,),
    "delta_cases_exchanged": (
        lambda h, y: _cases(h, y, h, -(1 - h) * h / _true(h, y)),
        lambda h, y: _cases(h, y, h, -(1 - _true(h, y)) * np.ones(h.shape)),
    ),
    "delta_jacobian_sign": (lambda h, y: _cases(h, y, h - 1, -h),),
    "delta_jacobian_plus": (lambda h, y: _cases(h, y, -h - 1, h),),
    "delta_jacobian_incomplete": (
        lambda h, y: _cases(h, y, -(1 - h) / h, h),
        lambda h, y: _cases(h, y, h - 1, h / _true(h, y)),
        lambda h, y: _cases(h, y, h - 1, np.ones(h.shape)),
    ),
}
EASY: dict[str, Variants] = DELTA | {"delta_without_one_hot": (lambda h, y: h.T,)}


def _draw_del_sigmoid(rng: Rng) -> tuple[Arguments, ...]:
    saturated = handout.sigmoid(12 * rng.standard_normal((4, 3)))
    saturated[0, 0], saturated[1, 1] = 0, 1
    return (*((handout.sigmoid(2 * rng.standard_normal(shape)),) for shape in ((5, 7), (6, 3), (4, 4))), (saturated,))


DERIVATIVE: dict[str, Variants] = {
    "derivative_plus": (lambda h: h * (1 + h),),
    "sigmoid_applied_twice": (lambda h: handout.del_sigmoid(handout.sigmoid(h)),),
    "derivative_sign": (lambda h: h * (h - 1),),
    "derivative_without_h": (lambda h: 1 - h,),
    "derivative_is_h": (lambda h: h,),
    "derivative_is_tanh": (lambda h: 1 - h**2,),
    "derivative_reciprocal": (lambda h: 1 / (h * (1 - h)),),
    "derivative_squared": (lambda h: (h * (1 - h)) ** 2, lambda h: h**2 * (1 - h), lambda h: h * (1 - h) ** 2),
}
DEL_SIGMOID: dict[str, Variants] = DERIVATIVE | {
    "derivative_is_relu": (lambda h: h > 0,),
    "derivative_matrix_product": (lambda h: h @ (1 - h), lambda h: h.T @ (1 - h), lambda h: h @ (1 - h).T),
    "derivative_transposed": (lambda h: (h * (1 - h)).T,),
}

_ROWS = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]])
_H = np.array([[0.25, 0.5, 0.25], [0.6, 0.1, 0.3]])

SUBJECTS: dict[str, Subject] = {
    "sigmoid": Subject(
        _draw_sigmoid, (np.array([[-1.0, 0.0, 2.0], [3.0, -2.0, 0.5]]),), handout.sigmoid, SIGMOID,
        {"sigmoid_overflows": _extreme_sigmoid},
    ),
    "softmax": Subject(
        _draw_softmax, (_ROWS,), handout.softmax, SOFTMAX, {"softmax_overflows": _extreme_softmax}
    ),
    "fcc_one_layer": Subject(
        _draw_layer,
        (np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[0.5, -1.0, 0.0], [0.25, 0.5, 1.0]]),
         np.array([0.1, 0.2, -0.3]), np.tanh),
        handout.fcc_one_layer, LAYER,
    ),
    "cross_entropy": Subject(
        _draw_losses, (_H, np.array([1, 0])), handout.cross_entropy, CROSS_ENTROPY,
        {"cross_entropy_zero_times_infinity": _impossible,
         "cross_entropy_clipped": lambda rng: _ruled_out(rng, 1e-11, 1e-10)},
        tolerance=1e-3,  # who adds 1e-7 before the logarithm is right
    ),
    "accuracy": Subject(_draw_accuracy, (_H, np.array([1, 2])), handout.accuracy, ACCURACY),
    "delta_last_layer": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer, JACOBIAN,
        {"delta_zero_by_zero": _underflowed},
    ),
    "delta_last_layer_easy_approach": Subject(
        _draw_delta, (_H, np.array([1, 0])), handout.delta_last_layer_easy_approach, EASY,
        {"delta_zero_by_zero": _underflowed},
    ),
    "del_sigmoid": Subject(
        _draw_del_sigmoid, (np.array([[0.5, 0.75], [0.2, 1.0]]),), handout.del_sigmoid, DEL_SIGMOID
    ),
}  # fmt: skip
