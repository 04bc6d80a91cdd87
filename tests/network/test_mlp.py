"""The network: its gradient against differences, its symmetries, its masks and penalties, and what it refuses.

The file is long because every option of the gradient is checked by itself and together with the others.
"""

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from sampling import sampled
from strategies import differentiable_problem, mixed_activations, problem, problems

from handgrad.errors import SettingError, ShapeError
from handgrad.network import (
    ACTIVATIONS,
    LOSSES,
    MLP,
    Parameters,
    count_parameters,
    gradcheck,
    sigmoid,
    softmax,
)

CLASS_LOSSES = [name for name, loss in LOSSES.items() if loss.targets != "numbers"]
NUMBER_LOSSES = [name for name, loss in LOSSES.items() if loss.targets == "numbers"]

LOSS_NAMES = pytest.mark.parametrize("loss", list(LOSSES))
ACTIVATION_NAMES = pytest.mark.parametrize("activation", list(ACTIVATIONS))


def assert_right(drawn) -> None:
    """Hold the gradient of a problem, at every coordinate, against differences."""
    report = gradcheck(drawn.objective, drawn.parameters, coordinates=None, tolerance=1e-6)
    assert report.passed, str(report)


# The gradient


@LOSS_NAMES
@ACTIVATION_NAMES
@pytest.mark.parametrize("depth", sampled([2, 1, 3, 4], 4))
def test_gradient_is_right_for_every_activation_loss_and_depth(activation, loss, depth):
    """Every activation with every loss, one to four hidden layers deep, has the gradient that differences measure."""
    assert_right(differentiable_problem(depth, (3, *[4] * depth, 2), activation, loss))


@LOSS_NAMES
def test_gradient_is_right_without_hidden_layers(loss):
    """A linear model has the gradient that differences measure."""
    assert_right(differentiable_problem(0, (4, 3), "sigmoid", loss))


@LOSS_NAMES
@pytest.mark.parametrize("start", range(len(ACTIVATIONS)))
def test_gradient_is_right_with_a_different_activation_in_each_layer(start, loss):
    """Layers of different widths and activations do not borrow each other's derivatives."""
    assert_right(differentiable_problem(start, (3, 5, 2, 4, 3), mixed_activations(3, start), loss))


@pytest.mark.parametrize("depth", [0, 1, 3])
@LOSS_NAMES
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"weighted": True}, id="weights"),
        pytest.param({"l2": 0.3}, id="l2"),
        pytest.param({"dropout": 0.4}, id="dropout"),
        pytest.param({"weighted": True, "l2": 0.3, "dropout": 0.4}, id="weights, l2 and dropout"),
    ],
)
def test_gradient_is_right_with_options(options, loss, depth):
    """Sample weights, the penalty and dropout masks each come with their gradient, alone and together."""
    sizes = (3, *[5] * depth, 2)
    assert_right(differentiable_problem(4, sizes, mixed_activations(depth), loss, n=8, **options))


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("loss", CLASS_LOSSES)
@pytest.mark.parametrize("label_smoothing", [0.1, 0.9])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_right_with_label_smoothing(weighted, label_smoothing, loss, depth):
    """Smoothed labels come with their gradient."""
    sizes = (3, *[4] * depth, 3)
    activation = mixed_activations(depth, 1)
    assert_right(differentiable_problem(5, sizes, activation, loss, label_smoothing=label_smoothing, weighted=weighted))


@given(drawn=problems())
def test_value_and_gradient_is_forward_loss_and_backward(drawn):
    """The objective without penalty is the three steps one after the other, number for number."""
    options = {name: option for name, option in drawn.options.items() if name not in ("l2", "share")}
    masks = options.pop("masks", None)
    value, gradient = drawn.with_options(**options, masks=masks).objective(drawn.parameters)
    logits, cache = drawn.network.forward(drawn.parameters, drawn.X, masks)
    by_hand, dlogits = drawn.network.loss_and_gradient(logits, drawn.y, **options)
    assert value == by_hand
    np.testing.assert_array_equal(gradient.vector, drawn.network.backward(drawn.parameters, cache, dlogits).vector)


