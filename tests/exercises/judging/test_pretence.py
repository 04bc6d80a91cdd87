"""Backprop that only looks right, or is right for another reason than its equations."""

import numpy as np
import pytest
from in_process import function_answer, network_answer
from reports import said

from handgrad import handout
from handgrad.exercises.calls import Answer
from handgrad.exercises.judging import backward
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

DELTAS = BACKPROP[::3]


def judged(network, seed=0, **functions):
    """Judge a class, with the reference's functions or those given."""
    plan = backward.calls_for("backprop", np.random.default_rng(seed))
    answers = []
    for call in plan.calls:
        if call.kind == "network":
            answers.append(network_answer(call, network))
        elif call.name in functions:
            answers.append(Answer(call.id, "ok", {"return": functions[call.name](*call.arguments)}))
        else:
            answers.append(function_answer(call))
    return backward.judge(plan, answers)


def storing(value):
    """Make a class that stores one number everywhere, in the right shapes."""

    class Stores(handout.fcc):
        def backprop(self, y):  # noqa: ARG002 - that is the point
            for name, layer in zip(DELTAS, (self.out, self.h2, self.h1), strict=True):
                setattr(self, name, np.full(layer.T.shape, value))
            for name in PARAMETERS:
                setattr(self, f"d{name}", np.full(getattr(self, name).shape, value))

    return Stores


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_that_follows_from_a_constant_earns_nothing(value):
    """Zeros agree with the formulas of zeros, but nothing has been computed."""
    assert judged(storing(value)).credit == 0


def test_arrays_of_an_impossible_shape_earn_nothing_and_only_the_first_is_blamed():
    """What is made of a delta with a wrong shape cannot be judged, so it is neither wrong nor right."""

    class Ones(handout.fcc):
        def backprop(self, y):  # noqa: ARG002 - that is the point
            for name in BACKPROP:
                setattr(self, name, np.ones((1, 1)))

    result = judged(Ones)
    assert (result.credit, [found.quantities for found in result.findings]) == (0, [("delta_out",)])
    assert {"dW_h2_o", "delta_h2", "dW_h1_h2"} <= set(result.unseen)


def test_a_forward_pass_that_makes_zeros_right_does_not_help():
    """Where the hidden units are saturated, zero gradients are true; from correct forward values they are not."""

    class Saturated(handout.fcc):
        def forward_propagation(self, X):
            self.X = X
            self.h1 = np.ones((len(X), len(self.b_h1)))
            self.h2 = np.ones((len(X), len(self.b_h2)))
            self.out = handout.softmax(self.h2 @ self.W_h2_o + self.b_out)
            return self.out

        def backprop(self, y):
            super().backprop(y)
            self.delta_h2 = self.delta_h1 = None
            for name in PARAMETERS[:4]:
                setattr(self, f"d{name}", np.zeros(getattr(self, name).shape))

    result = judged(Saturated)
    assert result.status == "wrong"
    assert result.credit < 0.5
    assert "h1" in said(result)
    assert [found.mistake for found in result.findings] == [None, "gradient_left_at_zero"]


def test_gradients_that_are_spoilt_from_the_third_call_on_are_wrong():
    """One object is used several times, as in training."""

    class Later(handout.fcc):
        calls = 0

        def backprop(self, y):
            super().backprop(y)
            self.calls += 1
            self.db_h1 = self.db_h1 + (self.calls > 2)

    result = judged(Later)
    assert [found.quantities for found in result.findings] == [("db_h1",)]


@pytest.mark.parametrize(
    ("change", "sides"),
    [(1e-6, 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1e-4, 1), (1e-4, 2), (1e-6, 1), (1e-8, 1)))],
)
def test_differences_of_the_loss_are_no_backpropagation(sides, change):
    """Measured gradients are wrong for large inputs, and named; they are not the equations' and earn nothing."""

    class Measures(handout.fcc):
        def backprop(self, y):
            if self.W_i_h1.size > 10**5:  # nobody waits for that
                return super().backprop(y)
            for name in PARAMETERS:
                array, gradient = getattr(self, name), np.zeros(getattr(self, name).shape)
                for place in np.ndindex(*array.shape):
                    kept, losses = array[place], []
                    for way in (1, -1)[:sides] if sides == 2 else (1, 0):
                        array[place] = kept + way * change
                        losses.append(handout.cross_entropy(self._out(), y))
                    array[place] = kept
                    gradient[place] = (losses[0] - losses[1]) / (sides * change)
                setattr(self, f"d{name}", gradient)
            return None

        def _out(self):
            h1 = handout.sigmoid(self.X @ self.W_i_h1 + self.b_h1)
            h2 = handout.sigmoid(h1 @ self.W_h1_h2 + self.b_h2)
            return handout.softmax(h2 @ self.W_h2_o + self.b_out)

    result = judged(Measures)
    assert result.status == "wrong"
    if change < 1e-4:  # else the usual networks show it as well, without its name
        assert [found.mistake for found in result.findings] == ["gradient_by_differences"]
        assert result.credit == 0


