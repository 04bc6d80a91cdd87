"""Whether labels follow the rows they belong to: the rows that are most alike should often have the same label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASKED, POOL = 500, 2000  # rows, and those among which their neighbours are sought


@dataclass(frozen=True)
class Agreement:
    """How often a row has the label of the row that is most like it.

    Attributes
    ----------
    share : float
    chance : float
        The share that labels without any relation to the rows would give.
    error : float
        The standard error of the difference between the two, if there is no relation.
    """

    share: float
    chance: float
    error: float

    @property
    def by_chance(self) -> bool:
        """Whether chance explains it, up to three standard errors, or all but a tenth of what could be."""
        return self.share <= self.chance + max(3 * self.error, 0.1 * (1 - self.chance))


def agreement(
    X: NDArray[Any],
    y: NDArray[np.integer[Any]],
    asked: tuple[NDArray[Any], NDArray[np.integer[Any]]] | None = None,
    shift: int = 0,
) -> Agreement:
    """Compare the labels of a few rows with those of their nearest neighbours.

    Parameters
    ----------
    X : array of shape (n, d)
        The rows among which neighbours are sought.
    y : integer array of shape (n,)
    asked : pair of arrays of shapes (m, d) and (m,), optional
        Other rows and their labels; by default, rows of X, none of which is its own neighbour.
    shift : int, default 0
        Give each neighbour the label that stands ``shift`` rows below its own; rows of X that are asked about, too.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> X, y = np.repeat([[0.0], [1.0]], 50, axis=0) + np.linspace(0, 0.1, 100)[:, None], np.repeat([0, 1], 50)
    >>> agreement(X, y).share
    1.0
    """
    rng, n = np.random.default_rng(0), len(X)
    pool = np.sort(rng.choice(n, min(n, POOL), replace=False))
    if asked is None:
        rows = rng.permutation(pool)[:ASKED]
        A, labels, known = X[rows], y[(rows + shift) % n], np.searchsorted(pool, rows)
    else:
        rows = rng.permutation(len(asked[0]))[:ASKED]
        A, labels, known = asked[0][rows], asked[1][rows], None
    others = y[(pool + shift) % n]
    same = others[_nearest(A, X[pool], known)] == labels
    k = int(max(others.max(), labels.max())) + 1
    chance = float((np.bincount(labels, minlength=k) / len(labels)) @ (np.bincount(others, minlength=k) / len(others)))
    return Agreement(float(same.mean()), chance, float(np.sqrt(chance * (1 - chance) / len(labels))))


def _nearest(A: NDArray[Any], B: NDArray[Any], known: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Find the row of B nearest to each row of A, other than the row that it is, if that is known."""
    A, B = A.astype(np.float32), B.astype(np.float32)
    distances = (B * B).sum(axis=1) - 2 * (A @ B.T)  # up to what is the same for all rows of B
    if known is not None:
        distances[np.arange(len(A)), known] = np.inf
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return nearest