# The forward pass


def test_forward_is_the_equation_layer_by_layer():
    """A network of two layers is W and b and the activation, written out for one example."""
    network = MLP((2, 2, 1), "tanh", "squared_error")
    parameters = Parameters.pack(
        [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])], [np.array([0.5, -0.5]), np.array([0.25])]
    )
    logits, _ = network.forward(parameters, np.array([[0.1, -0.2]]))
    hidden = [np.tanh(0.1 * 1 - 0.2 * 3 + 0.5), np.tanh(0.1 * 2 - 0.2 * 4 - 0.5)]
    np.testing.assert_allclose(logits, [[5 * hidden[0] + 6 * hidden[1] + 0.25]], rtol=1e-14)


@pytest.mark.parametrize("masked", [False, True])
def test_cache_holds_every_layer(masked):
    """The cache has each layer's input and pre-activation in their shapes, the logits last."""
    drawn = problem(0, (3, 5, 4, 2), ("relu", "sigmoid"), n=6, dropout=0.5 if masked else 0.0)
    masks = drawn.options.get("masks")
    logits, cache = drawn.network.forward(drawn.parameters, drawn.X, masks)
    assert [H.shape for H in cache.H] == [(6, 3), (6, 5), (6, 4)]
    assert [Z.shape for Z in cache.Z] == [(6, 5), (6, 4), (6, 2)]
    assert cache.H[0] is drawn.X
    assert cache.Z[-1] is logits
    assert len(cache.masks) == 3
    np.testing.assert_array_equal(cache.H[1], np.maximum(cache.Z[0], 0))
    np.testing.assert_array_equal(cache.H[2], sigmoid(cache.Z[1]))


def test_neither_pass_changes_what_it_is_given():
    """Forward and backward leave parameters, examples, masks and cache as they were."""
    drawn = problem(0, dropout=0.3, weighted=True, l2=0.1)
    arrays = [drawn.parameters.vector, drawn.X, drawn.y, drawn.options["sample_weight"], *drawn.options["masks"]]
    before = [array.copy() for array in arrays]
    drawn.objective(drawn.parameters)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@LOSS_NAMES
@ACTIVATION_NAMES
def test_the_dtype_of_the_parameters_is_kept(activation, loss, dtype):
    """Float32 in gives float32 out, in the value, the logits and the gradient: no step widens it by accident."""
    drawn = problem(0, (3, 4, 2), activation, loss, weighted=True, dropout=0.5, l2=0.1)
    options = {
        "sample_weight": drawn.options["sample_weight"].astype(dtype),
        "masks": [mask.astype(dtype) for mask in drawn.options["masks"]],
        "l2": 0.1,
    }
    parameters = Parameters(drawn.network.layer_sizes, drawn.parameters.vector.astype(dtype))
    value, gradient = drawn.network.value_and_gradient(parameters, drawn.X.astype(dtype), drawn.y, **options)
    assert value.dtype == dtype
    assert gradient.vector.dtype == dtype
    assert drawn.network.predict(parameters, drawn.X.astype(dtype)).dtype == dtype


@LOSS_NAMES
@ACTIVATION_NAMES
def test_nan_in_an_example_is_seen(activation, loss):
    """NaN in one input makes the value NaN and reaches the gradient of every layer: nothing swallows it."""
    drawn = problem(0, (3, 4, 4, 2), activation, loss)
    X = drawn.X.copy()
    X[2, 1] = np.nan
    value, gradient = drawn.network.value_and_gradient(drawn.parameters, X, drawn.y)
    assert np.isnan(value)
    assert all(np.isnan(array).any() for array in (*gradient.W, *gradient.b))


# Dropout masks and the penalty


