"""Activations and their derivatives, against the same functions computed with 50 digits."""

import mpmath as mp
import numpy as np
import pytest

from handgrad.network import ACTIVATIONS
from handgrad.network.activations import normal_cdf

DIGITS = 50

# Definitions, independent of the formulas under test. Each pair is f and its derivative.
EXACT = {
    "identity": (lambda z: z, lambda _: mp.mpf(1)),
    "sigmoid": (lambda z: 1 / (1 + mp.exp(-z)), lambda z: mp.exp(-z) / (1 + mp.exp(-z)) ** 2),
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "relu": (lambda z: max(z, mp.mpf(0)), lambda z: mp.mpf(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else mp.mpf("0.01") * z, lambda z: mp.mpf(1) if z > 0 else mp.mpf("0.01")),
    "elu": (lambda z: z if z > 0 else mp.expm1(z), lambda z: mp.mpf(1) if z > 0 else mp.exp(z)),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "silu": (
        lambda z: z / (1 + mp.exp(-z)),
        lambda z: 1 / (1 + mp.exp(-z)) + z * mp.exp(-z) / (1 + mp.exp(-z)) ** 2,
    ),
    "softplus": (lambda z: mp.log1p(mp.exp(z)), lambda z: 1 / (1 + mp.exp(-z))),
}

# Bounds on the error of a value, and of a derivative, in units of the last place of the exact result.
VALUE_ULP = {
    "identity": 0,
    "relu": 0,
    "sigmoid": 3,
    "tanh": 2,
    "leaky_relu": 2,
    "elu": 3,
    "gelu": 8,
    "silu": 4,
    "softplus": 3,
}
DERIVATIVE_ULP = {**VALUE_ULP, "leaky_relu": 1, "sigmoid": 6, "tanh": 6}
# These derivatives subtract nearly equal numbers somewhere (1 - h near h = 1; Phi(z) + z phi(z) near its zero), and
# those keep their absolute error: so many epsilons of the dtype.
DERIVATIVE_EPSILONS = {"sigmoid": 1, "tanh": 4, "gelu": 2, "silu": 2}
# z times a factor that is itself subnormal: that factor's last place, enlarged |z| times.
PRODUCTS = ("gelu", "silu")

LIMITS = {  # f(-inf), f(inf), f'(-inf), f'(inf)
    "identity": (-np.inf, np.inf, 1, 1),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, np.inf, 0, 1),
    "leaky_relu": (-np.inf, np.inf, 0.01, 1),
    "elu": (-1, np.inf, 0, 1),
    "gelu": (0, np.inf, 0, 1),
    "silu": (0, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1),
}

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
NAMES = pytest.mark.parametrize("name", list(ACTIVATIONS))


def points(dtype) -> np.ndarray:
    """Numbers of both signs: zeros, subnormals, every decade up to 1e4, and closely where functions bend."""
    info = np.finfo(dtype)
    smallest = float(info.smallest_subnormal)
    decades = np.geomspace(float(info.tiny), 1e4, 80)
    near = np.concatenate([np.linspace(0.01, 6, 60), np.linspace(6, 40, 40), np.linspace(80, 120, 7)])
    positive = np.concatenate([[0.0, smallest, 3 * smallest, 700.0, 708.5, 745.0], decades, near])
    return np.concatenate([positive, -positive]).astype(dtype)


def errors(got: np.ndarray, exact: list, allowance: np.ndarray | float = 0.0) -> np.ndarray:
    """Errors in units of the last place of the exact result, of what exceeds an absolute allowance."""
    units = np.spacing(np.abs(np.array([float(e) for e in exact])).astype(got.dtype)).astype(np.float64)
    allowances = np.broadcast_to(allowance, got.shape).tolist()
    differences = [abs(mp.mpf(float(g)) - e) - a for g, e, a in zip(got, exact, allowances, strict=True)]
    return np.array([float(max(d, 0) / mp.mpf(float(u))) for d, u in zip(differences, units, strict=True)])


def exactly(function, Z: np.ndarray) -> list:
    """Apply a function of one number with 50 digits."""
    with mp.workdps(DIGITS):
        return [function(mp.mpf(float(z))) for z in Z]


@NAMES
def test_every_activation_has_a_definition_here(name):
    """Each name in the table is checked against 50 digits below."""
    assert name in EXACT
    assert name in LIMITS


