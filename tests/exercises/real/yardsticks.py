"""What two usual tools alone would have said of the collected cases: unit tests, and a gradient check.

python -m tests.exercises.real.yardsticks [open | held-out]

Neither says why something is wrong. ``unit_tests`` is what an instructor writes in an hour: one call for each task, on
the small arrays of the sheet, compared with the reference by ``numpy.allclose``. ``gradient_check`` is that of the
course CS231n: central differences of the loss against backprop's gradients, and nothing else.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from handgrad.exercises.tasks import PARAMETERS

from . import HELD_OUT, OPEN, Case
from .probing import handout, loaded, undone

# The sheet's worked examples: two rows of logits with their labels, some sums, and a small network with its batch.
LOGITS, LABELS = np.array([[0.2, -1.0, 0.7], [1.5, 0.3, -0.4]]), np.array([2, 0])
SUMS = np.array([[-2.0, -0.5, 0.0], [0.3, 1.0, 4.0]])
SIZES = (3, 5, 4, 3)
RNG = np.random.RandomState(0)
REFERENCE = handout.fcc(*SIZES, RNG)
X, Y = RNG.randn(6, 3), np.array([0, 1, 2, 2, 1, 0])
P = handout.softmax(LOGITS)
OUT = np.array(REFERENCE.forward_propagation(X))

ARGUMENTS: Mapping[str, tuple[Any, ...]] = {
    "sigmoid": (SUMS,),
    "softmax": (LOGITS,),
    "fcc_one_layer": (X, REFERENCE.W_i_h1, REFERENCE.b_h1, np.tanh),
    "cross_entropy": (OUT, Y),
    "accuracy": (OUT, Y),
    "delta_last_layer": (P, LABELS),
    "delta_last_layer_easy_approach": (P, LABELS),
    "del_sigmoid": (handout.sigmoid(SUMS),),
}

# Whatever NumPy function a sheet has replaced is replaced here, too: these tools run in the learner's process.
Compared = Iterator[tuple[Any, Any]]


def _networks(module: ModuleType) -> tuple[Any, Any]:
    """Make the learner's network with the reference's weights, and a fresh reference."""
    net, other = module.fcc(*SIZES, np.random.RandomState(0)), copy.deepcopy(REFERENCE)
    for name in PARAMETERS:
        getattr(net, name)[...] = getattr(other, name)
    return net, other


def _arrays(net: Any, other: Any, prefix: str = "") -> Compared:
    """Pair the weights, or the gradients, of two networks."""
    for name in PARAMETERS:
        yield getattr(net, prefix + name), getattr(other, prefix + name)


def _init(module: ModuleType) -> Compared:
    yield from _arrays(module.fcc(*SIZES, np.random.RandomState(0)), REFERENCE)


def _forward(module: ModuleType) -> Compared:
    net, _ = _networks(module)
    yield net.forward_propagation(X.copy()), OUT


def _backprop(module: ModuleType) -> Compared:
    net, other = _networks(module)
    net.forward_propagation(X.copy())
    net.backprop(Y.copy())
    other.backprop(Y)
    yield from _arrays(net, other, "d")


def _step(module: ModuleType) -> Compared:
    net, other = _networks(module)
    for name in PARAMETERS:
        for each in (net, other):
            setattr(each, "d" + name, np.linspace(1, 2, getattr(other, name).size).reshape(getattr(other, name).shape))
    net.gradient_step(0.1)
    other.gradient_step(0.1)
    yield from _arrays(net, other)


def _descent(module: ModuleType) -> Compared:
    net, other = _networks(module)
    found = module.gradient_descent(net, X.copy(), Y.copy(), X.copy(), Y.copy(), 0.5, 10, 5)
    expected = handout.gradient_descent(other, X, Y, X, Y, 0.5, 10, 5)
    yield [row.train_loss for row in found], [row.train_loss for row in expected]
    yield from _arrays(net, other)


def _stochastic(module: ModuleType) -> Compared:
    """Only see that the loss falls: the order is up to chance."""
    net, _ = _networks(module)
    rows, _ = module.stochastic_gradient_descent(
        net, X.copy(), Y.copy(), X.copy(), Y.copy(), 0.5, 2, 20, 1, np.random.RandomState(0)
    )
    yield rows[-1].train_loss < rows[0].train_loss, True


METHODS_AND_ROUTINES: Mapping[str, Callable[[ModuleType], Compared]] = {
    "__init__": _init,
    "forward_propagation": _forward,
    "backprop": _backprop,
    "gradient_step": _step,
    "gradient_descent": _descent,
    "stochastic_gradient_descent": _stochastic,
}


def _function(module: ModuleType, task: str) -> Compared:
    yield getattr(module, task)(*copy.deepcopy(ARGUMENTS[task])), getattr(handout, task)(*ARGUMENTS[task])


def _passes(test: Callable[[], bool]) -> bool:
    """Run a test; an error in it is a failure."""
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            return test()
    except (Exception, SystemExit):
        return False


def unit_tests(module: ModuleType) -> frozenset[str]:
    """Name the tasks whose test fails."""
    tests = {task: lambda task=task: _function(module, task) for task in ARGUMENTS}
    tests |= {task: lambda pairs=pairs: pairs(module) for task, pairs in METHODS_AND_ROUTINES.items()}
    return frozenset(
        task
        for task, pairs in tests.items()
        if not _passes(lambda pairs=pairs: all(np.allclose(found, expected) for found, expected in pairs()))
    )


def gradient_check(module: ModuleType) -> frozenset[str]:
    """Name backprop, if a gradient has a relative error above 1e-5."""
    return frozenset() if _passes(lambda: _relative_error(module) < 1e-5) else frozenset(["backprop"])


def _relative_error(module: ModuleType, step: float = 1e-5) -> float:
    """Measure the slope of the sheet's own loss along every weight, and give the largest relative error of backprop."""
    net, _ = _networks(module)
    net.forward_propagation(X)
    net.backprop(Y)
    gradients = {name: np.array(getattr(net, "d" + name)) for name in PARAMETERS}

    def loss(name: str, index: tuple[int, ...], change: float) -> float:
        getattr(net, name)[index] += change
        measured: float = module.cross_entropy(net.forward_propagation(X), Y)
        getattr(net, name)[index] -= change
        return measured

    worst = 0.0
    for name, gradient in gradients.items():
        slopes = np.zeros(getattr(net, name).shape)
        for index in np.ndindex(*slopes.shape):
            slopes[index] = (loss(name, index, step) - loss(name, index, -step)) / (2 * step)
        error = np.abs(gradient - slopes) / np.maximum(1e-8, np.abs(gradient) + np.abs(slopes))
        worst = max(worst, float(np.max(error)))
    return worst


