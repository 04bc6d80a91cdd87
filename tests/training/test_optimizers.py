"""Optimizers against PyTorch's, and against first steps worked by hand."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from handgrad.training import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov, Optimizer

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
]


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
    vector = np.ones(3)
    state = slots(OPTIMIZERS[name], vector)
    OPTIMIZERS[name].update(vector, np.array([1.0, 2.0, 3.0]), state, 0.1, 1)
    assert all(slot.all() for slot in state)


def test_every_optimizer_is_compared_with_pytorch() -> None:
    """Every optimizer in the table is tested above."""
    compared = [ours for ours, _, _ in PAIRS]
    assert all(optimizer in compared for optimizer in OPTIMIZERS.values())


@NAMES
def test_update_is_in_place_and_leaves_the_gradient(name: str) -> None:
    """A step writes into the given vector and slots, keeps float32, and does not change the gradient."""
    optimizer = OPTIMIZERS[name]
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
    gradients = rng.standard_normal((20, 5))
    optimizer = OPTIMIZERS[name]
    straight = rng.standard_normal(5)
    resumed, state = straight.copy(), slots(optimizer, straight)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(straight, gradient, state, 0.1, step)
    state = slots(optimizer, resumed)
    for step, gradient in enumerate(gradients, start=1):
        if step == 11:
            resumed, state = resumed.copy(), [slot.copy() for slot in state]
            optimizer.update(np.ones(5), np.ones(5), slots(optimizer, resumed), 0.1, 1)
        optimizer.update(resumed, gradient, state, 0.1, step)
    np.testing.assert_array_equal(resumed, straight)
