"""Right routines that need more of their network, or of their caller, than the sheet promises, are right."""

import numpy as np
import pytest
from routine_sources import gd, sgd
from sampling import sampled

from handgrad.exercises.judging.routines import calls_for, judge
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell

CLASS = """
import numpy as np

class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out, rng=None):
        rng = np.random.RandomState() if rng is None else rng
        self.W_i_h1, self.b_h1 = rng.randn(n_input, n_hidden1), rng.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = rng.randn(n_hidden1, n_hidden2), rng.randn(n_hidden2)
        self.W_h2_o, self.b_out = rng.randn(n_hidden2, n_out), rng.randn(n_out)
        self.grads = {}
        self.rate = 0.1
"""
OTHERS = """
    def forward_propagation(self, X, training=True):
        raise NotImplementedError
    def backprop(self, y):
        raise NotImplementedError
    def gradient_step(self, learning_rate):
        raise NotImplementedError
    def predict(self, X):
        return np.argmax(self.forward_propagation(X, training=False), axis=1)
    def score(self, X, y):
        return np.mean(self.predict(X) == y)
    def zero_grad(self):
        self.grads = {}
    @property
    def n_classes(self):
        return len(self.b_out)
    def train_step(self, X, y, learning_rate):
        self.zero_grad()
        self.forward_propagation(X)
        self.backprop(y)
        self.gradient_step(learning_rate)
"""
DICTIONARIES = """
    def forward_propagation(self, X):
        self.X = X
        self.h1 = 1 / (1 + np.exp(-(X @ self.W_i_h1 + self.b_h1)))
        self.h2 = 1 / (1 + np.exp(-(self.h1 @ self.W_h1_h2 + self.b_h2)))
        self.out = np.exp(self.h2 @ self.W_h2_o + self.b_out)
        self.out /= self.out.sum(axis=1, keepdims=True)
        return {"probabilities": self.out}
    def backprop(self, y):
        self.delta_out = (self.out - np.eye(len(self.b_out))[y]).T
        self.delta_h2 = (self.W_h2_o @ self.delta_out) * (self.h2 * (1 - self.h2)).T
        self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * (self.h1 * (1 - self.h1)).T
        for W, b, delta, h in (("W_h2_o", "b_out", self.delta_out, self.h2),
                               ("W_h1_h2", "b_h2", self.delta_h2, self.h1),
                               ("W_i_h1", "b_h1", self.delta_h1, self.X)):
            self.grads[W], self.grads[b] = (delta @ h).T / len(y), delta.mean(axis=1)
            setattr(self, "d" + W, self.grads[W])
            setattr(self, "d" + b, self.grads[b])
"""

RIGHT = {
    "methods of the class": CLASS + OTHERS + gd("""
        for i in range(num_iterations):
            if i % evaluate_every == 0:
                print(neural_net.score(testx, testy), neural_net.n_classes)
            neural_net.train_step(trainx, trainy, learning_rate)
    """),
    "the class itself": CLASS + OTHERS + sgd("""
        assert isinstance(neural_net, fcc) and type(neural_net) is fcc
        for e in range(epochs):
            fcc.zero_grad(neural_net)
            for b in np.array_split(np.random.permutation(len(trainx)), len(trainx) // batch_size):
                fcc.forward_propagation(neural_net, trainx[b], training=True)
                fcc.backprop(neural_net, y=trainy[b])
                neural_net.gradient_step(learning_rate=learning_rate)
            neural_net.forward_propagation(testx, training=False)
    """),
    "a class that makes no network": "class fcc:\n    def predict(self, X):\n"
    "        return self.forward_propagation(X).argmax(axis=1)\n" + gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
        print((neural_net.predict(testx) == testy).mean())
    """),
    "what its own methods keep and return": CLASS + DICTIONARIES + gd("""
        for i in range(num_iterations):
            print(neural_net.forward_propagation(testx)["probabilities"].max())
            neural_net.forward_propagation(trainx)["probabilities"].max()
            neural_net.backprop(trainy)
            for name, gradient in neural_net.grads.items():
                setattr(neural_net, name, getattr(neural_net, name) - learning_rate * gradient)
    """),
    "gradients that only its own backprop renews": CLASS + DICTIONARIES + """
    def update(self, learning_rate):
        for name in getattr(self, "grads", {}):
            setattr(self, name, getattr(self, name) - learning_rate * self.grads[name])
""" + gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.update(learning_rate)
    """),
    "a rate of the network's own": CLASS + "    def gradient_step(self):\n"
    "        for n in ('W_i_h1', 'b_h1', 'W_h1_h2', 'b_h2', 'W_h2_o', 'b_out'):\n"
    "            setattr(self, n, getattr(self, n) - self.rate * getattr(self, 'd' + n))\n" + gd("""
        neural_net.rate = learning_rate
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step()
    """),
    "other names": """
def gradient_descent(net, X, y, X_test, y_test, lr=0.1, iterations=1000, every=100):
    for i in range(iterations):
        net.forward_propagation(X)
        net.backprop(y)
        net.gradient_step(lr)
""",
    "stars": """
def gradient_descent(neural_net, *data, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    for i in range(num_iterations):
        neural_net.forward_propagation(data[0])
        neural_net.backprop(data[1])
        neural_net.gradient_step(learning_rate)
""",
    "a decorator": "def timed(function):\n    return lambda *args: function(*args)\n@timed" + gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
    """),
}  # fmt: skip


@pytest.mark.parametrize("source", sampled(RIGHT.values(), 2, list(RIGHT)))
def test_right_routine_is_right(source: str) -> None:
    """It runs on a network of the submission's own class, with settings by name or by position."""
    task = "stochastic_gradient_descent" if "def stochastic" in source else "gradient_descent"
    plan = calls_for(task, np.random.default_rng(len(source)))
    result = judge(plan, run_calls([Cell(0, source)], plan.calls, find_sandbox(allow_none=True)))
    assert (result.status, result.crash, result.credit) == ("right", None, 1.0)


def test_crash_is_the_routines_own() -> None:
    """Where a routine fails in every way, the report is of its failing on the submission's own class."""
    source = CLASS + OTHERS + gd("neural_net.predict(trainx)\nneural_net.fit(trainx, trainy)")
    plan = calls_for("gradient_descent", np.random.default_rng(0))
    result = judge(plan, run_calls([Cell(0, source)], plan.calls, find_sandbox(allow_none=True)))
    assert result.status == "crashed"
    assert result.crash is not None
    assert (result.crash.source, result.crash.message) == (
        "neural_net.fit(trainx, trainy)",
        "'fcc' object has no attribute 'fit'",
    )
