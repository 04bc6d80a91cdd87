"""Backpropagation and the step: which quantity is named, and as which mistake."""

from itertools import combinations

import numpy as np
import pytest
from in_process import function_answer, network_answer
from reports import said
from sampling import sampled

from handgrad import handout
from handgrad.exercises.catalogue.comparing import outcome, same
from handgrad.exercises.catalogue.edits import formula, recognisers
from handgrad.exercises.catalogue.layers import EQUATIONS, LAYERS
from handgrad.exercises.judging import backward, step
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

FORMULAS = {name: formula(name) for name in BACKPROP}
MUTANTS = {name: recognisers(name) for name in BACKPROP}


class Network(handout.fcc):
    """The reference, with formulas that can be replaced."""

    formulas = FORMULAS

    def backprop(self, y):
        """Compute the quantities in order, by the formulas."""
        state = {name: getattr(self, name) for name in ("X", "h1", "h2", "out", *PARAMETERS)}
        after = {name: state[name] - 0.1 for name in PARAMETERS}
        previous = {name: getattr(self, name, None) for name in BACKPROP}
        self.first = getattr(
            self, "first", {**{name: np.copy(getattr(self, name)) for name in PARAMETERS}, "n": len(y)}
        )
        state |= {"y": y, "n": len(y), "after": after, "first": self.first}
        state["previous"] = {name: 0.0 if array is None else array for name, array in previous.items()}
        for name, compute in self.formulas.items():
            state[name] = compute(state)
            setattr(self, name, state[name])


def with_formulas(**formulas):
    """Make a class that computes some quantities by other formulas."""
    return type("fcc", (Network,), {"formulas": {**FORMULAS, **formulas}})


def judged(network, seed=0, judge=backward, task="backprop"):
    """Judge a class."""
    plan = judge.calls_for(task, np.random.default_rng(seed))
    return judge.judge(plan, answers(plan, network))


def answers(plan, network):
    """Answer the calls; the helper functions are the reference's."""
    return [network_answer(call, network) if call.kind == "network" else function_answer(call) for call in plan.calls]


def named(result):
    """List mistakes with their quantities."""
    return [(found.mistake, found.quantities) for found in result.findings]


@pytest.mark.parametrize("network", [handout.fcc, Network])
def test_the_reference_is_right(network):
    """The reference gets full marks, and no remark."""
    result = judged(network)
    assert (result.status, result.credit, result.findings) == ("right", 1.0, ())


ONE_BY_ONE = [(quantity, name) for quantity in BACKPROP for name in MUTANTS[quantity] if name != "updated_weights_used"]


@pytest.mark.parametrize(("quantity", "name"), sampled(ONE_BY_ONE, 48))
def test_every_mistake_of_a_quantity_is_named_where_it_was_made(quantity, name):
    """Each mutant in each form is reported by its id and its quantity, and all it spoils as a consequence."""
    for i, variant in enumerate(MUTANTS[quantity][name]):
        result = judged(with_formulas(**{quantity: variant}), seed=i)
        assert result.status in ("wrong", "crashed")
        if name == "delta_not_transposed" and quantity == "delta_out":
            assert result.status == "crashed"
        assert named(result) == [(name, (quantity,))]
        assert quantity not in result.consequences
        assert result.findings[0].equation == EQUATIONS[quantity]
        assert 0 <= result.credit < 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
def test_all_mistakes_of_a_quantity_differ_on_the_probes(seed):
    """No two mistakes of a quantity, and no mistake and its formula, agree on all passes."""
    plan = backward.calls_for("backprop", np.random.default_rng(seed))
    views = backward._views(plan.drawn.probes, answers(plan, handout.fcc))
    states = []
    for view in views:
        after = {name: 0.9 * view.state[name] for name in PARAMETERS}
        first = {**after, "n": view.state["n"] + 2}
        states.append({**view.state, **view.reference, "after": after, "first": first})
    for quantity, mutants in MUTANTS.items():
        table = {"right": [FORMULAS[quantity]], **mutants}
        written = [(name, [outcome(v, s) for s in states]) for name, variants in table.items() for v in variants]
        for (a, values_a), (b, values_b) in combinations(written, 2):
            assert a == b or not all(map(same, values_a, values_b)), (quantity, a, b)


