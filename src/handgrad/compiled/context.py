"""Everything that compiled code works on, as one nested tuple; ``training/engines/arrays.py`` makes it.

Shapes: n examples, d inputs, k outputs, p parameters, layers L; h is the workspace's height, the number of rows that it
has room for. An array that a training does not need is empty.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Network(NamedTuple):
    """The architecture in numbers."""

    sizes: NDArray[Any]  # (L + 1,) units of each layer, the inputs first
    w_at: NDArray[Any]  # (L,) where W[l] begins in the flat vector; b[l] follows it
    at: NDArray[Any]  # (L + 1,) layer l's matrix (h, sizes[l]) begins at at[l] * h in a buffer
    activations: NDArray[Any]  # (L - 1,) codes of ``elementwise.ACTIVATION_CODES``
    loss: int  # a code of ``elementwise.LOSS_CODES``


class Examples(NamedTuple):
    """Examples, and their non-zero entries by pairs of columns if zeros are left out.

    The pairs of row m are ``pairs[starts[m] : starts[m + 1]]``. Their values stay in X if rows come in order, since a
    copy would gain nothing then.
    """

    X: NDArray[Any]  # (n, d)
    labels: NDArray[Any]  # (n,) class numbers, or (0,)
    targets: NDArray[Any]  # (n, k), or (0, 0) if there are labels
    weights: NDArray[Any]  # (n,), or (0,)
    pairs: NDArray[Any]  # (entries,) uint16: number of the pair, its first column divided by 2
    values: NDArray[Any]  # (entries, 2), or (0, 2)
    starts: NDArray[Any]  # (n + 1,), or (0,)


class Settings(NamedTuple):
    """How to train."""

    optimizer: int  # a code of ``optimizers``
    constants: NDArray[Any]  # (4,) the optimizer's, padded with zeros
    clip: float  # 0: the gradient is not clipped
    l2: float
    smoothing: float
    dropout: NDArray[Any]  # (L,) rate of each layer's input


class Kernels(NamedTuple):
    """Addresses of the kernels for one type of number."""

    product: int
    sums: int
    pairs: int
    dots: int


class Workspace(NamedTuple):
    """Buffers of a training.

    Non-zero entries are listed by pairs of columns: list c goes from ``c * room`` to ``ends[c]``. The input of layer l
    has the lists ``pair_at[l]`` to ``pair_at[l + 1]``, none if its zeros are not left out.
    """

    H: NDArray[Any]  # (h * units,) the input of each layer
    M: NDArray[Any]  # (h * units,) the same after dropout; H itself without dropout
    Z: NDArray[Any]  # (h * units,) pre-activations, or (0,) if no derivative needs them
    D: NDArray[Any]  # (h * units,) dL/dZ of each layer
    losses: NDArray[Any]  # (h,) each row's weight, then its weighted loss
    n_correct: NDArray[Any]  # (threads, 8) of a thread's rows, a cache line each
    squares: NDArray[Any]  # (2, units + sizes[L - 1]) sums of squares by unit: of weights, of gradients
    pair_at: NDArray[Any]  # (L + 1,)
    room: int  # entries that a list has room for, h + 1
    ends: NDArray[Any]  # (lists,)
    entry_rows: NDArray[Any]  # (lists * room,) uint16: the entry's row in the batch
    entry_values: NDArray[Any]  # (lists of the inputs * room, 2)
    scratch: NDArray[Any]  # (threads, numbers) panels and sums of the kernels
    gradient_rows: NDArray[Any]  # (threads, numbers) the gradient of some rows of a W
    height: int
    kernels: Kernels


class Team(NamedTuple):
    """What the threads of a call share."""

    threads: int
    counters: NDArray[Any]  # (32,) int64, zero at first: the state of ``barrier``
    stop: NDArray[Any]  # (1,) set from outside: stop at the next step, or GONE
    halted: NDArray[Any]  # (1,) what all threads have seen of it
    sleep: int  # address of the system's sleep function


class Context(NamedTuple):
    """All of it."""

    theta: NDArray[Any]  # (p,) the parameters; each thread's part of W[0] is contiguous
    gradient: NDArray[Any]  # (p,) laid out like theta
    slots: NDArray[Any]  # (slots, p) the optimizer's state; each thread's part of every W is contiguous
    network: Network
    examples: Examples
    settings: Settings
    workspace: Workspace
    team: Team


class Plan(NamedTuple):
    """The steps to take. To compute a gradient without using it, or to use one that is there, is half a step."""

    order: NDArray[Any]  # (rows,) of the examples, one batch after the other
    ends: NDArray[Any]  # (steps,) where each batch ends in ``order``
    learning_rates: NDArray[Any]  # (steps,)
    first_step: int
    keys: NDArray[Any]  # (steps, L) from which the dropout masks follow
    compute: bool  # a step computes the gradient
    update: bool  # a step changes the parameters


class Log(NamedTuple):
    """What is written of each step."""

    losses: NDArray[Any]  # (steps,) with the penalty
    accuracies: NDArray[Any]  # (steps,)
    norms: NDArray[Any]  # (steps,) of the gradient before clipping, where it was needed


class EvaluationWorkspace(NamedTuple):
    """Buffers of a thread's evaluation: few, since each field costs a call 0.2 microseconds.

    A row's non-zero entries go from ``begins`` to ``ends`` in ``columns`` and ``values``; for many rows, ``ends`` and
    ``columns`` hold lists by pairs of columns instead.
    """

    H: NDArray[Any]  # (h * units,)
    Z: NDArray[Any]  # (h * units,), or (0,)
    D: NDArray[Any]  # (h * units,)
    columns: NDArray[Any]  # (h * widest + 1,) uint16, or (0,) if zeros are not left out
    values: NDArray[Any]  # (h * widest + 1,), or (0,)
    begins: NDArray[Any]  # (h,)
    ends: NDArray[Any]  # (max(h, widest),)
    losses: NDArray[Any]  # (h,) each row's weight, then its weighted loss
    scratch: NDArray[Any]  # (numbers,)
    height: int
    kernels: Kernels
