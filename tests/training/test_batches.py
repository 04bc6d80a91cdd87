"""The order of the examples and the dropout masks: functions of the seed, the epoch and the step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.training import dropout_keys, dropout_masks, epoch_order

SEEDS = st.integers(0, 2**63)


@given(n=st.integers(1, 400), seed=SEEDS, epoch=st.integers(0, 10**6))
def test_order_is_a_permutation(n: int, seed: int, epoch: int) -> None:
    """Each epoch visits every example once."""
    np.testing.assert_array_equal(np.sort(epoch_order(n, seed, epoch)), np.arange(n))


def test_order_is_a_function_of_its_arguments() -> None:
    """The same seed and epoch give the same order, whatever was drawn in between."""
    first = epoch_order(100, 3, 7)
    epoch_order(100, 3, 8)
    np.testing.assert_array_equal(epoch_order(100, 3, 7), first)


def test_epochs_and_seeds_have_independent_orders() -> None:
    """Orders of different epochs and seeds agree in no more places than chance allows."""
    orders = [epoch_order(1000, seed, epoch) for seed in range(8) for epoch in range(8)]
    pairs = [(a, b) for i, a in enumerate(orders) for b in orders[:i]]
    shared = np.array([np.count_nonzero(a == b) for a, b in pairs])  # Poisson with mean 1
    assert shared.max() < 12
    assert abs(shared.mean() - 1) < 5 / np.sqrt(len(pairs))
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in pairs]
    assert np.abs(correlations).max() < 6 / np.sqrt(1000)


def test_every_example_comes_at_every_place_equally_often() -> None:
    """Over many epochs, an example's position is uniform: chi-squared is within five standard deviations."""
    n, epochs = 10, 5000
    counts = np.zeros((n, n))
    for epoch in range(epochs):
        counts[np.arange(n), epoch_order(n, 0, epoch)] += 1
    expected, freedom = epochs / n, (n - 1) ** 2
    assert ((counts - expected) ** 2 / expected).sum() < freedom + 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masks_drop_at_their_rate_and_keep_the_mean(rate: float, dtype: type) -> None:
    """A mask is 0 with probability ``rate`` and 1 / (1 - rate) otherwise, so its mean is 1."""
    (mask,) = dropout_masks(dropout_keys(0, np.array([0]), 1)[0], (rate,), (200,), 0, 1000, dtype)
    assert mask.shape == (1000, 200)
    assert mask.dtype == dtype
    assert set(np.unique(mask)) == {0, dtype(1 / (1 - rate))}
    spread = np.sqrt(rate * (1 - rate) / mask.size)
    assert abs(np.mean(mask == 0) - rate) < 5 * spread
    assert abs(mask.mean(dtype=np.float64) - 1) < 5 * spread / (1 - rate)


def test_units_and_examples_are_dropped_independently() -> None:
    """No column (unit) and no row (example) of a mask is dropped more often than chance allows."""
    (mask,) = dropout_masks(dropout_keys(1, np.array([0]), 1)[0], (0.3,), (2000,), 0, 2000)
    for axis in (0, 1):
        shares = (mask == 0).mean(axis=axis)
        assert np.abs(shares - 0.3).max() < 6 * np.sqrt(0.21 / 2000)
        assert shares.std() == pytest.approx(np.sqrt(0.21 / 2000), rel=0.1)


def test_only_rates_above_zero_have_masks() -> None:
    """Inputs and layers with rate 0 get no mask."""
    masks = dropout_masks(dropout_keys(0, np.array([0]), 3)[0], (0.0, 0.5, 0.0), (3, 4, 2), 0, 5)
    assert [mask is None for mask in masks] == [True, False, True]
    assert masks[1].shape == (5, 4)


def test_masks_are_a_function_of_where_training_stands() -> None:
    """The same seed and step give the same masks; another seed, step or layer gives different ones."""

    def drawn(seed: int, step: int) -> list[np.ndarray]:
        return dropout_masks(dropout_keys(seed, np.array([step]), 2)[0], (0.5, 0.5), (40, 40), 0, 50)

    first = drawn(5, 9)
    for again, mask in zip(drawn(5, 9), first, strict=True):
        np.testing.assert_array_equal(again, mask)
    for other in (first[1], drawn(6, 9)[0], drawn(5, 10)[0]):
        agreement = np.mean(other == first[0])
        assert abs(agreement - 0.5) < 5 * 0.5 / np.sqrt(2000)


def test_a_part_of_a_batch_has_its_part_of_the_mask() -> None:
    """Rows drawn separately have the same mask as when the whole batch is drawn."""
    keys = dropout_keys(3, np.array([4]), 1)[0]
    (whole,) = dropout_masks(keys, (0.4,), (7,), 0, 30)
    (part,) = dropout_masks(keys, (0.4,), (7,), 11, 6)
    np.testing.assert_array_equal(part, whole[11:17])
