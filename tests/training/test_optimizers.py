"""Optimizers against PyTorch's, and against first steps worked by hand."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from handgrad.errors import SettingError, ShapeError
from handgrad.network import MLP
from handgrad.training import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Examples,
    Lion,
    Momentum,
    Muon,
    Nesterov,
    Optimizer,
    RMSprop,
    TrainingSettings,
    TrainingState,
    make_engine,
)
from handgrad.training.optimizers import for_network
from handgrad.training.orthogonal import orthogonalised

NAMES = pytest.mark.parametrize("name", list(OPTIMIZERS))

# Ours beside PyTorch's name and arguments for the same recurrence.
PAIRS: list[tuple[Optimizer, str, dict[str, Any]]] = [
    (OPTIMIZERS["sgd"], "SGD", {}),
    (OPTIMIZERS["momentum"], "SGD", {"momentum": 0.9}),
    (OPTIMIZERS["nesterov"], "SGD", {"momentum": 0.9, "nesterov": True}),
    (OPTIMIZERS["adam"], "Adam", {}),
    (OPTIMIZERS["adamw"], "AdamW", {}),
    (Momentum(beta=0.5), "SGD", {"momentum": 0.5}),
    (Nesterov(beta=0.99), "SGD", {"momentum": 0.99, "nesterov": True}),
    (Adam(0.8, 0.99, 1e-4), "Adam", {"betas": (0.8, 0.99), "eps": 1e-4}),
    (AdamW(0.8, 0.99, 1e-4, weight_decay=0.3), "AdamW", {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.3}),
    (AdamW(weight_decay=0.0), "Adam", {}),
    (OPTIMIZERS["rmsprop"], "RMSprop", {}),
    (RMSprop(alpha=0.5, epsilon=1e-3), "RMSprop", {"alpha": 0.5, "eps": 1e-3}),
    (Muon(beta1=0.8, weight_decay=0.3, layer_sizes=(7, 5)), "AdamW", {"betas": (0.8, 0.999), "weight_decay": 0.3}),
]
BY_FORMULA = [OPTIMIZERS["lion"], OPTIMIZERS["muon"]]  # which PyTorch does not have, or not in full precision


def slots(optimizer: Optimizer, vector: np.ndarray) -> list[np.ndarray]:
    """Make an optimizer's initial slots."""
    return [np.zeros_like(vector) for _ in range(optimizer.slots)]


@pytest.mark.parametrize(("ours", "name", "arguments"), PAIRS, ids=lambda value: str(value))
def test_fifty_steps_are_pytorchs(torch: ModuleType, ours: Optimizer, name: str, arguments: dict[str, Any]) -> None:
    """Over 50 steps with gradients of many sizes and a changing learning rate, each step agrees with PyTorch's."""
    rng = np.random.default_rng(0)
    vector = rng.standard_normal(40)
    tensor = torch.tensor(vector.copy(), requires_grad=True)
    theirs = getattr(torch.optim, name)([tensor], lr=0.1, **arguments)
    state = slots(ours, vector)
    for step in range(1, 51):
        gradient = rng.standard_normal(40) * np.logspace(-6, 2, 40) + 0.1 * vector
        rate = 0.1 / step
        tensor.grad = torch.tensor(gradient)
        theirs.param_groups[0]["lr"] = rate
        theirs.step()
        ours.update(vector, gradient, state, rate, step)
        np.testing.assert_allclose(vector, tensor.detach().numpy(), rtol=1e-12, atol=1e-12, err_msg=f"step {step}")


@pytest.mark.parametrize("ours", [OPTIMIZERS["lion"], Lion(0.5, 0.8, weight_decay=0.3)], ids=str)
def test_lion_is_its_algorithm_in_pytorch(torch: ModuleType, ours: Lion) -> None:
    """Over 50 steps it agrees with the lines of the paper's algorithm 2, written with PyTorch's functions."""
    rng = np.random.default_rng(0)
    vector = rng.standard_normal(40)
    theta, m = torch.tensor(vector.copy()), torch.zeros(40, dtype=torch.float64)
    state = slots(ours, vector)
    for step in range(1, 51):
        gradient, rate = rng.standard_normal(40), 0.1 / step
        g = torch.tensor(gradient)
        c = torch.lerp(g, m, ours.beta1)
        theta = theta - rate * (c.sign() + ours.weight_decay * theta)
        m = torch.lerp(g, m, ours.beta2)
        ours.update(vector, gradient, state, rate, step)
        np.testing.assert_allclose(vector, theta.numpy(), rtol=1e-12, atol=1e-12, err_msg=f"step {step}")


