"""Losses with their gradients, softmax and log-softmax, against their definitions computed with 50 digits.

The file is long because each loss has its own definition, limits and targets.
"""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from strategies import finite_floats

from handgrad.errors import SettingError, ShapeError
from handgrad.network import LOSSES, Focal, Huber, Parameters, Quantile, gradcheck, log_softmax, softmax

DIGITS = 50
CLASS_LOSSES = [name for name, loss in LOSSES.items() if loss.targets != "numbers"]
NUMBER_LOSSES = [name for name, loss in LOSSES.items() if loss.targets == "numbers"]

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
NAMES = pytest.mark.parametrize("name", list(LOSSES))

TINY = float(np.finfo(np.float64).smallest_subnormal)
LOGITS = {
    "moderate": [[0.3, -1.2, 2.0], [1.0, 1.5, -0.5], [-3.0, 0.25, 0.75], [2.0, 2.0, -2.0]],
    "zeros": [[0.0, -0.0, 0.0], [0.0, 0.0, 0.0], [-0.0, -0.0, -0.0], [0.0, -0.0, 0.0]],
    "subnormal": [[TINY, -TINY, 0.0], [2 * TINY, 1e-310, -1e-310], [1e-300, 0.0, -1e-300], [TINY, TINY, TINY]],
    "ten thousand": [[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4], [0.0, 1e4, 9999.0]],
    "all large alike": [[1e4, 1e4 + 1, 1e4 - 1], [-1e4, -1e4 - 0.5, -1e4], [5e3, 5e3, 5e3 + 2], [3e3, 3e3, 3e3]],
    "spread": [[40.0, 0.0, -40.0], [-700.0, 0.0, 20.0], [-5.0, 100.0, 99.0], [0.5, -745.0, 3.0]],
}
LABELS = [0, 1, 2, 1]
ANSWERS = [[0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 1]]
NUMBERS = [[0.1, -1.0, 2.5], [3.0, 1.5, 0.0], [-3.0, 0.5, 100.0], [2.0, 2.5, -2.25]]
WEIGHTS = [0.5, 2.0, 3.25, 0.125]
MAGNITUDES = pytest.mark.parametrize("magnitude", list(LOGITS))


def targets(name: str, dtype=np.float64) -> np.ndarray:
    """Targets of the kind that a loss takes, for the logits above."""
    if LOSSES[name].targets == "classes":
        return np.array(LABELS)
    numbers = np.array(ANSWERS if LOSSES[name].targets == "answers" else NUMBERS, dtype)
    return np.maximum(numbers, 0) if name == "poisson" else numbers


def exact_log_softmax(row: list) -> list:
    """Logarithms of a row's softmax, of the definition as it stands."""
    total = mp.fsum(mp.exp(z) for z in row)
    return [z - mp.log(total) for z in row]


def exact_focal(t: list, log_p: list) -> tuple:
    """Focal loss with gamma = 2, and its gradient by the chain rule through every probability."""
    p = [mp.exp(b) for b in log_p]
    q = [mp.fsum(a for j, a in enumerate(p) if j != i) for i in range(len(p))]
    value = -mp.fsum(a * c**2 * b for a, b, c in zip(t, log_p, q, strict=True))
    slopes = [a * (2 * c * b - c**2 / d) for a, b, c, d in zip(t, log_p, q, p, strict=True)]  # d value / d p
    return value, [mp.fsum(slope * p[i] * ((i == j) - p[j]) for i, slope in enumerate(slopes)) for j in range(len(p))]


