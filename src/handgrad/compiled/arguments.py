"""What compiled code is given, in groups; the engine that makes them is ``training/engines/compiled.py``."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Shape(NamedTuple):
    """A network: units in each layer, and codes of its activations and loss, by their places in the tables.

    W[l] begins at ``w_at[l]`` in the flat vector, and b[l] behind it. Of a buffer for ``height`` rows, the (height,
    sizes[l]) matrix of layer l begins at ``at[l] * height``.
    """

    sizes: NDArray[Any]
    w_at: NDArray[Any]
    at: NDArray[Any]
    codes: NDArray[Any]
    loss: int


class Inputs(NamedTuple):
    """Examples: rows, class numbers or targets, weights; what there is not is empty.

    Where zeros are left out, the entries of row m are ``pairs[starts[m] : starts[m + 1]]``, with two values each; these
    lie in X only where the rows come in order, and nothing is gained by a copy that lies together.
    """

    X: NDArray[Any]
    labels: NDArray[Any]
    targets: NDArray[Any]
    weights: NDArray[Any]
    pairs: NDArray[Any]
    values: NDArray[Any]
    starts: NDArray[Any]


class Rules(NamedTuple):
    """How to train. ``rates[l]`` is the dropout of layer l's input."""

    optimizer: int
    constants: NDArray[Any]
    clip: float
    l2: float
    smoothing: float
    rates: NDArray[Any]


class Plan(NamedTuple):
    """The steps of a span: ``ends`` says where each batch ends in ``order``; ``keys`` draw the dropout masks."""

    order: NDArray[Any]
    ends: NDArray[Any]
    learning_rates: NDArray[Any]
    first_step: int
    keys: NDArray[Any]


class Kernels(NamedTuple):
    """Addresses of ``product_kernel``, ``sums_kernel``, ``pairs_kernel`` and ``dots_kernel`` for one type of number."""

    product: int
    sums: int
    pairs: int
    dots: int


class Memory(NamedTuple):
    """Buffers of a training for ``height`` rows.

    H[l] is the input of layer l, M[l] the same after dropout; D and Z belong to H.

    The batch's entries that are not zero are listed by pairs of columns: list c goes from ``c * room`` to ``ends[c]``
    in ``entry_rows``, which has the entries' places in the batch; the inputs' have values too. Layer l's input has the
    lists ``pair_at[l]`` to ``pair_at[l + 1]``, none where zeros are not left out.
    ``squares`` has a place for each unit and, behind these, for each row of the last W: of the weights in its first
    row, of the gradient in its second.
    ``parts``, ``scratch`` and ``rows`` (of a gradient) have a row for each thread; ``board`` is where they meet.
    ``kernels`` are their addresses.
    """

    H: NDArray[Any]
    M: NDArray[Any]
    Z: NDArray[Any]
    D: NDArray[Any]
    share: NDArray[Any]
    squares: NDArray[Any]
    pair_at: NDArray[Any]
    room: int
    ends: NDArray[Any]
    entry_rows: NDArray[Any]
    entry_values: NDArray[Any]
    parts: NDArray[Any]
    scratch: NDArray[Any]
    rows: NDArray[Any]
    board: NDArray[Any]
    height: int
    kernels: Kernels


class Room(NamedTuple):
    """Buffers of a thread's evaluation, for ``height`` rows: few, since each field costs a call 0.2 microseconds.

    A row's entries that are not zero go from ``begins`` to ``ends``, in ``columns`` and ``values``; or ``ends`` and
    ``columns`` hold the lists of pairs of columns. Without room for them, zeros are not left out.
    """

    H: NDArray[Any]
    Z: NDArray[Any]
    D: NDArray[Any]
    columns: NDArray[Any]
    values: NDArray[Any]
    begins: NDArray[Any]
    ends: NDArray[Any]
    share: NDArray[Any]
    scratch: NDArray[Any]
    height: int
    kernels: Kernels


class Log(NamedTuple):
    """What a span writes of each step: its loss, the share of right answers, and the gradient's norm where wanted."""

    losses: NDArray[Any]
    rights: NDArray[Any]
    norms: NDArray[Any]
