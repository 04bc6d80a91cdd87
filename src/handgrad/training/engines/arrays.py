"""The arrays that compiled code works on: a network in numbers, its examples, and room for what is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.compiled import functions, updates
from handgrad.compiled.arguments import Inputs, Memory, Room, Shape
from handgrad.compiled.functions import ACTIVATION_CODES, LOSS_CODES
from handgrad.compiled.kernels import kernels_for
from handgrad.compiled.pairs import ACROSS, compress
from handgrad.compiled.span import TOGETHER, own
from handgrad.compiled.tiles import PANEL_BYTES
from handgrad.compiled.vectors import VECTOR_BYTES
from handgrad.network.mlp import MLP
from handgrad.training.examples import Examples
from handgrad.training.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer
from handgrad.training.settings import TrainingSettings

# Below this share of inputs (in training, of their pairs) that are not zero, leaving zeros out beats the dense product.
SPARSE = 0.35


# By exact type: a subclass may compute something else.
OPTIMIZER_CODES: dict[type, int] = {
    SGD: updates.SGD,
    Momentum: updates.MOMENTUM,
    Nesterov: updates.NESTEROV,
    Adam: updates.ADAM,
    AdamW: updates.ADAMW,
}


def unsupported(network: MLP, settings: TrainingSettings | None = None) -> str | None:
    """Say what compiled code cannot compute of a network, or of a training if settings are given.

    Examples
    --------
    >>> unsupported(MLP((4, 3)), TrainingSettings()) is None
    True
    """
    for name in network.activations:
        if name not in ACTIVATION_CODES:
            return f"the activation {name} has no compiled version"
    if network.loss not in LOSS_CODES:
        return f"the loss {network.loss} has no compiled version"
    if settings is not None and type(settings.recurrence) not in OPTIMIZER_CODES:
        return f"the optimizer {type(settings.recurrence).__name__} has no compiled version"
    return None


def constants_of(optimizer: Optimizer) -> NDArray[np.float64]:
    """List an optimizer's constants as compiled code reads them, padded with zeros to four."""
    constants = np.array(astuple(optimizer), np.float64)  # type: ignore[call-overload]
    return np.pad(constants, (0, 4 - constants.size))


def shape_of(network: MLP) -> Shape:
    """Describe a network in numbers."""
    sizes = np.array(network.layer_sizes)
    before = np.cumsum((sizes[:-1] + 1) * sizes[1:])
    return Shape(
        sizes,
        np.concatenate([[0], before[:-1]]),
        np.concatenate([[0], np.cumsum(sizes[:-1])]),
        np.array([ACTIVATION_CODES[name] for name in network.activations], np.int64),
        LOSS_CODES[network.loss],
    )


