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


def mix(key: NDArray[np.uint64], index: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Turn a key and a place into 64 random bits: the output of splitmix64 (Steele, Lea and Flood, 2014).

    A function instead of a stream: any place's bits are had without those before it.

    Examples
    --------
    >>> mix(np.uint64(0), np.arange(2, dtype=np.uint64)).tolist()  # the reference's first two numbers for seed 0
    [16294208416658607535, 7960286522194355700]
    """
    with np.errstate(over="ignore"):
        z = key + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def dropout_keys(seed: int, steps: NDArray[np.integer[Any]], layers: int) -> NDArray[np.uint64]:
    """Draw the key of each step and layer, from which its mask follows.

    Parameters
    ----------
    seed : int
    steps : integer ndarray of shape (s,)
    layers : int

    Returns
    -------
    ndarray of shape (s, layers)

    Examples
    --------
    >>> dropout_keys(0, np.array([7, 8]), 3).shape
    (2, 3)
    """
    base = np.random.SeedSequence(seed, spawn_key=(DROPOUT,)).generate_state(1, np.uint64).astype(np.uint64)
    return mix(base, np.asarray(steps[:, None] * layers + np.arange(layers), np.uint64))


def dropout_masks(
    keys: NDArray[np.uint64],
    rates: Sequence[float],
    widths: Sequence[int],
    first: int,
    n: int,
    dtype: DTypeLike = float,
) -> list[NDArray[Any] | None]:
    r"""Draw inverted dropout's masks: 0 with the rate's probability, else :math:`1 / (1 - rate)`.

    After Srivastava et al. (2014), who scaled the weights at prediction instead.

    Parameters
    ----------
    keys : ndarray of shape (layers,)
        Of the step, from :func:`dropout_keys`.
    rates : sequence of float
        The share of units to drop in each layer's input, in [0, 1); 0 gives no mask.
    widths : sequence of int
        Units of the inputs and of each hidden layer.
    first, n : int
        The batch's rows to draw for: n of them, from this one on.
    dtype : dtype

    Returns
    -------
    list of (ndarray of shape (n, width) or None)

    Examples
    --------
    >>> masks = dropout_masks(np.array([1, 2], np.uint64), (0.0, 0.5), (2, 3), 0, 1000)
    >>> masks[0], sorted(set(masks[1].ravel().tolist()))
    (None, [0.0, 2.0])
    """
    return [
        np.where(_bits(key, first, n, width) >= int(rate * 2**24), 1 / (1 - rate), 0.0).astype(dtype) if rate else None
        for key, rate, width in zip(keys, rates, widths, strict=True)
    ]


def _bits(key: np.uint64, first: int, n: int, width: int) -> NDArray[np.uint64]:
    """Draw 24 bits for each unit of some rows."""
    index = np.arange(first * width, (first + n) * width, dtype=np.uint64)
    return (mix(np.asarray(key), index) >> np.uint64(40)).reshape(n, width)
