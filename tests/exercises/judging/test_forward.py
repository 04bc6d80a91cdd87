"""The class that the sheet gives, written anew: what is said of its constructor and its forward pass."""

import numpy as np
import pytest
from test_pretence import judged

from handgrad import handout
from handgrad.exercises.judging.forward import MISTAKES


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


WRONG = {
    "forward_random": with_methods(h2_of=lambda self, h1: np.random.rand(len(h1), len(self.b_h2))),  # noqa: NPY002
    "forward_on_preactivation": with_methods(
        h2_of=lambda self, _: handout.sigmoid((self.X @ self.W_i_h1 + self.b_h1) @ self.W_h1_h2 + self.b_h2)
    ),
    "forward_sigmoid_output": with_methods(out_of=lambda self, h2: handout.sigmoid(h2 @ self.W_h2_o + self.b_out)),
    "forward_without_activation": with_methods(h2_of=lambda self, h1: h1 @ self.W_h1_h2 + self.b_h2),
    "forward_without_bias": with_methods(h1_of=lambda self, X: handout.sigmoid(X @ self.W_i_h1)),
    "forward_returns_nothing": with_methods(
        forward_propagation=lambda self, X: Own.forward_propagation(self, X) is None or None
    ),
    "weights_start_alike": with_methods(
        __init__=lambda self, d, h1, h2, k: vars(self).update(
            W_i_h1=np.zeros((d, h1)), W_h1_h2=np.zeros((h1, h2)), W_h2_o=np.zeros((h2, k))
        )
    ),
}


def test_every_mistake_that_is_computed_is_tried():
    """No forward mistake is left out here."""
    assert MISTAKES.keys() < WRONG.keys()


@pytest.mark.parametrize("mistake", WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_wrong_before_backprop_is_named_and_backprop_keeps_its_credit(mistake, seed):
    """The class is not right, but the equations of backprop, tried from correct forward values, are."""
    result = judged(WRONG[mistake], seed)
    assert (result.status, named(result)) == ("wrong", [mistake])
    assert result.credit == pytest.approx(8 / 9)


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
