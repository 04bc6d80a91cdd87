"""The context of compiled code: a network and its training in numbers and arrays, and the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.compiled import elementwise, optimizers
from handgrad.compiled.context import EvaluationWorkspace, Network, Settings, Workspace
from handgrad.compiled.context import Examples as CompiledExamples
from handgrad.compiled.elementwise import ACTIVATION_CODES, LOSS_CODES
from handgrad.compiled.kernels import kernels_for
from handgrad.compiled.pairs import PAIR_VECTORS, compress
from handgrad.compiled.partition import partition
from handgrad.compiled.phases import GRADIENT_ROWS
from handgrad.compiled.tiles import PANEL_BYTES
from handgrad.compiled.vectors import VECTOR_BYTES
from handgrad.network.losses import name_of
from handgrad.network.mlp import MLP
from handgrad.training.examples import Examples
from handgrad.training.optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from handgrad.training.settings import TrainingSettings

# Below this share of non-zero inputs (in training, of their pairs), leaving zeros out beats the dense product.
SPARSE = 0.35


# By exact type: a subclass may compute something else.
OPTIMIZER_CODES: dict[type, int] = {
    SGD: optimizers.SGD,
    Momentum: optimizers.MOMENTUM,
    Nesterov: optimizers.NESTEROV,
    Adam: optimizers.ADAM,
    AdamW: optimizers.ADAMW,
}


def unsupported(network: MLP, settings: TrainingSettings | None = None) -> str | None:
    """Return why compiled code cannot compute a network, or a training if settings are given; None if it can.

    Examples
    --------
    >>> unsupported(MLP((4, 3)), TrainingSettings()) is None
    True
    """
    for name in network.activations:
        if not isinstance(name, str) or name not in ACTIVATION_CODES:
            return f"the activation {name} has no compiled version"
    if not isinstance(network.loss, str) or network.loss not in LOSS_CODES:
        usual = " except with the usual constant" if name_of(network.loss) in LOSS_CODES else ""
        return f"the loss {network.loss} has no compiled version{usual}"
    if network.normalisation is not None:
        return f"the normalisation {network.normalisation} has no compiled version"
    if settings is not None and type(settings.recurrence) not in OPTIMIZER_CODES:
        return f"the optimizer {type(settings.recurrence).__name__} has no compiled version"
    for name in ("l1", "max_norm"):
        if settings is not None and getattr(settings, name):
            return f"{name} has no compiled version"
    return None


def network_of(network: MLP) -> Network:
    """Describe a network in numbers."""
    sizes = np.array(network.layer_sizes)
    before = np.cumsum((sizes[:-1] + 1) * sizes[1:])
    return Network(
        sizes=sizes,
        w_at=np.concatenate([[0], before[:-1]]),
        at=np.concatenate([[0], np.cumsum(sizes[:-1])]),
        activations=np.array([ACTIVATION_CODES[str(name)] for name in network.activations], np.int64),
        loss=LOSS_CODES[str(network.loss)],
    )


def settings_of(settings: TrainingSettings, dropout: Sequence[float]) -> Settings:
    """Describe the settings of a training in numbers, with the dropout rate of each layer's input."""
    optimizer = settings.recurrence
    constants = np.array(astuple(optimizer), np.float64)  # type: ignore[call-overload]
    return Settings(
        optimizer=OPTIMIZER_CODES[type(optimizer)],
        constants=np.pad(constants, (0, 4 - constants.size)),
        clip=float(settings.clip or 0.0),
        l2=float(settings.l2),
        smoothing=float(settings.label_smoothing),
        dropout=np.array(dropout, np.float64),
    )


