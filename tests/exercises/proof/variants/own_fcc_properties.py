"""Weights and gradients live in two dictionaries; the sheet's names are properties that look into them."""
import numpy as np


def _lookup(table, key):
    def get(self):
        return getattr(self, table).get(key)

    def put(self, value):
        getattr(self, table)[key] = value

    return property(get, put)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        r = np.random.randn
        self._weights = {
            "1": r(n_input, n_hidden1), "2": r(n_hidden1, n_hidden2), "3": r(n_hidden2, n_out),
            "b1": r(n_hidden1), "b2": r(n_hidden2), "b3": r(n_out),
        }
        self._grads = {}

    W_i_h1, W_h1_h2, W_h2_o = (_lookup("_weights", k) for k in ("1", "2", "3"))
    b_h1, b_h2, b_out = (_lookup("_weights", k) for k in ("b1", "b2", "b3"))
    dW_i_h1, dW_h1_h2, dW_h2_o = (_lookup("_grads", k) for k in ("1", "2", "3"))
    db_h1, db_h2, db_out = (_lookup("_grads", k) for k in ("b1", "b2", "b3"))

    def forward_propagation(self, X):
        w = self._weights
        self.X = X
        self.h1 = 0.5 * (1 + np.tanh((X @ w["1"] + w["b1"]) / 2))
        self.h2 = 0.5 * (1 + np.tanh((self.h1 @ w["2"] + w["b2"]) / 2))
        z = self.h2 @ w["3"] + w["b3"]
        z = np.exp(z - z.max(1, keepdims=True))
        self.out = z / z.sum(1, keepdims=True)
        return self.out

    def backprop(self, y):
        w, g = self._weights, self._grads
        d3 = self.out - np.eye(len(w["b3"]))[y]
        d2 = d3 @ w["3"].T * self.h2 * (1 - self.h2)
        d1 = d2 @ w["2"].T * self.h1 * (1 - self.h1)
        for number, (below, d) in enumerate([(self.X, d1), (self.h1, d2), (self.h2, d3)], start=1):
            g[str(number)] = below.T @ d / len(y)
            g[f"b{number}"] = d.mean(0)
        self.delta_h1, self.delta_h2, self.delta_out = d1.T, d2.T, d3.T

    def gradient_step(self, learning_rate):
        for k in self._weights:
            self._weights[k] = self._weights[k] - learning_rate * self._grads[k]
