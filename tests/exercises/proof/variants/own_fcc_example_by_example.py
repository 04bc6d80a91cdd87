"""Backprop for one example at a time; outer products are added up and divided at the end."""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


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
        self.h1 = sigmoid(np.dot(X, self.W_i_h1) + self.b_h1)
        self.h2 = sigmoid(np.dot(self.h1, self.W_h1_h2) + self.b_h2)
        z = np.dot(self.h2, self.W_h2_o) + self.b_out
        self.out = np.array([np.exp(r - r.max()) / np.exp(r - r.max()).sum() for r in z])
        return self.out

    def backprop(self, y):
        n = len(y)
        # alles auf Null setzen
        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            setattr(self, "d" + name, np.zeros(getattr(self, name).shape))
        self.delta_out = np.zeros((self.out.shape[1], n))
        self.delta_h2 = np.zeros((self.h2.shape[1], n))
        self.delta_h1 = np.zeros((self.h1.shape[1], n))

        for m in range(n):
            d_out = self.out[m].copy()
            d_out[y[m]] -= 1.0
            d_2 = self.W_h2_o @ d_out * self.h2[m] * (1 - self.h2[m])
            d_1 = self.W_h1_h2 @ d_2 * self.h1[m] * (1 - self.h1[m])

            self.delta_out[:, m] = d_out
            self.delta_h2[:, m] = d_2
            self.delta_h1[:, m] = d_1

            self.dW_h2_o += np.outer(self.h2[m], d_out)
            self.dW_h1_h2 += np.outer(self.h1[m], d_2)
            self.dW_i_h1 += np.outer(self.X[m], d_1)
            self.db_out += d_out
            self.db_h2 += d_2
            self.db_h1 += d_1

        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            setattr(self, "d" + name, getattr(self, "d" + name) / n)

    def gradient_step(self, learning_rate):
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_h1 -= learning_rate * self.db_h1
        self.b_h2 -= learning_rate * self.db_h2
        self.b_out -= learning_rate * self.db_out