def exact_example(name: str, row: list, target, smoothing) -> tuple:
    """One example's loss and its gradient, of the definitions."""
    k = len(row)
    if name == "focal":
        t = [(1 - smoothing) * (i == target) + smoothing / k for i in range(k)]
        return exact_focal(t, exact_log_softmax(row))
    if name == "cross_entropy":
        t = [(1 - smoothing) * (i == target) + smoothing / k for i in range(k)]
        log_p = exact_log_softmax(row)
        return -mp.fsum(a * b for a, b in zip(t, log_p, strict=True)), [
            mp.exp(b) - a for a, b in zip(t, log_p, strict=True)
        ]
    if name == "binary_cross_entropy":
        t = [(1 - smoothing) * mp.mpf(float(a)) + smoothing / 2 for a in target]
        terms = [mp.log1p(mp.exp(z)) - a * z for z, a in zip(row, t, strict=True)]
        slopes = [1 / (1 + mp.exp(-z)) - a for z, a in zip(row, t, strict=True)]
    elif name == "binary_focal":  # as for two classes, of which the second one has the logit z
        t = [(1 - smoothing) * mp.mpf(float(a)) + smoothing / 2 for a in target]
        found = [exact_focal([1 - a, a], exact_log_softmax([mp.mpf(0), z])) for z, a in zip(row, t, strict=True)]
        terms, slopes = [value for value, _ in found], [slope for _, (_, slope) in found]
    elif name == "poisson":
        numbers = [mp.mpf(float(a)) for a in target]
        terms = [(a * mp.log(a / mp.exp(z)) if a else 0) - a + mp.exp(z) for z, a in zip(row, numbers, strict=True)]
        slopes = [mp.exp(z) - a for z, a in zip(row, numbers, strict=True)]
    else:
        residuals = [z - mp.mpf(float(a)) for z, a in zip(row, target, strict=True)]
        function, slope = {
            "squared_error": (lambda r: r * r, lambda r: 2 * r),
            "absolute_error": (abs, mp.sign),
            "quantile": (lambda r: abs(r) / 2, lambda r: mp.sign(r) / 2),
            "huber": (lambda r: r * r / 2 if abs(r) <= 1 else abs(r) - 0.5, lambda r: r if abs(r) <= 1 else mp.sign(r)),
        }[name]
        terms, slopes = [function(r) for r in residuals], [slope(r) for r in residuals]
    return mp.fsum(terms) / k, [slope / k for slope in slopes]


def exact_loss(name: str, Z: np.ndarray, y: np.ndarray, weights: np.ndarray | None, smoothing: float) -> tuple:
    """Return the weighted mean and its gradient, of the numbers that the arrays hold, with 50 digits."""
    with mp.workdps(DIGITS):
        w = [mp.mpf(float(x)) for x in (weights if weights is not None else np.ones(len(Z)))]
        rows = [[mp.mpf(float(z)) for z in row] for row in Z]
        found = [exact_example(name, row, target, mp.mpf(smoothing)) for row, target in zip(rows, y, strict=True)]
        value = mp.fsum(a * loss for a, (loss, _) in zip(w, found, strict=True)) / mp.fsum(w)
        gradient = [[a * g / mp.fsum(w) for g in row] for a, (_, row) in zip(w, found, strict=True)]
        return float(value), np.array([[float(g) for g in row] for row in gradient])


@DTYPES
@MAGNITUDES
def test_log_softmax_is_right_to_a_few_epsilons(magnitude, dtype):
    """log_softmax agrees with its definition: relative error of a few epsilons, absolute below 1."""
    Z = np.array(LOGITS[magnitude], dtype)
    with mp.workdps(DIGITS):
        exact = np.array([[float(p) for p in exact_log_softmax([mp.mpf(float(z)) for z in row])] for row in Z])
    got = log_softmax(Z)
    assert got.dtype == dtype
    assert (np.abs(got - exact) <= 4 * np.finfo(dtype).eps * np.maximum(1, np.abs(exact))).all()


@DTYPES
@MAGNITUDES
def test_softmax_is_right_to_a_few_epsilons(magnitude, dtype):
    """Softmax agrees with its definition to an error of epsilon for each unit of log p, and rows sum to 1."""
    Z = np.array(LOGITS[magnitude], dtype)
    with mp.workdps(DIGITS):
        log_p = [exact_log_softmax([mp.mpf(float(z)) for z in row]) for row in Z]
        exact = np.array([[float(mp.exp(p)) for p in row] for row in log_p])
        size = np.array([[float(abs(p)) for p in row] for row in log_p])
    got, info = softmax(Z), np.finfo(dtype)
    assert got.dtype == dtype
    assert (np.abs(got - exact) <= 4 * info.eps * (1 + size) * exact + float(info.smallest_subnormal)).all()
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=8 * info.eps)


