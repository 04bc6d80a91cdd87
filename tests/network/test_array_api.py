"""The same equations on NumPy, PyTorch and strict array-API arrays: same numbers, library, dtype and device."""

import numpy as np
import pytest
from array_api_compat import array_namespace, device
from strategies import mixed_activations, problem

from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters, log_softmax, softmax

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])

# Libraries differ in the last places of exp and in the order of sums.
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def converted(library, array: np.ndarray, dtype: str | None = None):
    """Return an array of another library; integers stay integers."""
    if dtype is not None and array.dtype.kind == "f":
        array = array.astype(dtype)
    return library.asarray(array.copy()) if library.__name__ != "torch" else library.tensor(array)


def numbers(array) -> np.ndarray:
    """Return any library's array as NumPy, in float64."""
    return np.asarray(array if not hasattr(array, "_array") else array._array).astype(np.float64)


def assert_same(result, wanted: np.ndarray, like, dtype: str) -> None:
    """Hold a result against NumPy's, and its kind against that of the argument."""
    assert type(result) is type(like) or isinstance(like, np.ndarray)
    assert array_namespace(result) is array_namespace(like)
    assert result.dtype == like.dtype
    assert device(result) == device(like)
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(numbers(result), wanted, rtol=0, atol=TOLERANCE[dtype] * scale)


@DTYPES
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_activations(library, name, dtype):
    """An activation and its derivative are NumPy's numbers in the library and dtype of the argument."""
    grid = np.concatenate([np.linspace(-12, 12, 97), [0.0, -0.0, 1e4, -1e4, 1e30, -1e30]])
    activation = ACTIVATIONS[name]
    wanted = activation.function(grid)
    Z = converted(library, grid, dtype)
    H = activation.function(Z)
    sizes = np.maximum(1, np.abs(wanted))
    np.testing.assert_allclose(numbers(H) / sizes, wanted / sizes, rtol=0, atol=TOLERANCE[dtype])
    assert H.dtype == Z.dtype
    assert_same(activation.derivative(Z, H), activation.derivative(grid, wanted), Z, dtype)


@DTYPES
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_limits_of_activations(library, name, dtype):
    """Infinities and NaN give NumPy's limits and NaN in every library."""
    edges = np.array([-np.inf, np.inf, np.nan])
    activation = ACTIVATIONS[name]
    Z = converted(library, edges, dtype)
    H = activation.function(Z)
    D = activation.derivative(Z, H)
    wanted = activation.function(edges)
    np.testing.assert_array_equal(numbers(H), wanted)
    np.testing.assert_allclose(numbers(D), activation.derivative(edges, wanted), rtol=1e-7)


@DTYPES
@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_softmax(library, function, dtype):
    """Softmax and its logarithm are NumPy's numbers."""
    logits = np.array([[0.5, -1.0, 3.0], [1e4, -1e4, 0.0], [80.0, 81.0, 79.0]])
    Z = converted(library, logits, dtype)
    assert_same(function(Z), function(logits), Z, dtype)


@DTYPES
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", list(LOSSES))
def test_losses(library, loss, weighted, dtype):
    """A loss and its gradient are NumPy's numbers."""
    drawn = problem(0, (3, 3), loss=loss, weighted=weighted)
    weight = drawn.options.get("sample_weight")
    wanted_value, wanted_dZ = LOSSES[loss].function(drawn.X, drawn.y, weight)
    Z, y = converted(library, drawn.X, dtype), converted(library, drawn.y, dtype)
    value, dZ = LOSSES[loss].function(Z, y, None if weight is None else converted(library, weight, dtype))
    assert_same(value, wanted_value, Z, dtype)
    assert value.shape == ()
    assert_same(dZ, wanted_dZ, Z, dtype)


@pytest.mark.parametrize("labels", ["int8", "uint8", "int32", "int64"])
def test_labels_of_every_integer_dtype(library, labels):
    """Class labels may have any integer dtype, in every library, also with 300 classes."""
    Z = np.linspace(-1, 1, 600).reshape(2, 300)
    y = np.array([0, 2])
    wanted, _ = LOSSES["cross_entropy"].function(Z, y)
    value, _ = LOSSES["cross_entropy"].function(converted(library, Z), converted(library, y.astype(labels)))
    np.testing.assert_allclose(float(value), wanted, rtol=1e-13)


