"""The class that the sheet gives, written anew: what is said of its constructor and its forward pass."""

import ast
import math

import numpy as np
import pytest
from proof.written import mutants, mutated
from sampling import sampled
from test_pretence import judged

from handgrad import handout
from handgrad.exercises.catalogue.mistakes import mistakes
from handgrad.exercises.judging import chance
from handgrad.exercises.tasks import PARAMETERS


class Own(handout.fcc):
    """The forward pass line by line, with functions that can be replaced."""

    def h1_of(self, X):
        """Compute the first layer."""
        return handout.sigmoid(X @ self.W_i_h1 + self.b_h1)

    def h2_of(self, h1):
        """Compute the second layer."""
        return handout.sigmoid(h1 @ self.W_h1_h2 + self.b_h2)

    def out_of(self, h2):
        """Compute the last layer."""
        return handout.softmax(h2 @ self.W_h2_o + self.b_out)

    def forward_propagation(self, X):
        """Compute all layers."""
        self.X, self.h1 = X, self.h1_of(X)
        self.h2 = self.h2_of(self.h1)
        self.out = self.out_of(self.h2)
        return self.out


def with_methods(**methods):
    """Make a class with other methods."""
    return type("fcc", (Own,), methods)


def named(result):
    """List the mistakes; they have no quantities of backprop's."""
    assert all(found.quantities == () for found in result.findings)
    return [found.mistake for found in result.findings]


def test_the_sheets_own_forward_pass_is_right():
    """Nothing is remarked on."""
    assert (judged(Own).status, judged(Own).findings) == ("right", ())


FORMS = [mutant for mutant in mutants() if mutant.mistake in mistakes("network") and not mutant.again]
FIRST = {mutant.mistake: mutant for mutant in reversed(FORMS)}


REMARKS = ("biases_start_alike", "weights_of_another_width", "rng_not_used", "drawn_in_another_order")


def class_of(mutant):
    """Take the class out of a solved sheet that contains a mistake."""
    (cell,) = mutated([mutant]).cells
    body = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names = {"np": np}
    exec(compile(ast.Module(body, []), "sheet", "exec"), names)  # noqa: S102 - our own
    return names["fcc"]


@pytest.mark.parametrize("mistake", sampled(FIRST, 12))
def test_what_is_wrong_before_backprop_is_named_alone(mistake):
    """A mistake of the constructor or the forward pass is the only finding; what is no remark makes the class wrong."""
    result = judged(class_of(FIRST[mistake]))
    assert [found.mistake for found in result.findings] == [mistake]
    assert (result.status == "right", result.credit == 1) == (mistake in REMARKS, mistake in REMARKS)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.mistake)
def test_every_form_is_named_whatever_is_drawn(form):
    """No verdict depends on the random draw."""
    network = class_of(form)
    for seed in range(10):
        assert judged(network, seed).findings[0].mistake == form.mistake


@pytest.mark.parametrize("mistake", ["forward_without_bias", "weights_start_alike", "weights_ignore_rng"])
def test_backprop_keeps_its_credit(mistake):
    """The equations of backprop, tried from correct forward values, are right."""
    assert judged(class_of(FIRST[mistake])).credit == pytest.approx(8 / 9)


def test_a_value_that_changes_by_little_is_random():
    """Noise far below any tolerance shows in a second pass with the same inputs."""

    class Noisy(Own):
        def forward_propagation(self, X):
            super().forward_propagation(X)
            self.out *= 1 + 1e-7 * np.random.randn(*self.out.shape)  # noqa: NPY002 - a learner's
            return self.out

    assert named(judged(Noisy)) == ["forward_random"]


def test_a_forward_pass_that_remembers_by_shape_is_wrong():
    """Other inputs of the same shape come next."""

    class Remembers(Own):
        def forward_propagation(self, X):
            if getattr(self, "X", None) is None or self.X.shape != X.shape:
                super().forward_propagation(X)
            return self.out

    assert judged(Remembers).status == "wrong"


def test_a_forward_pass_that_remembers_the_examples_is_wrong():
    """The same examples come again after the weights have moved."""

    class Remembers(Own):
        def forward_propagation(self, X):
            memory = vars(self).setdefault("memory", {})
            if X.tobytes() not in memory:
                super().forward_propagation(X)
                memory[X.tobytes()] = self.X, self.h1, self.h2, self.out
            self.X, self.h1, self.h2, self.out = memory[X.tobytes()]
            return self.out

    assert judged(Remembers).status == "wrong"