@DTYPES
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@MAGNITUDES
@NAMES
def test_value_and_gradient_agree_with_the_definition(name, magnitude, smoothing, weights, dtype):
    """A loss and its gradient are those of the definition to a few epsilons, at every size of the logits."""
    if smoothing and name in NUMBER_LOSSES:
        smoothing = 0.0
    Z, y = np.array(LOGITS[magnitude], dtype), targets(name, dtype)
    Z = np.minimum(Z, 20) if name == "poisson" else Z  # the exponential function of 10,000 is no number
    w = None if weights is None else np.array(weights, dtype)
    options = (smoothing,) if name in CLASS_LOSSES else ()
    value, dZ = LOSSES[name].function(Z, y, w, *options)
    exact_value, exact_dZ = exact_loss(name, Z, y, w, smoothing)
    eps = float(np.finfo(dtype).eps)
    assert value.dtype == dtype
    assert value.shape == ()
    assert dZ.dtype == dtype
    assert dZ.shape == Z.shape
    assert abs(float(value) - exact_value) <= 10 * eps * max(1, abs(exact_value))
    assert np.abs(dZ - exact_dZ).max() <= 6 * eps * max(1, np.abs(exact_dZ).max())


@DTYPES
@pytest.mark.parametrize("loss", [Huber(np.float64(2)), Quantile(np.float64(0.3)), Focal(np.float64(1))], ids=str)
def test_a_numpy_constant_does_not_change_the_type_of_a_gradient(loss, dtype):
    """As found by a search over np.linspace."""
    y = np.array([0, 1, 1]) if loss.targets == "classes" else np.zeros((3, 2), dtype)
    assert loss.function(np.ones((3, 2), dtype), y)[1].dtype == dtype


@DTYPES
def test_probabilities_of_other_classes_keep_relative_precision(dtype):
    """A gradient's entry for a class that is not the true one is its small probability, to full relative precision."""
    Z = np.array([[0.0, -20.0, -60.0]], dtype)
    _, dZ = LOSSES["cross_entropy"].function(Z, np.array([0]))
    np.testing.assert_allclose(dZ[0, 1:], np.exp([-20.0, -60.0]), rtol=2e-8 if dtype == np.float64 else 1e-5)


@DTYPES
def test_a_logit_of_minus_infinity_is_a_class_ruled_out(dtype):
    """A class with logit -infinity has probability 0 and changes nothing, without NaN or a warning."""
    y = np.array([0, 1])
    Z = np.array([[0.5, 1.0, -np.inf], [2.0, -1.0, -np.inf]], dtype)
    value, dZ = LOSSES["cross_entropy"].function(Z, y)
    without, dZ_without = LOSSES["cross_entropy"].function(Z[:, :2], y)
    assert value == without
    np.testing.assert_array_equal(dZ, np.column_stack([dZ_without, np.zeros(2, dtype)]))
    np.testing.assert_array_equal(softmax(Z)[:, 2], 0)


def test_ruling_out_the_true_class_costs_infinity():
    """A true class of logit -infinity has an infinite loss, with a finite gradient."""
    value, dZ = LOSSES["cross_entropy"].function(np.array([[0.0, -np.inf]]), np.array([1]))
    assert value == np.inf
    np.testing.assert_array_equal(dZ, [[1.0, -1.0]])