def test_what_fails_only_on_a_network_as_large_as_the_sheets_is_wrong():
    """A method that works for few units only is not right."""

    class Small(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            if self.W_i_h1.size > 10**4:
                self.dW_i_h1 = np.zeros(self.W_i_h1.shape)

    result = judged(Small)
    assert (result.status, result.findings[0].mistake) == ("wrong", "gradient_left_at_zero")


def test_a_slow_method_is_right_though_the_large_network_takes_too_long():
    """Loops over single numbers are slow, but no mistake."""
    plan = backward.calls_for("backprop", np.random.default_rng(0))
    answers = [
        network_answer(call, handout.fcc) if call.kind == "network" else function_answer(call) for call in plan.calls
    ]
    answers[-1] = Answer(answers[-1].id, "too_slow")
    assert backward.judge(plan, answers).status == "right"


def test_a_wrong_helper_does_not_hide_that_it_is_called_with_the_wrong_layer():
    """Correct helpers in place of a wrong one give credit only where they are called with the right arguments."""

    def plus(h):
        return h * (1 + h)

    def with_derivatives(*layers):
        class Calls(handout.fcc):
            def backprop(self, y):
                h2, h1 = (getattr(self, name) for name in layers)
                self.delta_out = handout.delta_last_layer_easy_approach(self.out, y)
                self.dW_h2_o = (self.delta_out @ self.h2).T / len(y)
                self.db_out = self.delta_out.mean(axis=1)
                self.delta_h2 = (self.W_h2_o @ self.delta_out) * plus(h2).T
                self.dW_h1_h2 = (self.delta_h2 @ self.h1).T / len(y)
                self.db_h2 = self.delta_h2.mean(axis=1)
                self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * plus(h1).T
                self.dW_i_h1 = (self.delta_h1 @ self.X).T / len(y)
                self.db_h1 = self.delta_h1.mean(axis=1)

        return Calls

    assert judged(with_derivatives("h2", "h1"), del_sigmoid=plus).status == "wrong"
    assert judged(with_derivatives("h1", "h2"), del_sigmoid=plus).credit < 0.5


def test_an_unknown_mistake_in_a_delta_that_is_not_kept_is_found_at_the_delta():
    """The gradients tell what the delta was; nothing after it is blamed, and credit is that of a stored delta."""

    def hidden(kept):
        class Hides(handout.fcc):
            def backprop(self, y):
                super().backprop(y)
                self.delta_h2 = np.tanh(self.delta_h2) + 0.3 * self.h2.T
                self.dW_h1_h2 = (self.delta_h2 @ self.h1).T / len(y)
                self.db_h2 = self.delta_h2.mean(axis=1)
                self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * handout.del_sigmoid(self.h1).T
                self.dW_i_h1 = (self.delta_h1 @ self.X).T / len(y)
                self.db_h1 = self.delta_h1.mean(axis=1)
                if not kept:
                    self.delta_out = self.delta_h2 = self.delta_h1 = None

        return Hides

    for seed in range(5):
        stored, inferred = judged(hidden(kept=True), seed), judged(hidden(kept=False), seed)
        assert [found.quantities for found in inferred.findings] == [("delta_h2",)]
        assert inferred.credit == stored.credit == pytest.approx(8 / 9)
        assert inferred.consequences == stored.consequences


def test_a_delta_that_nothing_tells_about_is_not_called_right():
    """Where both of its gradients are zero, a delta that is not kept is not judged."""

    class Zero(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            self.delta_h1 = None
            self.dW_i_h1, self.db_h1 = np.zeros(self.W_i_h1.shape), np.zeros(self.b_h1.shape)

    result = judged(Zero)
    assert "delta_h1" in result.unseen
    assert result.credit == pytest.approx(6 / 9)


@pytest.mark.parametrize("number", [64, 100, 6.5])
def test_a_fixed_number_in_place_of_n_is_told(number):
    """It is the same number for every number of examples, and the report says which."""

    class Fixed(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            self.dW_h2_o = self.dW_h2_o * (len(y) / number)

    result = judged(Fixed)
    assert [(found.mistake, found.quantities) for found in result.findings] == [
        ("gradient_divided_by_fixed_number", ("dW_h2_o",))
    ]
    assert f"divided by {number:g}, however" in said(result)
