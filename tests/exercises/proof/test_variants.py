"""The collection of correct solutions: each is compared with ``handgrad.handout`` alone, without the checker."""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from handgrad import handout
from handgrad.exercises.tasks import BACKPROP, PARAMETERS, TASKS

FOLDER = Path(__file__).parent / "variants"
FILES = {file.name.removesuffix(".py"): file for file in FOLDER.iterdir() if file.name.endswith(".py")}
GRADIENTS = [f"d{name}" for name in PARAMETERS]
DELTAS = [name for name in BACKPROP if name.startswith("delta")]


def load(name: str) -> ModuleType:
    """Execute a variant; they are our own."""
    module = ModuleType(name)
    exec(compile(FILES[name].read_text(encoding="utf-8"), f"{name}.py", "exec"), vars(module))  # noqa: S102
    return module


def tasks_of(module: ModuleType) -> list[str]:
    """Name the tasks that a variant solves."""
    holders = {name: getattr(module, "fcc", None) if task.kind == "method" else module for name, task in TASKS.items()}
    return [name for name, holder in holders.items() if hasattr(holder, name)]


PAIRS = [(name, task) for name in sorted(FILES) for task in tasks_of(load(name))]


def arguments(task: str, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Draw arguments for a function, of several sizes."""
    for n, k in ((6, 4), (4, 4), (3, 7)):
        X, y = rng.standard_normal((n, k)), rng.integers(0, k, n)
        P = handout.softmax(X)
        yield {
            "sigmoid": (20 * X,),
            "softmax": (5 * X,),
            "fcc_one_layer": (X, rng.standard_normal((k, 5)), rng.standard_normal(5), np.tanh),
            "cross_entropy": (P, y),
            "accuracy": (P, y),
            "delta_last_layer": (P, y),
            "delta_last_layer_easy_approach": (P, y),
            "del_sigmoid": (P,),
        }[task]


def close(found: Any, expected: Any) -> None:
    """Compare to what float32 can hold."""
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def functions_agree(module: ModuleType, task: str, rng: np.random.Generator) -> None:
    """Compare a function with the reference."""
    for given in arguments(task, rng):
        close(getattr(module, task)(*copy.deepcopy(given)), getattr(handout, task)(*given))


def networks_agree(module: ModuleType, rng: np.random.Generator) -> None:
    """Compare two passes and steps with the reference, from the same weights."""
    sizes = (5, 4, 3, 6)
    reference, net = handout.fcc(*sizes), module.fcc(*sizes)
    for name in PARAMETERS:
        assert getattr(net, name).shape == getattr(reference, name).shape
        setattr(net, name, getattr(reference, name).copy())
    for n in (7, 9):  # no number of units, so that the orientation of a delta shows
        X, y = rng.standard_normal((n, 5)), rng.integers(0, 6, n)
        close(net.forward_propagation(X), reference.forward_propagation(X))
        net.backprop(y)
        reference.backprop(y)
        for name in GRADIENTS:
            close(getattr(net, name), getattr(reference, name))
        for name in DELTAS:
            expected = getattr(reference, name)
            found = getattr(net, name, expected)  # one may keep it to oneself,
            found = found if found.shape == expected.shape else found.T  # or with units as columns,
            close(found if np.allclose(found, expected, rtol=1e-3, atol=1e-4) else n * found, expected)  # or as a mean
        net.gradient_step(0.3)
        reference.gradient_step(0.3)
        for name in PARAMETERS:
            close(getattr(net, name), getattr(reference, name))


class Watched(handout.fcc):
    """A network that remembers which rows it was trained on; their first entry is their number."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.trained_on: list[tuple[list[int], list[int]]] = []

    def backprop(self, y: Any) -> None:
        """Note the rows of the last forward pass, and their labels."""
        super().backprop(y)
        self.trained_on.append(([int(x) for x in self.X[:, 0]], list(y)))


def data(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    """Draw examples with a number each, and labels."""
    return np.column_stack([np.arange(n), rng.standard_normal((n, 2))]).astype(float), rng.integers(0, 4, n)


def descends(module: ModuleType, rng: np.random.Generator) -> None:
    """Compare the weights after gradient descent with the reference's."""
    X, y = data(rng, 9)
    testx, testy = data(rng, 5)
    for settings in ({"num_iterations": 7, "evaluate_every": 3}, {"num_iterations": 4, "evaluate_every": 50}):
        reference, net = handout.fcc(3, 4, 4, 4), handout.fcc(3, 4, 4, 4)
        for name in PARAMETERS:
            setattr(net, name, getattr(reference, name).copy())
        handout.gradient_descent(reference, X, y, testx, testy, 0.2, **settings)
        module.gradient_descent(net, X.copy(), y.copy(), testx, testy, 0.2, **settings)
        for name in PARAMETERS:
            close(getattr(net, name), getattr(reference, name))


def descends_in_batches(module: ModuleType, rng: np.random.Generator) -> None:
    """Look at the batches that were trained on, and repeat them on a copy, which must end with the same weights."""
    for n, size, epochs in ((20, 5, 3), (23, 4, 2)):
        X, y = data(rng, n)
        testx, testy = data(rng, 6)
        net = Watched(3, 4, 4, 4)
        repeated = copy.deepcopy(net)
        module.stochastic_gradient_descent(
            net, X.copy(), y.copy(), testx, testy, learning_rate=0.2, batch_size=size, epochs=epochs, log_every=2
        )
        batches = net.trained_on
        per_epoch = len(batches) // epochs
        assert per_epoch in (n // size, -(-n // size))
        assert len(batches) == epochs * per_epoch
        orders = [[row for rows, _ in batches[e * per_epoch :][:per_epoch] for row in rows] for e in range(epochs)]
        for order in orders:
            assert len(order) == len(set(order)) >= n - n % size
            assert order != sorted(order)
        assert len(set(map(tuple, orders))) == epochs
        for rows, labels in batches:
            assert len(rows) <= size
            assert labels == list(y[rows])
            repeated.forward_propagation(X[rows])
            repeated.backprop(y[rows])
            repeated.gradient_step(0.2)
        for name in PARAMETERS:
            close(getattr(net, name), getattr(repeated, name))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), PAIRS, ids=lambda part: part)
def test_variant_is_right(name: str, task: str) -> None:
    """What a variant computes is what the handout computes, or, for batches, what it would on the same ones."""
    module, rng = load(name), np.random.default_rng(len(name))
    judges: dict[str, Callable[[ModuleType, np.random.Generator], None]] = {
        "backprop": networks_agree,
        "gradient_step": networks_agree,
        "gradient_descent": descends,
        "stochastic_gradient_descent": descends_in_batches,
    }
    if task in judges:
        judges[task](module, rng)
    else:
        functions_agree(module, task, rng)


def test_there_are_enough_of_them() -> None:
    """There are at least 60 variants, at least 30 written from scratch, and at least eight for every task."""
    assert len(FILES) >= 60
    assert sum(name.startswith("own_") for name in FILES) >= 30
    assert all(name.startswith(("own_", "turned_")) for name in FILES)
    for task in TASKS:
        assert sum(solved == task for _, solved in PAIRS) >= 8


def test_every_variant_says_what_is_unusual_about_it() -> None:
    """Each begins with a docstring of at least one sentence."""
    silent = [name for name, file in FILES.items() if not re.match(r'""".+[.:]', file.read_text(encoding="utf-8"))]
    assert silent == []


def test_no_two_variants_are_the_same() -> None:
    """No two files hold the same code below their docstrings."""
    codes = [re.sub(r'""".*?"""', "", file.read_text(encoding="utf-8"), flags=re.DOTALL) for file in FILES.values()]
    assert len(set(codes)) == len(codes)


def test_notebook_softmax_is_right_where_it_does_not_overflow() -> None:
    """The notebook's softmax agrees on ordinary logits, and gives no number from about 355 on, half of log(2^1024)."""
    softmax = load("own_notebook").softmax
    X = np.array([[1.0, 300.0, 299.0], [-50.0, 0.0, 4.0]])
    np.testing.assert_allclose(softmax(X), handout.softmax(X), rtol=1e-9)
    with np.errstate(all="ignore"):
        assert np.isnan(softmax(X + 60.0)).any()
