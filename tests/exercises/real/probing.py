"""Finds out in which tasks a sheet differs from ``handgrad.handout``, without the checker."""

from __future__ import annotations

import builtins
import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import numpy as np
from numpy import allclose  # before a cheat puts another one in its place

from handgrad import handout as importable
from handgrad.exercises.tasks import PARAMETERS

FUNCTION_SIZES = ((1, 4), (6, 4), (5, 5), (3, 12), (40, 10), (6, 4))
NETWORK_SIZES = ((5, 4, 3, 6), (3, 7, 4, 2), (9, 6, 8, 13))
LARGE = (784, 400, 400, 10)
CHANGEABLE = (builtins, np, np.testing, np.random, np.linalg, importable, importable.fcc)


def _own_copy(name: str) -> Any:
    """Execute a module once more: sheets may change the one that they can import."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


handout = _own_copy("handgrad.handout")


@contextmanager
def undone() -> Iterator[None]:
    """Undo afterwards what a sheet has changed outside of itself, in NumPy, Python and the package."""
    before = [dict(vars(place)) for place in CHANGEABLE]
    try:
        yield
    finally:
        for place, names in zip(CHANGEABLE, before, strict=True):
            for name, value in names.items():
                if vars(place).get(name) is not value:
                    setattr(place, name, value)


def loaded(sheet: str) -> ModuleType:
    """Execute a sheet; they are our own."""
    module = ModuleType("learners_sheet")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    with np.errstate(all="ignore"):
        exec(compile(sheet, "sheet.py", "exec"), vars(module))  # noqa: S102
    return module


class DiffersError(Exception):
    """What was found, in words."""


def close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Compare shapes and numbers."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise DiffersError(f"{what}: shape {found.shape} for {expected.shape}")
    if not allclose(found.astype(float), expected, rtol=tolerance, atol=tolerance):
        raise DiffersError(f"{what}: off by {np.max(np.abs(found.astype(float) - expected)):.3g}")


def arguments(task: str, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Draw arguments for a function, of several sizes."""
    for n, k in FUNCTION_SIZES:
        X, y = rng.standard_normal((n, k)), rng.integers(0, k, n)
        P, other = handout.softmax(2 * X), handout.softmax(X)
        yield from {
            "sigmoid": [(8 * X,), (X[0],), (40 * X,)],
            "softmax": [(4 * X,), (4 * X + 1000,), (4 * X - 1000,), (X + 1000 * np.arange(n)[:, None],)],
            "fcc_one_layer": [(X, rng.standard_normal((k, 7)), rng.standard_normal(7), np.tanh)],
            "cross_entropy": [(P, y), (other, y)],
            "accuracy": [
                (P, y),
                (X, np.argmax(X, axis=1)),
                (X, np.where(np.arange(n) % 3, np.argmax(X, axis=1), y)),
                (X - 9, np.argmax(X, axis=1)),  # logits below 0
            ],
            "delta_last_layer": [(P, y), (other, y)],
            "delta_last_layer_easy_approach": [(P, y), (other, y)],
            "del_sigmoid": [(P,), (P[0],)],
        }[task]


def function(module: ModuleType, task: str, tolerance: float) -> None:
    """Compare a function with the reference; its arguments must stay as they are."""
    for given in arguments(task, np.random.default_rng(7)):
        handed = copy.deepcopy(given)
        with np.errstate(all="ignore"):
            close(getattr(module, task)(*handed), getattr(handout, task)(*given), tolerance, task)
        for before, after in zip(given, handed, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after):
                raise DiffersError("an argument was changed")
    if task in ("cross_entropy", "delta_last_layer"):
        with np.errstate(all="ignore"):
            if not np.isfinite(getattr(module, task)(np.eye(3), np.array([0, 1, 2]))).all():
                raise DiffersError("not finite where a probability is zero")


def _same_weights(net: Any, other: Any) -> None:
    """Write the weights of one network into another's arrays."""
    for name in PARAMETERS:
        getattr(net, name)[...] = getattr(other, name)


def _parameters(net: Any) -> dict[str, Any]:
    """Copy all weights and biases."""
    return {name: np.array(getattr(net, name)) for name in PARAMETERS}


def initialised(module: ModuleType, tolerance: float, large: bool) -> None:
    """Compare the weights that two generators of the same seed draw."""
    for sizes in (*NETWORK_SIZES, LARGE) if large else NETWORK_SIZES:
        net, other = module.fcc(*sizes, np.random.RandomState(3)), handout.fcc(*sizes, np.random.RandomState(3))
        for name in PARAMETERS:
            found, expected = np.asarray(getattr(net, name)), getattr(other, name)
            as_row = name.startswith("b") and found.shape == (1, *expected.shape)
            close(found[0] if as_row else found, expected, tolerance, name)


