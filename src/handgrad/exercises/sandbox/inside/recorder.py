"""Records what a training routine does to a network, without any mathematics.

The network is an object of the submission's own class, so that a routine finds the methods, properties and arguments
that it expects. Meanwhile three methods are replaced. ``forward_propagation`` gives probabilities drawn by chance, with
the weights and the rows as a seed, ``backprop`` sets every gradient to ones, ``gradient_step`` subtracts the rate times
the gradients; they never raise, whatever their order and the number of rows. So a routine is judged by itself, even
where these methods are wrong or not written yet. Losses computed from such probabilities go up and down, so that a
routine which heeds them shows it.

A submission can see this file, so it contains no solution of a task, and imports the standard library, NumPy and its
own folder only. It has over 300 lines because the network and the log of what is done to it are one mechanism.
"""

from __future__ import annotations

import contextlib
import inspect
import zlib
from collections.abc import Callable
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .attributes import put, separate  # relative: in the sandbox the package has a different name
from .protocol import MOST_BYTES, plain

PARAMETERS = ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out")
SHARPNESS = (1.0, 1.0, 80.0)  # powers of what the probabilities are made of
DIRECTIONS = 8  # numbers that stand for a row of outputs
NEAR = 1e-3  # which clipping and rounding leave alone
SOME_ROWS = 9
MOST_EVENTS = 6_000  # several times what a correct routine needs for a small probe

Function = Callable[..., Any]
Shapes = dict[str, tuple[int, ...]]


class EndlessError(Exception):
    """The routine runs for longer than any correct one."""


class fcc:  # noqa: N801 - the sheet's name, which an error message may show
    """The class of networks if a submission has none that works: the sheet's, without its methods.

    Parameters
    ----------
    *sizes : int
        Units in each layer.

    Attributes
    ----------
    X, h1, h2, out, delta_out, delta_h2, delta_h1, n_trainable
        As in ``handgrad.handout.fcc``.
    """

    def __init__(self, *sizes: int) -> None:
        self.n_trainable = sum((a + 1) * b for a, b in pairwise(sizes))
        self.X = self.h1 = self.h2 = self.out = None
        self.delta_out = self.delta_h2 = self.delta_h1 = None


class Recording:
    """A network of some class that records while it is used: ``with recording: routine(recording.network)``.

    Parameters
    ----------
    kind : callable
        Makes the network from the sizes of its layers: a class, three methods of which are replaced meanwhile. If it
        is a class that cannot make one, its ``__init__`` is left out.
    weights : dict of str to ndarray
        By the names of ``PARAMETERS``; they become attributes, which the routine may change itself.
    watched : bool, default False
        Have the class's own methods do the work, and only watch them.

    Attributes
    ----------
    network : object
        Beside its own attributes it gets those of ``handgrad.handout.fcc``, of the right shapes; gradients are zeros
        until there was a backprop.
    log : Log
    """

    def __init__(self, kind: Function, weights: dict[str, NDArray[Any]], watched: bool = False) -> None:
        self._watched = watched
        self._shapes = {name: weights[name].shape for name in PARAMETERS}
        layers = [shape for shape in self._shapes.values() if len(shape) == 2]
        self.network = _made(kind, [layers[0][0], *(shape[1] for shape in layers)])
        for name, array in weights.items():
            put(self.network, name, array.copy())
        separate(self.network, weights)
        if not watched:
            _set(self.network, {f"d{name}": np.zeros(shape) for name, shape in self._shapes.items()})
        self.log = Log(self.network, self._shapes)
        self._replaced: list[tuple[type, str, Any]] = []

    def __enter__(self) -> None:
        kinds = type(self.network).__mro__[:-1]
        for name in METHODS:
            original = getattr(kinds[0], name, None)
            recorded = self._recorded(name, original)
            known_as = {(kind, key) for kind in kinds for key, value in vars(kind).items() if value is original}
            for kind, key in {(kinds[0], name)} | known_as:
                self._replaced.append((kind, key, vars(kind).get(key, recorded)))
                setattr(kind, key, recorded)

    def __exit__(self, *_: object) -> None:
        self.log.look()
        for kind, key, before in self._replaced:
            delattr(kind, key) if before is vars(kind).get(key) else setattr(kind, key, before)

    def _recorded(self, name: str, original: Function | None) -> Function:
        """Make what stands for one of the three methods."""
        called, _, ours = METHODS[name]
        signature = _signature(original)

        def method(network: Any, *arguments: Any, **keywords: Any) -> Any:
            value, fits = _argument(name, signature, (network, *arguments), keywords)
            if original is None and not arguments and not keywords:
                raise TypeError(f"{name}() missing 1 required positional argument: '{called}'")
            shapes = self._shapes
            if network is not self.network:  # which may have other layers
                shapes = {name: np.shape(getattr(network, name, ())) for name in PARAMETERS}
            log = self.log if network is self.network else Log(network, shapes)  # the log of a copy is not used
            self.log.elsewhere |= name == "backprop" and log is not self.log
            if name == "gradient_step":
                log.add(name, value)
            if original is None or (fits and not self._watched):
                result = ours(network, shapes, value)
            else:
                result = original(network, *arguments, **keywords)  # raises its own error if they do not fit
            if name != "gradient_step":  # a forward pass that it makes itself comes before it
                log.add(name, value)
            if name == "forward_propagation":
                log.computed(result)
            return result

        return method


