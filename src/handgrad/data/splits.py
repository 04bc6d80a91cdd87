"""Splits into training, validation and test sets, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError

NO_TEST_SET = "no test set: a fifth of each class is the test set"
_MNIST = (70_000, 784)  # the order in which OpenML and mldata publish MNIST and its relatives


def stratified_split(y: NDArray[np.int64], test_share: float = 0.2) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split examples into a training set and a test set, each class in the same proportion.

    The split depends only on the labels: it is the same on every machine, whatever the seed of the training. A class of
    one example goes to the training set; any larger class has examples in both.

    Parameters
    ----------
    y : array of shape (n,)
        Labels from 0.
    test_share : float, default 0.2

    Returns
    -------
    train, test : arrays of indices, ascending

    Examples
    --------
    >>> train, test = stratified_split(np.repeat([0, 1], [10, 5]))
    >>> len(train), len(test)
    (12, 3)
    """
    order = np.argsort(_hashed(np.arange(len(y), dtype=np.uint64)), kind="stable")
    in_test = np.zeros(len(y), bool)
    for label in np.unique(y):
        members = order[y[order] == label]
        count = min(max(1, round(test_share * len(members))), len(members) - 1)
        in_test[members[:count]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def split_examples(y: NDArray[np.int64], features: int) -> tuple[NDArray[np.intp], NDArray[np.intp], str]:
    """Split examples that come without a test set; 70,000 images in MNIST's order are split as MNIST is.

    Parameters
    ----------
    y : array of shape (n,)
        Labels from 0.
    features : int
        The number of values of an example.

    Returns
    -------
    train, test : arrays of indices, ascending
    note : str

    Examples
    --------
    >>> train, test, note = split_examples(np.arange(10) % 2, 4)
    >>> len(train), len(test), note
    (8, 2, 'no test set: a fifth of each class is the test set')
    """
    if (len(y), features) == _MNIST:
        return np.arange(60_000), np.arange(60_000, 70_000), split_note(len(y), features)
    train, test = stratified_split(y)
    if len(test) == 0:
        raise DataError("no class has two examples", "classes with several examples each", "check the labels")
    return train, test, NO_TEST_SET


def split_note(count: int, features: int) -> str:
    """Describe how :func:`split_examples` splits a set of this size."""
    return "the last 10,000 of 70,000 examples are the test set" if (count, features) == _MNIST else NO_TEST_SET


@dataclass(frozen=True)
class HeldOut:
    """What is held out of a training set.

    Attributes
    ----------
    test : bool
        Whether a part becomes the test set, if there is no other.
    validation : float
        The share of the rest that becomes the validation set.

    Examples
    --------
    >>> [len(part) for part in HeldOut(validation=0.25).split(np.zeros(100, np.int64), features=4)]
    [60, 20, 20]
    """

    test: bool = True
    validation: float = 0.0

    def split(self, y: NDArray[np.int64], features: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Split examples into a training, a validation and a test set, which may be empty.

        Parameters
        ----------
        y : array of shape (n,)
            Labels from 0.
        features : int
            The number of values of an example.

        Returns
        -------
        train, validation, test : arrays of indices, ascending
        """
        everything, nothing = np.arange(len(y)), np.arange(0)
        train, test = split_examples(y, features)[:2] if self.test else (everything, nothing)
        return *self.split_off(train, y), test

    def split_off(self, train: NDArray[np.intp], y: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Split the validation set off the rows of a training set."""
        if not self.validation:
            return train, train[:0]
        kept, held_out = stratified_split(y[train], self.validation)
        if len(held_out) == 0:
            raise DataError("no class has two examples to hold one out", "larger classes", "leave out --validation")
        return train[kept], train[held_out]


def _hashed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash integers with the finaliser of splitmix64, whose results do not depend on the version of a library."""
    Z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    Z = (Z ^ (Z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    Z = (Z ^ (Z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return Z ^ (Z >> np.uint64(31))