def test_masks_of_one_and_none_are_no_masks():
    """A mask of ones, None in its place, and no masks at all give the same gradient."""
    drawn = problem(0, (3, 4, 2))
    ones = [np.ones((6, 3)), np.ones((6, 4))]
    vectors = [
        drawn.with_options(masks=masks).objective(drawn.parameters)[1].vector
        for masks in (None, ones, [None, None], [None, ones[1]])
    ]
    for vector in vectors[1:]:
        np.testing.assert_array_equal(vector, vectors[0])


def test_a_masked_unit_is_a_unit_that_is_not_there():
    """Dropping a hidden unit in every example gives the network without it, and that unit no gradient."""
    drawn = problem(0, (3, 4, 2), l2=0.0)
    keep = [0, 2, 3]
    mask = np.ones((6, 4))
    mask[:, 1] = 0
    value, gradient = drawn.with_options(masks=[None, mask]).objective(drawn.parameters)
    (W0, W1), (b0, b1) = drawn.parameters.W, drawn.parameters.b
    smaller = MLP((3, 3, 2), drawn.network.activation)
    without = Parameters.pack([W0[:, keep], W1[keep]], [b0[keep], b1])
    smaller_value, smaller_gradient = smaller.value_and_gradient(without, drawn.X, drawn.y)
    np.testing.assert_allclose(value, smaller_value, rtol=1e-14)
    np.testing.assert_allclose(gradient.W[0][:, keep], smaller_gradient.W[0], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(gradient.W[1][keep], smaller_gradient.W[1], rtol=1e-12, atol=1e-16)
    np.testing.assert_array_equal(gradient.W[0][:, 1], 0)
    np.testing.assert_array_equal(gradient.b[0][1], 0)
    np.testing.assert_array_equal(gradient.W[1][1], 0)


def test_a_mask_on_the_inputs_is_a_masked_example():
    """A mask on the first layer does what masking the examples does."""
    drawn = problem(0, (3, 4, 2))
    mask = (np.arange(18).reshape(6, 3) % 3 > 0) * 1.5
    masked, _ = drawn.network.forward(drawn.parameters, drawn.X, [mask, None])
    np.testing.assert_array_equal(masked, drawn.network.forward(drawn.parameters, drawn.X * mask)[0])


def test_the_penalty_is_half_l2_times_the_squared_weights():
    """The penalty adds l2 / 2 times the sum of squares of W to the value and l2 W to its gradient, nothing for b."""
    drawn = problem(0, (3, 4, 2))
    value, gradient = drawn.with_options(l2=0.0).objective(drawn.parameters)
    penalised, penalised_gradient = drawn.with_options(l2=0.6).objective(drawn.parameters)
    squares = sum(float(w) ** 2 for W in drawn.parameters.W for w in W.ravel())
    np.testing.assert_allclose(penalised - value, 0.3 * squares, rtol=1e-13)
    for layer in range(2):
        np.testing.assert_allclose(
            penalised_gradient.W[layer] - gradient.W[layer], 0.6 * drawn.parameters.W[layer], rtol=1e-12
        )
        np.testing.assert_array_equal(penalised_gradient.b[layer], gradient.b[layer])


# Symmetries


@LOSS_NAMES
@pytest.mark.parametrize("layer", [0, 1])
def test_permuted_hidden_units_compute_the_same(layer, loss):
    """Renumbering a layer's units leaves the outputs and the value, and renumbers the gradient likewise."""
    drawn = problem(3, (3, 5, 5, 2), ("tanh", "silu"), loss, weighted=True, l2=0.1)
    order = np.array([3, 0, 4, 1, 2])

    def renumbered(parameters):
        W, b = list(parameters.W), list(parameters.b)
        W[layer], b[layer], W[layer + 1] = W[layer][:, order], b[layer][order], W[layer + 1][order]
        return Parameters.pack(W, b)

    value, gradient = drawn.objective(drawn.parameters)
    same_value, permuted = drawn.objective(renumbered(drawn.parameters))
    np.testing.assert_allclose(same_value, value, rtol=1e-13)
    np.testing.assert_allclose(permuted.vector, renumbered(gradient).vector, rtol=1e-11, atol=1e-14)
    assert np.abs(permuted.vector - gradient.vector).max() > 1e-3
    np.testing.assert_allclose(
        drawn.network.predict(renumbered(drawn.parameters), drawn.X),
        drawn.network.predict(drawn.parameters, drawn.X),
        rtol=1e-12,
    )


def test_renamed_classes_permute_the_outputs():
    """Renaming the classes, in labels and in the last layer, leaves the value and permutes the last gradient."""
    drawn = problem(1, (3, 4, 3), label_smoothing=0.1)
    order = np.array([2, 0, 1])

    def renamed(parameters):
        return Parameters.pack([parameters.W[0], parameters.W[1][:, order]], [parameters.b[0], parameters.b[1][order]])

    value, gradient = drawn.objective(drawn.parameters)
    same_value, permuted = drawn.network.value_and_gradient(
        renamed(drawn.parameters), drawn.X, np.argsort(order)[drawn.y], **drawn.options
    )
    np.testing.assert_allclose(same_value, value, rtol=1e-14)
    np.testing.assert_allclose(permuted.vector, renamed(gradient).vector, rtol=1e-12, atol=1e-15)


@LOSS_NAMES
def test_halves_of_a_batch_average_to_the_whole(loss):
    """Value and gradient of a batch are the means of those of its two halves."""
    drawn = problem(2, (3, 4, 4, 2), "gelu", loss, n=8)
    value, gradient = drawn.objective(drawn.parameters)
    halves = [
        drawn.network.value_and_gradient(drawn.parameters, drawn.X[rows], drawn.y[rows])
        for rows in (slice(0, 4), slice(4, 8))
    ]
    np.testing.assert_allclose(np.mean([half for half, _ in halves]), value, rtol=1e-13)
    mean = np.mean([half.vector for _, half in halves], axis=0)
    np.testing.assert_allclose(mean, gradient.vector, rtol=1e-11, atol=1e-14)


@LOSS_NAMES
def test_weighted_parts_of_a_batch_add_up_to_the_whole(loss):
    """Unequal parts, each with its share of the weight and one with the penalty, give the whole batch's gradient."""
    drawn = problem(2, (3, 4, 2), "softplus", loss, n=7, weighted=True, l2=0.1)
    w = drawn.options["sample_weight"]
    value, gradient = drawn.objective(drawn.parameters)
    total, vector = 0.0, np.zeros_like(gradient.vector)
    for rows in (slice(0, 2), slice(2, 7)):
        options = {"sample_weight": w[rows], "share": w[rows].sum() / w.sum(), "l2": 0.1 if rows.start == 0 else 0.0}
        part, part_gradient = drawn.network.value_and_gradient(
            drawn.parameters, drawn.X[rows], drawn.y[rows], **options
        )
        total += part
        vector += part_gradient.vector
    np.testing.assert_allclose(total, value, rtol=1e-13)
    np.testing.assert_allclose(vector, gradient.vector, rtol=1e-11, atol=1e-14)


@LOSS_NAMES
def test_an_example_twice_is_weight_two(loss):
    """Repeating an example gives the gradient of weighting it by 2."""
    drawn = problem(6, (3, 4, 2), "elu", loss, n=4)
    rows = [0, 1, 2, 2, 3]
    value, gradient = drawn.network.value_and_gradient(drawn.parameters, drawn.X[rows], drawn.y[rows])
    weighted, weighted_gradient = drawn.with_options(sample_weight=np.array([1, 1, 2, 1])).objective(drawn.parameters)
    np.testing.assert_allclose(weighted, value, rtol=1e-13)
    np.testing.assert_allclose(weighted_gradient.vector, gradient.vector, rtol=1e-11, atol=1e-14)


@LOSS_NAMES
def test_the_order_of_examples_does_not_count(loss):
    """Shuffled examples have the same mean."""
    drawn = problem(7, (3, 4, 2), "tanh", loss, n=8)
    order = np.random.default_rng(0).permutation(8)
    value, gradient = drawn.objective(drawn.parameters)
    shuffled, shuffled_gradient = drawn.network.value_and_gradient(drawn.parameters, drawn.X[order], drawn.y[order])
    np.testing.assert_allclose(shuffled, value, rtol=1e-13)
    np.testing.assert_allclose(shuffled_gradient.vector, gradient.vector, rtol=1e-11, atol=1e-14)


def test_an_example_is_computed_the_same_alone():
    """The logits of one example are those that it has in a batch."""
    drawn = problem(8, (3, 4, 2))
    whole, _ = drawn.network.forward(drawn.parameters, drawn.X)
    alone = np.concatenate([drawn.network.forward(drawn.parameters, drawn.X[i : i + 1])[0] for i in range(6)])
    np.testing.assert_allclose(alone, whole, rtol=1e-12)


def test_a_step_against_the_gradient_lowers_the_value():
    """A small step downhill lowers the objective by nearly its length times the gradient's norm squared."""
    drawn = differentiable_problem(9, (3, 8, 8, 2), "tanh")
    value, gradient = drawn.objective(drawn.parameters)
    step = 1e-5
    lower, _ = drawn.objective(Parameters(drawn.network.layer_sizes, drawn.parameters.vector - step * gradient.vector))
    np.testing.assert_allclose((value - lower) / step, gradient.vector @ gradient.vector, rtol=1e-2)


# What outputs mean


def test_predictions_are_what_the_loss_says():
    """Outputs become probabilities of classes, probabilities of answers, or stay numbers."""
    drawn = problem(0)
    logits, _ = drawn.network.forward(drawn.parameters, drawn.X)
    meanings = {"cross_entropy": softmax(logits), "binary_cross_entropy": sigmoid(logits)}
    meanings |= {"focal": softmax(logits), "binary_focal": sigmoid(logits), "poisson": np.exp(logits)}
    for loss in LOSSES:
        network = MLP(drawn.network.layer_sizes, drawn.network.activation, loss)
        np.testing.assert_array_equal(network.predict(drawn.parameters, drawn.X), meanings.get(loss, logits))


# Architectures and what is refused


def test_one_name_stands_for_all_hidden_layers():
    """One activation's name serves every hidden layer, and a list gives each its own."""
    assert MLP((2, 3, 4, 2), "relu").activations == ("relu", "relu")
    assert MLP([2, 3, 4, 2], ["relu", "tanh"]).activations == ("relu", "tanh")
    assert MLP((2, 3)).activations == ()


def test_architectures_are_values():
    """Two networks of the same architecture are equal and hash alike, and neither can be changed."""
    network = MLP([2, np.int64(3), 2], ["relu"])
    assert network == MLP((2, 3, 2), ("relu",))
    assert hash(network) == hash(MLP((2, 3, 2), ("relu",)))
    with pytest.raises(FrozenInstanceError):
        network.loss = "huber"


@pytest.mark.parametrize("sizes", [[2, 3, 2], np.array([2, 3, 2]), (np.int32(2), 3, np.uint8(2))])
def test_layer_sizes_of_any_integer_type_become_plain_integers(sizes):
    """Layer sizes are kept as Python integers, which a file's header can hold."""
    assert json.dumps(MLP(sizes).layer_sizes) == "[2, 3, 2]"
    assert json.dumps(MLP(sizes).initialise().layer_sizes) == "[2, 3, 2]"


@pytest.mark.parametrize("sizes", [(2, 3), (5, 4, 3, 2)])
def test_the_count_of_parameters_is_that_of_the_vector(sizes):
    """A network counts as many parameters as it initialises."""
    assert MLP(sizes).parameter_count == count_parameters(sizes) == MLP(sizes).initialise().vector.size


@pytest.mark.parametrize(
    "sizes", [(), (3,), (3, 0), (3, -1, 2), (3.0, 2), (3, 2.5), (3, "2"), (3, None), "32", (True, 2), 5]
)
def test_layer_sizes_that_are_none_are_refused(sizes, refused):
    """Layer sizes are two or more whole numbers of at least 1; anything else is an error that repeats it."""
    shown = str(sizes) if isinstance(sizes, tuple) else str(sizes)[0]
    with refused(SettingError, "layer sizes", shown, "two or more whole numbers of at least 1"):
        MLP(sizes)


@pytest.mark.parametrize("activation", ["swish", "ReLU", "", ("relu", "swish")])
def test_an_unknown_activation_is_refused_with_the_known_ones(activation, refused):
    """A name that is no activation is an error that lists them all, even where no layer would use it."""
    wrong = activation if isinstance(activation, str) else activation[-1]
    with refused(SettingError, repr(wrong), *ACTIVATIONS):
        MLP((2, 3, 3, 2), activation)
    with refused(SettingError, repr(wrong)):
        MLP((2, 2), wrong)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_activations_is_refused(count, refused):
    """A list of activations must name one for each hidden layer."""
    with refused(SettingError, f"{count} activation functions", "2 hidden layers"):
        MLP((2, 3, 3, 2), ("relu",) * count)


@pytest.mark.parametrize("loss", ["mse", "", "Cross_entropy"])
def test_an_unknown_loss_is_refused_with_the_known_ones(loss, refused):
    """A name that is no loss is an error that lists them all."""
    with refused(SettingError, repr(loss), *LOSSES):
        MLP((2, 2), loss=loss)


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 4), (3, 5), (1, 5, 3), ()])
def test_examples_of_another_shape_are_refused(shape, refused):
    """X must have one row an example and one column an input."""
    network = MLP((3, 2))
    with refused(ShapeError, "X", str(shape), "(n, 3)"):
        network.forward(network.initialise(), np.zeros(shape))