@DTYPES
@NAMES
def test_value_is_right_to_a_few_units_in_the_last_place(name, dtype):
    """An activation agrees with its definition from subnormal arguments to 1e4, to a few ulp."""
    Z = points(dtype)
    H = ACTIVATIONS[name].function(Z)
    assert H.dtype == dtype
    allowance = np.abs(Z.astype(float)) * float(np.finfo(dtype).smallest_subnormal) if name in PRODUCTS else 0.0
    found = errors(H, exactly(EXACT[name][0], Z), allowance)
    worst = int(found.argmax())
    assert found[worst] <= VALUE_ULP[name], f"f({Z[worst]!r}) is {H[worst]!r}, {found[worst]:.3g} ulp off"


@DTYPES
@NAMES
def test_derivative_is_right_to_a_few_units_in_the_last_place(name, dtype):
    """A derivative agrees with that of the definition, to a few ulp and, where it cancels, a few epsilons."""
    Z = points(dtype)
    activation = ACTIVATIONS[name]
    D = activation.derivative(Z, activation.function(Z))
    assert D.dtype == dtype
    allowance = DERIVATIVE_EPSILONS.get(name, 0) * float(np.finfo(dtype).eps)
    if name == "sigmoid":  # h (1 - h) cancels on one side only
        allowance = np.where(Z > 0, allowance, 0.0)
    found = errors(D, exactly(EXACT[name][1], Z), allowance)
    worst = int(found.argmax())
    assert found[worst] <= DERIVATIVE_ULP[name], f"f'({Z[worst]!r}) is {D[worst]!r}, {found[worst]:.3g} ulp off"


@DTYPES
@NAMES
def test_infinite_arguments_give_the_limits(name, dtype):
    """At minus and plus infinity an activation and its derivative are their limits, without a warning."""
    Z = np.array([-np.inf, np.inf], dtype)
    H = ACTIVATIONS[name].function(Z)
    D = ACTIVATIONS[name].derivative(Z, H)
    np.testing.assert_array_equal(np.concatenate([H, D]), np.array(LIMITS[name], dtype))


@DTYPES
@NAMES
def test_largest_finite_arguments_stay_finite(name, dtype):
    """At the largest finite numbers nothing overflows: the values are those of the limits, or z itself."""
    largest = np.finfo(dtype).max
    Z = np.array([-largest, largest], dtype)
    H = ACTIVATIONS[name].function(Z)
    D = ACTIVATIONS[name].derivative(Z, H)
    low, high, *slopes = LIMITS[name]
    wanted = [float(low) if np.isfinite(low) else slopes[0] * -float(largest), float(min(high, float(largest)))]
    np.testing.assert_allclose(H.astype(np.float64), wanted, rtol=1e-6)
    np.testing.assert_array_equal(D, np.array(slopes, dtype))


@DTYPES
@NAMES
def test_zeros_of_both_signs_give_the_same_numbers(name, dtype):
    """Minus zero is taken for zero, in value and derivative."""
    Z = np.array([0.0, -0.0], dtype)
    H = ACTIVATIONS[name].function(Z)
    D = ACTIVATIONS[name].derivative(Z, H)
    assert H[0] == H[1]
    assert D[0] == D[1]


@DTYPES
@NAMES
def test_nan_gives_nan(name, dtype):
    """NaN passes through an activation: it never turns into a number, and leaves its neighbours alone."""
    H = ACTIVATIONS[name].function(np.array([np.nan, 1.0], dtype))
    assert np.isnan(H).tolist() == [True, False]


@DTYPES
@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"identity", "relu", "leaky_relu"}))
def test_nan_gives_nan_in_the_derivative(name, dtype):
    """The derivative of NaN is NaN for every activation whose derivative is not a constant on either side of 0."""
    Z = np.array([np.nan, 1.0], dtype)
    activation = ACTIVATIONS[name]
    assert np.isnan(activation.derivative(Z, activation.function(Z))).tolist() == [True, False]


@NAMES
def test_arguments_are_left_as_they_were(name):
    """Neither function changes its arguments."""
    Z = np.linspace(-3, 3, 7)
    activation = ACTIVATIONS[name]
    H = activation.function(Z).copy()
    before = Z.copy(), H.copy()
    activation.derivative(Z, H)
    activation.function(Z)
    np.testing.assert_array_equal(Z, before[0])
    np.testing.assert_array_equal(H, before[1])


@DTYPES
def test_normal_cdf_is_right_in_both_tails(dtype):
    """The normal distribution function keeps its relative precision to where it underflows."""
    Z = points(dtype)
    Z = np.concatenate([Z, np.linspace(-37, 9, 400).astype(dtype)])
    found = errors(normal_cdf(Z), exactly(mp.ncdf, Z))
    worst = int(found.argmax())
    assert found[worst] <= 8, f"Phi({Z[worst]!r}) is {found[worst]:.3g} ulp off"