def test_a_mistake_made_alike_in_all_layers_is_one_finding():
    """The missing 1/n of all weights is said once, with the number of examples and all names."""
    wrong = {layer.dW: MUTANTS[layer.dW]["gradient_without_mean"][0] for layer in LAYERS}
    result = judged(with_formulas(**wrong))
    assert named(result) == [("gradient_without_mean", ("dW_h2_o", "dW_h1_h2", "dW_i_h1"))]
    assert "Your dW_h2_o, dW_h1_h2 and dW_i_h1 are exactly" in said(result)
    assert result.credit == pytest.approx(6 / 9)
    assert result.consequences == ()


def test_two_mistakes_are_both_named_and_consequences_told_apart():
    """A wrong delta and a wrong bias gradient are two findings; what follows from the delta is no finding."""
    result = judged(
        with_formulas(
            delta_h2=MUTANTS["delta_h2"]["delta_without_derivative"][0],
            db_out=MUTANTS["db_out"]["bias_gradient_over_all"][1],
        )
    )
    assert named(result) == [("bias_gradient_over_all", ("db_out",)), ("delta_without_derivative", ("delta_h2",))]
    assert result.consequences == ("dW_h1_h2", "db_h2", "delta_h1", "dW_i_h1", "db_h1")
    assert result.credit == pytest.approx(7 / 9)


def test_transposed_deltas_with_right_gradients_are_right():
    """Who keeps one row for each example is right, if the gradients are."""

    class Rows(Network):
        def backprop(self, y):
            super().backprop(y)
            self.delta_out, self.delta_h2, self.delta_h1 = self.delta_out.T, self.delta_h2.T, self.delta_h1.T

    assert judged(Rows).status == "right"


def test_deltas_that_hold_the_mean_already_with_right_gradients_are_right():
    """Dividing the last layer's error by n, and then only summing, gives the same gradients."""
    formulas = {"delta_out": lambda s: FORMULAS["delta_out"](s) / s["n"]}
    for layer in LAYERS:
        formulas[layer.dW] = lambda s, layer=layer: (s[layer.delta] @ s[layer.below]).T
        formulas[layer.db] = lambda s, layer=layer: s[layer.delta].sum(axis=1)
    assert judged(with_formulas(**formulas)).status == "right"
    formulas["db_h2"] = lambda s: s["delta_h2"].mean(axis=1)
    assert named(judged(with_formulas(**formulas))) == [("gradient_mean_twice", ("db_h2",))]


def test_deltas_that_are_not_kept_are_no_mistake_and_a_wrong_one_is_still_found():
    """Without stored deltas a right solution is right, and a delta's mistake is found from its two gradients."""

    def hidden(**formulas):
        class Hidden(with_formulas(**formulas)):
            def backprop(self, y):
                super().backprop(y)
                self.delta_out = self.delta_h2 = self.delta_h1 = None

        return Hidden

    assert judged(hidden()).status == "right"
    result = judged(hidden(delta_h2=MUTANTS["delta_h2"]["derivative_plus"][0]))
    assert named(result) == [("derivative_plus", ("delta_h2",))]


def test_a_gradient_that_is_not_stored_is_named():
    """A missing attribute is a finding of its own."""

    class Forgets(Network):
        def backprop(self, y):
            super().backprop(y)
            self.db_h2 = None

    assert named(judged(Forgets)) == [("gradient_not_set", ("db_h2",))]


def test_a_gradient_that_is_there_but_consists_of_no_numbers_is_not_called_absent():
    """Text, objects or complex numbers under its name are described as such."""

    class Writes(Network):
        def backprop(self, y):
            super().backprop(y)
            self.db_h2 = str(self.db_h2)

    result = judged(Writes)
    assert [(found.mistake, found.seen[0].id) for found in result.findings] == [(None, "no_numbers")]
    assert "db_h2 is not a number, an array of numbers" in said(result)


