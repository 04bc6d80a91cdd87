"""Backprop that only looks right, or is right for another reason than its equations."""

import numpy as np
import pytest
from in_process import function_answer, network_answer
from reports import said
from sampling import sampled

from handgrad import handout
from handgrad.exercises.calls import Answer
from handgrad.exercises.judging import backward, step
from handgrad.exercises.judging.chain import View
from handgrad.exercises.judging.trials import COUNTED, TALL
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

DELTAS = BACKPROP[::3]


def judged(network, seed=0, judge=backward, task="backprop", **functions):
    """Judge a class, with the reference's functions or those given."""
    plan = judge.calls_for(task, np.random.default_rng(seed))
    answers = []
    for call in plan.calls:
        if call.kind == "network":
            answers.append(network_answer(call, network))
        elif call.name in functions:
            answers.append(Answer(call.id, "ok", {"return": functions[call.name](*call.arguments)}))
        else:
            answers.append(function_answer(call))
    return judge.judge(plan, answers)


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
    ("change", "sides"), [(1e-6, 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1e-4, 2), (1e-8, 1)))]
)
def test_differences_of_the_loss_are_no_backpropagation(sides, change):
    """Measured gradients are named, however exact; they are not the equations' and earn nothing."""

    class Measures(handout.fcc):
        def backprop(self, y):
            if self.W_i_h1.size > 10**3:  # nobody waits for that
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
    assert [found.mistake for found in result.findings] == ["gradient_by_differences"]
    assert result.credit == 0


def spoilt(change, when):
    """Make a class whose db_h1 is changed by ``change(net)`` where ``when(net, y, number of the call)`` holds."""

    class Spoilt(handout.fcc):
        calls = 0

        def backprop(self, y):
            super().backprop(y)
            self.calls += 1
            if when(self, y, self.calls):
                change(self)

    return Spoilt


def zero(net):
    """Forget a gradient."""
    net.db_h1 = np.zeros_like(net.db_h1)


SOMETIMES = {
    "a network as large as the sheet's": lambda net, *_: net.W_i_h1.size > 10**4,
    "from the tenth call on": lambda *of: of[2] > 9,
    "many examples": lambda *of: len(of[1]) > 64,
    "the last class": lambda net, y, _: y.max() == len(net.b_out) - 1,
    "labels that are all the same": lambda _, y, __: len(y) > 1 == len(set(y)),
}


@pytest.mark.parametrize("when", sampled(SOMETIMES.values(), 3, list(SOMETIMES)))
def test_what_fails_only_now_and_then_is_wrong(when):
    """A method must be right in every call, for every size and for all labels; elsewhere it is known to be."""
    result = judged(spoilt(zero, when))
    assert result.status == "wrong"
    assert [found.quantities for found in result.findings] == [("db_h1",)]
    assert result.credit == pytest.approx(8 / 9)


def test_gradients_of_an_earlier_batch_of_the_same_size_are_wrong():
    """Nothing may be kept from call to call, not even for batches of equal size."""

    class Keeps(handout.fcc):
        def backprop(self, y):
            kept = vars(self).setdefault("kept", {})
            if len(y) not in kept:
                super().backprop(y)
                kept[len(y)] = {name: getattr(self, name) for name in BACKPROP}
            vars(self).update(kept[len(y)])

    assert judged(Keeps).status == "wrong"


@pytest.mark.parametrize(
    "rough", [lambda a: np.round(a, 5), lambda a: np.float64(np.float16(a)), lambda a: a * 1.00002]
)
def test_a_gradient_that_is_only_nearly_right_is_wrong(rough):
    """In double precision a formula gives more digits than that; in single precision it need not."""

    def blurred(net):
        net.db_h1 = rough(net.db_h1)

    result = judged(spoilt(blurred, lambda *_: True))
    assert [found.quantities for found in result.findings] == [("db_h1",)]


