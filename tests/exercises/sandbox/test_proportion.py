"""Answers in proportion: what is far larger than was asked for never reaches a judge, what a mistake explains does."""

import numpy as np
import pytest

from handgrad.exercises.calls import Answer, Call, Event, Network, Step
from handgrad.exercises.check import JUDGES
from handgrad.exercises.sandbox.proportion import in_proportion
from handgrad.exercises.tasks import TASKS

X = np.ones((9, 8))
LARGE = {
    "a column": np.ones((40_000, 1)),
    "no rows": np.empty((0, 2**31 - 1)),
    "no columns": np.empty((2**20, 0)),
    "many axes": np.empty((200, 0, 200, 200)),
    "a square": np.zeros((200, 200), bool),
}


@pytest.mark.parametrize("large", LARGE)
def test_what_is_far_larger_than_what_was_given_is_left_out(large: str) -> None:
    """Whatever its bytes: a judge that multiplied it with itself would need gigabytes. The rest is kept."""
    call = Call("a", "function", "f", (X,))
    answer = in_proportion(call, Answer("a", "ok", {"return": LARGE[large], "argument0": X}, left_out={"x": "list"}))
    assert (answer.status, set(answer.values)) == ("ok", {"argument0"})
    assert answer.left_out == {"x": "list", "return": "ndarray"}


def test_what_a_mistake_explains_is_kept() -> None:
    """An outer product of all examples and classes, a Jacobian for each, all numbers in one vector."""
    call = Call("a", "function", "f", (X,))
    values = {"outer": np.einsum("ij,kl->ijkl", X, X), "jacobian": np.ones((9, 8, 8)), "flat": np.ravel(X)}
    assert set(in_proportion(call, Answer("a", "ok", values)).values) == set(values)


def test_large_networks_have_large_arrays() -> None:
    """What is left out after a small call is kept after one that gave weights of the size of the sheet's."""
    values = {"turned": np.zeros((400, 784)), "next": np.zeros((400, 400))}
    large = Call("a", "network", "fcc", steps=(Step("set", "W_i_h1", (np.zeros((784, 400)),)),))
    assert set(in_proportion(large, Answer("a", "ok", values)).values) == set(values)
    assert in_proportion(Call("a", "network", "fcc"), Answer("a", "ok", values)).values == {}


def test_a_routine_that_passes_on_far_too_much_is_stopped() -> None:
    """Its record is not kept; one that passes on all it was given, together, is recorded."""
    call = Call("a", "routine", "f", (Network({"W": np.zeros((8, 3))}), X))
    both = Answer("a", "ok", events=(Event("forward_propagation", np.vstack([X, X])), Event("end", None)))
    assert in_proportion(call, both).events == both.events
    flood = Answer("a", "ok", events=(Event("backprop", np.zeros(100_000)),))
    assert (in_proportion(call, flood).status, in_proportion(call, flood).events) == ("killed", ())


@pytest.mark.parametrize("task", TASKS)
def test_right_answers_are_in_proportion(task: str) -> None:
    """In every task, arrays as large as any that the trials give are kept."""
    for call in JUDGES[task].calls_for(task, np.random.default_rng(3)).calls:
        given = [*call.arguments, *(value for step in call.steps for value in step.arguments)]
        answer = Answer(call.id, "ok", {str(i): a for i, a in enumerate(given) if isinstance(a, np.ndarray)})
        assert set(in_proportion(call, answer).values) == set(answer.values)