@pytest.mark.parametrize("sizes", [(3, 5, 2), (3, 4, 2, 2), (3, 2), (4, 4, 2)])
def test_parameters_of_another_network_are_refused(sizes, refused):
    """Parameters must be those of the architecture: fitting by chance is no fit."""
    with refused(ShapeError, str(sizes), "(3, 4, 2)"):
        MLP((3, 4, 2)).forward(Parameters(sizes), np.zeros((5, 3)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_masks_is_refused(count, refused):
    """There must be one mask, or None, for each layer."""
    network = MLP((3, 4, 2))
    with refused(ShapeError, f"{count} dropout masks", "2 layers"):
        network.forward(network.initialise(), np.zeros((5, 3)), [None] * count)


@LOSS_NAMES
def test_targets_for_other_examples_are_refused(loss, refused):
    """As many targets as examples, whatever the loss."""
    drawn = problem(0, (3, 4, 2), "tanh", loss, n=6)
    with refused(ShapeError):
        drawn.network.value_and_gradient(drawn.parameters, drawn.X, drawn.y[:5])


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_smoothing_numbers_is_refused(loss, refused):
    """Label smoothing is an error for a loss of numbers, which are no labels."""
    drawn = problem(0, (3, 4, 2), "tanh", loss)
    with refused(SettingError, "label_smoothing", loss):
        drawn.network.value_and_gradient(drawn.parameters, drawn.X, drawn.y, label_smoothing=0.1)


@pytest.mark.parametrize("l2", [-1e-4, -1.0, np.nan])
def test_a_negative_penalty_is_refused(l2, refused):
    """A penalty that rewards large weights is an error."""
    drawn = problem(0, (3, 4, 2))
    with refused(SettingError, "l2", str(l2)):
        drawn.with_options(l2=l2).objective(drawn.parameters)
