"""The deltas are divided by n once, at the last layer; the gradients are then sums."""
import numpy as np


def act(z):
    return 1 / (1 + np.exp(-z))


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1 = np.random.randn(n_input, n_hidden1)
        self.b_h1 = np.random.randn(n_hidden1)
        self.W_h1_h2 = np.random.randn(n_hidden1, n_hidden2)
        self.b_h2 = np.random.randn(n_hidden2)
        self.W_h2_o = np.random.randn(n_hidden2, n_out)
        self.b_out = np.random.randn(n_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = act(X @ self.W_i_h1 + self.b_h1)
        self.h2 = act(self.h1 @ self.W_h1_h2 + self.b_h2)
        z = self.h2 @ self.W_h2_o + self.b_out
        z -= z.max(axis=1, keepdims=True)
        self.out = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return self.out

    def backprop(self, y):
        target = np.eye(self.out.shape[1])[y]
        d3 = (self.out - target).T / len(y)      # Ableitung des Mittelwerts
        d2 = self.W_h2_o @ d3 * (self.h2 * (1 - self.h2)).T
        d1 = self.W_h1_h2 @ d2 * (self.h1 * (1 - self.h1)).T
        self.delta_out, self.delta_h2, self.delta_h1 = d3, d2, d1
        self.dW_h2_o, self.db_out = (d3 @ self.h2).T, d3.sum(axis=1)
        self.dW_h1_h2, self.db_h2 = (d2 @ self.h1).T, d2.sum(axis=1)
        self.dW_i_h1, self.db_h1 = (d1 @ self.X).T, d1.sum(axis=1)

    def gradient_step(self, learning_rate):
        self.W_i_h1 += -learning_rate * self.dW_i_h1
        self.b_h1 += -learning_rate * self.db_h1
        self.W_h1_h2 += -learning_rate * self.dW_h1_h2
        self.b_h2 += -learning_rate * self.db_h2
        self.W_h2_o += -learning_rate * self.dW_h2_o
        self.b_out += -learning_rate * self.db_out
