"""Tells whether the numbers of new networks can have been drawn one by one, in layers of every size.

Numbers drawn by themselves make rows and columns that point anywhere: two of them never go together closely, and rarely
stand at a right angle. Each check is meant to accuse an honest draw less than once in a billion times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from handgrad.exercises.catalogue.comparing import Array

NEVER = 1e-12  # a probability below which something does not happen by chance
SURE = 1e-13  # how near to 1 a correlation of short lines may be asked to be, which rounding must not decide
EXACTLY = 1e-12  # a cosine that no two drawn lines have, but those made so
PAIRS = 120  # enough for a mean of squared cosines
SQUARE, OBLIQUE = -7.0, 10.0  # standard deviations of such a mean; its lower tail is the thinner one


def together(numbers: Mapping[str, Array]) -> tuple[str, ...]:
    """Name the arrays of a network of which some row or column goes with another one more closely than by chance.

    Parameters
    ----------
    numbers : mapping of str to ndarray
        Weights and biases. What has equal entries goes with nothing.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> W, b = rng.randn(12, 9), rng.randn(9)
    >>> together({"W": W, "b": b})
    ()
    >>> W[:, 7] = -2 * W[:, 3]
    >>> together({"W": W, "b": b}), together({"W": W[:, :7], "b": W[5, :7]})
    (('W',), ('W', 'b'))
    """
    sides = [(name, side) for name, array in numbers.items() for side in _sides(array)]
    found = set()
    for length in {side.shape[1] for _, side in sides}:
        fitting = [(name, side) for name, side in sides if side.shape[1] == length]
        names = [name for name, side in fitting for _ in side]
        found |= {names[i] for pair in _close(np.concatenate([side for _, side in fitting])) for i in pair}
    return tuple(name for name in numbers if name in found)


def come_again(networks: Sequence[Mapping[str, Array]]) -> tuple[str, ...]:
    """Name the arrays of which some row or column is the same in several networks, up to a factor.

    Parameters
    ----------
    networks : sequence of mappings
        The numbers of networks of one size, each made with another random generator.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> networks = [{"W": rng.randn(12, 9)} for _ in range(3)]
    >>> come_again(networks)
    ()
    >>> networks[2]["W"][4] = networks[0]["W"][4]
    >>> come_again(networks)
    ('W',)
    """
    found = []
    for name in networks[0] if networks else ():
        arrays = [numbers[name] for numbers in networks if name in numbers]
        for sides in zip(*map(_sides, arrays), strict=True):
            owner = np.repeat(np.arange(len(sides)), [len(side) for side in sides])
            if any(owner[i] != owner[j] for i, j in _close(np.concatenate(sides))):
                found.append(name)
    return tuple(dict.fromkeys(found))


def turned(matrices: Sequence[Array]) -> bool:
    """Tell whether rows, or columns, were turned towards a right angle, or away from it: all, or those so far apart.

    Parameters
    ----------
    matrices : sequence of ndarray
        Of one shape, drawn anew each time.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> W = rng.randn(200, 150)
    >>> turned([W]), turned([np.linalg.qr(W)[0]]), turned([W + rng.randn(200, 1)])
    (False, True, True)
    """
    return any(_turned([side.T if i else side for side in matrices]) for i in (False, True))


def _turned(matrices: Sequence[Array]) -> bool:
    """Tell the same of rows."""
    length = matrices[0].shape[1]
    with np.errstate(all="ignore"):
        units = [W / np.linalg.norm(W, axis=1, keepdims=True) for W in matrices]
    if length < 2 or not all(np.isfinite(unit).all() for unit in units):
        return False
    squares = [(unit @ unit.T) ** 2 for unit in units]
    # The diagonal counts as 1, and each other square twice.
    if sum(np.count_nonzero(square < EXACTLY**2) for square in squares) > 2:
        return True
    sums = np.sum([_sums_by_distance(square) for square in squares], axis=0)[1:]
    counts = len(squares) * np.arange(len(sums), 0, -1)
    spread = np.sqrt(2 * (length - 1) / (length + 2))  # of length times the square of one cosine
    total, number = np.append(sums, sums.sum()), np.append(counts, counts.sum())
    enough = number >= PAIRS
    off = (length * total[enough] / number[enough] - 1) * np.sqrt(number[enough]) / spread
    return not ((off > SQUARE) & (off < OBLIQUE)).all()


def _sums_by_distance(square: Array) -> Array:
    """Sum the diagonals of a square matrix, from the main one upwards."""
    n = len(square)
    row = np.zeros(n * (2 * n + 1))
    row[: 2 * n * n].reshape(n, 2 * n)[:, :n] = square
    # In rows that are one longer, what is on a diagonal comes to stand in one column.
    sums: Array = row.reshape(n, 2 * n + 1).sum(axis=0)[:n]
    return sums


def _sides(array: Array) -> list[Array]:
    """Give the rows and the columns of a matrix, or a vector as a row."""
    return [array, array.T] if array.ndim == 2 else [array.reshape(1, -1)]


def _close(lines: Array) -> list[tuple[int, int]]:
    """List the pairs of lines whose correlation is too large for chance, if they are long enough to tell."""
    count, length = lines.shape
    if count < 2 or length < 4:
        return []
    # The chance that two lines are correlated by more than r is below (1 - r^2)^((length - 2) / 2).
    limit = float(np.sqrt(1 - (NEVER / count**2) ** (2 / (length - 2))))
    if 1 - limit < SURE:
        return []
    centred = lines - lines.mean(axis=1, keepdims=True)
    widths = np.linalg.norm(centred, axis=1, keepdims=True)
    telling = np.isfinite(widths) & (widths > 1e-9 * np.abs(lines).max(axis=1, keepdims=True))
    units = np.where(telling, centred, 0.0) / np.where(telling, widths, 1.0)
    correlations = units @ units.T
    np.fill_diagonal(correlations, 0.0)
    if max(correlations.max(), -correlations.min()) <= limit:
        return []
    close = np.argwhere(np.triu(np.abs(correlations) > limit, 1))
    return [(int(i), int(j)) for i, j in close]
