"""The mistakes of functions and quantities, compiled from edits of the reference."""

import numpy as np
import pytest

from handgrad import handout
from handgrad.exercises.catalogue.comparing import outcome, same
from handgrad.exercises.catalogue.edits import formula, lines_for, recognisers, reference
from handgrad.exercises.catalogue.layers import ACTIVATIONS
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.catalogue.routines import forms
from handgrad.exercises.catalogue.subjects import SUBJECTS
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import BACKPROP, PARAMETERS, TASKS

QUANTITIES = (*ACTIVATIONS[1:], *BACKPROP, *PARAMETERS)


def network():
    """Make a network after a backward pass on random examples."""
    rng = np.random.RandomState(0)
    net = handout.fcc(5, 6, 4, 3, rng=rng)
    y = rng.randint(3, size=7)
    net.forward_propagation(rng.randn(7, 5))
    net.backprop(y)
    return net, y


def state_of(net, y):
    """Give what a quantity of a network is computed from."""
    names = ("X", "h1", "h2", "out", *PARAMETERS, *BACKPROP)
    return {**{name: getattr(net, name).copy() for name in names}, "y": y, "n": len(y), "rate": 0.3}


def test_every_entry_of_the_catalogue_is_used_for_each_of_its_tasks():
    """Nothing in a table is dead: each mistake with code is looked for in all of its tasks, and in no others."""
    looked_for = {(task, name) for task in SUBJECTS for name in recognisers(task)}
    looked_for |= {("backprop", name) for quantity in QUANTITIES[:-6] for name in recognisers(quantity)}
    looked_for |= {("gradient_step", name) for quantity in PARAMETERS for name in recognisers(quantity)}
    looked_for |= {(task, form.mistake) for task in TASKS if TASKS[task].kind == "routine" for form in forms(task)}
    assert looked_for == {(task, name) for name, entry in catalogue().items() if entry.code for task in entry.tasks}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_formula_computes_what_the_reference_does(quantity):
    """The line of a quantity, compiled alone, gives the reference's own value."""
    net, y = network()
    state = state_of(net, y)
    net.gradient_step(0.3)
    assert np.array_equal(formula(quantity)(state), getattr(net, quantity))


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_mistake_of_a_quantity_gives_something_else(quantity):
    """No edit leaves a quantity as it should be."""
    state = state_of(*network())
    state |= {"previous": {name: 0.7 * state[name] for name in BACKPROP}}
    state |= {"after": {name: 0.9 * state[name] for name in PARAMETERS}}
    state |= {"first": {"n": 3, **{name: 0.8 * state[name] for name in PARAMETERS}}}
    right = outcome(formula(quantity), state)
    for name, variants in recognisers(quantity).items():
        assert not any(same(outcome(variant, state), right) for variant in variants), name


@pytest.mark.parametrize("task", sorted(SUBJECTS))
def test_a_mistake_changes_no_argument(task):
    """All mistakes are tried on the same arrays, so none may write into them."""
    for arguments in SUBJECTS[task].draw(np.random.default_rng(0)):
        before = [np.copy(argument) for argument in arguments if isinstance(argument, np.ndarray)]
        for variants in recognisers(task).values():
            for variant in variants:
                outcome(variant, *arguments)
        after = [argument for argument in arguments if isinstance(argument, np.ndarray)]
        assert all(map(np.array_equal, before, after))


def test_a_formula_changes_nothing_in_its_state():
    """The step is computed in place, on copies."""
    state = state_of(*network())
    before = {name: np.copy(value) for name, value in state.items()}
    for quantity in PARAMETERS:
        formula(quantity)(state)
    assert all(np.array_equal(state[name], before[name]) for name in before)


def test_an_edit_of_a_kind_is_made_in_every_layer_with_the_names_of_the_layer():
    """The names of a layer, of the one above and of the activation below are filled in."""
    mistake = catalogue()["delta_weights_not_transposed"]
    (entry,) = mistake.code
    lines = [line for quantity in BACKPROP for line in lines_for(entry, quantity, mistake)]
    assert lines == [
        "self.delta_h2 = np.matmul(self.W_h2_o.T, self.delta_out) * del_sigmoid(self.h2).T",
        "self.delta_h1 = np.matmul(self.W_h1_h2.T, self.delta_h2) * del_sigmoid(self.h1).T",
    ]


def test_any_stands_for_each_name_but_the_right_one():
    """The line that the reference has is left out."""
    mistake = catalogue()["step_with_other_gradient"]
    (entry,) = mistake.code
    lines = list(lines_for(entry, "b_h2", mistake))
    assert lines == [f"self.b_h2 -= learning_rate * self.{other}" for other in ("db_h1", "db_out")]
    assert reference("b_h2") == "self.b_h2 -= learning_rate * self.db_h2"


def test_every_edit_of_a_routine_changes_it():
    """No form is the reference, and no two of a task are the same."""
    for task in ("gradient_descent", "stochastic_gradient_descent"):
        bodies = [form.body for form in forms(task)]
        assert solution(task) not in bodies
        assert len(set(bodies)) == len(bodies)
