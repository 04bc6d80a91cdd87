"""Batch and layer normalisation: against differences, against PyTorch's modules, and in training."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from handgrad.data import Scaling
from handgrad.errors import SettingError, ShapeError
from handgrad.model import Model, load_model, save_model
from handgrad.network import MLP, Parameters, gradcheck
from handgrad.network import mlp as of_network
from handgrad.network.normalisation import Normalised, del_normalise
from handgrad.training import AdamW, Examples, TrainingSettings, TrainingState, make_engine, train

KINDS = pytest.mark.parametrize("kind", ["batch", "layer"])
RNG = np.random.default_rng(5)
X, Y = RNG.standard_normal((24, 4)), RNG.integers(0, 3, 24)


def started(kind: str, sizes: tuple[int, ...] = (4, 6, 5, 3), seed: int = 0) -> tuple[MLP, Parameters]:
    """Make a network with gains, biases and averages away from 1 and 0."""
    network = MLP(sizes, "tanh", normalisation=kind)
    parameters = network.initialise(seed)
    rng = np.random.default_rng(seed)
    for name, array in parameters.named().items():
        array += rng.uniform(0.1, 0.5, array.shape) * (name[0] != "W")
    return network, parameters


def in_torch(torch: ModuleType, network: MLP, parameters: Parameters) -> Any:
    """Build the same network from PyTorch's own modules."""
    modules: list[Any] = []
    hidden = len(network.layer_sizes) - 2
    for layer, (W, b) in enumerate(zip(parameters.W, parameters.b, strict=True)):
        linear = torch.nn.Linear(*W.shape, bias=layer == hidden, dtype=torch.float64)
        linear.weight.data = torch.tensor(W.T.copy())
        modules.append(linear)
        if layer == hidden:
            linear.bias.data = torch.tensor(b)
            continue
        norm = torch.nn.BatchNorm1d if network.normalisation == "batch" else torch.nn.LayerNorm
        modules += [norm(len(b), dtype=torch.float64), torch.nn.Tanh()]
        modules[-2].weight.data, modules[-2].bias.data = torch.tensor(parameters.more[f"g.{layer}"]), torch.tensor(b)
        if network.normalisation == "batch":
            modules[-2].running_mean.data = torch.tensor(parameters.more[f"mean.{layer}"])
            modules[-2].running_var.data = torch.tensor(parameters.more[f"variance.{layer}"])
    return torch.nn.Sequential(*modules)


def from_torch(module: Any, network: MLP) -> Parameters:
    """Read the numbers back."""
    found = network.parameters()
    linears = [one for one in module if hasattr(one, "in_features")]
    norms = [one for one in module if hasattr(one, "eps")]
    for layer, linear in enumerate(linears):
        found.W[layer][:] = linear.weight.detach().numpy().T
    found.b[-1][:] = linears[-1].bias.detach().numpy()
    for layer, norm in enumerate(norms):
        found.b[layer][:] = norm.bias.detach().numpy()
        found.more[f"g.{layer}"][:] = norm.weight.detach().numpy()
        if network.normalisation == "batch":
            found.more[f"mean.{layer}"][:] = norm.running_mean.numpy()
            found.more[f"variance.{layer}"][:] = norm.running_var.numpy()
    return found


@KINDS
@pytest.mark.parametrize("sizes", [(4, 6, 3), (4, 6, 5, 3), (4, 3)])
@pytest.mark.parametrize("options", [{}, {"l1": 0.02, "l2": 0.1, "sample_weight": np.linspace(0.5, 2, 24)}])
def test_gradient_is_that_of_differences(kind: str, sizes: tuple[int, ...], options: dict[str, Any]) -> None:
    """Of weights, biases and gains, with penalties and weights of examples too; nothing depends on the averages."""
    network, parameters = started(kind, sizes)
    report = gradcheck(
        lambda at: network.value_and_gradient(at, X, Y, **options), parameters, coordinates=None, tolerance=1e-6
    )
    assert report.passed, str(report)
    assert report.coordinates == network.parameter_count


