"""A network that only records what a training routine does to it, without any mathematics.

It has the attributes and methods of ``handgrad.handout.fcc``. ``forward_propagation`` gives every class the same
probability, ``backprop`` sets every gradient to ones, ``gradient_step`` subtracts the rate times the gradients; they
never raise, whatever their order and the number of rows. A submission can see this file, so it contains no solution
of a task, and imports NumPy and ``protocol`` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .protocol import MOST_BYTES, plain  # relative: in the sandbox the package has a different name

PARAMETERS = ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out")
MOST_EVENTS = 10_000  # several times what a correct routine needs for a small probe


class EndlessError(Exception):
    """The routine runs for longer than any correct one."""


class fcc:  # noqa: N801 - the sheet's name, which an error message may show
    """The recording network.

    Parameters
    ----------
    weights : dict of str to ndarray
        By the names of ``PARAMETERS``; they become attributes, which the routine may change itself.

    Attributes
    ----------
    X, h1, h2, out, delta_out, delta_h2, delta_h1, dW_i_h1, ... : ndarray or None
        As in ``handgrad.handout.fcc``, of the right shapes; gradients are zeros until there was a backprop.
    """

    X: Any
    h1: Any
    h2: Any
    out: Any
    delta_out: Any
    delta_h2: Any
    delta_h1: Any

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        for name in PARAMETERS:
            setattr(self, name, weights[name])
            setattr(self, f"d{name}", np.zeros(weights[name].shape))
        self.n_trainable = sum(array.size for array in weights.values())
        self.X = self.h1 = self.h2 = self.out = None
        self.delta_out = self.delta_h2 = self.delta_h1 = None
        self._shapes = {name: weights[name].shape for name in PARAMETERS}
        self._log = Log(self)

    def forward_propagation(self, X: Any) -> NDArray[Any]:
        """Keep activations of the right shapes; every class is equally probable."""
        self._log.add("forward_propagation", X)
        self.X = X
        self.h1, self.h2, self.out = (
            np.full((_rows(X), *self._shapes[b]), value)
            for b, value in (("b_h1", 0.5), ("b_h2", 0.5), ("b_out", 1 / self._shapes["b_out"][0]))
        )
        return np.asarray(self.out)

    def backprop(self, y: Any) -> None:
        """Set every delta and gradient to ones."""
        self._log.add("backprop", y)
        for name, shape in self._shapes.items():
            setattr(self, f"d{name}", np.ones(shape))
        self.delta_out, self.delta_h2, self.delta_h1 = (
            np.ones((*self._shapes[b], _rows(y))) for b in ("b_out", "b_h2", "b_h1")
        )

    def gradient_step(self, learning_rate: Any) -> None:
        """Subtract the rate times the gradients."""
        self._log.add("gradient_step", learning_rate)
        for name in PARAMETERS:
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, f"d{name}"))


class Log:
    """What happened to a network, in order: of each event the method, a copy of its argument, ``step`` and ``rate``.

    ``step`` counts the changes of the weights, looked for at each event. ``rate`` is how far the last change went, in
    units of minus the gradient, so that downhill is positive; NaN if the entries moved differently, None before any.
    """

    def __init__(self, network: fcc) -> None:
        self.network = network
        self.events: list[tuple[str, NDArray[Any] | None, int, float | None]] = []
        self.step = 0
        self.rate: float | None = None
        self.too_much = False
        self._bytes = 0
        self._weights = _flat(network)

    def add(self, method: str, value: Any) -> None:
        """Note one event."""
        self.look()
        copied = plain(value)
        self._bytes += 0 if copied is None else copied.nbytes
        if len(self.events) >= MOST_EVENTS or self._bytes > MOST_BYTES // 2:
            self.too_much = True
            raise EndlessError("the routine did not come to an end")
        self.events.append((method, copied, self.step, self.rate))

    def look(self) -> None:
        """Count a change of the weights since the last look."""
        before, self._weights = self._weights, _flat(self.network)
        if before.tobytes() != self._weights.tobytes():
            self.step, self.rate = self.step + 1, _rate(before, self._weights)


def _rows(value: Any) -> int:
    """Count the rows of an array."""
    return int((*np.shape(value), 1)[0])


def _flat(network: fcc) -> NDArray[Any]:
    """Copy all weights into one vector; one that is no number any more is NaN."""
    flat = []
    for name, shape in network._shapes.items():
        array = plain(getattr(network, name, None))
        flat.append(np.full(shape, np.nan) if array is None or array.shape != shape else array)
    return np.concatenate([np.ravel(array).astype(np.float64) for array in flat])


def _rate(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Compare a change of the weights with the gradient, which is ones."""
    with np.errstate(all="ignore"):
        change = after - before
        mean = float(np.mean(change))
        # Weights may have become float32.
        rounding = 1e-6 * (abs(mean) + float(np.max(np.abs(before), initial=0)) * 0.1)
        return -mean if bool(np.all(np.abs(change - mean) <= rounding)) else float("nan")
