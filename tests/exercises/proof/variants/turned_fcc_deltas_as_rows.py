"""The reference with deltas stored as (examples, units); everything else as on the sheet."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    E = np.exp(X - X.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1, self.b_h1 = np.random.randn(n_input, n_hidden1), np.random.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = np.random.randn(n_hidden1, n_hidden2), np.random.randn(n_hidden2)
        self.W_h2_o, self.b_out = np.random.randn(n_hidden2, n_out), np.random.randn(n_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = sigmoid(X @ self.W_i_h1 + self.b_h1)
        self.h2 = sigmoid(self.h1 @ self.W_h1_h2 + self.b_h2)
        self.out = softmax(self.h2 @ self.W_h2_o + self.b_out)
        return self.out

    def backprop(self, y):
        n = len(y)
        self.delta_out = self.out - np.eye(self.out.shape[1])[y]
        self.dW_h2_o = self.h2.T @ self.delta_out / n
        self.db_out = self.delta_out.mean(axis=0)
        self.delta_h2 = self.delta_out @ self.W_h2_o.T * self.h2 * (1 - self.h2)
        self.dW_h1_h2 = self.h1.T @ self.delta_h2 / n
        self.db_h2 = self.delta_h2.mean(axis=0)
        self.delta_h1 = self.delta_h2 @ self.W_h1_h2.T * self.h1 * (1 - self.h1)
        self.dW_i_h1 = self.X.T @ self.delta_h1 / n
        self.db_h1 = self.delta_h1.mean(axis=0)

    def gradient_step(self, learning_rate):
        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, "d" + name))