@pytest.mark.parametrize(
    ("draw", "remarks"),
    [
        (lambda rng, *shape: rng.randn(*shape) * np.sqrt(2 / shape[0]), ["weights_of_another_width"]),
        (lambda rng, *shape: rng.uniform(-0.1, 0.1, shape), ["weights_not_normal"]),
        (lambda rng, *shape: rng.randn(*shape).astype(np.float32), []),
        (lambda rng, *shape: rng.standard_normal(shape[::-1]).T, []),
        (lambda _, *shape: np.random.randn(*shape), ["rng_not_used"]),  # noqa: NPY002 - a learner's
    ],
)
def test_other_ways_to_draw_first_weights_are_right(draw, remarks):
    """Another width, and biases of zero, are remarked on and cost nothing; who draws is free."""

    class Draws(Own):
        def __init__(self, d, h1, h2, k, rng=None):
            rng = np.random.RandomState() if rng is None else rng
            self.W_i_h1, self.W_h1_h2, self.W_h2_o = draw(rng, d, h1), draw(rng, h1, h2), draw(rng, h2, k)
            self.b_h1, self.b_h2, self.b_out = np.zeros(h1), np.zeros(h2), np.zeros(k)

    result = judged(Draws)
    assert (result.status, result.credit, named(result)) == ("right", 1.0, ["biases_start_alike", *remarks])


def _at_right_angles(net):
    """Turn each column of the first layer away from the one before it, and keep its length."""
    W = net.W_i_h1
    lengths = np.linalg.norm(W, axis=0)
    for j in range(1, W.shape[1]):
        W[:, j] -= W[:, j - 1] * (W[:, j - 1] @ W[:, j]) / (W[:, j - 1] @ W[:, j - 1])
    net.W_i_h1 = W * lengths / np.linalg.norm(W, axis=0)


def _twins(net):
    net.W_h1_h2[:, 0] = net.W_h1_h2[:, -1]


def _opposites(net):
    net.W_h1_h2[3] = -2 * net.W_h1_h2[1]


def _bias_of_a_unit(net):
    net.b_h2 = net.W_h1_h2[2].copy()


def _a_common_part(net):
    net.W_i_h1 = (net.W_i_h1 + 0.5 * net.W_i_h1[:, :1]) / np.sqrt(1.25)


def _one_unit_of_old(net):
    net.W_i_h1[:, -1] = np.random.RandomState(len(net.W_i_h1)).randn(len(net.W_i_h1))


def _uniform(net):
    net.W_h1_h2 = np.sqrt(3) * np.vectorize(math.erf)(net.W_h1_h2 / np.sqrt(2))


@pytest.mark.parametrize(
    ("change", "mistake", "large"),
    sampled(
        [
            (_at_right_angles, "weights_repeated", False),
            (_at_right_angles, "weights_repeated", True),
            (_twins, "weights_repeated", True),
            (_twins, "weights_repeated", False),
            (_uniform, "weights_not_normal", False),
            (_opposites, "weights_repeated", True),
            (_bias_of_a_unit, "weights_repeated", False),
            (_a_common_part, "weights_repeated", False),
            (_one_unit_of_old, "weights_ignore_rng", False),
        ],
        2,
    ),
)
def test_numbers_that_were_not_drawn_one_by_one_are_named_in_layers_of_any_size(change, mistake, large):
    """Whoever does it in large layers alone, or in small ones alone, is found, too."""

    class Draws(Own):
        def __init__(self, *sizes, rng=None):
            super().__init__(*sizes, rng=rng)
            if (sizes[1] > 100) == large:
                change(self)

    result = judged(Draws)
    assert (result.status, named(result)) == ("wrong", [mistake])


def test_biases_that_are_the_same_in_large_layers_alone_are_wrong():
    """Small networks draw them."""

    class Alike(Own):
        def __init__(self, *sizes, rng=None):
            super().__init__(*sizes, rng=rng)
            if len(self.b_h2) > 100:
                self.b_h2[:] = self.b_h2[0]

    result = judged(Alike)
    assert (result.status, named(result)) == ("wrong", ["biases_start_alike"])


