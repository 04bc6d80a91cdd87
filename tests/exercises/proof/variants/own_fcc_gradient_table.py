"""Gradients in a dictionary of (weight, bias) pairs, and under the sheet's names for printing."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    e = np.exp(X - X.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1 = np.random.randn(n_input, n_hidden1)
        self.b_h1 = np.random.randn(n_hidden1)
        self.W_h1_h2 = np.random.randn(n_hidden1, n_hidden2)
        self.b_h2 = np.random.randn(n_hidden2)
        self.W_h2_o = np.random.randn(n_hidden2, n_out)
        self.b_out = np.random.randn(n_out)
        self.gradients = {}

    def forward_propagation(self, X):
        self.X = X
        self.h1 = sigmoid(X @ self.W_i_h1 + self.b_h1)
        self.h2 = sigmoid(self.h1 @ self.W_h1_h2 + self.b_h2)
        self.out = softmax(self.h2 @ self.W_h2_o + self.b_out)
        return self.out

    def backprop(self, y):
        n = self.out.shape[0]
        truth = np.eye(self.out.shape[1])[y].T
        deltas = {"out": self.out.T - truth}
        deltas["h2"] = (self.W_h2_o @ deltas["out"]) * (self.h2 * (1 - self.h2)).T
        deltas["h1"] = (self.W_h1_h2 @ deltas["h2"]) * (self.h1 * (1 - self.h1)).T
        inputs = {"out": self.h2, "h2": self.h1, "h1": self.X}
        for layer, delta in deltas.items():
            self.gradients[layer] = ((delta @ inputs[layer]).T / n, delta.mean(axis=1))
            setattr(self, "delta_" + layer, delta)
        # the names of the sheet
        (self.dW_i_h1, self.db_h1) = self.gradients["h1"]
        (self.dW_h1_h2, self.db_h2) = self.gradients["h2"]
        (self.dW_h2_o, self.db_out) = self.gradients["out"]

    def gradient_step(self, learning_rate):
        pairs = [
            (self.W_i_h1, self.dW_i_h1), (self.b_h1, self.db_h1), (self.W_h1_h2, self.dW_h1_h2),
            (self.b_h2, self.db_h2), (self.W_h2_o, self.dW_h2_o), (self.b_out, self.db_out),
        ]
        for weight, gradient in pairs:
            weight -= learning_rate * gradient
