"""Backprop in helper methods: one for a delta, one for the gradients of a layer."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    X = X - np.amax(X, axis=1).reshape(-1, 1)
    return np.exp(X) / np.exp(X).sum(1).reshape(-1, 1)


def del_sigmoid(h):
    return h - h * h


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1 = self._random(n_input, n_hidden1)
        self.W_h1_h2 = self._random(n_hidden1, n_hidden2)
        self.W_h2_o = self._random(n_hidden2, n_out)
        self.b_h1 = self._random(n_hidden1)
        self.b_h2 = self._random(n_hidden2)
        self.b_out = self._random(n_out)

    def _random(self, *shape):
        return np.random.normal(0, 1, shape)

    def _layer(self, x, w, b, f):
        return f(x.dot(w) + b)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = self._layer(self.X, self.W_i_h1, self.b_h1, sigmoid)
        self.h2 = self._layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)
        self.out = self._layer(self.h2, self.W_h2_o, self.b_out, softmax)
        return self.out

    # ---- backward ----
    def _output_delta(self, y):
        mask = np.zeros(self.out.shape, dtype=bool)
        mask[np.arange(len(y)), y] = True
        return np.where(mask, self.out - 1, self.out).T

    def _hidden_delta(self, w, next_delta, h):
        return w.dot(next_delta) * del_sigmoid(h).T

    def _gradients(self, delta, h):
        n = h.shape[0]
        return h.T.dot(delta.T) / n, delta.sum(1) / n

    def backprop(self, y):
        self.delta_out = self._output_delta(y)
        self.delta_h2 = self._hidden_delta(self.W_h2_o, self.delta_out, self.h2)
        self.delta_h1 = self._hidden_delta(self.W_h1_h2, self.delta_h2, self.h1)
        self.dW_h2_o, self.db_out = self._gradients(self.delta_out, self.h2)
        self.dW_h1_h2, self.db_h2 = self._gradients(self.delta_h2, self.h1)
        self.dW_i_h1, self.db_h1 = self._gradients(self.delta_h1, self.X)

    def _update(self, parameter, gradient, eta):
        parameter[...] = parameter - eta * gradient

    def gradient_step(self, learning_rate):
        self._update(self.W_i_h1, self.dW_i_h1, learning_rate)
        self._update(self.b_h1, self.db_h1, learning_rate)
        self._update(self.W_h1_h2, self.dW_h1_h2, learning_rate)
        self._update(self.b_h2, self.db_h2, learning_rate)
        self._update(self.W_h2_o, self.dW_h2_o, learning_rate)
        self._update(self.b_out, self.db_out, learning_rate)