def test_weights_that_only_a_later_call_changes_are_named():
    """What backprop leaves alone in its first call it must leave alone in all."""

    def move(net):
        net.W_h2_o = net.W_h2_o - 0.1 * net.dW_h2_o

    result = judged(spoilt(move, lambda *of: of[2] > 1))
    assert [found.mistake for found in result.findings] == ["weights_changed_in_backprop"]


def test_a_step_into_the_complex_plane_is_no_backpropagation():
    """It is as exact as the equations, but for inputs that make it a large step."""

    class Measures(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            if self.W_i_h1.size < 10**3:
                self.dW_i_h1 = np.zeros(self.W_i_h1.shape)
                for place in np.ndindex(*self.dW_i_h1.shape):
                    W = self.W_i_h1.astype(complex)
                    W[place] += 1e-30j
                    with np.errstate(all="ignore"):
                        self.dW_i_h1[place] = self._loss(W, y).imag / 1e-30

        def _loss(self, W, y):
            h1 = 1 / (1 + np.exp(-self.X @ W - self.b_h1))
            h2 = 1 / (1 + np.exp(-h1 @ self.W_h1_h2 - self.b_h2))
            E = np.exp(h2 @ self.W_h2_o + self.b_out)
            return -np.log((E / E.sum(axis=1, keepdims=True))[np.arange(len(y)), y]).mean()

    result = judged(Measures)
    assert [found.quantities for found in result.findings] == [("dW_i_h1",)]


def test_a_delta_that_was_measured_is_named():
    """Differences of the loss show even in one that is right to ten digits."""

    class Measures(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            Z, change = np.log(self.out), 1e-5
            for unit in range(Z.shape[1]):
                up, down = (self._losses(Z + way * np.eye(Z.shape[1])[unit], y) for way in (change, -change))
                self.delta_out[unit] = (up - down) / (2 * change)

        def _losses(self, Z, y):
            return -np.log(handout.softmax(Z)[np.arange(len(y)), y])

    result = judged(Measures)
    assert [(found.mistake, found.quantities) for found in result.findings] == [
        ("gradient_by_differences", ("delta_out",))
    ]


class Stepping(handout.fcc):
    """Counts its steps."""

    steps = 0

    def gradient_step(self, learning_rate):
        """Take a step and count it."""
        self.steps += 1
        super().gradient_step(self.used(learning_rate))

    def used(self, rate):
        """Give the rate to use."""
        return rate


RATES = {
    "at most a half": lambda _, rate: min(rate, 0.5),
    "at least a tenth": lambda _, rate: max(rate, 0.1),
    "every fourth step is left out": lambda net, rate: rate * (net.steps % 4 > 0),
    "only small networks": lambda net, rate: rate * (net.W_i_h1.size < 10**4),
    "only before a forward pass": lambda net, rate: rate * (net.X is None),
    "a little too far": lambda _, rate: 1.00002 * rate,
}


@pytest.mark.parametrize("rate", sampled(RATES.values(), 2, list(RATES)))
def test_a_step_that_is_right_only_now_and_then_is_wrong(rate):
    """Every step moves by the rate that was given, in a training, too."""
    network = type("fcc", (Stepping,), {"used": rate})
    assert judged(network, judge=step, task="gradient_step").status == "wrong"
    assert judged(Stepping, judge=step, task="gradient_step").status == "right"


def test_a_slow_method_is_right_though_the_large_network_takes_too_long():
    """Loops over single numbers are slow, but no mistake."""
    plan = backward.calls_for("backprop", np.random.default_rng(0))
    answers = [
        network_answer(call, handout.fcc) if call.kind == "network" else function_answer(call) for call in plan.calls
    ]
    assert answers[-1].id.endswith("further:11")
    answers[-1] = Answer(answers[-1].id, "too_slow")
    assert backward.judge(plan, answers).status == "right"
    answers[-2] = Answer(answers[-2].id, "too_slow")  # a single example, for which nothing but a pass per weight is
    assert backward.judge(plan, answers).status == "too_slow"


def test_a_pass_for_each_bias_is_too_slow_and_a_lack_of_memory_is_no_mistake():
    """With thousands of hidden biases, whole Jacobians may need more memory than the machine has."""
    plan = backward.calls_for("backprop", np.random.default_rng(0))
    answers = [
        network_answer(call, handout.fcc) if call.kind == "network" else function_answer(call) for call in plan.calls
    ]
    place = len(answers) - len(plan.drawn.further) + [probe.sizes for probe in plan.drawn.further].index(TALL)
    for status, verdict in (("killed", "right"), ("too_slow", "too_slow")):
        answers[place] = Answer(answers[place].id, status)
        assert backward.judge(plan, answers).status == verdict


def test_a_method_of_few_calls_is_right_however_slow_it_is():
    """A linear system for each example takes long with thousands of units, but measuring takes more calls."""
    plan = backward.calls_for("backprop", np.random.default_rng(0))
    answers = [
        network_answer(call, handout.fcc) if call.kind == "network" else function_answer(call) for call in plan.calls
    ]
    begin, sizes = len(answers) - len(plan.drawn.further), [probe.sizes for probe in plan.drawn.further]
    for i in range(begin + sizes.index(TALL), len(answers)):  # after which no other is tried
        answers[i] = Answer(answers[i].id, "too_slow")
    counted = begin + sizes.index(COUNTED)
    for calls, verdict in ((300, "right"), (2000, "too_slow")):
        values = {**answers[counted].values, "calls": np.array(calls)}
        answers[counted] = Answer(answers[counted].id, "ok", values)
        assert backward.judge(plan, answers).status == verdict


def test_what_fails_with_so_many_biases_alone_is_wrong():
    """All other networks have fewer of them."""
    result = judged(spoilt(zero, lambda net, *_: len(net.b_h1) > 2000))
    assert (result.status, [found.quantities for found in result.findings]) == ("wrong", [("db_h1",)])


def test_a_few_entries_that_were_measured_are_seen_among_right_ones():
    """Most of the gradient is computed by the equations, and some weights are measured by differences of the loss."""

    class MeasuresSome(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            for place in list(np.ndindex(*self.W_h2_o.shape))[:40]:
                losses = []
                for change in (1e-6, -1e-6):
                    W = self.W_h2_o.copy()
                    W[place] += change
                    losses.append(handout.cross_entropy(handout.softmax(self.h2 @ W + self.b_out), y))
                self.dW_h2_o[place] = (losses[0] - losses[1]) / 2e-6

    result = judged(MeasuresSome)
    assert (result.status, [found.mistake for found in result.findings]) == ("wrong", ["gradient_by_differences"])
    assert result.findings[0].quantities == ("dW_h2_o",)


def test_a_step_holds_for_the_weights_that_the_constructor_makes():
    """Arrays of a class of their own, which are replaced where weights are given, must move as others do."""

    class Heavy(np.ndarray):
        def __isub__(self, change):
            return np.ndarray.__isub__(self, 0.999 * np.asarray(change))

    class Starts(handout.fcc):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            for name in PARAMETERS:
                setattr(self, name, getattr(self, name).view(Heavy))

    assert judged(Starts, judge=step, task="gradient_step").status == "wrong"


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
    assert judged(with_derivatives("h1", "h2"), del_sigmoid=plus).credit == pytest.approx(7 / 9)  # but for two deltas


def test_a_delta_of_helpers_is_recognised_in_each_form_in_which_it_may_be_kept():
    """Turned or not, with the mean's 1/n or without; another delta is not taken for it."""
    delta = np.random.default_rng(0).standard_normal((5, 3))
    state = {"n": 3, "delta_out": delta}
    for kept, recognised in ((delta, True), (delta.T / 3, True), (delta / 3, True), (delta / 2, False)):
        view = View(state, {"delta_out": kept})
        assert backward._is(view, "delta_out", "dW_h2_o", state) == recognised


@pytest.mark.parametrize("seed", sampled(range(5), 5))
def test_an_unknown_mistake_in_a_delta_that_is_not_kept_is_found_at_the_delta(seed):
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


@pytest.mark.parametrize("number", sampled([6.5, 64, 100], 3))
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