def test_a_layer_that_is_left_out_is_told_from_one_that_is_kept_under_another_name():
    """With the second, the outputs are right."""

    class Keeps(Own):
        def forward_propagation(self, X):
            super().forward_propagation(X)
            self.h2 = self.h1
            return self.out

    assert named(judged(Keeps))[0] == "forward_keeps_another_layer"
    assert named(judged(with_methods(h2_of=lambda _, h1: h1)))[0] == "forward_leaves_out_a_layer"


def test_an_unknown_mistake_of_the_forward_pass_is_described_at_the_first_wrong_layer():
    """Its cause is not guessed."""
    (found,) = judged(with_methods(h2_of=lambda self, h1: np.tanh(h1 @ self.W_h1_h2))).findings
    assert found.mistake is None
    assert found.seen[0].facts["quantities"] == ("h2",)


def test_weights_of_another_shape_are_told_before_what_they_spoil():
    """The constructor's weights lie the other way round: this comes first, and no layer is blamed."""

    class Turned(Own):
        def __init__(self, d, h1, h2, k):
            super().__init__(h1, d, h2, k)

        def h1_of(self, X):
            return handout.sigmoid(X @ self.W_i_h1.T + self.b_h1)

    first = judged(Turned).findings[0]
    assert first.seen[0].facts["quantities"] == ("W_i_h1",)


def test_parameters_of_the_wrong_size_are_named_though_all_works_with_other_ones():
    """Each bias is made for the layer before: a pass with the sheet's numbers is right, one with its own is not."""

    class Before(Own):
        def __init__(self, d, h1, h2, k, rng=None):
            super().__init__(d, h1, h2, k, rng)
            self.b_h1, self.b_h2, self.b_out = np.zeros(d), np.zeros(h1), np.zeros(h2)

    result = judged(Before)
    assert (result.status, named(result)) == ("wrong", ["parameters_misshapen"])
    assert result.findings[0].facts["quantities"] == ("b_h1", "b_h2", "b_out")


def test_parameters_that_lie_the_other_way_round_from_the_start_are_named():
    """With the sheet's numbers all is right; its own numbers do not fit its own forward pass."""

    class Turned(Own):
        def __init__(self, d, h1, h2, k, rng=None):
            super().__init__(d, h1, h2, k, rng)
            self.W_i_h1 = self.W_i_h1.T.copy()

    result = judged(Turned)
    assert (result.status, named(result)) == ("wrong", ["parameters_misshapen"])


def test_biases_in_a_row_of_their_own_are_right():
    """Shape (1, units) adds up as well."""

    class Rows(Own):
        def __init__(self, d, h1, h2, k, rng=None):
            super().__init__(d, h1, h2, k, rng)
            self.b_h1, self.b_h2, self.b_out = (b[None] for b in (self.b_h1, self.b_h2, self.b_out))

    assert judged(Rows).status == "right"


def test_a_layer_in_single_precision_is_right_though_its_results_are_float64():
    """The gradients need not be more exact than the values that they are computed from."""

    class Rough(Own):
        def h1_of(self, X):
            return handout.sigmoid((np.float32(X) @ np.float32(self.W_i_h1)).astype(np.float64) + self.b_h1)

    assert judged(Rough).status == "right"


def test_a_wrong_sigmoid_is_not_blamed_on_the_forward_pass():
    """It is a task of its own, and backprop is right by itself."""

    def wrong(X):
        return 1 / (2 + np.exp(-X))

    class Uses(Own):
        def h1_of(self, X):
            return wrong(X @ self.W_i_h1 + self.b_h1)

    result = judged(Uses, sigmoid=wrong)
    assert (result.status, result.findings, result.notes[0].id) == ("right", (), "right_by_itself")


def test_values_kept_under_other_names_or_turned_are_no_mistake():
    """Only the returned probabilities and the gradients count."""

    class Columns(Own):
        def forward_propagation(self, X):
            super().forward_propagation(X)
            out = self.out
            self.a1, self.a2 = self.h1, self.h2
            self.h1, self.h2, self.out = self.h1.T, None, self.out.T
            return out

        def backprop(self, y):
            turned = self.h1, self.h2, self.out
            self.h1, self.h2, self.out = self.a1, self.a2, self.out.T
            super().backprop(y)
            self.h1, self.h2, self.out = turned

    assert judged(Columns).status == "right"