@DTYPES
@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("start", range(3))
def test_networks(library, loss, start, dtype):
    """Logits, cache, value, gradient and predictions of a network are NumPy's numbers, with all options in use."""
    smoothing = 0.1 if LOSSES[loss].targets != "numbers" else 0.0
    drawn = problem(
        start, (3, 5, 4, 4, 2), mixed_activations(3, 3 * start), loss,
        weighted=True, dropout=0.3, l2=0.1, label_smoothing=smoothing,
    )  # fmt: skip
    wanted_logits, wanted_cache = drawn.network.forward(drawn.parameters, drawn.X, drawn.options["masks"])
    wanted_value, wanted_gradient = drawn.objective(drawn.parameters)
    vector = converted(library, drawn.parameters.vector, dtype)
    parameters = Parameters(drawn.network.layer_sizes, vector)
    X, y = converted(library, drawn.X, dtype), converted(library, drawn.y, dtype)
    options = dict(drawn.options)
    options["masks"] = [converted(library, mask, dtype) for mask in options["masks"]]
    options["sample_weight"] = converted(library, options["sample_weight"], dtype)
    logits, cache = drawn.network.forward(parameters, X, options["masks"])
    assert_same(logits, wanted_logits, vector, dtype)
    for arrays, wanted in ((cache.H, wanted_cache.H), (cache.Z, wanted_cache.Z)):
        for array, numpy_array in zip(arrays, wanted, strict=True):
            assert_same(array, numpy_array, vector, dtype)
    value, gradient = drawn.network.value_and_gradient(parameters, X, y, **options)
    assert_same(value, wanted_value, vector, dtype)
    assert_same(gradient.vector, wanted_gradient.vector, vector, dtype)
    assert_same(drawn.network.predict(parameters, X), drawn.network.predict(drawn.parameters, drawn.X), vector, dtype)


@DTYPES
def test_parameters_are_views_in_every_library(library, dtype):
    """W and b show a write to the vector, and the vector a write to them; copies and packs own their numbers."""
    sizes = (2, 3, 1)
    parameters = Parameters(sizes, converted(library, np.arange(13.0), dtype))
    owned, packed = parameters.copy(), Parameters.pack(parameters.W, parameters.b)
    parameters.vector[...] = parameters.vector + 1
    assert float(parameters.W[0][1, 2]) == 6
    assert float(parameters.b[1][0]) == 13
    parameters.W[1][2, 0] = -1.0
    parameters.b[0][0] = -2.0
    np.testing.assert_array_equal(numbers(parameters.vector)[[6, 11]], [-2, -1])
    for other in (owned, packed):
        assert other.vector.dtype == parameters.vector.dtype
        np.testing.assert_array_equal(numbers(other.vector), np.arange(13.0))
        other.vector[0] = 5.0
        assert float(other.W[0][0, 0]) == 5


def test_nothing_is_made_on_the_default_device(strict):
    """Arrays on another device than the default give results there: nothing inside is built elsewhere."""
    there = strict.Device("device1")
    drawn = problem(0, (3, 4, 4, 2), ("gelu", "softplus"), weighted=False)
    parameters = Parameters(drawn.network.layer_sizes, strict.asarray(drawn.parameters.vector, device=there))
    X, y = strict.asarray(drawn.X, device=there), strict.asarray(drawn.y, device=there)
    for loss in LOSSES:
        targets = y if LOSSES[loss].targets == "classes" else strict.zeros((6, 2), device=there, dtype=strict.float64)
        network = MLP(drawn.network.layer_sizes, drawn.network.activation, loss)
        value, gradient = network.value_and_gradient(parameters, X, targets, l2=0.1)
        assert value.device == gradient.vector.device == there
        assert network.predict(parameters, X).device == there