@KINDS
@pytest.mark.parametrize(
    "wrong",
    [
        lambda dN, of: dN / of.sigma,
        lambda dN, of: (dN - dN.mean(of.axis, keepdims=True)) / of.sigma,
        lambda dN, of: (dN - dN.mean(of.axis, keepdims=True) - of.N * dN.mean(of.axis, keepdims=True)) / of.sigma,
        lambda dN, of: del_normalise(dN, of) * of.sigma,
        lambda dN, of: del_normalise(dN, replace(of, axis=1 - of.axis)),
    ],
)
def test_a_wrong_derivative_is_noticed(kind: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check by differences finds a forgotten path through the mean or the variance, and the wrong axis."""
    network, parameters = started(kind)
    monkeypatch.setattr(of_network, "del_normalise", wrong)
    report = gradcheck(lambda at: network.value_and_gradient(at, X, Y), parameters, coordinates=None)
    assert not report.passed


@KINDS
def test_value_and_gradient_are_pytorchs(kind: str, torch: ModuleType) -> None:
    """To ten digits, for every parameter."""
    network, parameters = started(kind)
    module = in_torch(torch, network, parameters)
    loss = torch.nn.functional.cross_entropy(module(torch.tensor(X)), torch.tensor(Y))
    loss.backward()
    value, gradient = network.value_and_gradient(parameters, X, Y)
    assert float(value) == pytest.approx(float(loss.detach()), rel=1e-12)
    for one in module.parameters():
        one.data = one.grad
    found = from_torch(module, network)
    assert_allclose(gradient.vector[: network.learnt_count], found.vector[: network.learnt_count], atol=1e-12)
    assert not gradient.vector[network.learnt_count :].any()


@KINDS
def test_training_is_pytorchs(kind: str, torch: ModuleType) -> None:
    """Three epochs of momentum in batches of 10, 10 and 4 end with PyTorch's numbers, running averages included."""
    network, parameters = started(kind)
    module = in_torch(torch, network, parameters)
    descent = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        for batch in (slice(0, 10), slice(10, 20), slice(20, 24)):
            descent.zero_grad()
            torch.nn.functional.cross_entropy(module(torch.tensor(X[batch])), torch.tensor(Y[batch])).backward()
            descent.step()
    settings = TrainingSettings("momentum", learning_rate=0.1, epochs=3, batch_size=10, shuffle=False)
    state = TrainingState.start(parameters, settings)
    *_, last = train(network, state, Examples(X, Y), settings=settings)
    assert_allclose(parameters.vector, from_torch(module, network).vector, atol=1e-11)
    module.eval()
    outputs = torch.softmax(module(torch.tensor(X)), 1).detach().numpy()
    assert_allclose(network.predict(parameters, X), outputs, atol=1e-11)
    assert last.figures["train_loss"] == pytest.approx(-np.log(outputs[np.arange(24), Y]).mean())


def test_running_averages_are_not_the_optimizers() -> None:
    """Weight decay and clipping do not touch them: they follow the batches alone."""
    network, parameters = started("batch")
    plain = parameters.copy()
    for at, settings in (
        (parameters, TrainingSettings(AdamW(weight_decay=0.5), learning_rate=0.1, clip=1e-9)),
        (plain, TrainingSettings("sgd", learning_rate=1e-12)),
    ):
        engine, _ = make_engine(network, Examples(X, Y), settings, np.float64)
        engine.run_span(TrainingState.start(at, settings), np.arange(24), np.array([24]), [0.1])
    assert_allclose(parameters.vector[network.learnt_count :], plain.vector[network.learnt_count :], rtol=1e-9)


@KINDS
def test_gradient_and_update_are_a_step(kind: str) -> None:
    """The two halves of a step, which several machines take, have the bits of the whole."""
    settings = TrainingSettings("adam", dropout=0.3, max_norm=1.5, l1=1e-3)
    states = []
    for whole in (True, False):
        network, parameters = started(kind)
        engine, _ = make_engine(network, Examples(X, Y), settings, np.float64)
        states.append(state := TrainingState.start(parameters, settings))
        if whole:
            engine.run_span(state, np.arange(24), np.array([10, 24]), [0.1, 0.1])
        else:
            for rows in (np.arange(10), np.arange(10, 24)):
                engine.update(state, engine.gradient(state, rows).gradient, 0.1)
    assert_array_equal(states[0].parameters.vector, states[1].parameters.vector)


@KINDS
def test_a_stopped_training_goes_on_with_the_same_bits(kind: str) -> None:
    """Gains and running averages are part of the state."""
    settings = TrainingSettings("adam", epochs=4, batch_size=7, log_every=1)
    network, parameters = started(kind)
    whole = TrainingState.start(parameters, settings)
    for number, _ in enumerate(train(network, whole, Examples(X, Y), settings=settings)):
        if number == 7:
            stopped = whole.copy()
    list(train(network, stopped, Examples(X, Y), settings=settings))
    assert_array_equal(stopped.parameters.vector, whole.parameters.vector)


def test_equal_examples() -> None:
    """A variance of 0 gives the bias alone, no NaN, and a finite gradient."""
    network, parameters = started("batch", (4, 6, 3))
    rows = np.repeat(X[:1], 5, axis=0)
    _, cache = network.forward(parameters, rows, training=True)
    assert_allclose(cache.Z[0], np.tile(parameters.b[0], (5, 1)))
    _, gradient = network.value_and_gradient(parameters, rows, Y[:5])
    assert np.isfinite(gradient.vector).all()


def test_a_batch_of_one_example_is_normalised_by_the_averages() -> None:
    """It has no variance of its own, and does not change the averages; its gradient is that of differences."""
    network, parameters = started("batch", (4, 6, 3))
    trained, _ = network.forward(parameters, X[:1], training=True)
    assert_array_equal(trained, network.forward(parameters, X[:1])[0])
    assert gradcheck_of_learnt(network, parameters)
    settings, before = TrainingSettings("sgd"), parameters.vector.copy()
    engine, _ = make_engine(network, Examples(X[:1], Y[:1]), settings, np.float64)
    engine.run_span(TrainingState.start(parameters, settings), np.arange(1), np.array([1]), [0.1])
    assert_array_equal(parameters.vector[network.learnt_count :], before[network.learnt_count :])
    assert not np.array_equal(parameters.W[0].ravel(), before[: parameters.W[0].size])


def gradcheck_of_learnt(network: MLP, parameters: Parameters) -> bool:
    """Check the gradient on one example, with the averages held fixed."""
    averages = parameters.vector[network.learnt_count :].copy()

    def objective(at: Parameters) -> tuple[float, Parameters]:
        fixed = at.copy()
        fixed.vector[network.learnt_count :] = averages
        return network.value_and_gradient(fixed, X[:1], Y[:1])

    return gradcheck(objective, parameters, coordinates=None).passed


def test_prediction_of_a_row_does_not_depend_on_the_others() -> None:
    """A batch normalisation predicts with its averages."""
    network, parameters = started("batch")
    assert_allclose(network.predict(parameters, X)[:1], network.predict(parameters, X[:1]), rtol=1e-12)
    trained, _ = network.forward(parameters, X, training=True)
    alone, _ = network.forward(parameters, X[:5], training=True)
    assert not np.allclose(trained[:5], alone)


@KINDS
def test_other_array_libraries_agree(kind: str, library: ModuleType) -> None:
    """Value and gradient are those of NumPy."""
    network, parameters = started(kind)
    value, gradient = network.value_and_gradient(parameters, X, Y)
    elsewhere = network.parameters(library.asarray(parameters.vector))
    other, others = network.value_and_gradient(elsewhere, library.asarray(X), library.asarray(Y))
    assert float(other) == pytest.approx(float(value), rel=1e-12)
    assert_allclose(np.asarray(others.vector), gradient.vector, atol=1e-12)


@KINDS
def test_a_file_keeps_all_of_it(kind: str, tmp_path: Any) -> None:
    """Gains and averages stand in it under their names, and the network that is read is the same."""
    network, parameters = started(kind)
    model = Model(network, parameters, ("a", "b", "c"), Scaling(0, 1), None, "toy")
    save_model(tmp_path / "model.safetensors", model)
    found = load_model(tmp_path / "model.safetensors")
    assert found.network == network
    assert_array_equal(found.parameters.vector, parameters.vector)
    assert_array_equal(found.predict(X), model.predict(X))


@KINDS
def test_compiled_code_is_not_used(kind: str) -> None:
    """A request for it is refused with the reason."""
    network, _ = started(kind)
    with pytest.raises(SettingError, match=f"normalisation {kind} has no compiled version"):
        make_engine(network, Examples(X, Y), TrainingSettings(engine="compiled"), np.float64)


def test_refusals() -> None:
    """An unknown kind, and parameters of another kind of network."""
    with pytest.raises(SettingError, match="normalisation 'group'; expected one of batch, layer"):
        MLP((4, 3), normalisation="group")
    network, parameters = started("batch")
    for other in (MLP(network.layer_sizes, "tanh"), MLP(network.layer_sizes, "tanh", normalisation="layer")):
        with pytest.raises(ShapeError, match=r"mean\.0"):
            other.forward(parameters, X)
    with pytest.raises(ShapeError, match="normalisation batch"):
        network.forward(Parameters(network.layer_sizes), X)


def test_what_is_known_of_a_normalisation() -> None:
    """The averaged axis, so that the derivative need not be told."""
    _, cache = started("layer")[0].forward(started("layer")[1], X)
    assert [type(one) for one in cache.normalised] == [Normalised, Normalised]
    assert {one.axis for one in cache.normalised} == {1}
