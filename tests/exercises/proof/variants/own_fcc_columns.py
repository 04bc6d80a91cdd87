"""The network with examples as columns inside: activations and deltas are (units, examples) throughout."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax_columns(Z):
    Z = Z - Z.max(axis=0, keepdims=True)
    E = np.exp(Z)
    return E / E.sum(axis=0, keepdims=True)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        rng = np.random.default_rng()
        self.W_i_h1 = rng.normal(size=(n_input, n_hidden1))
        self.W_h1_h2 = rng.normal(size=(n_hidden1, n_hidden2))
        self.W_h2_o = rng.normal(size=(n_hidden2, n_out))
        self.b_h1 = rng.normal(size=n_hidden1)
        self.b_h2 = rng.normal(size=n_hidden2)
        self.b_out = rng.normal(size=n_out)

    def forward_propagation(self, X):
        self.X = X
        A0 = X.T
        A1 = sigmoid(self.W_i_h1.T @ A0 + self.b_h1[:, None])
        A2 = sigmoid(self.W_h1_h2.T @ A1 + self.b_h2[:, None])
        A3 = softmax_columns(self.W_h2_o.T @ A2 + self.b_out[:, None])
        self.h1, self.h2, self.out = A1.T, A2.T, A3.T
        return self.out

    def backprop(self, y):
        m = y.size
        A0, A1, A2, A3 = self.X.T, self.h1.T, self.h2.T, self.out.T
        T = np.zeros(A3.shape)
        T[y, np.arange(m)] = 1

        D3 = A3 - T
        D2 = (self.W_h2_o @ D3) * A2 * (1 - A2)
        D1 = (self.W_h1_h2 @ D2) * A1 * (1 - A1)

        self.delta_out, self.delta_h2, self.delta_h1 = D3, D2, D1
        self.dW_h2_o = A2 @ D3.T / m
        self.dW_h1_h2 = A1 @ D2.T / m
        self.dW_i_h1 = A0 @ D1.T / m
        self.db_out = D3.sum(axis=1) / m
        self.db_h2 = D2.sum(axis=1) / m
        self.db_h1 = D1.sum(axis=1) / m

    def gradient_step(self, learning_rate):
        self.W_i_h1 = self.W_i_h1 - learning_rate * self.dW_i_h1
        self.W_h1_h2 = self.W_h1_h2 - learning_rate * self.dW_h1_h2
        self.W_h2_o = self.W_h2_o - learning_rate * self.dW_h2_o
        self.b_h1 = self.b_h1 - learning_rate * self.db_h1
        self.b_h2 = self.b_h2 - learning_rate * self.db_h2
        self.b_out = self.b_out - learning_rate * self.db_out