@pytest.mark.parametrize("name", CLASS_LOSSES)
@given(
    Z=arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=finite_floats()),
    seed=st.integers(0, 2**32 - 1),
    smoothing=st.floats(0, 0.99),
)
@example(Z=np.array([[1e308, -1e308], [-1e308, 1e308]]), seed=0, smoothing=0.0)
@example(Z=np.array([[1e308, -1e308], [-1e308, 1e308]]), seed=0, smoothing=0.1)
def test_no_finite_logits_give_nan(name, Z, seed, smoothing):
    """For any finite logits the value is not NaN and not negative, and no entry of the gradient is much above 1."""
    rng = np.random.default_rng(seed)
    labels = LOSSES[name].targets == "classes"
    y = rng.integers(0, Z.shape[1], Z.shape[0]) if labels else rng.integers(0, 2, Z.shape)
    with np.errstate(over="ignore"):  # a loss above 1.8e308 is rightly infinity
        value, dZ = LOSSES[name].function(Z, y, None, smoothing)
    assert value >= 0
    assert np.abs(dZ).max() <= (1.2 if "focal" in name else 1)


@given(
    Z=arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=finite_floats()),
)
def test_softmax_of_finite_logits_is_a_distribution(Z):
    """For any finite logits each row of the softmax lies in [0, 1] and sums to 1."""
    with np.errstate(over="ignore"):
        P = softmax(Z)
    assert P.min() >= 0
    assert P.max() <= 1
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-14)


def test_a_certain_and_right_answer_costs_a_positive_zero():
    """A loss of nothing is 0, not -0, which would print with a sign."""
    value, _ = LOSSES["cross_entropy"].function(np.array([[1e4, 0.0]]), np.array([0]))
    assert f"{value:.4f}" == "0.0000"


@NAMES
def test_nan_in_one_logit_gives_nan(name):
    """NaN in a row is seen in the value and in that row's gradient."""
    Z = np.array(LOGITS["moderate"])
    Z[1, 2] = np.nan
    value, dZ = LOSSES[name].function(Z, targets(name))
    assert np.isnan(value)
    assert np.isnan(dZ[1, 2])
    assert np.isfinite(dZ[[0, 2, 3]]).all()


@NAMES
def test_gradient_is_that_of_the_value(name):
    """Differences of the value along each logit give the gradient that comes with it."""
    y, w = targets(name), np.array(WEIGHTS)
    Z = np.array(LOGITS["moderate"]) + 0.01  # off the kinks of absolute_error and huber

    def objective(parameters):
        value, dZ = LOSSES[name].function(parameters.W[0], y, w)
        return value, Parameters.pack([dZ], [np.zeros(3)])

    report = gradcheck(objective, Parameters.pack([Z], [np.zeros(3)]), coordinates=None)
    assert report.passed, str(report)


@NAMES
@pytest.mark.parametrize("scale", [1e-3, 7.0, 1e6])
def test_scaling_all_weights_changes_nothing(name, scale):
    """Only the ratios of sample weights count."""
    Z, y, w = np.array(LOGITS["moderate"]), targets(name), np.array(WEIGHTS)
    value, dZ = LOSSES[name].function(Z, y, w)
    scaled_value, scaled_dZ = LOSSES[name].function(Z, y, scale * w)
    np.testing.assert_allclose(scaled_value, value, rtol=1e-14)
    np.testing.assert_allclose(scaled_dZ, dZ, rtol=1e-14)


@NAMES
def test_equal_weights_are_no_weights(name):
    """Weights that are all alike, of an integer dtype too, give the unweighted mean."""
    Z, y = np.array(LOGITS["moderate"]), targets(name)
    value, dZ = LOSSES[name].function(Z, y)
    weighted_value, weighted_dZ = LOSSES[name].function(Z, y, np.full(4, 3))
    np.testing.assert_allclose(weighted_value, value, rtol=1e-15)
    np.testing.assert_allclose(weighted_dZ, dZ, rtol=1e-15)