@pytest.mark.parametrize(
    ("how", "count", "mistake"),
    sampled(
        [
            ("last", 2, "gradient_of_the_last_half"),
            ("means", 2, "gradient_divided_by_another_count"),
            ("means", 4, "gradient_divided_by_another_count"),
            ("twice", 2, "gradient_divided_by_another_count"),
            ("twice", 5, "gradient_divided_by_another_count"),
        ],
        2,
    ),
)
def test_a_batch_that_is_worked_off_in_parts_is_named(how, count, mistake):
    """The last part may replace the first; or means are added instead of averaged, or shares averaged once more."""

    class InParts(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            parts = [rows for rows in np.array_split(np.arange(len(y)), count) if len(rows)]
            for layer in LAYERS:
                delta, below = getattr(self, layer.delta), getattr(self, layer.below)
                shares = [1 if how == "means" else len(rows) / len(y) for rows in parts]
                if how == "twice":
                    shares = [share / len(parts) for share in shares]
                dW = [s * (delta[:, rows] @ below[rows]).T / len(rows) for s, rows in zip(shares, parts, strict=True)]
                db = [s * delta[:, rows].mean(axis=1) for s, rows in zip(shares, parts, strict=True)]
                setattr(self, layer.dW, dW[-1] if how == "last" else sum(dW))
                setattr(self, layer.db, db[-1] if how == "last" else sum(db))

    assert {found for found, _ in named(judged(InParts))} == {mistake}


@pytest.mark.parametrize(
    ("quantity", "wrong", "mistake"),
    [
        pytest.param(
            "dW_i_h1",
            lambda s: np.outer(s["X"], s["delta_h1"].T) / s["n"],
            "gradient_not_summed_over_examples",
            marks=pytest.mark.slow,
        ),
        ("dW_h1_h2", lambda s: s["h1"][:, :, None] * s["delta_h2"].T[:, None], "gradient_not_summed_over_examples"),
        ("dW_h2_o", lambda s: np.outer(s["h2"], s["delta_out"].T[::-1]) / s["n"], None),
        ("delta_h1", lambda s: sum(s["delta_h2"]) * (s["h1"] * (1 - s["h1"])).T, "delta_without_weights"),
        pytest.param(
            "delta_h1",
            lambda s: np.ones_like(s["W_h1_h2"]).dot(s["delta_h2"]) * (s["h1"] * (1 - s["h1"])).T,
            "delta_without_weights",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "delta_h1",
            lambda s: (np.dot(s["h1"], (1 - s["h1"]).T).T @ (s["delta_h2"].T @ s["W_h1_h2"].T)).T,
            "delta_matrix_product",
            marks=pytest.mark.slow,
        ),
        (
            "delta_h2",
            lambda s: (s["W_h2_o"] @ s["delta_out"]) * (s["h2"].T @ (1 - s["h2"])),
            "delta_matrix_product",
        ),
    ],
)
def test_a_slip_in_another_hand_is_named(quantity, wrong, mistake):
    """What a quantity is made of decides, not how it is written; what nothing explains has no name."""
    result = judged(with_formulas(**{quantity: wrong}))
    assert result.findings[0].quantities == (quantity,)
    assert result.findings[0].mistake == mistake


def test_weights_updated_on_the_way_are_named_and_so_is_a_step_inside_backprop():
    """A W that changes before the delta below is one mistake; moving parameters after all is another."""

    class Early(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            self.W_h2_o -= 0.1 * self.dW_h2_o
            self.delta_h2 = (self.W_h2_o @ self.delta_out) * handout.del_sigmoid(self.h2).T
            self.dW_h1_h2 = (self.delta_h2 @ self.h1).T / len(y)
            self.db_h2 = self.delta_h2.mean(axis=1)
            self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * handout.del_sigmoid(self.h1).T
            self.dW_i_h1 = (self.delta_h1 @ self.X).T / len(y)
            self.db_h1 = self.delta_h1.mean(axis=1)

    class Steps(handout.fcc):
        def backprop(self, y):
            super().backprop(y)
            self.gradient_step(0.1)

    assert named(judged(Early)) == [("updated_weights_used", ("delta_h2",))]
    result = judged(Steps)
    assert named(result) == [("weights_changed_in_backprop", ())]
    assert result.credit < 1


def test_a_gradient_that_accumulates_is_no_helpers_fault():
    """What is right once and wrong the second time costs its quantity."""
    result = judged(with_formulas(dW_i_h1=MUTANTS["dW_i_h1"]["gradient_accumulates"][0]))
    assert named(result) == [("gradient_accumulates", ("dW_i_h1",))]
    assert result.credit == pytest.approx(8 / 9)


def test_forward_values_written_over_are_remarked_on():
    """Right gradients count, even if the output was used as scratch space."""

    class Scribbles(Network):
        def backprop(self, y):
            super().backprop(y)
            self.out[np.arange(len(y)), y] -= 1

    result = judged(Scribbles)
    assert (result.status, result.findings[0].mistake) == ("right", "forward_values_changed")


def test_a_crash_keeps_what_was_right_before_it():
    """What was computed before the crash counts, and the crash is put in words."""

    class Breaks(handout.fcc):
        def backprop(self, y):
            self.delta_out = handout.delta_last_layer_easy_approach(self.out, y)
            self.dW_h2_o = np.matmul(self.delta_out, self.h2).T / len(y)
            self.db_out = np.mean(self.delta_out, axis=1)
            self.delta_h2 = np.matmul(self.W_h2_o, self.detla_out)

    result = judged(Breaks)
    assert (result.status, result.crash.type, result.findings) == ("crashed", "AttributeError", ())
    assert "no 'detla_out'" in said(result)
    assert result.credit == pytest.approx(3 / 9)


def test_a_loop_that_crashes_leaves_its_sums_unjudged():
    """Gradients that a loop was about to fill are still zero, which is no mistake of its own."""

    class Breaks(handout.fcc):
        def backprop(self, y):
            self.delta_out = handout.delta_last_layer_easy_approach(self.out, y)
            self.dW_h2_o, self.db_out = np.zeros_like(self.W_h2_o), np.zeros_like(self.b_out)
            self.delta_h2 = np.zeros(self.h2.T.shape)
            for i in range(len(y)):
                self.delta_h2[:, i] = self.W_h2_o * self.delta_out[:, [i]]
                self.dW_h2_o += np.outer(self.h2[i], self.delta_out[:, i]) / len(y)

    result = judged(Breaks)
    assert (result.status, result.findings) == ("crashed", ())
    assert {"dW_h2_o", "delta_h2"} <= set(result.unseen)


def test_an_unrecognised_gradient_is_described():
    """A factor that is no known mistake is measured."""
    result = judged(with_formulas(dW_h2_o=lambda s: s["n"] ** 2 * FORMULAS["dW_h2_o"](s)))
    assert result.findings[0].mistake is None
    assert "Every entry of your dW_h2_o is" in said(result)
    assert result.credit == pytest.approx(8 / 9)


@pytest.mark.parametrize(
    ("quantity", "mistaken", "mistake", "number"),
    sampled(
        [
            ("dW_h1_h2", lambda _, right: 2.5 * right, "times_a_fixed_number", 2.5),
            ("delta_h1", lambda _, right: right / 4, "times_a_fixed_number", 0.25),
            ("dW_i_h1", lambda s, right: right + 0.037 * s["W_i_h1"], "gradient_with_weight_decay", 0.037),
            ("db_out", lambda s, right: right + 0.4 * np.sign(s["b_out"]), "gradient_with_weight_decay", 0.4),
            ("dW_h2_o", lambda s, right: right + 0.8 * s["previous"]["dW_h2_o"], "gradient_with_momentum", 0.8),
            ("dW_h2_o", lambda s, right: right - 1e-4 * s["W_h2_o"], "weight_decay_sign", -1e-4),
        ],
        2,
    ),
)
def test_an_unknown_number_in_a_mistake_is_found(quantity, mistaken, mistake, number):
    """The number is the same in all passes, and the finding says it."""
    result = judged(with_formulas(**{quantity: lambda s: mistaken(s, FORMULAS[quantity](s))}))
    assert named(result) == [(mistake, (quantity,))]
    assert result.findings[0].facts["number"] == pytest.approx(number)


@pytest.mark.parametrize(
    "target",
    [
        lambda onehot: 3 * onehot,
        lambda onehot: 0.85 * onehot + 0.15 / len(onehot),
        lambda onehot: 2.5 * onehot - 1.25,
    ],
)
def test_a_target_of_other_values_than_0_and_1_is_named_in_backprop(target):
    """Whatever the two values are, and where the others share what the true class has lost."""
    wrong = with_formulas(delta_out=lambda s: s["out"].T - target(np.eye(s["out"].shape[1])[s["y"]].T))
    assert named(judged(wrong)) == [("one_hot_other_values", ("delta_out",))]


def test_no_number_is_found_where_there_is_none():
    """A parameter that is subtracted is no weight decay, and noise is nothing at all."""
    for mistaken in (lambda s: -2 * s["W_i_h1"], lambda s: np.cos(1e3 * s["W_i_h1"])):
        result = judged(with_formulas(dW_i_h1=lambda s, m=mistaken: FORMULAS["dW_i_h1"](s) + m(s)))
        assert named(result) == [(None, ("dW_i_h1",))]


class Unkept(handout.fcc):
    """Keeps its deltas to itself, and has places for mistakes."""

    above, weights, summed = staticmethod(lambda h: h * (1 - h)), staticmethod(lambda W: W), np.mean

    def backprop(self, y):
        """Compute the six gradients."""
        delta = handout.delta_last_layer_easy_approach(self.out, y)
        self.dW_h2_o, self.db_out = (delta @ self.h2).T / len(y), delta.mean(axis=1)
        delta = (self.W_h2_o @ delta) * self.above(self.h2).T
        self.dW_h1_h2, self.db_h2 = (delta @ self.h1).T / len(y), delta.mean(axis=1)
        delta = (self.weights(self.W_h1_h2) @ delta) * handout.del_sigmoid(self.h1).T
        self.dW_i_h1, self.db_h1 = (delta @ self.X).T / len(y), type(self).summed(delta, axis=1)


def test_a_delta_that_is_not_kept_is_blamed_where_that_explains_more():
    """The derivative is missing in the delta, not in two gradients; a second mistake is reported as well."""
    result = judged(type("fcc", (Unkept,), {"above": staticmethod(lambda h: np.ones(h.shape)), "summed": np.sum}))
    assert named(result) == [("delta_without_derivative", ("delta_h2",)), ("gradient_without_mean", ("db_h1",))]
    assert result.credit == pytest.approx(7 / 9)


def test_a_crash_on_unequal_layers_is_explained_by_the_passes_on_equal_ones():
    """Weights the wrong way round fit only where layers are equal, and there they show."""
    result = judged(type("fcc", (Unkept,), {"weights": staticmethod(np.transpose)}))
    assert (result.status, named(result)) == ("crashed", [("delta_weights_not_transposed", ("delta_h1",))])


def test_the_picture_shows_the_first_wrong_quantity_of_a_small_network():
    """Two examples, three units: six numbers on either side."""
    result = judged(with_formulas(delta_h2=MUTANTS["delta_h2"]["delta_without_derivative"][0]))
    assert result.picture.caption.facts["quantity"] == "delta_h2"
    assert [len(row) for row in result.picture.expected] == [2, 2, 2]
    assert result.picture.expected != result.picture.found


def test_float32_is_right():
    """A network that computes in float32 is right, in both methods."""

    class Single(Network):
        def backprop(self, y):
            for name in ("X", "h1", "h2", "out", *PARAMETERS):
                setattr(self, name, np.asarray(getattr(self, name), dtype=np.float32))
            super().backprop(y)

    assert judged(Single).status == "right"
    assert judged(Single, judge=step, task="gradient_step").status == "right"


def stepping(**formulas):
    """Make a class whose step moves some parameters by other formulas."""

    class Steps(handout.fcc):
        earlier = None

        def gradient_step(self, learning_rate):
            state = {name: getattr(self, name) for name in (*PARAMETERS, *(f"d{name}" for name in PARAMETERS))}
            state |= {"rate": learning_rate, "n": 5 if self.X is None else len(self.X)}
            state["previous"] = self.earlier or dict.fromkeys((f"d{name}" for name in PARAMETERS), 0.0)
            for name in PARAMETERS:
                setattr(self, name, formulas.get(name, formula(name))(state))
            self.earlier = {f"d{name}": state[f"d{name}"] for name in PARAMETERS}

    return Steps


def stepped(network, seed=0):
    """Judge a class's step."""
    return judged(network, seed, judge=step, task="gradient_step")


def test_the_step_of_the_reference_is_right():
    """In place or not, the reference's step gets full marks."""
    for network in (handout.fcc, stepping()):
        assert (stepped(network).status, stepped(network).credit, stepped(network).findings) == ("right", 1.0, ())


OF_THE_STEP = [(of, name) for of in ("W_h1_h2", "b_out") for name in recognisers(of) if name != "step_averaged_again"]


@pytest.mark.parametrize(("parameter", "name"), sampled(OF_THE_STEP, 7))
def test_every_mistake_of_the_step_is_named(parameter, name):
    """Each mutant in each form is reported by its id, for the parameter that has it."""
    for variant in recognisers(parameter)[name]:
        result = stepped(stepping(**{parameter: variant}))
        assert named(result) == [(name, (parameter,))]
        if result.status == "wrong":
            assert result.credit == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("names", "mistake"),
    [
        (PARAMETERS, "nothing_updated"),
        (("b_h1", "b_h2", "b_out"), "biases_not_updated"),
        (("W_i_h1", "W_h1_h2", "W_h2_o"), "weights_not_updated"),
        (("W_h1_h2", "b_h2"), "layer_not_updated"),
        (("W_i_h1", "b_out"), "parameter_not_updated"),
    ],
)
def test_what_is_not_updated_is_named_by_the_group(names, mistake):
    """All biases, all weights, one layer, or all: one finding with the fitting name."""
    result = stepped(stepping(**{name: lambda s, name=name: s[name] for name in names}))
    assert named(result) == [(mistake, names)]


STEPS = {
    "step_scaled": lambda s, right: right + 0.3 * s["rate"] * s["dW_h1_h2"],
    "step_with_weight_decay": lambda s, right: right - 0.037 * s["rate"] * s["W_h1_h2"],
    "step_at_fixed_rate": lambda s, _: s["W_h1_h2"] - 0.009 * s["dW_h1_h2"],
    None: lambda s, right: right - 2 * s["W_h1_h2"],
}


@pytest.mark.parametrize("mistake", STEPS)
def test_an_unknown_number_in_a_step_is_found(mistake):
    """What is named by a number has the same one in all steps."""
    right = formula("W_h1_h2")
    result = stepped(stepping(W_h1_h2=lambda s: STEPS[mistake](s, right(s))))
    assert named(result) == [(mistake, ("W_h1_h2",))]


@pytest.mark.parametrize("with_rate", [True, False])
def test_a_velocity_is_named_whatever_its_share(with_rate):
    """Momentum is recognised from how the parameter moved before, with or without the rate in it."""

    class Moves(handout.fcc):
        velocity = 0.0

        def gradient_step(self, learning_rate):
            kept, self.dW_h1_h2 = self.dW_h1_h2, np.zeros(self.dW_h1_h2.shape)
            super().gradient_step(learning_rate)
            self.dW_h1_h2 = kept
            self.velocity = 0.77 * self.velocity + (learning_rate if with_rate else 1) * kept
            self.W_h1_h2 = self.W_h1_h2 - (1 if with_rate else learning_rate) * self.velocity

    assert named(stepped(Moves)) == [("step_with_momentum", ("W_h1_h2",))]


def test_a_step_that_needs_the_number_of_examples_is_judged_on_a_used_network():
    """Dividing by n once more is found, although a new network has no examples."""

    class Averages(handout.fcc):
        def gradient_step(self, learning_rate):
            super().gradient_step(learning_rate / self.X.shape[0])

    assert [name for name, _ in named(stepped(Averages))] == ["step_averaged_again"]


def test_gradients_scaled_in_place_are_remarked_on():
    """Right parameters count, even if the gradients are not left as they were."""

    class Scales(handout.fcc):
        def gradient_step(self, learning_rate):
            for name in PARAMETERS:
                gradient = getattr(self, f"d{name}")
                gradient *= learning_rate
                setattr(self, name, getattr(self, name) - gradient)

    result = stepped(Scales)
    assert (result.status, result.findings[0].mistake) == ("right", "gradient_changed_by_step")


def test_a_step_along_another_layers_gradient_is_recognised_though_it_crashes():
    """Where layers differ it crashes, where they are equal it shows whose gradient it was."""
    result = stepped(stepping(W_h1_h2=lambda s: s["W_h1_h2"] - s["rate"] * s["dW_i_h1"]))
    assert (result.status, named(result)) == ("crashed", [("step_with_other_gradient", ("W_h1_h2",))])
