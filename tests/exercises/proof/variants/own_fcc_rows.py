"""Everything with examples as rows, as in most textbooks; the deltas are turned round when they are stored."""
import numpy as np


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1, self.b_h1 = np.random.randn(n_input, n_hidden1), np.random.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = np.random.randn(n_hidden1, n_hidden2), np.random.randn(n_hidden2)
        self.W_h2_o, self.b_out = np.random.randn(n_hidden2, n_out), np.random.randn(n_out)

    @staticmethod
    def _sig(a):
        return 1 / (1 + np.exp(-a))

    def forward_propagation(self, X):
        self.X = X
        self.h1 = self._sig(X @ self.W_i_h1 + self.b_h1)
        self.h2 = self._sig(self.h1 @ self.W_h1_h2 + self.b_h2)
        scores = self.h2 @ self.W_h2_o + self.b_out
        exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        self.out = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        return self.out

    def backprop(self, y):
        N = len(y)
        dscores = np.array(self.out)
        dscores[range(N), y] -= 1
        dhidden2 = dscores @ self.W_h2_o.T
        dz2 = dhidden2 * self.h2 * (1 - self.h2)
        dhidden1 = dz2 @ self.W_h1_h2.T
        dz1 = dhidden1 * self.h1 * (1 - self.h1)

        self.dW_h2_o = self.h2.T @ dscores / N
        self.db_out = dscores.mean(axis=0)
        self.dW_h1_h2 = self.h1.T @ dz2 / N
        self.db_h2 = dz2.mean(axis=0)
        self.dW_i_h1 = self.X.T @ dz1 / N
        self.db_h1 = dz1.mean(axis=0)
        self.delta_out, self.delta_h2, self.delta_h1 = dscores.T, dz2.T, dz1.T

    def gradient_step(self, learning_rate):
        for name in ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]:
            parameter = getattr(self, name)
            parameter -= learning_rate * getattr(self, "d" + name)
