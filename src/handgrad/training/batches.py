"""Seeded permutations and dropout masks, each a function of the seed and of how far training has come.

Nothing here has a state. The order of epoch 7 is a function of the seed and the number 7, so a training run that was
stopped continues exactly where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.errors import SettingError, ShapeError

Orders = Sequence[NDArray[np.integer[Any]]]  # of the examples, one for each epoch
# Spawn keys for SeedSequence, which make independent streams from one seed.
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


def checked_orders(orders: Orders, n: int, epochs: int) -> Orders:
    """Return the orders of the epochs as arrays; refuse those that do not cover the training.

    Raises
    ------
    ShapeError, SettingError
        If there are too few, or one does not have each of n examples once.

    Examples
    --------
    >>> checked_orders([[1, 0, 2]], n=3, epochs=1)
    [array([1, 0, 2])]
    """
    orders = [np.asarray(order) for order in orders]
    wrong = next((order.shape for order in orders if order.shape != (n,)), None)
    if wrong is not None or len(orders) < epochs:
        found = f"{len(orders)} orders for {epochs} epochs" if wrong is None else f"an order of shape {wrong}"
        raise ShapeError(f"{found} of {n} examples", f"shape ({n},) for each epoch", "pass one permutation per epoch")
    if not all(order.dtype.kind in "iu" and np.array_equal(np.sort(order), np.arange(n)) for order in orders):
        found, remedy = "an order that does not contain each example exactly once", "pass one permutation per epoch"
        raise SettingError(found, f"whole numbers from 0 to {n - 1}, each once", remedy)
    return orders


def mix(key: NDArray[np.uint64], index: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Turn a key and an index into 64 random bits: the output of splitmix64 (Steele, Lea and Flood, 2014).

    Because this is a function and not a stream, the bits of any index are available without those before it.

    Examples
    --------
    >>> mix(np.uint64(0), np.arange(2, dtype=np.uint64)).tolist()  # as the published generator gives for seed 0
    [16294208416658607535, 7960286522194355700]
    """
    with np.errstate(over="ignore"):
        z = key + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def dropout_keys(seed: int, steps: NDArray[np.integer[Any]], layers: int) -> NDArray[np.uint64]:
    """Draw a key for each step and layer, which determines its dropout mask.

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
    r"""Draw the masks of inverted dropout: 0 with probability ``rate``, otherwise :math:`1 / (1 - rate)`.

    After Srivastava et al. (2014), who scaled the weights at prediction time instead.

    Parameters
    ----------
    keys : ndarray of shape (layers,)
        The step's keys, from :func:`dropout_keys`.
    rates : sequence of float
        The share of each layer's inputs to drop, in [0, 1); 0 gives no mask.
    widths : sequence of int
        The number of inputs, and of units in each hidden layer.
    first, n : int
        Draw masks for n rows of the batch, starting at row ``first``.
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
    """Draw 24 bits for each unit of n rows."""
    index = np.arange(first * width, (first + n) * width, dtype=np.uint64)
    return (mix(np.asarray(key), index) >> np.uint64(40)).reshape(n, width)
