"""The gradient check is checked: right gradients pass, and each planted mistake is caught and placed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from sampling import sampled
from strategies import differentiable_problem, mixed_activations, problems

from handgrad.errors import SettingError, ShapeError
from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters, gradcheck

SIZES = (4, 4, 4, 3)
ACTIVATION = ("tanh", "sigmoid")


def planted(mistake, seed: int = 0, sizes=SIZES, activation=ACTIVATION, **options):
    """Return an objective whose gradient has a mistake in it, and the point to check it at."""
    right = differentiable_problem(seed, sizes, activation, **options)

    def objective(parameters):
        value, gradient = right.objective(parameters)
        mistake(gradient)
        return value, gradient

    return objective, right.parameters


def times(factor):
    """Multiply the whole gradient."""

    def mistake(gradient):
        gradient.vector *= factor

    return mistake


@pytest.mark.parametrize("seed", sampled(range(60), 7))  # by default with every depth, option and most losses
def test_right_gradients_raise_no_alarm(seed):
    """Networks with mixed activations, losses and options, and right gradients, all pass."""
    losses = list(LOSSES)
    depth = seed % 5
    loss = losses[(seed // 5) % len(losses)]
    drawn = differentiable_problem(
        seed, (3, *[4] * depth, 2), mixed_activations(depth, seed), loss, weighted=seed % 2 == 0, l2=0.1 * (seed % 3)
    )
    report = gradcheck(drawn.objective, drawn.parameters)
    assert report.passed, str(report)


@settings(max_examples=25)
@given(problem=problems())
def test_random_networks_pass(problem):
    """Any network, activation, loss, batch and options that hypothesis thinks of have a right gradient."""
    report = gradcheck(problem.objective, problem.parameters)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(times(6), id="1/n missing"),
        pytest.param(times(2), id="doubled"),
        pytest.param(times(2.001 / 2), id="2.001 for 2"),
        pytest.param(times(1 + 1e-5), id="off by 1e-5"),
        pytest.param(times(-1), id="sign"),
        pytest.param(times(0), id="nothing"),
        pytest.param(times(np.nan), id="NaN"),
    ],
)
@pytest.mark.parametrize("seed", sampled(range(3), 3))
def test_a_mistake_in_the_whole_gradient_is_caught(mistake, seed):
    """A wrong factor on the whole gradient fails, along coordinates and along directions."""
    objective, parameters = planted(mistake, seed)
    report = gradcheck(objective, parameters)
    assert not report.passed
    assert report.worst.error > report.tolerance
    assert report.worst_direction > report.tolerance
    assert gradcheck(objective, parameters, coordinates=1, directions=10).passed is False


@pytest.mark.parametrize("seed", sampled(range(3), 3))
@pytest.mark.parametrize("layer", range(3))
@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        pytest.param("W", lambda gradient: 2 * gradient, id="W doubled"),
        pytest.param("W", lambda gradient: -gradient, id="W with its sign turned"),
        pytest.param("b", lambda gradient: 0 * gradient, id="b zero"),
        pytest.param("b", lambda gradient: 6 * gradient, id="b with 1/n missing"),
    ],
)
def test_a_mistake_in_one_array_is_placed_there(kind, layer, mistake, seed):
    """A mistake in one W or one b is found in that layer and that array."""

    def plant(gradient):
        array = getattr(gradient, kind)[layer]
        array[:] = mistake(array)

    objective, parameters = planted(plant, seed)
    report = gradcheck(objective, parameters)
    assert not report.passed
    assert (report.worst.layer, report.worst.kind) == (layer, kind)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_transposed_gradient_is_placed(layer):
    """A square dW that is transposed is found in its layer, off its diagonal."""

    def plant(gradient):
        gradient.W[layer][:] = gradient.W[layer].T.copy()

    report = gradcheck(*planted(plant))
    assert not report.passed
    assert (report.worst.layer, report.worst.kind) == (layer, "W")
    row, column = report.worst.index
    assert row != column


@pytest.mark.parametrize(
    ("layer", "kind", "index"),
    [
        (0, "W", (0, 0)),
        (0, "W", (3, 2)),
        (0, "b", (1,)),
        (1, "W", (2, 1)),
        (1, "b", (3,)),
        (2, "W", (3, 2)),
        (2, "b", (2,)),
    ],
)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda g: 1.0001 * g, 1e-4, id="relative error of 1e-4"),
        pytest.param(lambda g: -g, 2, id="sign"),
        pytest.param(lambda g: 2 * g, 0.5, id="doubled"),
        pytest.param(lambda _: np.nan, np.inf, id="NaN"),
        pytest.param(lambda _: np.inf, np.inf, id="infinity"),
    ],
)
def test_one_wrong_coordinate_is_named(layer, kind, index, change, error):
    """One wrong number among all is named: layer, W or b, index, what was claimed, what is right, and how far off."""
    right = {}

    def plant(gradient):
        array = getattr(gradient, kind)[layer]
        right.setdefault("value", float(array[index]))
        array[index] = change(array[index])

    # The first seed where the coordinate is not small: an error relative to nearly nothing is none.
    for seed in range(100):
        drawn = differentiable_problem(seed, SIZES, ACTIVATION)
        if np.abs(getattr(drawn.objective(drawn.parameters)[1], kind)[layer][index]) > 1e-2:
            break
    report = gradcheck(*planted(plant, seed), coordinates=None)
    worst = report.worst
    assert not report.passed
    assert (worst.layer, worst.kind, worst.index) == (layer, kind, index)
    assert worst.claimed == pytest.approx(change(right["value"]), rel=1e-12, nan_ok=True)
    assert worst.measured == pytest.approx(right["value"], rel=1e-6)
    assert worst.error == pytest.approx(error, rel=0.02)
    assert f"{kind}[{layer}][{', '.join(map(str, index))}]" in str(report)


def test_the_derivative_of_the_wrong_layer_is_caught():
    """Two hidden layers whose derivatives are exchanged are wrong below the exchange, and right above it."""
    right = differentiable_problem(0, SIZES, ACTIVATION)
    exchanged = MLP(SIZES, ACTIVATION[::-1])

    def objective(parameters):
        logits, cache = right.network.forward(parameters, right.X)
        value, dlogits = right.network.loss_and_gradient(logits, right.y)
        return value, exchanged.backward(parameters, cache, dlogits)

    report = gradcheck(objective, right.parameters)
    assert not report.passed
    assert report.worst.layer in (0, 1)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])
def test_a_forgotten_activation_derivative_is_caught(name):
    """A backward pass that takes every derivative for 1 fails for each activation but the identity."""
    right = differentiable_problem(1, (3, 5, 2), name)
    linear = MLP((3, 5, 2), "identity")

    def objective(parameters):
        logits, cache = right.network.forward(parameters, right.X)
        value, dlogits = right.network.loss_and_gradient(logits, right.y)
        return value, linear.backward(parameters, cache, dlogits)

    report = gradcheck(objective, right.parameters)
    assert not report.passed
    assert report.worst.layer == 0


@pytest.mark.parametrize("penalty", [0.0, 0.2])
def test_a_penalty_left_out_of_one_side_is_caught(penalty):
    """A gradient with another l2 than the value fails, in a weight and not in a bias."""
    drawn = differentiable_problem(2, l2=0.1)
    other = replace(drawn, options={**drawn.options, "l2": penalty})
    report = gradcheck(lambda p: (drawn.objective(p)[0], other.objective(p)[1]), drawn.parameters)
    assert not report.passed
    assert report.worst.kind == "W"


def test_directions_see_a_coordinate_that_was_not_drawn():
    """A wrong number fails the check even where the coordinates drawn leave it out."""

    def plant(gradient):
        gradient.vector[:] += 0.1 * (np.arange(gradient.vector.size) == 7)

    objective, parameters = planted(plant)
    blind = gradcheck(objective, parameters, coordinates=1, directions=0)
    assert blind.passed
    seeing = gradcheck(objective, parameters, coordinates=1, directions=5)
    assert seeing.worst == blind.worst
    assert not seeing.passed


@pytest.mark.parametrize(("asked", "checked"), [(None, 55), (1000, 55), (55, 55), (18, 18), (6, 6)])
def test_as_many_coordinates_are_checked_as_asked_for(asked, checked):
    """The report says how many coordinates were checked, out of how many."""
    drawn = differentiable_problem(0, SIZES, ACTIVATION)
    report = gradcheck(drawn.objective, drawn.parameters, coordinates=asked)
    assert report.parameters == drawn.network.parameter_count == 55
    assert report.coordinates == checked


@pytest.mark.parametrize("coordinates", [6, 20])
def test_some_coordinates_come_from_every_array(coordinates):
    """A mistake in any one W or b, in all its numbers, is found with few coordinates and no directions."""
    for layer in range(3):
        for kind in "Wb":

            def plant(gradient, layer=layer, kind=kind):
                getattr(gradient, kind)[layer][:] += 1.0

            report = gradcheck(*planted(plant), coordinates=coordinates, directions=0)
            assert not report.passed
            assert (report.worst.layer, report.worst.kind) == (layer, kind)


def test_a_seed_fixes_the_report():
    """The same seed checks the same coordinates and directions."""
    drawn = differentiable_problem(0, SIZES, ACTIVATION)
    first, again, other = (gradcheck(drawn.objective, drawn.parameters, coordinates=12, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.worst_direction != other.worst_direction


def test_parameters_are_left_as_they_were():
    """The point is not moved by the check."""
    drawn = differentiable_problem(0)
    before = drawn.parameters.vector.copy()
    gradcheck(drawn.objective, drawn.parameters)
    np.testing.assert_array_equal(drawn.parameters.vector, before)


def test_a_gradient_that_is_overwritten_by_the_next_call_is_read_in_time():
    """An objective may hand out the same memory every time."""
    drawn = differentiable_problem(0)
    memory = Parameters(drawn.network.layer_sizes)

    def objective(parameters):
        value, gradient = drawn.objective(parameters)
        memory.vector[:] = gradient.vector
        return value, memory

    assert gradcheck(objective, drawn.parameters).passed


def test_a_value_of_nan_fails():
    """A value that is no number has no gradient: the check fails, with an infinite error."""
    drawn = differentiable_problem(0)
    report = gradcheck(lambda p: (float("nan"), drawn.objective(p)[1]), drawn.parameters)
    assert not report.passed
    assert report.worst.error == np.inf
    assert report.worst_direction == np.inf


@pytest.mark.parametrize("scale", [1, 30, 255, 1000])
def test_unscaled_inputs_raise_no_alarm(scale):
    """With inputs as large as raw pixels the loss curves strongly, yet right gradients pass and wrong ones fail."""
    network, rng = MLP((2, 3, 2)), np.random.default_rng(0)
    X, y, parameters = scale * rng.normal(size=(4, 2)), np.array([0, 1, 1, 0]), network.initialise(seed=0)

    def objective(factor):
        def scaled(p):
            value, gradient = network.value_and_gradient(p, X, y)
            return value, Parameters(p.layer_sizes, factor * gradient.vector)

        return scaled

    report = gradcheck(objective(1), parameters)
    assert report.passed, str(report)
    assert not gradcheck(objective(1.0001), parameters).passed


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_a_scaled_objective_gives_the_same_verdicts(scale):
    """Right stays right, and doubled stays wrong, when the loss is measured in other units."""
    drawn = differentiable_problem(0)

    def objective(factor):
        def scaled(parameters):
            value, gradient = drawn.objective(parameters)
            return scale * value, Parameters(gradient.layer_sizes, factor * scale * gradient.vector)

        return scaled

    assert gradcheck(objective(1), drawn.parameters).passed
    assert not gradcheck(objective(2), drawn.parameters).passed


def test_the_tolerance_is_the_callers():
    """An error of 1e-4 passes at a tolerance of 1e-3, and fails at 1e-5."""
    objective, parameters = planted(times(1.0001))
    assert gradcheck(objective, parameters, tolerance=1e-3).passed
    assert not gradcheck(objective, parameters, tolerance=1e-5).passed


def test_the_report_prints_its_verdict():
    """Printed, a report says right or WRONG first."""
    drawn = differentiable_problem(0)
    assert str(gradcheck(drawn.objective, drawn.parameters)).startswith("gradient correct to 1e-06")
    assert str(gradcheck(*planted(times(2)))).startswith("gradient WRONG to 1e-06")


def test_float32_is_refused(refused):
    """Differences mean nothing in float32: an error says to use float64."""
    drawn = differentiable_problem(0)
    with refused(SettingError, "float32", "float64"):
        gradcheck(drawn.objective, Parameters(drawn.network.layer_sizes, drawn.parameters.vector.astype(np.float32)))


def test_another_librarys_vector_is_refused(torch, refused):
    """Parameters in another library are refused, before anything is computed."""
    drawn = differentiable_problem(0)
    with refused(SettingError, "NumPy", "float64"):
        gradcheck(drawn.objective, Parameters(drawn.network.layer_sizes, torch.zeros(drawn.network.parameter_count)))


@pytest.mark.parametrize("sizes", [(4, 4), (3, 4, 4, 4), (4, 4, 4, 4, 3)])
def test_a_gradient_of_other_sizes_is_refused(sizes, refused):
    """A gradient that is laid out for other layers is an error that names both layouts."""
    drawn = differentiable_problem(0, SIZES, ACTIVATION)
    with refused(ShapeError, str(sizes), str(SIZES)):
        gradcheck(lambda p: (drawn.objective(p)[0], Parameters(sizes)), drawn.parameters)