@NAMES
def test_weight_two_is_the_example_twice(name):
    """An example of weight 2 counts as two copies of it; one of weight 0 as none."""
    Z, y = np.array(LOGITS["moderate"]), targets(name)
    rows = [0, 1, 1, 3]
    value, dZ = LOSSES[name].function(Z, y, np.array([1.0, 2.0, 0.0, 1.0]))
    copied_value, copied_dZ = LOSSES[name].function(Z[rows], y[rows])
    np.testing.assert_allclose(value, copied_value, rtol=1e-14)
    np.testing.assert_allclose(dZ, [copied_dZ[0], copied_dZ[1] + copied_dZ[2], np.zeros(3), copied_dZ[3]], rtol=1e-14)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@given(shift=finite_floats(1e3), seed=st.integers(0, 2**32 - 1))
def test_cross_entropy_ignores_a_shift_of_all_logits(smoothing, shift, seed):
    """Adding one number to all logits of a row leaves cross-entropy and its gradient, whose rows sum to 0."""
    rng = np.random.default_rng(seed)
    Z, y = rng.standard_normal((5, 4)), rng.integers(0, 4, 5)
    value, dZ = LOSSES["cross_entropy"].function(Z, y, None, smoothing)
    shifted_value, shifted_dZ = LOSSES["cross_entropy"].function(Z + shift, y, None, smoothing)
    np.testing.assert_allclose(shifted_value, value, rtol=1e-11)
    np.testing.assert_allclose(shifted_dZ, dZ, atol=1e-12)
    np.testing.assert_allclose(dZ.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_follows_a_permutation_of_the_classes(smoothing):
    """Renaming the classes, in logits and labels, leaves the loss and permutes the gradient's columns."""
    Z, y, order = np.array(LOGITS["moderate"]), np.array(LABELS), np.array([2, 0, 1])
    value, dZ = LOSSES["cross_entropy"].function(Z, y, None, smoothing)
    renamed_value, renamed_dZ = LOSSES["cross_entropy"].function(Z[:, order], np.argsort(order)[y], None, smoothing)
    np.testing.assert_allclose(renamed_value, value, rtol=1e-15)
    np.testing.assert_allclose(renamed_dZ, dZ[:, order], rtol=1e-14)


def test_two_classes_are_one_question():
    """Cross-entropy with logits (0, z) is binary cross-entropy with logit z."""
    z, y = np.linspace(-5, 5, 11)[:, None], np.arange(11) % 2
    value, dZ = LOSSES["cross_entropy"].function(np.concatenate([0 * z, z], axis=1), y)
    binary_value, binary_dZ = LOSSES["binary_cross_entropy"].function(z, y)
    np.testing.assert_allclose(binary_value, value, rtol=1e-14)
    np.testing.assert_allclose(binary_dZ[:, 0], dZ[:, 1], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].targets != "classes"])
def test_one_output_takes_targets_of_one_dimension(name):
    """With one output, targets of shape (n,) mean the same as (n, 1), and are not broadcast against each other."""
    Z, y = np.array([[0.5], [-1.5], [2.0]]), np.array([1.0, 0.0, 1.0])
    value, dZ = LOSSES[name].function(Z, y)
    column_value, column_dZ = LOSSES[name].function(Z, y[:, None])
    assert value == column_value
    assert dZ.shape == (3, 1)
    np.testing.assert_array_equal(dZ, column_dZ)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("k", [3, 127, 128, 255, 256, 257, 300])
def test_labels_of_every_integer_dtype_mean_the_same(dtype, k):
    """Labels in a dtype too narrow to count all classes still mean the class that they name."""
    Z, labels = np.linspace(-1, 1, 2 * k).reshape(2, k), [0, 2]
    value, dZ = LOSSES["cross_entropy"].function(Z, np.array(labels, dtype))
    wanted_value, wanted_dZ = exact_loss("cross_entropy", Z, labels, None, 0.0)
    np.testing.assert_allclose(value, wanted_value, rtol=1e-14)
    np.testing.assert_allclose(dZ, wanted_dZ, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].targets != "classes"])