TOOLS: Mapping[str, Callable[[ModuleType], frozenset[str]]] = {
    "unit tests": unit_tests,
    "gradient check": gradient_check,
}


def outcome(tool: str, case: Case) -> str:
    """Say what a tool makes of a case, in the words of ``outcomes.OUTCOMES``; it never names a cause."""
    with undone():
        failing = TOOLS[tool](loaded(case.sheet))
    if case.kind == "mistakes":
        return "described" if case.task in failing else "missed"
    if case.kind == "right":
        return "rejected" if failing else "right"
    return "caught" if failing else "full marks"


def table(cases: Mapping[str, Sequence[Case]]) -> str:
    """Write a Markdown table with a line for each tool."""
    lines = [
        "| tool | mistakes noticed | named | right ones rejected | cheats let through |",
        "|---|---|---|---|---|",
    ]
    for tool in TOOLS:
        said = {kind: [outcome(tool, case) for case in those] for kind, those in cases.items()}
        noticed, rejected, through = (
            f"{said[kind].count(word)} of {len(said[kind])}"
            for kind, word in (("mistakes", "described"), ("right", "rejected"), ("cheats", "full marks"))
        )
        lines.append(f"| {tool} | {noticed} | 0 | {rejected} | {through} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table({"open": OPEN, "held-out": HELD_OUT}[sys.argv[1] if sys.argv[1:] else "held-out"]) + "\n")