@pytest.mark.parametrize("shape", [(6, 6), (6, 3), (3, 6), (1, 5)])
def test_muon_is_pytorchs_on_a_hidden_matrix(torch: ModuleType, shape: tuple[int, int]) -> None:
    """Its steps are those of ``torch.optim.Muon``, which computes them with three digits."""
    rng = np.random.default_rng(0)
    sizes = (2, *shape, 2)
    start = 3 * shape[0]
    part = slice(start, start + shape[0] * shape[1])
    vector = rng.standard_normal(MLP(sizes).parameter_count)
    tensor = torch.tensor(vector[part].reshape(shape).T.copy(), requires_grad=True)
    theirs = torch.optim.Muon([tensor], lr=0.1, weight_decay=0.3, adjust_lr_fn="match_rms_adamw")
    ours = for_network(Muon(weight_decay=0.3), sizes)
    state = slots(ours, vector)
    for step in range(1, 11):
        gradient = rng.standard_normal(vector.size)
        tensor.grad = torch.tensor(gradient[part].reshape(shape).T.copy())
        theirs.step()
        ours.update(vector, gradient, state, 0.1, step)
        found, wanted = vector[part].reshape(shape).T, tensor.detach().numpy()
        assert np.abs(found - wanted).max() < 0.003 * step, f"step {step}"


def test_the_rest_of_muon_is_adamw() -> None:
    """The first and the last layer and the hidden biases move as with AdamW, the matrix between them does not."""
    rng = np.random.default_rng(0)
    sizes = (3, 4, 5, 2)
    hidden = np.zeros(MLP(sizes).parameter_count, bool)
    hidden[16:36] = True
    hidden = np.append(hidden, [False] * 3)  # what a network may have beside weights and biases
    vector = rng.standard_normal(hidden.size)
    ours, others = vector.copy(), vector.copy()
    muon, adamw = for_network(OPTIMIZERS["muon"], sizes), AdamW()
    state, other_state = slots(muon, ours), slots(adamw, others)
    for step in range(1, 5):
        gradient = rng.standard_normal(hidden.size)
        muon.update(ours, gradient, state, 0.1, step)
        adamw.update(others, gradient, other_state, 0.1, step)
    np.testing.assert_array_equal(ours[~hidden], others[~hidden])
    assert (ours[hidden] != others[hidden]).all()


@pytest.mark.parametrize("shape", [(4, 4), (2, 7), (7, 2), (1, 1)])
def test_orthogonalising_changes_singular_values_alone(shape: tuple[int, int]) -> None:
    """Each value, as a share of the Frobenius norm, goes through the polynomial five times and ends near 1."""
    M = np.random.default_rng(0).standard_normal(shape)
    U, s, V = np.linalg.svd(M, full_matrices=False)
    s = s / np.linalg.norm(M)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    np.testing.assert_allclose(orthogonalised(M), (U * s) @ V, rtol=1e-10, atol=1e-10)
    assert 0.6 < s.min() <= s.max() < 1.3
    np.testing.assert_array_equal(orthogonalised(np.zeros(shape)), 0)


def test_an_engine_tells_muon_where_the_matrices_are(refused: Any) -> None:
    """A step of the engine is one of Muon with the network's sizes; without sizes it is refused."""
    network, X, y = MLP((3, 4, 5, 2), "tanh"), np.random.default_rng(0).standard_normal((6, 3)), np.arange(6) % 2
    settings = TrainingSettings("muon", 0.1, batch_size=6)
    state = TrainingState.start(network.initialise(0), settings)
    wanted = state.parameters.vector.copy()
    _, gradient = network.value_and_gradient(state.parameters, X, y)
    for_network(Muon(), network.layer_sizes).update(wanted, gradient.vector, np.zeros((2, wanted.size)), 0.1, 1)
    engine, _ = make_engine(network, Examples(X, y), settings, np.float64)
    engine.run_span(state, np.arange(6), np.array([6]), [0.1])
    np.testing.assert_allclose(state.parameters.vector, wanted, rtol=1e-12)
    with refused(ShapeError, "Muon", "layer_sizes"):
        Muon().update(wanted, gradient.vector, np.zeros((2, wanted.size)), 0.1, 1)


