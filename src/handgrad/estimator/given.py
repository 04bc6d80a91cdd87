"""The examples of a fit, and those that are held out of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils import _safe_indexing

from handgrad.errors import SettingError
from handgrad.network.mlp import MLP
from handgrad.training.examples import Examples, check_examples


class Given(NamedTuple):
    """Examples as the user gave them, and as the network takes them."""

    X: Any
    y: Any
    examples: Examples


def as_csr(rows: Any) -> Any:
    """Return sparse rows as the array of scipy's that multiplies as NumPy's do, and others as they are."""
    return csr_array(rows) if issparse(rows) else rows


def checked(network: MLP, X: Any, y: Any, examples: Examples) -> Given:
    """Put examples in both forms together, if the network can be trained on them."""
    check_examples(network, examples)
    X, y = (array.tocsr() if issparse(array) else array for array in (X, y))  # other sparse arrays have no rows
    return Given(X, y, examples)


def divided(given: Given, share: float, alike: bool, rng: np.random.RandomState) -> tuple[Given, Given]:
    """Divide examples into those to train on and those to validate with.

    Parameters
    ----------
    given : Given
    share : float
        That of the validation examples.
    alike : bool
        Whether each class is to have the same share in both.
    rng : RandomState

    Raises
    ------
    SettingError
        If there are fewer than two validation examples.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> train, held_out = divided(Given(X, y, Examples(X, y)), 0.4, False, np.random.RandomState(0))
    >>> train.y, held_out.examples.y
    (array([1, 3, 4]), array([2, 0]))
    """
    from sklearn.model_selection import train_test_split

    X, y, weight = given.examples.X, given.examples.y, given.examples.weight
    parts = train_test_split(np.arange(X.shape[0]), random_state=rng, test_size=share, stratify=y if alike else None)
    train, held_out = (
        Given(
            _safe_indexing(given.X, part),
            _safe_indexing(given.y, part),
            Examples(X[part], y[part], None if weight is None else weight[part]),
        )
        for part in parts
    )
    if len(parts[1]) < 2:
        count = len(parts[1])
        found = f"a validation set of {count} example{'s' * (count != 1)}"
        raise SettingError(found, "at least 2", "increase validation_fraction, or pass X_val and y_val")
    return train, held_out
