"""Whether labels follow their rows."""

import numpy as np
import pytest

from handgrad.data.neighbours import agreement


def clusters(n: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows around a centre for each class, in an order by chance."""
    centres, rng = 5 * np.random.default_rng(0).normal(size=(classes, 6)), np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return centres[y] + rng.normal(size=(n, 6)), y


@pytest.mark.parametrize("n", [60, 700, 5000])
def test_labels_of_clusters_agree(n: int) -> None:
    """Rows of one cluster have one label, far more often than by chance."""
    found = agreement(*clusters(n))
    assert found.share > 0.95
    assert found.chance == pytest.approx(0.25, abs=0.06)
    assert not found.by_chance


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_labels_agree_by_chance(seed: int) -> None:
    """Any order other than the rows' own looks like chance."""
    X, y = clusters(1000)
    assert agreement(X, np.random.default_rng(seed).permutation(y)).by_chance


@pytest.mark.parametrize("shift", [1, -1])
def test_a_shift_is_found_by_shifting_back(shift: int) -> None:
    """Labels that stand a row too far down or up agree only when they are taken from there."""
    X, y = clusters(1000)
    moved = np.roll(y, shift)
    assert agreement(X, moved).by_chance
    assert agreement(X, moved, shift=-shift).by_chance
    assert agreement(X, moved, shift=shift).share > 0.95


def test_no_row_is_its_own_neighbour() -> None:
    """Rows without any relation to labels would otherwise agree with themselves."""
    rng = np.random.default_rng(0)
    assert agreement(rng.normal(size=(400, 3)), rng.integers(0, 2, 400)).by_chance


def test_other_rows_are_compared_with_the_training_set() -> None:
    """A test set whose labels are in a different order from its rows is distinguished from one that matches."""
    (X, y), (A, labels) = clusters(1000), clusters(300, seed=1)
    assert agreement(X, y, (A, labels)).share > 0.95
    assert agreement(X, y, (A, np.roll(labels, 5))).by_chance
