"""The flat vector and its views: one memory, whatever happens to the object."""

import copy
import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.errors import ShapeError
from handgrad.network import MLP, Parameters, count_parameters

SIZES = (4, 3, 5, 2)


def saved_and_loaded(parameters: Parameters) -> Parameters:
    """Write the vector as .npy and build parameters on what is read back."""
    buffer = io.BytesIO()
    np.save(buffer, parameters.vector)
    buffer.seek(0)
    return Parameters(parameters.layer_sizes, np.load(buffer, allow_pickle=False))


def pickled(protocol: int):
    """Return a function that sends parameters through pickle."""
    return lambda parameters: pickle.loads(pickle.dumps(parameters, protocol))


WAYS = {
    "as built": lambda parameters: parameters,
    "copy method": Parameters.copy,
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "numpy file": saved_and_loaded,
    "deepcopy inside a list": lambda parameters: copy.deepcopy([parameters, parameters])[1],
    **{f"pickle protocol {protocol}": pickled(protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.fixture(params=list(WAYS))
def original_and_result(request):
    """Parameters, and what came of them in one of the ways above."""
    original = MLP(SIZES).initialise(seed=3)
    return original, WAYS[request.param](original)


def test_numbers_and_sizes_survive(original_and_result):
    """Numbers, dtype and layer sizes come through every way of copying."""
    original, result = original_and_result
    assert result.layer_sizes == SIZES
    assert result.vector.dtype == original.vector.dtype
    np.testing.assert_array_equal(result.vector, original.vector)


def test_views_share_the_vector(original_and_result):
    """Every W and b is a view into the one vector, and together they cover each number once."""
    _, result = original_and_result
    arrays = [array for layer in zip(result.W, result.b, strict=True) for array in layer]
    assert all(np.shares_memory(array, result.vector) for array in arrays)
    result.vector[:] = np.arange(result.vector.size)
    assert sorted(int(x) for array in arrays for x in array.ravel()) == list(range(result.vector.size))


def test_writing_goes_both_ways(original_and_result):
    """A write through the vector shows in W and b, and a write through W or b in the vector."""
    _, result = original_and_result
    result.vector += 1
    first, last = result.vector[0], result.vector[-1]
    assert (result.W[0][0, 0], result.b[-1][-1]) == (first, last)
    result.W[0][0, 0] = -7
    result.b[-1][-1] = -8
    assert (result.vector[0], result.vector[-1]) == (-7, -8)


def test_a_step_on_the_vector_moves_the_network(original_and_result):
    """After a step on the vector alone, forward computes with the new numbers."""
    _, result = original_and_result
    network, X = MLP(SIZES), np.random.default_rng(0).standard_normal((6, 4))
    before, _ = network.forward(result, X)
    stepped = Parameters(SIZES, result.vector - 0.5)
    result.vector -= 0.5
    after, _ = network.forward(result, X)
    assert np.abs(after - before).min() > 1e-6
    np.testing.assert_array_equal(after, network.forward(stepped, X)[0])


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("as built", "copy.copy")])
def test_deep_copies_are_independent(way):
    """A copy owns its numbers: writing to it leaves the original (all but copy.copy, which is shallow by name)."""
    original = MLP(SIZES).initialise(seed=3)
    before = original.vector.copy()
    result = WAYS[way](original)
    result.vector[:] = 0
    np.testing.assert_array_equal(original.vector, before)


def test_a_shallow_copy_is_the_same_memory():
    """copy.copy shares the vector with the original."""
    original = Parameters(SIZES)
    assert copy.copy(original).vector is original.vector


def test_order_is_weights_then_biases_layer_by_layer():
    """The vector holds W[0], b[0], W[1], b[1], each W row by row."""
    parameters = Parameters((2, 3, 1), np.arange(13.0))
    np.testing.assert_array_equal(parameters.W[0], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(parameters.b[0], [6, 7, 8])
    np.testing.assert_array_equal(parameters.W[1], [[9], [10], [11]])
    np.testing.assert_array_equal(parameters.b[1], [12])


def test_the_vector_given_is_kept():
    """The vector is not copied: who owns it sees every change."""
    vector = np.zeros(count_parameters(SIZES))
    assert Parameters(SIZES, vector).vector is vector


def test_numbers_are_zeros_in_float64_when_left_out():
    """Without a vector all numbers are zero, in float64."""
    vector = Parameters(SIZES).vector
    assert vector.dtype == np.float64
    assert vector.shape == (4 * 3 + 3 + 3 * 5 + 5 + 5 * 2 + 2,)
    assert not vector.any()


@given(sizes=st.lists(st.integers(1, 7), min_size=2, max_size=6), seed=st.integers(0, 2**32 - 1))
def test_pack_undoes_the_views(sizes, seed):
    """Packing W and b gives the vector that they were views of, in a memory of its own."""
    original = Parameters(sizes, np.random.default_rng(seed).standard_normal(count_parameters(sizes)))
    packed = Parameters.pack(original.W, original.b)
    assert packed.layer_sizes == original.layer_sizes
    np.testing.assert_array_equal(packed.vector, original.vector)
    assert not np.shares_memory(packed.vector, original.vector)
    assert packed.vector.flags.c_contiguous


def test_pack_takes_transposed_arrays_as_they_look():
    """Packing reads an array by its indices, whatever its layout in memory."""
    W = np.arange(6.0).reshape(3, 2).T
    np.testing.assert_array_equal(Parameters.pack([W], [np.zeros(3)]).W[0], W)


@pytest.mark.parametrize("sizes", [(3, 2), (784, 400, 400, 10), (1, 1, 1, 1)])
def test_count_is_the_number_of_weights_and_biases(sizes):
    """The count is what one gets by adding up the arrays."""
    parameters = Parameters(sizes)
    assert count_parameters(sizes) == sum(array.size for array in (*parameters.W, *parameters.b))


@pytest.mark.parametrize("shape", [(0,), (46,), (48,), (47, 1), (1, 47), ()])
def test_a_vector_of_another_length_is_refused(shape, refused):
    """A vector that does not fit the layer sizes is an error that names both shapes."""
    sizes = (4, 5, 3, 1)  # 25 + 18 + 4 = 47
    with refused(ShapeError, str(shape), "(47,)", str(sizes)):
        Parameters(sizes, np.zeros(shape))


@pytest.mark.parametrize(
    ("W", "b"),
    [
        pytest.param([(2, 3), (4, 1)], [(3,), (1,)], id="layers that do not follow each other"),
        pytest.param([(2, 3), (3, 1)], [(2,), (2,)], id="biases that make up for each other in number"),
        pytest.param([(2, 3), (1, 3)], [(3,), (1,)], id="a transposed weight"),
        pytest.param([(2, 3)], [(3, 1)], id="a bias as a column"),
    ],
)
def test_arrays_that_are_no_network_are_refused(W, b, refused):
    """Packing refuses arrays that do not fit together, even where their numbers add up."""
    with refused(ShapeError, str(W[-1]), str(b[-1])):
        Parameters.pack([np.zeros(shape) for shape in W], [np.zeros(shape) for shape in b])


def test_repr_says_sizes_and_dtype():
    """The printed form names the layer sizes, how many numbers, and the dtype."""
    assert repr(Parameters((2, 3))) == "Parameters(layer_sizes=(2, 3), 9 numbers, float64)"


def test_nothing_else_can_be_stored():
    """An attribute that is not one of the four is an error: a misspelt name does not pass for a weight."""
    with pytest.raises(AttributeError):
        Parameters((2, 3)).w = 1
