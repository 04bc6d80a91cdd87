"""The reference's backprop with each gradient as H^T Delta^T / n, and biases by sums."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    E = np.exp(X - X.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out, rng=None):
        rng = np.random.RandomState() if rng is None else rng
        self.W_i_h1, self.b_h1 = rng.randn(n_input, n_hidden1), rng.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = rng.randn(n_hidden1, n_hidden2), rng.randn(n_hidden2)
        self.W_h2_o, self.b_out = rng.randn(n_hidden2, n_out), rng.randn(n_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = sigmoid(np.dot(X, self.W_i_h1) + self.b_h1)
        self.h2 = sigmoid(np.dot(self.h1, self.W_h1_h2) + self.b_h2)
        self.out = softmax(np.dot(self.h2, self.W_h2_o) + self.b_out)
        return self.out

    def backprop(self, y):
        n = y.size
        self.delta_out = (self.out - np.eye(self.out.shape[1])[y]).T
        self.delta_h2 = np.dot(self.W_h2_o, self.delta_out) * (self.h2 * (1 - self.h2)).T
        self.delta_h1 = np.dot(self.W_h1_h2, self.delta_h2) * (self.h1 * (1 - self.h1)).T
        self.dW_h2_o = np.dot(self.h2.T, self.delta_out.T) / n
        self.dW_h1_h2 = np.dot(self.h1.T, self.delta_h2.T) / n
        self.dW_i_h1 = np.dot(self.X.T, self.delta_h1.T) / n
        self.db_out = self.delta_out.sum(axis=1) / n
        self.db_h2 = self.delta_h2.sum(axis=1) / n
        self.db_h1 = self.delta_h1.sum(axis=1) / n

    def gradient_step(self, learning_rate):
        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            np.subtract(getattr(self, name), learning_rate * getattr(self, f"d{name}"), out=getattr(self, name))
