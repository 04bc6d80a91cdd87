"""Schedules: bounds, shape and end points, against closed forms and against PyTorch's."""

from math import sqrt
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.training import SCHEDULES, constant, cosine, inverse_scaling, one_cycle, step_decay

NAMES = pytest.mark.parametrize("name", list(SCHEDULES))


def rates(name: str, total: int, peak: float) -> np.ndarray:
    """Return the learning rate of every step of a training."""
    return np.array([SCHEDULES[name](step, total, peak) for step in range(total)])


@NAMES
@given(total=st.integers(1, 3000), peak=st.floats(1e-9, 1e9))
def test_every_step_has_a_rate_above_zero_and_at_most_the_peak(name: str, total: int, peak: float) -> None:
    """Whatever the length of the training, every step has a positive rate, at most the learning rate that was set."""
    found = rates(name, total, peak)
    assert (found > 0).all()
    assert (found <= peak * (1 + 1e-15)).all()


@NAMES
@given(total=st.integers(1, 500))
def test_rates_are_in_proportion_to_the_peak(name: str, total: int) -> None:
    """Doubling the learning rate doubles the rate of every step."""
    np.testing.assert_array_equal(rates(name, total, 0.5), 2 * rates(name, total, 0.25))


@pytest.mark.parametrize("name", ["constant", "step", "cosine", "inverse_scaling"])
@pytest.mark.parametrize("total", [1, 2, 7, 900])
def test_schedules_without_warm_up_start_at_the_peak_and_never_rise(name: str, total: int) -> None:
    """All schedules except one-cycle begin with the learning rate that was set and never rise."""
    found = rates(name, total, 0.3)
    assert found[0] == 0.3
    assert (np.diff(found) <= 0).all()


@pytest.mark.parametrize("total", [10, 11, 2000])
def test_one_cycle_rises_for_three_tenths_and_then_falls_to_zero(total: int) -> None:
    """One-cycle is two straight lines: from 4% of the peak up to it at 30% of the steps, then down to 0."""
    steps = np.arange(total + 1)
    found = [one_cycle(int(step), total, 0.5) for step in steps]
    np.testing.assert_allclose(found, np.interp(steps, [0, 0.3 * total, total], [0.02, 0.5, 0]), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("warmup", [0.1, 0.5])
def test_one_cycle_has_its_top_where_it_is_told(warmup: float) -> None:
    """The length of the rise and the height of its start can be chosen."""
    found = [one_cycle(step, 100, 1.0, warmup=warmup, start=0.2) for step in range(101)]
    assert found[0] == pytest.approx(0.2)
    assert np.argmax(found) == round(100 * warmup)
    assert max(found) == 1.0
    assert found[100] == 0.0


@pytest.mark.parametrize("total", [3, 60])
def test_step_and_cosine_are_pytorchs(torch: ModuleType, total: int) -> None:
    """Step by step, ``cosine`` is PyTorch's CosineAnnealingLR, and ``step`` its StepLR with two drops."""
    pairs = {
        "cosine": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total),
        "step": lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, step_size=total // 3, gamma=0.1),
    }
    for name, build in pairs.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.7)
        scheduler, theirs = build(optimizer), []
        for _ in range(total):
            theirs.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        np.testing.assert_allclose(rates(name, total, 0.7), theirs, rtol=1e-9, err_msg=name)


def test_cosine_passes_through_known_points() -> None:
    """The half cosine starts at the peak, has (2 + sqrt 2) / 4 of it at a quarter, half in the middle, 0 at the end."""
    found = [cosine(step, 8, 1.0) for step in (0, 2, 4, 6, 8)]
    np.testing.assert_allclose(found, [1, (2 + sqrt(2)) / 4, 0.5, (2 - sqrt(2)) / 4, 0], rtol=1e-14, atol=1e-16)


def test_step_decay_drops_at_equal_distances() -> None:
    """With four drops by a half, the rate halves after each quarter of the steps."""
    assert [step_decay(step, 8, 8.0, drops=4, factor=0.5) for step in range(8)] == [8, 8, 4, 4, 2, 2, 1, 1]


def test_inverse_scaling_is_the_power_of_the_step() -> None:
    """The n-th rate is the peak divided by n to the given power."""
    assert [inverse_scaling(n - 1, 100, 1.0) for n in (1, 4, 9, 25)] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 5])
    assert inverse_scaling(7, 100, 2.0, power=1.0) == 0.25


@given(step=st.integers(0, 10**6), total=st.integers(1, 10**6))
def test_constant_does_not_depend_on_the_step(step: int, total: int) -> None:
    """The constant schedule gives the learning rate at each step."""
    assert constant(step, total, 0.1) == 0.1
