"""The bands, and the real MNIST inside them."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from handgrad.data import Dataset, load_data
from handgrad.reproduction import EXPERIMENTS, Band, load_bands, run


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    """Load the real MNIST; without it the test is skipped."""
    if not (Path(os.environ.get("HANDGRAD_DATA") or "/nowhere") / "mnist").is_dir():
        pytest.skip("HANDGRAD_DATA names no folder with mnist/ in it")
    return load_data("mnist")


@given(values=arrays.arrays(np.float64, st.integers(2, 40), elements=st.floats(0, 30)))
def test_a_band_describes_its_sample(values: np.ndarray) -> None:
    """A band has the sample's size, mean, standard deviation with n - 1, and extremes."""
    band = Band.of(values)
    deviation = np.sqrt(((values - values.mean()) ** 2).sum() / (len(values) - 1))
    assert band.n == len(values)
    np.testing.assert_allclose(
        [band.mean, band.std, band.minimum, band.maximum],
        [values.sum() / len(values), deviation, min(values), max(values)],
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("value", "inside"), [(0.701, True), (1.0, True), (1.299, True), (0.699, False), (1.301, False), (np.nan, False)]
)
def test_a_band_reaches_three_deviations_to_each_side(value: float, inside: bool) -> None:
    """With mean 1 and deviation 0.1 the band is 0.7 to 1.3, whatever the sample's extremes."""
    band = Band(30, 1.0, 0.1, 0.8, 1.2)
    assert (band.low, band.high) == pytest.approx((0.7, 1.3))
    assert band.holds(value) is inside


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_figure_of_the_notebook_has_a_band(name: str) -> None:
    """At each evaluation that the notebook printed, each of its figures has a band of five trainings or more."""
    bands = load_bands(name)
    for at in EXPERIMENTS[name].printed:
        for figure in EXPERIMENTS[name].figures:
            band = bands[at, figure]
            assert band.n >= 5
            assert band.minimum <= band.mean <= band.maximum
            assert 0 < band.std < band.maximum - band.minimum


@pytest.mark.slow
@pytest.mark.parametrize(("name", "length", "seeds"), [("sgd", 2, (1234, 1235, 1236)), ("gd", 100, (1234,))])
def test_training_on_mnist_ends_inside_the_bands(
    name: str, length: int, seeds: tuple[int, ...], mnist: Dataset
) -> None:
    """With seeds that the bands were not made with, the mean of each figure is inside its band.

    A single short SGD training is outside in one of a hundred, by chance, and rounding decides in which.
    """
    data, bands = (mnist.X_train, mnist.y_train, mnist.X_test, mnist.y_test), load_bands(name)
    trained = [[r for r in run(EXPERIMENTS[name], data, seed, length) if r.kind == "evaluation"] for seed in seeds]
    found = {
        (records[0].epoch, figure): float(np.mean([record.figures[figure] for record in records]))
        for records in zip(*trained, strict=True)
        for figure in EXPERIMENTS[name].figures
    }
    assert {epoch for epoch, _ in found} == {"sgd": {0, 1, 2}, "gd": {0, 100}}[name]
    assert {place: value for place, value in found.items() if not bands[place].holds(value)} == {}