def rounds(module: ModuleType, judged: str, tolerance: float, sizes: tuple[int, ...], counts: tuple[int, ...]) -> None:
    """Train a network beside the reference, whose weights it is given before every round; judge one of the methods."""
    rng = np.random.default_rng(11)
    net, other = module.fcc(*sizes, np.random.RandomState(3)), handout.fcc(*sizes, np.random.RandomState(3))
    for i, n in enumerate(counts):
        X, y, rate = rng.standard_normal((n, sizes[0])), rng.integers(0, sizes[-1], n), (0.3, 0.05, 0.8)[i % 3]
        _same_weights(net, other)
        out = net.forward_propagation(X.copy())
        other.forward_propagation(X)
        if judged == "forward_propagation":
            close(out, other.out, tolerance, "out")
            other.backprop(y)
            other.gradient_step(rate)
            _same_weights(net, other)  # the same examples must now give something else
            close(net.forward_propagation(X.copy()), other.forward_propagation(X), tolerance, "out after the step")
            continue
        before = _parameters(net)
        net.backprop(y.copy())
        other.backprop(y)
        gradients = {name: np.array(getattr(net, f"d{name}")) for name in PARAMETERS}
        if judged == "backprop":
            for name in PARAMETERS:
                close(gradients[name], getattr(other, f"d{name}"), tolerance, f"d{name}")
                close(getattr(net, f"d{name}"), gradients[name], tolerance, f"d{name} when read again")
                close(getattr(net, name), before[name], 1e-12, f"{name} after backprop")
            for name in ("delta_out", "delta_h2", "delta_h1"):
                expected = getattr(other, name)
                found = np.asarray(getattr(net, name, expected))  # one may keep it to oneself
                if not (found.shape in (expected.shape, expected.T.shape) and np.isfinite(found).all()):
                    raise DiffersError(f"{name}: shape {found.shape}")
        else:
            net.gradient_step(rate)
            for name in PARAMETERS:
                close(getattr(net, name), before[name] - rate * gradients[name], tolerance, name)
                close(getattr(net, f"d{name}"), gradients[name], 1e-12, f"d{name} after the step")
        other.gradient_step(rate)


def method(module: ModuleType, task: str, tolerance: float) -> None:
    """Judge a method on networks of several sizes, over several rounds."""
    for sizes in NETWORK_SIZES:
        rounds(module, task, tolerance, sizes, (7, 11, 1, 8, 17, 10, 10))


def watched(module: ModuleType) -> type:
    """Derive a class that notes the rows of every backward pass, by their first entry, and the labels."""

    class Watched(module.fcc):  # type: ignore[misc, name-defined]
        """The learner's network, watched."""

        def forward_propagation(self, X: Any, *more: Any, **named: Any) -> Any:
            """Note the rows."""
            vars(self)["rows"] = [round(float(x)) for x in np.asarray(X)[:, 0]]
            vars(self).setdefault("forwards", []).append(len(X))
            return super().forward_propagation(X, *more, **named)

        def backprop(self, y: Any, *more: Any, **named: Any) -> Any:
            """Note the rows of the last forward pass, with the labels."""
            noted = vars(self).setdefault("trained_on", [])
            noted.append((vars(self).get("rows"), [int(label) for label in np.ravel(y)]))
            return super().backprop(y, *more, **named)

    return Watched


def data(rng: np.random.Generator, n: int, first: int = 0) -> tuple[Any, Any]:
    """Draw examples with a number each, and labels."""
    return np.column_stack([np.arange(first, first + n), rng.standard_normal((n, 2))]).astype(float), rng.integers(
        0, 4, n
    )


def _replayed(net: Any, start: Any, X: Any, y: Any, rate: float, tolerance: float) -> None:
    """Train the reference on the noted batches: it must end with the same weights."""
    for rows, labels in net.trained_on:
        if any(row < 0 or row >= len(X) for row in rows):
            raise DiffersError("trained on other examples")
        if labels != list(y[rows]):
            raise DiffersError("labels and examples do not belong together")
        start.forward_propagation(X[rows])
        start.backprop(y[rows])
        start.gradient_step(rate)
    for name in PARAMETERS:
        close(getattr(net, name), getattr(start, name), tolerance, f"{name} at the end")


def _pair(module: ModuleType) -> tuple[Any, Any]:
    """Make the learner's network, watched, and a reference with the same small weights."""
    net, other = watched(module)(3, 5, 4, 4, np.random.RandomState(5)), handout.fcc(3, 5, 4, 4)
    for name in PARAMETERS:
        getattr(net, name)[...] *= 0.5
        setattr(other, name, np.array(getattr(net, name), dtype=float))
    return net, other


def _recorded(found: Any, expected: list[Any], tolerance: float) -> None:
    """Compare a list of evaluations, if it is one."""
    try:
        close(np.array(found, dtype=float), np.array(expected, dtype=float), tolerance, "the history")
    except (TypeError, ValueError) as error:
        raise DiffersError("no history") from error