def examples_of(
    network: MLP, examples: Examples, dtype: DTypeLike, settings: TrainingSettings | None = None
) -> CompiledExamples:
    """Convert examples for compiled code; for a training also list their non-zero pairs, if that is worthwhile."""
    k = network.layer_sizes[-1]
    X, y = fixed(examples.X, dtype), examples.y
    classes = y.ndim == 1 and (k > 1 or network.loss == "cross_entropy")
    labels = fixed(y if classes else np.zeros(0), np.int64)
    targets = fixed(np.zeros((0, 0)) if classes else y.reshape(len(y), k), np.float64)
    weights = fixed(np.zeros(0) if examples.weight is None else examples.weight, np.float64)
    pairs_in_row = -(-X.shape[1] // 2)
    # Pairs are listed for a whole batch, but with one layer each thread would need those of its rows only.
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
    return CompiledExamples(X, labels, targets, weights, pairs, values, starts)


def workspace_for(
    network: Network, height: int, dtype: DTypeLike, threads: int, examples: CompiledExamples, dropout: bool
) -> Workspace:
    """Make the buffers of a training for ``height`` rows."""
    size = int(network.sizes.sum()) * height
    H = aligned(size, dtype)
    pairs = _pairs_of(network, examples)
    lists = int(pairs.sum())
    gradient_rows = GRADIENT_ROWS * int(network.sizes.max())
    scratch = max(PANEL_BYTES, height * PAIR_VECTORS * VECTOR_BYTES) // np.dtype(dtype).itemsize
    return Workspace(
        H=H,
        M=aligned(size, dtype) if dropout else H,
        Z=aligned(size if _needs_Z(network) else 0, dtype),
        D=aligned(size, dtype),
        losses=np.zeros(height),
        n_correct=np.zeros((threads, 8), np.int64),
        squares=np.zeros((2, int(network.sizes.sum() + network.sizes[-2]))),
        pair_at=np.concatenate([[0], np.cumsum(pairs)]),
        room=height + 1,
        ends=np.zeros(lists, np.int64),
        entry_rows=np.zeros(lists * (height + 1), np.uint16),
        entry_values=np.zeros((int(pairs[0]) * (height + 1), 2), dtype),
        scratch=aligned(threads * scratch, dtype).reshape(threads, scratch),
        gradient_rows=aligned(threads * gradient_rows, dtype).reshape(threads, gradient_rows),
        height=height,
        kernels=kernels_for(dtype),
    )


def to_owners(vector: NDArray[Any], by_owner: NDArray[Any], network: Network, threads: int, layers: int) -> None:
    """Copy a network's vector, the first ``layers`` matrices of weights laid out by owner, as a span needs them."""
    by_owner[:] = vector
    for by_row, part in _parts(vector, by_owner, network, threads, layers):
        part[:] = by_row


def from_owners(by_owner: NDArray[Any], vector: NDArray[Any], network: Network, threads: int, layers: int) -> None:
    """Undo ``to_owners``."""
    vector[:] = by_owner
    for by_row, part in _parts(vector, by_owner, network, threads, layers):
        by_row[:] = part


def _parts(
    vector: NDArray[Any], by_owner: NDArray[Any], network: Network, threads: int, layers: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """View what each thread owns, in both vectors; of the last layer it owns rows, which are contiguous anyway."""
    for layer in range(min(layers, len(network.sizes) - 2) if threads > 1 else 0):
        at, d_in, units = (int(x) for x in (network.w_at[layer], *network.sizes[layer : layer + 2]))
        W = vector[at : at + d_in * units].reshape(d_in, units)
        for thread in range(threads):
            first, last = partition.py_func(units, layer, thread, threads)  # type: ignore[no-untyped-call]
            yield W[:, first:last], by_owner[at + d_in * first : at + d_in * last].reshape(d_in, last - first)


def evaluation_workspace_for(network: Network, height: int, dtype: DTypeLike) -> EvaluationWorkspace:
    """Make the buffers of a thread's evaluation for ``height`` rows."""
    size, widest = int(network.sizes.sum()) * height, int(network.sizes.max())
    entries = height * widest + 1 if widest < 2**16 else 0  # compressing writes one beyond the last entry
    return EvaluationWorkspace(
        H=aligned(size, dtype),
        Z=aligned(size if _needs_Z(network) else 0, dtype),
        D=aligned(size, dtype),
        columns=np.zeros(entries, np.uint16),
        values=np.zeros(entries, dtype),
        begins=np.zeros(height, np.int64),
        ends=np.zeros(max(height, widest), np.int64),
        losses=np.zeros(height),
        scratch=aligned(max(PANEL_BYTES, height * PAIR_VECTORS * VECTOR_BYTES) // np.dtype(dtype).itemsize, dtype),
        height=height,
        kernels=kernels_for(dtype),
    )


def _needs_Z(network: Network) -> bool:
    """Return whether an activation's derivative is computed from its input."""
    return any(code in elementwise.NEEDS_Z for code in network.activations)


def _pairs_of(network: Network, examples: CompiledExamples) -> NDArray[np.int64]:
    """Count the pairs of each layer's inputs whose entries are listed in training."""
    pairs = np.zeros(network.sizes.size - 1, np.int64)
    if examples.starts.size:
        pairs[0] = -(-network.sizes[0] // 2)
    for layer in range(1, len(pairs) - 1):  # the last layer's product is small, and each thread takes some of its rows
        if network.activations[layer - 1] == elementwise.RELU and network.sizes[layer] % 2 == 0:
            pairs[layer] = network.sizes[layer] // 2
    return pairs


def aligned(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Make an array of zeros that starts at a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype)
    first = -room.ctypes.data % 64 // item
    return room[first : first + size]


def fixed(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Convert an array to the one form that code is compiled for: this dtype, C-contiguous, read-only.

    For any other form, even another flag, the code would be compiled again, which takes longer than most conversions.
    """
    ready = type(array) is np.ndarray and array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned
    if not ready:  # calling ``require`` takes 3 microseconds, which matters for the prediction of one row
        array = np.require(array, dtype, ("C", "A", "E"))
    fixed = array.view()
    fixed.flags.writeable = False
    return fixed
