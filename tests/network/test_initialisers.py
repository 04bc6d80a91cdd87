"""Initial weights: the distributions they are drawn from, and the order in which they are drawn."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from handgrad.errors import SettingError, ShapeError
from handgrad.network import INITIALISERS, MLP

D_IN, D_OUT = 120, 90

# The papers' variances: Glorot and Bengio (2010), He et al. (2015), LeCun et al. (1998); a uniform (-a, a) has a^2 / 3.
DISTRIBUTIONS = {
    "normal": stats.norm(0, 1),
    "glorot_uniform": stats.uniform(-sqrt(6 / (D_IN + D_OUT)), 2 * sqrt(6 / (D_IN + D_OUT))),
    "glorot_normal": stats.norm(0, sqrt(2 / (D_IN + D_OUT))),
    "he_uniform": stats.uniform(-sqrt(6 / D_IN), 2 * sqrt(6 / D_IN)),
    "he_normal": stats.norm(0, sqrt(2 / D_IN)),
    "lecun_normal": stats.norm(0, sqrt(1 / D_IN)),
}
NAMES = pytest.mark.parametrize("name", list(INITIALISERS))


@NAMES
def test_weights_follow_their_distribution(name):
    """Weights pass a Kolmogorov-Smirnov test against the distribution of the paper, with a fixed seed."""
    W, _ = INITIALISERS[name](np.random.default_rng(7), D_IN, D_OUT)
    assert stats.kstest(W.ravel(), DISTRIBUTIONS[name].cdf).pvalue > 0.01


@NAMES
def test_weights_have_the_variance_of_their_distribution(name):
    """Mean and variance of the weights lie within four standard errors of the distribution's."""
    W, _ = INITIALISERS[name](np.random.default_rng(11), D_IN, D_OUT)
    mean, variance, kurtosis = (float(x) for x in DISTRIBUTIONS[name].stats("mvk"))
    assert abs(W.mean() - mean) <= 4 * sqrt(variance / W.size)
    assert abs(W.var() - variance) <= 4 * variance * sqrt((kurtosis + 2) / W.size)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform"])
def test_uniform_weights_fill_their_interval(name):
    """Uniform weights keep inside (-a, a) and come within 1% of both ends."""
    W, _ = INITIALISERS[name](np.random.default_rng(3), D_IN, D_OUT)
    a = DISTRIBUTIONS[name].support()[1]
    assert 0.99 * a < W.max() <= a
    assert -a <= W.min() < -0.99 * a


@NAMES
def test_weights_are_not_correlated_between_units(name):
    """No two units start alike: else they would stay alike."""
    W, _ = INITIALISERS[name](np.random.default_rng(5), D_IN, D_OUT)
    correlation = np.corrcoef(W.T) - np.eye(D_OUT)
    assert np.abs(correlation).max() < 0.5


@pytest.mark.parametrize("name", [name for name in INITIALISERS if name != "normal"])
def test_biases_start_at_zero(name):
    """Biases start at zero, with the exercise's own initialiser as the one exception."""
    _, b = INITIALISERS[name](np.random.default_rng(0), 4, 3)
    np.testing.assert_array_equal(b, np.zeros(3))


def test_biases_of_the_exercise_are_drawn_too():
    """The exercise's initialiser draws biases from N(0, 1)."""
    _, b = INITIALISERS["normal"](np.random.default_rng(2), 1, 5000)
    assert stats.kstest(b, stats.norm.cdf).pvalue > 0.01


@NAMES
@pytest.mark.parametrize("source", [np.random.default_rng, np.random.RandomState])
def test_either_kind_of_generator_draws_float64(name, source):
    """Generator and RandomState both serve, and give float64 in the layer's shapes."""
    W, b = INITIALISERS[name](source(0), 4, 3)
    assert (W.shape, b.shape) == ((4, 3), (3,))
    assert (W.dtype, b.dtype) == (np.float64, np.float64)


@NAMES
def test_a_seed_fixes_every_number(name):
    """The same seed gives the same parameters; another seed others."""
    network = MLP((4, 5, 3))
    first, again, other = (network.initialise(seed, name).vector for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).sum() >= network.parameter_count - 8  # all but the biases, where those are zero


@NAMES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_rounds_the_same_numbers(name, dtype):
    """Every dtype starts from the same float64 numbers, rounded."""
    network = MLP((4, 5, 3))
    parameters = network.initialise(0, name, dtype)
    assert parameters.vector.dtype == dtype
    np.testing.assert_array_equal(parameters.vector, network.initialise(0, name).vector.astype(dtype))


def test_each_layer_scales_with_its_own_sizes():
    """The bound of a uniform initialiser is that of each layer, not of the network."""
    parameters = MLP((600, 6, 24)).initialise(0, "he_uniform")
    for W, a in zip(parameters.W, (0.1, 1.0), strict=True):
        assert 0.97 * a < np.abs(W).max() <= a


def test_numpy_integers_are_seeds():
    """A seed of NumPy's integer type means the same as Python's."""
    network = MLP((2, 3))
    np.testing.assert_array_equal(network.initialise(np.int64(5)).vector, network.initialise(5).vector)


def test_exercise_numbers_come_in_the_exercise_order():
    """RandomState(42) gives what randn gave the exercise, drawn as W, b, W, b, W, b."""
    sizes = (5, 4, 3, 2)
    parameters = MLP(sizes).initialise(np.random.RandomState(42), "normal")
    exercise = np.random.RandomState(42)
    for layer in range(3):
        np.testing.assert_array_equal(parameters.W[layer], exercise.randn(sizes[layer], sizes[layer + 1]))
        np.testing.assert_array_equal(parameters.b[layer], exercise.randn(sizes[layer + 1]))


def test_an_unknown_name_is_refused_with_the_known_ones(refused):
    """A name that is no initialiser is an error that lists them all."""
    with refused(SettingError, "'xavier'", *INITIALISERS):
        MLP((2, 3)).initialise(0, "xavier")


@pytest.mark.parametrize(
    ("made", "found"),
    [(np.zeros((3, 2)), "ndarray"), ((np.zeros((3, 2)),), "tuple"), (None, "NoneType"), ("Wb", "str")],
    ids=["an array", "one array", "nothing", "a text"],
)
def test_a_function_that_returns_no_pair_is_refused(made, found, refused):
    """The error says what it returned, and what it should."""
    with refused(ShapeError, f"an initialiser that returns {found}", "a pair of arrays", "(W, b)"):
        MLP((3, 2)).initialise(initialiser=lambda *_: made)


def test_lists_of_numbers_are_arrays():
    """A function may return nested lists."""
    parameters = MLP((2, 1)).initialise(initialiser=lambda *_: ([[1], [2]], [3]))
    assert parameters.vector.tolist() == [1.0, 2.0, 3.0]