def descent(module: ModuleType, tolerance: float, record: bool) -> None:
    """Compare the weights after gradient descent, and, if asked, what is returned, with the reference's."""
    rng = np.random.default_rng(13)
    for settings in (
        {"num_iterations": 7, "evaluate_every": 3, "learning_rate": 0.2},
        {"num_iterations": 4, "evaluate_every": 50, "learning_rate": 0.05},
        {"num_iterations": 30, "evaluate_every": 10, "learning_rate": 0.4},
    ):
        (X, y), (testx, testy) = data(rng, 9), data(rng, 5, 1000)
        net, other = _pair(module)
        expected = handout.gradient_descent(copy.deepcopy(other), X, y, testx, testy, **settings)
        found = module.gradient_descent(net, X.copy(), y.copy(), testx.copy(), testy.copy(), **settings)
        trained_on = getattr(net, "trained_on", [])
        if len(trained_on) != settings["num_iterations"]:
            raise DiffersError(f"{len(trained_on)} steps instead of {settings['num_iterations']}")
        if any(sorted(rows) != list(range(len(X))) for rows, _ in trained_on):
            raise DiffersError("not all examples in a step")
        _replayed(net, other, X, y, settings["learning_rate"], tolerance)
        if expected[-1].train_loss >= expected[0].train_loss:
            raise AssertionError("the reference does not learn here")
        if record:
            _recorded(found, expected, tolerance)


def batches(module: ModuleType, tolerance: float, record: bool) -> None:
    """Look at the batches that were trained on, and repeat them on the reference."""
    rng = np.random.default_rng(17)
    for n, size, epochs, rate in ((20, 5, 3, 0.2), (23, 4, 2, 0.05), (24, 6, 9, 0.3), (13, 4, 12, 0.1)):
        (X, y), (testx, testy) = data(rng, n), data(rng, 6, 1000)
        net, other = _pair(module)
        returned = module.stochastic_gradient_descent(
            net, X.copy(), y.copy(), testx.copy(), testy.copy(), learning_rate=rate, batch_size=size, epochs=epochs,
            log_every=2, rng=np.random.RandomState(n),
        )  # fmt: skip
        trained_on = getattr(net, "trained_on", [])
        each = len(trained_on) // epochs
        if len(trained_on) != epochs * each or each not in (n // size, -(-n // size)):
            raise DiffersError(f"{len(trained_on)} steps in {epochs} epochs of {n // size}")
        orders = [[row for rows, _ in trained_on[e * each :][:each] for row in rows] for e in range(epochs)]
        if any(not len(order) == len(set(order)) >= n - n % size for order in orders):
            raise DiffersError("an epoch is not every example once")
        even = {n // each, -(-n // each)} if each == n // size else set()  # what is left over, spread over the batches
        for e in range(epochs):
            lengths = {len(rows) for rows, _ in trained_on[e * each :][: n // size]}
            if lengths != {size} and lengths != even:
                raise DiffersError("another batch size")
        if any(order in (sorted(order), sorted(order)[::-1]) for order in orders):
            raise DiffersError("not shuffled")
        if epochs > 10 and len({row for order in orders for row in order}) < n:
            raise DiffersError("the same examples are left out in every epoch")
        together = {frozenset(rows) for rows, _ in trained_on}
        if len(set(map(tuple, orders))) < epochs or len(together) < len(trained_on) * 0.6:
            raise DiffersError("the same batches again")
        copied = copy.deepcopy(other)
        _replayed(net, other, X, y, rate, tolerance)
        if record:
            evaluations, logged = handout.stochastic_gradient_descent(
                copied, X, y, testx, testy, rate, size, epochs, 2, np.random.RandomState(n)
            )
            if not isinstance(returned, tuple) or len(returned) != 2:
                raise DiffersError("no pair of lists")
            _recorded(returned[0], evaluations, tolerance)
            _recorded(returned[1], logged, tolerance)


def differs(module: ModuleType, task: str, tolerance: float = 1e-6, record: bool = False, large: bool = False) -> str:
    """Say how a task differs from the reference, or "" if it does not.

    ``record`` also compares what the routines return, which a right solution may do its own way; ``large`` also trains
    a network of the sheet's size.
    """
    judge: Callable[[], None]
    if task == "__init__":
        judge = lambda: initialised(module, tolerance, large)  # noqa: E731
    elif task in ("forward_propagation", "backprop", "gradient_step"):
        judge = lambda: method(module, task, tolerance)  # noqa: E731
    elif task == "gradient_descent":
        judge = lambda: descent(module, tolerance, record)  # noqa: E731
    elif task == "stochastic_gradient_descent":
        judge = lambda: batches(module, tolerance, record)  # noqa: E731
    else:
        judge = lambda: function(module, task, tolerance)  # noqa: E731
    try:
        with np.errstate(all="ignore"):
            judge()
            if large and task in ("forward_propagation", "backprop", "gradient_step"):
                rounds(module, task, tolerance, LARGE, (64, 64))
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}" if not isinstance(error, DiffersError) else str(error)
    return ""


def calls(module: ModuleType) -> int:
    """Count the calls that one backward pass makes."""
    net = module.fcc(36, 32, 28, 20, np.random.RandomState(3))  # measuring slopes takes more calls than any honest pass
    net.forward_propagation(np.random.RandomState(4).randn(2, 36))
    count = 0

    def profile(*_: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        net.backprop(np.arange(2))
    finally:
        sys.setprofile(None)
    return count