class Log:
    """What happened to a network, in order: of each event the method, a copy of its argument, ``step`` and ``rate``.

    ``step`` counts the changes of the weights, looked for at each event. ``rate`` is how far the last change went, in
    units of minus the gradient, so that downhill is positive; NaN if the entries moved differently, None before any.
    Before a loss or an accuracy comes the ``step`` at which its outputs were computed, if that is known.
    """

    def __init__(self, network: Any, shapes: Shapes) -> None:
        self.events: list[tuple[str, NDArray[Any] | None, int, float | None]] = []
        self.step = 0
        self.rate: float | None = None
        self.too_much = False
        self.elsewhere = False  # whether another network was trained
        self.tables: list[NDArray[Any]] = []  # what the routine returned
        self.silent = False  # whether that was nothing
        self.otherwise = False  # whether it had to be called in another way than was asked
        self.arguments: list[Any] = []  # those after the network, as they are now
        self._network, self._shapes = network, shapes
        self._outputs: dict[int, int] = {}
        self._rows: list[NDArray[Any]] = []  # of all outputs, in short
        self._bytes = 0
        self._weights = self._flat()
        self._gradient = np.ones(self._weights.shape)

    def measuring(self, name: str, values: NDArray[Any]) -> Function:
        """Make what stands for a loss, or for the accuracy: each call gives the next value, and is noted."""
        left = cycle(values.ravel())

        def measured(*arguments: Any, **keywords: Any) -> Any:
            given = (*arguments, *keywords.values())
            known = [self._outputs[key] for key in map(_contents, given) if key in self._outputs]
            for made in known:
                self.add("outputs", made)
            if not known and any(map(self._changed, given)):
                self.add("outputs", -1)
            self.add(name, next((y for y in given if _axes(y) == 1), None))
            return next(left)

        return measured

    def add(self, method: str, value: Any) -> None:
        """Note one event."""
        self.look()
        if method == "backprop":
            self._gradient = self._flat("d")
        copied = plain(value)
        self._bytes += 0 if copied is None else copied.nbytes
        if len(self.events) >= MOST_EVENTS or self._bytes > MOST_BYTES // 2:
            self.too_much = True
            raise EndlessError("the routine did not come to an end")
        self.events.append((method, copied, self.step, self.rate))

    def computed(self, outputs: Any) -> None:
        """Remember after how many changes of the weights a forward pass gave these outputs."""
        self._outputs[_contents(outputs)] = self.step
        if (rows := _in_short(outputs)) is not None:
            self._rows.append(rows)

    def _changed(self, given: Any) -> bool:
        """Tell whether probabilities are those of no forward pass, whichever rows of whichever passes they are."""
        array = plain(given)
        rows = _in_short(given)
        if array is None or rows is None or not self._rows or set(np.unique(array).tolist()) <= {0.0, 1.0}:
            return False
        if not (np.min(array) >= 0 and np.max(array) <= 1 + NEAR):
            return False
        seen = np.concatenate([one for one in self._rows if one.shape[1] == rows.shape[1]] or [rows[:0]])
        some = rows[:: max(1, len(rows) // SOME_ROWS)]
        unknown = [not bool((np.abs(seen - row).max(axis=1, initial=0) < NEAR).any()) for row in some]
        return sum(unknown) * 2 > len(unknown)

    def look(self) -> None:
        """Count a change of the weights since the last look."""
        before, self._weights = self._weights, self._flat()
        if before.tobytes() != self._weights.tobytes():
            self.step, self.rate = self.step + 1, _rate(before, self._weights, self._gradient)

    def _flat(self, prefix: str = "") -> NDArray[Any]:
        """Copy all weights, or gradients, into one vector; one that is no number any more is NaN."""
        flat = []
        for name, shape in self._shapes.items():
            array = plain(getattr(self._network, prefix + name, None))
            flat.append(np.full(shape, np.nan) if array is None or array.shape != shape else array)
        return np.concatenate([np.ravel(array).astype(np.float64) for array in flat])


def forward_propagation(network: Any, shapes: Shapes, X: Any) -> NDArray[Any]:
    """Keep activations of the right shapes; the probabilities are others for other weights or rows.

    About a third of the examples get confident predictions, and most of these are wrong.
    """
    seen = [plain(value) for value in (X, *(getattr(network, name, None) for name in shapes))]
    drawn = np.random.RandomState(zlib.crc32(b"".join(array.tobytes() for array in seen if array is not None)))
    out: NDArray[Any] = (0.1 + drawn.random_sample((_rows(X), *shapes["b_out"]))) ** drawn.choice(
        SHARPNESS, (_rows(X), 1)
    )
    out /= out.sum(axis=1, keepdims=True)
    _set(network, {"X": X, **{h: np.full((_rows(X), *shapes[f"b_{h}"]), 0.5) for h in ("h1", "h2")}, "out": out})
    return out.copy()


def backprop(network: Any, shapes: Shapes, y: Any) -> None:
    """Set every delta and gradient to ones."""
    units = {"delta_out": "b_out", "delta_h2": "b_h2", "delta_h1": "b_h1"}
    _set(network, {delta: np.ones((*shapes[b], _rows(y))) for delta, b in units.items()})
    _set(network, {f"d{name}": np.ones(shape) for name, shape in shapes.items()})


def gradient_step(network: Any, shapes: Shapes, learning_rate: Any) -> None:
    """Subtract the rate times the gradients."""
    for name in shapes:
        _set(network, {name: getattr(network, name) - learning_rate * getattr(network, f"d{name}")})


# Of each method, the argument that counts and its number of axes, and what stands for it.
METHODS: dict[str, tuple[str, int, Function]] = {
    "forward_propagation": ("X", 2, forward_propagation),
    "backprop": ("y", 1, backprop),
    "gradient_step": ("learning_rate", 0, gradient_step),
}


def _argument(
    name: str, signature: inspect.Signature | None, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, bool]:
    """Find the argument that counts, whatever else the method takes, and say whether the call has it, and fits."""
    called, axes, _ = METHODS[name]
    named, values = keywords, [*arguments[1:], *keywords.values()]
    if signature is not None:
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError:
            return None, False
        bound.apply_defaults()
        named = bound.arguments | bound.kwargs
        values = [*bound.args[1:], *bound.kwargs.values()]
    likely = [value for value in values if _axes(value) == axes and type(value) is not bool]
    value = named.get(called, (likely or values or [None])[0])
    return value, value is not None


def _signature(method: Function | None) -> inspect.Signature | None:
    """Give a method's signature, if it has one."""
    try:
        return None if method is None else inspect.signature(method)
    except (TypeError, ValueError):
        return None


def _made(kind: Function, sizes: list[int]) -> Any:
    """Make a network."""
    try:
        return kind(*sizes)
    except Exception:
        if not isinstance(kind, type):
            raise
        made: Any = object.__new__(kind)
        return made


def _contents(value: Any) -> int:
    """Give a number that tells arrays apart."""
    array = plain(value)
    return 0 if array is None else hash((array.shape, array.tobytes()))


def _in_short(value: Any) -> NDArray[Any] | None:
    """Give a few sums of each row of a table, by which it can be found again."""
    array = plain(value)
    if array is None or array.ndim != 2 or array.dtype.kind != "f" or not array.size or not np.isfinite(array).all():
        return None
    directions = np.random.RandomState(array.shape[1]).standard_normal((array.shape[1], DIRECTIONS))
    return np.asarray(array, dtype=np.float64) @ directions


def _axes(value: Any) -> int:
    """Count the axes of what may be no array at all."""
    try:
        return np.ndim(value) if value is not None else -1
    except ValueError:  # rows of different lengths
        return -1


def _set(network: Any, values: dict[str, Any]) -> None:
    """Set attributes; if a class does not allow this, write into the existing array if that is possible."""
    for name, value in values.items():
        try:
            setattr(network, name, value)
        except AttributeError:
            _fill(network, name, value)


def _fill(network: Any, name: str, array: Any) -> None:
    """Write numbers into an existing array, if they fit."""
    there = getattr(network, name, None)
    if isinstance(there, np.ndarray) and there.shape == np.shape(array) and there.dtype == np.float64:
        with contextlib.suppress(ValueError):  # it may only be read
            there[...] = array


def _rows(value: Any) -> int:
    """Count the rows of an array."""
    return int((*np.shape(value), 1)[0])


def _rate(before: NDArray[Any], after: NDArray[Any], gradient: NDArray[Any]) -> float:
    """Compare a change of the weights with the gradient."""
    with np.errstate(all="ignore"):
        change = after - before
        rate = float(-np.dot(change, gradient) / np.dot(gradient, gradient))
        # Weights may have become float32.
        rounding = 1e-6 * (np.abs(rate * gradient) + float(np.max(np.abs(before), initial=0)) * 0.1)
        return rate if bool(np.all(np.abs(change + rate * gradient) <= rounding)) else float("nan")