# From theta = (1, -2) with gradient (0.5, 4), rate 0.1, and a second step with gradient (1, 0).
BY_HAND = [
    (SGD(), [0.95, -2.4], [0.85, -2.4]),
    (Momentum(beta=0.5), [0.95, -2.4], [0.95 - 0.1 * 1.25, -2.4 - 0.1 * 2]),
    (Nesterov(beta=0.5), [1 - 0.1 * 0.75, -2 - 0.1 * 6], [0.925 - 0.1 * 1.625, -2.6 - 0.1 * 1]),
    # Both coordinates move by the rate first. Then m = (1/2, 1) / (3/4) and v = (19/64, 3) / (7/16), roots below.
    (
        Adam(beta1=0.5, beta2=0.75, epsilon=0.0),
        [0.9, -2.1],
        [0.9 - 0.1 * (0.625 / 0.75) / np.sqrt(0.296875 / 0.4375), -2.1 - 0.1 * (1 / 0.75) / np.sqrt(3 / 0.4375)],
    ),
    # v = (1/16, 4), then (1/16 * 3/4 + 1/4, 3).
    (
        RMSprop(alpha=0.75, epsilon=0.0),
        [1 - 0.1 * 2, -2 - 0.1 * 2],
        [0.8 - 0.1 / np.sqrt(0.296875), -2.2],
    ),
    # m = (0.125, 1), so that the second sign is that of m / 2, where the gradient is 0.
    (Lion(beta1=0.5, beta2=0.75, weight_decay=0.5), [0.95 - 0.1, -1.9 - 0.1], [0.85 * 0.95 - 0.1, -2 * 0.95 - 0.1]),
    # First theta shrinks by 1 - 0.1 * 0.5.
    (
        AdamW(beta1=0.5, beta2=0.75, epsilon=0.0, weight_decay=0.5),
        [0.95 - 0.1, -1.9 - 0.1],
        [
            0.85 * 0.95 - 0.1 * (0.625 / 0.75) / np.sqrt(0.296875 / 0.4375),
            -2 * 0.95 - 0.1 * (1 / 0.75) / np.sqrt(3 / 0.4375),
        ],
    ),
]


@pytest.mark.parametrize(("optimizer", "first", "second"), BY_HAND, ids=lambda value: type(value).__name__)
def test_first_two_steps_are_those_worked_by_hand(optimizer: Optimizer, first: list, second: list) -> None:
    """Two steps with given gradients give the results worked out by hand."""
    vector = np.array([1.0, -2.0])
    state = slots(optimizer, vector)
    optimizer.update(vector, np.array([0.5, 4.0]), state, 0.1, 1)
    np.testing.assert_allclose(vector, first, rtol=1e-14)
    optimizer.update(vector, np.array([1.0, 0.0]), state, 0.1, 2)
    np.testing.assert_allclose(vector, second, rtol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_slot_is_used(name: str) -> None:
    """A step changes every state vector that an optimizer asks for."""
    vector, optimizer = np.ones(3), for_network(OPTIMIZERS[name], (2, 1))
    state = slots(optimizer, vector)
    optimizer.update(vector, np.array([1.0, 2.0, 3.0]), state, 0.1, 1)
    assert all(slot.all() for slot in state)


def test_every_optimizer_is_compared_with_pytorch() -> None:
    """Every optimizer in the table is tested above."""
    compared = [*(ours for ours, _, _ in PAIRS), *BY_FORMULA]
    assert all(optimizer in compared for optimizer in OPTIMIZERS.values())


@NAMES
def test_update_is_in_place_and_leaves_the_gradient(name: str) -> None:
    """A step writes into the given vector and slots, keeps float32, and does not change the gradient."""
    optimizer = for_network(OPTIMIZERS[name], (3, 1))
    whole = np.ones(6, np.float32)
    vector, gradient = whole[1:5], np.arange(1, 5, dtype=np.float32)
    state = slots(optimizer, vector)
    optimizer.update(vector, gradient, state, 0.1, 1)
    assert whole[[0, 5]].tolist() == [1, 1]
    assert (whole[1:5] < 1).all()
    np.testing.assert_array_equal(gradient, [1, 2, 3, 4])
    assert {array.dtype for array in (whole, *state)} == {np.dtype(np.float32)}


@NAMES
def test_a_training_may_go_on_from_its_vectors_and_its_step(name: str) -> None:
    """An optimizer has no memory of its own: from the vector, the slots and the step it continues bit by bit."""
    rng = np.random.default_rng(1)
    gradients = rng.standard_normal((20, 30))
    optimizer = for_network(OPTIMIZERS[name], (2, 3, 4, 1))
    straight = rng.standard_normal(30)
    resumed, state = straight.copy(), slots(optimizer, straight)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(straight, gradient, state, 0.1, step)
    state = slots(optimizer, resumed)
    for step, gradient in enumerate(gradients, start=1):
        if step == 11:
            resumed, state = resumed.copy(), [slot.copy() for slot in state]
            optimizer.update(np.ones(30), np.ones(30), slots(optimizer, resumed), 0.1, 1)
        optimizer.update(resumed, gradient, state, 0.1, step)
    np.testing.assert_array_equal(resumed, straight)


@pytest.mark.parametrize(
    "optimizer",
    [(Momentum, {"beta": 5.0}), (AdamW, {"weight_decay": -5.0}), (Adam, {"beta1": 1.0}), (Muon, {"beta": 1.0})],
)
def test_constants_outside_their_range_are_refused(optimizer: Any) -> None:
    """By name, when the optimizer is made."""
    kind, constants = optimizer
    with pytest.raises(SettingError, match=f"{next(iter(constants))} is .*; expected a number"):
        kind(**constants)
