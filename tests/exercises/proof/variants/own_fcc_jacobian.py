"""The last delta by the full Jacobian of softmax, and hidden deltas by diagonal Jacobians of the sigmoid."""
import numpy as np


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
        self.h1 = 1 / (1 + np.exp(-X.dot(self.W_i_h1) - self.b_h1))
        self.h2 = 1 / (1 + np.exp(-self.h1.dot(self.W_h1_h2) - self.b_h2))
        s = np.exp(self.h2.dot(self.W_h2_o) + self.b_out)
        self.out = s / s.sum(axis=1)[:, np.newaxis]
        return self.out

    def backprop(self, y):
        d_out, d_h2, d_h1 = [], [], []
        for h1, h2, p, label in zip(self.h1, self.h2, self.out, y):
            e = np.eye(len(p))[label]
            J_softmax = np.diag(p) - p[:, None] * p[None, :]
            d = J_softmax.T.dot(-e / p)
            d_out.append(d)
            d = np.diag(h2 * (1 - h2)).dot(self.W_h2_o.dot(d))
            d_h2.append(d)
            d = np.diag(h1 * (1 - h1)).dot(self.W_h1_h2.dot(d))
            d_h1.append(d)
        self.delta_out, self.delta_h2, self.delta_h1 = np.array(d_out).T, np.array(d_h2).T, np.array(d_h1).T
        n = float(len(y))
        self.dW_h2_o = sum(np.outer(a, d) for a, d in zip(self.h2, d_out)) / n
        self.dW_h1_h2 = sum(np.outer(a, d) for a, d in zip(self.h1, d_h2)) / n
        self.dW_i_h1 = sum(np.outer(a, d) for a, d in zip(self.X, d_h1)) / n
        self.db_out, self.db_h2, self.db_h1 = sum(d_out) / n, sum(d_h2) / n, sum(d_h1) / n

    def gradient_step(self, learning_rate):
        eta = learning_rate
        self.W_i_h1, self.W_h1_h2, self.W_h2_o = (
            self.W_i_h1 - eta * self.dW_i_h1, self.W_h1_h2 - eta * self.dW_h1_h2, self.W_h2_o - eta * self.dW_h2_o
        )
        self.b_h1, self.b_h2, self.b_out = (
            self.b_h1 - eta * self.db_h1, self.b_h2 - eta * self.db_h2, self.b_out - eta * self.db_out
        )
