"""Honest draws are never accused of not being drawn one by one."""

from itertools import pairwise

import numpy as np
import pytest

from handgrad.exercises.judging.chance import strange
from handgrad.exercises.judging.independence import come_again, together, turned

WAYS = {
    "normal": lambda rng, *shape: rng.standard_normal(shape),
    "single precision": lambda rng, *shape: rng.standard_normal(shape, dtype=np.float32),
    "single precision, then scaled": lambda rng, *shape: np.float64(0.1) * rng.standard_normal(shape, dtype=np.float32),
    "uniform": lambda rng, *shape: rng.uniform(-0.1, 0.1, shape),
    "positive": lambda rng, *shape: rng.uniform(0, 1, shape),
    "cut off": lambda rng, *shape: np.clip(rng.standard_normal(shape), -2, 2),
    "long tails": lambda rng, *shape: rng.laplace(size=shape),
}
SIZES = [(7, 11, 13, 17), (5, 5, 5, 5), (60, 50, 40, 10), (4, 4, 4, 4), (27, 7, 11, 37)]


def network(rng, draw, sizes):
    """Draw weights and biases."""
    shapes = list(pairwise(sizes))
    weights = {f"W{i}": draw(rng, *shape) for i, shape in enumerate(shapes)}
    return {**weights, **{f"b{i}": draw(rng, b) for i, (_, b) in enumerate(shapes)}}


@pytest.mark.parametrize("way", WAYS)
def test_an_honest_draw_is_independent(way):
    """Of hundreds of small networks, and some of the sheet's size, none is accused; width and distribution are free."""
    rng = np.random.default_rng(0)
    for sizes in SIZES:
        networks = [network(rng, WAYS[way], sizes) for _ in range(12 * 5)]
        assert [together(numbers) for numbers in networks if together(numbers)] == []
        for first in range(0, len(networks), 12):
            some = networks[first : first + 12]
            assert come_again(some) == ()
            if way != "positive":  # none of which has any right angle
                assert not any(turned([numbers[name] for numbers in some]) for name in ("W0", "W1", "W2"))
            if way == "normal":
                assert not any(strange(np.concatenate([n[name].ravel() for n in some])) for name in ("W0", "W1", "W2"))
    large = network(rng, WAYS[way], (784, 400, 400, 10))
    assert together(large) == ()
    if way != "positive":
        assert not any(turned([large[f"W{i}"]]) for i in range(3))


def test_lines_of_four_numbers_are_too_short_to_tell():
    """Chance makes some of them nearly parallel."""
    W = np.random.default_rng(0).standard_normal((4, 300))
    assert together({"W": W}) == ()
    W[:, 0] = W[:, 1]
    assert together({"W": W}) == ()


def test_what_is_constant_or_no_number_goes_with_nothing():
    """Biases of zero, and weights that overflowed, are judged elsewhere."""
    rng = np.random.default_rng(0)
    numbers = {"W": rng.standard_normal((9, 8)), "b": np.zeros(8), "c": np.full(8, 3.0), "d": np.full(8, np.nan)}
    with np.errstate(invalid="ignore"):
        assert together(numbers) == ()
    assert not turned([np.zeros((9, 8))])
