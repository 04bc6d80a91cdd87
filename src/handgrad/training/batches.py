"""Which examples come when: seeded permutations and dropout masks, each a function of where training stands.

Nothing here keeps a state. The order of epoch 7 is a function of the seed and of 7, and so a training that was stopped
goes on exactly where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Independent streams of one seed (SeedSequence's spawn keys); the first number says what the stream is for.
ORDER, DROPOUT = 1, 2


def epoch_order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Draw the order in which an epoch visits the examples.

    Parameters
    ----------
    n : int
        Number of examples.
    seed, epoch : int

    Returns
    -------
    ndarray of shape (n,)
        A permutation of 0 .. n - 1.

    Examples
    --------
    >>> sorted(epoch_order(5, seed=0, epoch=1).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ORDER, epoch))).permutation(n)


def dropout_masks(
    n: int,
    widths: Sequence[int],
    rates: Sequence[float],
    seed: int,
    step: int,
    chunk: int = 0,
    dtype: DTypeLike = float,
) -> list[NDArray[Any] | None] | None:
    r"""Draw inverted dropout's masks: 0 with the rate's probability, else :math:`1 / (1 - rate)`.

    After Srivastava et al. (2014), who scaled the weights at prediction instead.

    Parameters
    ----------
    n : int
        Rows of the batch (or of the chunk of it).
    widths : sequence of int
        Units of the inputs and of each hidden layer.
    rates : sequence of float
        The share of units to drop in each, in [0, 1); 0 gives no mask.
    seed, step, chunk : int
        Where training stands; the same numbers give the same masks.
    dtype : dtype

    Returns
    -------
    list of (ndarray of shape (n, width) or None), or None
        None where no rate is above 0.

    Examples
    --------
    >>> masks = dropout_masks(1000, (2, 3), (0.0, 0.5), seed=0, step=0)
    >>> masks[0], sorted(set(masks[1].ravel().tolist()))
    (None, [0.0, 2.0])
    """
    if not any(rates):
        return None
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(DROPOUT, step, chunk)))
    return [
        np.where(rng.random((n, width), dtype=np.float32) >= rate, 1 / (1 - rate), 0.0).astype(dtype) if rate else None
        for width, rate in zip(widths, rates, strict=True)
    ]