def inputs_of(network: MLP, examples: Examples, dtype: DTypeLike, settings: TrainingSettings | None = None) -> Inputs:
    """Give the compiled code its examples; for a training, their pairs too that are not zero, if that is worth it."""
    k = network.layer_sizes[-1]
    X, y = fixed(examples.X, dtype), examples.y
    classes = y.ndim == 1 and (k > 1 or network.loss == "cross_entropy")
    labels = fixed(y if classes else np.zeros(0), np.int64)
    targets = fixed(np.zeros((0, 0)) if classes else y.reshape(len(y), k), np.float64)
    weights = fixed(np.zeros(0) if examples.weight is None else examples.weight, np.float64)
    pairs_in_row = -(-X.shape[1] // 2)
    # Pairs are listed for a whole batch; with one layer, each thread would want those of its rows only.
    wanted = settings is not None and settings.input_dropout == 0.0 and len(network.layer_sizes) > 2
    starts = np.zeros(len(X) + 1 if wanted and pairs_in_row < 2**16 else 0, np.int64)
    pairs, values = np.zeros(0, np.uint16), np.zeros((0, 2), X.dtype)
    if starts.size:
        compress(X, pairs, values, starts)
        if starts[-1] > SPARSE * len(X) * pairs_in_row:
            starts = np.zeros(0, np.int64)
        else:
            pairs = np.empty(starts[-1], np.uint16)
            if settings is not None and not settings.full_batch:
                values = np.empty((starts[-1], 2), X.dtype)
            compress(X, pairs, values, starts)
    return Inputs(X, labels, targets, weights, pairs, values, starts)


def memory_for(shape: Shape, height: int, dtype: DTypeLike, threads: int, inputs: Inputs, dropout: bool) -> Memory:
    """Make the buffers of a training for so many rows."""
    size = int(shape.sizes.sum()) * height
    H = aligned(size, dtype)
    pairs = _pairs_of(shape, inputs)
    lists = int(pairs.sum())
    rows = TOGETHER * int(shape.sizes.max())
    scratch = max(PANEL_BYTES, height * ACROSS * VECTOR_BYTES) // np.dtype(dtype).itemsize
    return Memory(
        H,
        aligned(size, dtype) if dropout else H,
        aligned(size if _needs_Z(shape) else 0, dtype),
        aligned(size, dtype),
        np.zeros(height),
        np.zeros((2, int(shape.sizes.sum() + shape.sizes[-2]))),
        np.concatenate([[0], np.cumsum(pairs)]),
        height + 1,
        np.zeros(lists, np.int64),
        np.zeros(lists * (height + 1), np.uint16),
        np.zeros((int(pairs[0]) * (height + 1), 2), dtype),
        np.zeros((threads, 8)),  # a cache line each
        aligned(threads * scratch, dtype).reshape(threads, scratch),
        aligned(threads * rows, dtype).reshape(threads, rows),
        np.zeros(32, np.int64),
        height,
        kernels_for(dtype),
    )


def set_apart(vector: NDArray[Any], apart: NDArray[Any], shape: Shape, threads: int, layers: int) -> None:
    """Copy a network's vector as a span wants it: of the first ``layers`` layers, the weights owner by owner."""
    apart[:] = vector
    for together, own_part in _parts(vector, apart, shape, threads, layers):
        own_part[:] = together


def bring_together(apart: NDArray[Any], vector: NDArray[Any], shape: Shape, threads: int, layers: int) -> None:
    """Undo ``set_apart``."""
    vector[:] = apart
    for together, own_part in _parts(vector, apart, shape, threads, layers):
        together[:] = own_part


def _parts(
    vector: NDArray[Any], apart: NDArray[Any], shape: Shape, threads: int, layers: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """View what each thread owns, in both vectors; of the last layer it owns whole rows, which lie together anyway."""
    for layer in range(min(layers, len(shape.sizes) - 2) if threads > 1 else 0):
        at, d_in, units = (int(x) for x in (shape.w_at[layer], *shape.sizes[layer : layer + 2]))
        W = vector[at : at + d_in * units].reshape(d_in, units)
        for thread in range(threads):
            first, last = own.py_func(units, layer, thread, threads)  # type: ignore[no-untyped-call]
            yield W[:, first:last], apart[at + d_in * first : at + d_in * last].reshape(d_in, last - first)


def room_for(shape: Shape, height: int, dtype: DTypeLike) -> Room:
    """Make the buffers of a thread's evaluation for so many rows."""
    size, widest = int(shape.sizes.sum()) * height, int(shape.sizes.max())
    entries = height * widest + 1 if widest < 2**16 else 0  # compressing writes one beyond the last entry
    return Room(
        aligned(size, dtype),
        aligned(size if _needs_Z(shape) else 0, dtype),
        aligned(size, dtype),
        np.zeros(entries, np.uint16),
        np.zeros(entries, dtype),
        np.zeros(height, np.int64),
        np.zeros(max(height, widest), np.int64),
        np.zeros(height),
        aligned(max(PANEL_BYTES, height * ACROSS * VECTOR_BYTES) // np.dtype(dtype).itemsize, dtype),
        height,
        kernels_for(dtype),
    )


def _needs_Z(shape: Shape) -> bool:
    """Say whether an activation's derivative is computed from its input."""
    return any(code in functions.NEEDS_Z for code in shape.codes)


def _pairs_of(shape: Shape, inputs: Inputs) -> NDArray[np.int64]:
    """Count, for each layer, the pairs of its inputs whose entries are listed in training."""
    pairs = np.zeros(shape.sizes.size - 1, np.int64)
    if inputs.starts.size:
        pairs[0] = -(-shape.sizes[0] // 2)
    for layer in range(1, len(pairs) - 1):  # the last layer's product is small, and each thread takes some of its rows
        if shape.codes[layer - 1] == functions.RELU and shape.sizes[layer] % 2 == 0:
            pairs[layer] = shape.sizes[layer] // 2
    return pairs


def aligned(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Make an array of zeros that begins at a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype)
    first = -room.ctypes.data % 64 // item
    return room[first : first + size]


def fixed(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Give an array the one form that the code is compiled for: this dtype, row by row, not to be written.

    Any other form, a mere flag included, would be compiled anew, and for longer than most conversions take.
    """
    ready = type(array) is np.ndarray and array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned
    if not ready:  # to ask ``require`` takes 3 microseconds, which is felt where one row is predicted
        array = np.require(array, dtype, ("C", "A", "E"))
    fixed = array.view()
    fixed.flags.writeable = False
    return fixed
