"""The network as a dataclass; gradients are fields with None as their default."""
from dataclasses import dataclass, field
from typing import Optional

import numpy as np


def _logistic(z):
    return np.exp(-np.logaddexp(0, -z))


@dataclass
class fcc:
    n_input: int
    n_hidden1: int
    n_hidden2: int
    n_out: int
    X: Optional[np.ndarray] = field(default=None, repr=False)
    dW_i_h1: Optional[np.ndarray] = field(default=None, repr=False)
    dW_h1_h2: Optional[np.ndarray] = field(default=None, repr=False)
    dW_h2_o: Optional[np.ndarray] = field(default=None, repr=False)

    def __post_init__(self):
        g = np.random.standard_normal
        self.W_i_h1, self.b_h1 = g((self.n_input, self.n_hidden1)), g(self.n_hidden1)
        self.W_h1_h2, self.b_h2 = g((self.n_hidden1, self.n_hidden2)), g(self.n_hidden2)
        self.W_h2_o, self.b_out = g((self.n_hidden2, self.n_out)), g(self.n_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = _logistic(X @ self.W_i_h1 + self.b_h1)
        self.h2 = _logistic(self.h1 @ self.W_h1_h2 + self.b_h2)
        z = self.h2 @ self.W_h2_o + self.b_out
        self.out = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
        return self.out

    def backprop(self, y):
        n = y.shape[0]
        onehot = (y[:, None] == np.arange(self.n_out)[None, :]).astype(float)
        self.delta_out = np.transpose(self.out - onehot)
        self.delta_h2 = np.multiply(np.matmul(self.W_h2_o, self.delta_out), (self.h2 * (1 - self.h2)).T)
        self.delta_h1 = np.multiply(np.matmul(self.W_h1_h2, self.delta_h2), (self.h1 * (1 - self.h1)).T)
        self.dW_h2_o = np.tensordot(self.h2, self.delta_out, axes=(0, 1)) / n
        self.dW_h1_h2 = np.tensordot(self.h1, self.delta_h2, axes=(0, 1)) / n
        self.dW_i_h1 = np.tensordot(self.X, self.delta_h1, axes=(0, 1)) / n
        self.db_out, self.db_h2, self.db_h1 = (
            np.average(d, axis=1) for d in (self.delta_out, self.delta_h2, self.delta_h1)
        )

    def gradient_step(self, learning_rate):
        self.W_i_h1, self.b_h1 = self.W_i_h1 - learning_rate * self.dW_i_h1, self.b_h1 - learning_rate * self.db_h1
        self.W_h1_h2, self.b_h2 = self.W_h1_h2 - learning_rate * self.dW_h1_h2, self.b_h2 - learning_rate * self.db_h2
        self.W_h2_o, self.b_out = self.W_h2_o - learning_rate * self.dW_h2_o, self.b_out - learning_rate * self.db_out