def test_class_numbers_stand_for_rows_with_a_one(name):
    """With several outputs, the other losses take class numbers for targets of 1 at the class and 0 elsewhere."""
    Z = np.array(LOGITS["moderate"])
    value, dZ = LOSSES[name].function(Z, np.array(LABELS))
    rows_value, rows_dZ = LOSSES[name].function(Z, np.eye(3)[LABELS])
    assert value == rows_value
    np.testing.assert_array_equal(dZ, rows_dZ)


@NAMES
@pytest.mark.parametrize(("labels", "wrong"), [([0, 1, 3, 1], "3"), ([0, -1, 2, 1], "-1"), ([0, 1, 2, 1000], "1000")])
def test_labels_out_of_range_are_refused(name, labels, wrong, refused):
    """A label that is no class is an error, not an example that belongs to no class."""
    with refused(SettingError, "labels", wrong, "0 to 2"):
        LOSSES[name].function(np.zeros((4, 3)), np.array(labels))


@pytest.mark.parametrize("dtype", [np.float64, bool])
def test_labels_that_are_no_whole_numbers_are_refused(dtype, refused):
    """Labels of a real or boolean dtype are refused: 0.5 is no class."""
    with refused(SettingError, "labels", str(np.dtype(dtype))):
        LOSSES["cross_entropy"].function(np.zeros((4, 3)), np.array([0, 1, 1, 0], dtype))


@pytest.mark.parametrize("shape", [(3,), (5,), (4, 1), (4, 3), ()])
def test_labels_of_another_shape_are_refused(shape, refused):
    """Labels must be one class number a row."""
    with refused(ShapeError, "labels", str(shape), "(4,)"):
        LOSSES["cross_entropy"].function(np.zeros((4, 3)), np.zeros(shape, int))


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].targets != "classes"])
@pytest.mark.parametrize(
    ("outputs", "shape"),
    [((4, 3), (4,)), ((4, 3), (12,)), ((4, 3), (3, 4)), ((4, 1), (3,)), ((4, 1), (2, 2, 1)), ((1, 1), ())],
)
def test_targets_of_another_shape_are_refused(name, outputs, shape, refused):
    """Targets must have the shape of the outputs; nothing is broadcast."""
    with refused(ShapeError, "targets", str(shape), str(outputs)):
        LOSSES[name].function(np.zeros(outputs), np.zeros(shape))


@NAMES
@pytest.mark.parametrize("shape", [(3,), (4, 1), (1,), ()])
def test_weights_of_another_shape_are_refused(name, shape, refused):
    """Sample weights must be one number a row."""
    with refused(ShapeError, "weights", str(shape), "(4,)"):
        LOSSES[name].function(np.zeros((4, 3)), targets(name), np.ones(shape))


@NAMES
@pytest.mark.parametrize("weights", [[0.0, 0, 0, 0], [1.0, -0.5, 1, 1], [1.0, np.nan, 1, 1], [-1.0, -1, -1, -1]])
def test_weights_that_make_no_mean_are_refused(name, weights, refused):
    """Negative weights, NaN, and weights that are all 0 are errors, not a loss of NaN or with the wrong sign."""
    with refused(SettingError, "weights"):
        LOSSES[name].function(np.zeros((4, 3)), targets(name), np.array(weights))


@NAMES
def test_an_empty_batch_is_refused(name, refused):
    """No examples have no mean: an error that says so."""
    with refused(ShapeError, "0 examples"):
        LOSSES[name].function(np.zeros((0, 3)), targets(name)[:0])


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("smoothing", [-0.1, 1.0, 1.5, np.nan, np.inf])
def test_smoothing_out_of_range_is_refused(name, smoothing, refused):
    """Label smoothing must lie in [0, 1)."""
    with refused(SettingError, "label_smoothing", str(smoothing), "[0, 1)"):
        LOSSES[name].function(np.zeros((4, 3)), targets(name), None, smoothing)


@NAMES
def test_arguments_are_left_as_they_were(name):
    """A loss changes none of its arguments."""
    arguments = np.array(LOGITS["moderate"]), targets(name), np.array(WEIGHTS)
    before = [argument.copy() for argument in arguments]
    LOSSES[name].function(*arguments)
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)