class Copies(Own):
    """Compute with a copy of the weights, renewed when `moved` says so."""

    def forward_propagation(self, X):
        """Renew the copy, and compute with it."""
        now = {name: np.array(getattr(self, name)) for name in PARAMETERS}
        kept = vars(self).setdefault("kept", now)
        if type(self).moved(self, kept, now):
            self.kept = now
        mine = {name: getattr(self, name) for name in PARAMETERS}
        vars(self).update(self.kept)
        out = super().forward_propagation(X)
        vars(self).update(mine)
        return out


def _arrays(net):
    return [id(getattr(net, name)) for name in PARAMETERS]


def _other_arrays(net, *_):
    before, net.ids = vars(net).get("ids"), _arrays(net)
    return before != net.ids


MOVED = {
    "by a hundredth": lambda _, kept, now: any(
        np.abs(now[n] - kept[n]).sum() > 0.01 * np.abs(now[n]).sum() for n in now
    ),
    "by a thousandth": lambda _, kept, now: any(
        np.abs(now[n] - kept[n]).sum() > 1e-3 * np.abs(now[n]).sum() for n in now
    ),
    "in their sizes": lambda _, kept, now: any(np.abs(now[n]).sum() != np.abs(kept[n]).sum() for n in now),
    "in the first layer": lambda _, kept, now: not np.array_equal(now["W_i_h1"], kept["W_i_h1"]),
    "to other arrays": _other_arrays,
}


@pytest.mark.parametrize("moved", sampled(MOVED.values(), 2, list(MOVED)))
def test_a_copy_of_the_weights_that_is_renewed_too_rarely_is_wrong(moved):
    """Weights that moved by little, changed their signs or places, or are changed in place, are other weights."""

    class InPlace(Copies):
        def gradient_step(self, learning_rate):
            for name in PARAMETERS:
                array = getattr(self, name)
                array -= learning_rate * getattr(self, f"d{name}")

    InPlace.moved = staticmethod(moved)
    assert judged(InPlace).status == "wrong"


def test_a_copy_of_the_weights_that_is_always_renewed_is_right():
    """Where the weights are kept while a pass is made is free."""
    assert judged(type("Renews", (Copies,), {"moved": staticmethod(lambda *_: True)})).status == "right"


def test_sums_of_few_uniform_numbers_are_not_normal():
    """Their mean fourth power is too small, though a histogram looks right; honest draws are never accused of it."""
    for seed in range(3):
        rng = np.random.RandomState(seed)
        assert not chance.normal(rng.rand(12, 784, 400).sum(axis=0) - 6)
        assert chance.normal(rng.randn(784, 400))


@pytest.mark.parametrize("name", ["W_h1_h2", "b_h1", "b_out"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_single_number_that_is_none_is_named(name, number):
    """Among weights and among biases, in a network of any size."""

    class Spoilt(handout.fcc):
        def __init__(self, *sizes, rng=None):
            super().__init__(*sizes, rng=rng)
            getattr(self, name).flat[0] = number

    assert named(judged(Spoilt)) == ["weights_not_finite"]


@pytest.mark.parametrize(("name", "right"), [("b_h2", True), ("W_h1_h2", False), ("W_h2_o", False)])
def test_a_bias_may_be_a_row_but_weights_are_matrices(name, right):
    """A further axis of length 1 changes nothing in a bias, and the axis of softmax after a matrix."""

    class Deeper(handout.fcc):
        def __init__(self, *sizes, rng=None):
            super().__init__(*sizes, rng=rng)
            setattr(self, name, getattr(self, name)[None])

    assert (judged(Deeper).status == "right") == right


@pytest.mark.parametrize(("end", "right"), [(-1, True), (0, False)])
def test_a_tape_is_read_at_its_end(end, right):
    """What an evaluation in between has left on it belongs to no backward pass."""

    class Taped(handout.fcc):
        def forward_propagation(self, X):
            out = super().forward_propagation(X)
            self.__dict__.setdefault("tape", []).append((self.X, self.h1, self.h2, self.out))
            return out

        def backprop(self, y):
            self.X, self.h1, self.h2, self.out = self.tape.pop(end)
            super().backprop(y)

    assert (judged(Taped).status == "right") == right
