"""float32 throughout: weights, activations and gradients are cast as soon as they are touched."""
import numpy as np

F = np.float32


def sigmoid(X):
    return F(1) / (F(1) + np.exp(-X.astype(F)))


def softmax(X):
    X = X.astype(F)
    E = np.exp(X - X.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        def r(*shape):
            return np.random.randn(*shape).astype(F)

        self.W_i_h1, self.b_h1 = r(n_input, n_hidden1), r(n_hidden1)
        self.W_h1_h2, self.b_h2 = r(n_hidden1, n_hidden2), r(n_hidden2)
        self.W_h2_o, self.b_out = r(n_hidden2, n_out), r(n_out)

    def forward_propagation(self, X):
        self.X = np.asarray(X, dtype=F)
        self.h1 = sigmoid(self.X @ self.W_i_h1 + self.b_h1)
        self.h2 = sigmoid(self.h1 @ self.W_h1_h2 + self.b_h2)
        self.out = softmax(self.h2 @ self.W_h2_o + self.b_out)
        return self.out

    def backprop(self, y):
        n = F(len(y))
        delta = self.out.astype(F)
        delta[np.arange(len(y)), y] -= F(1)
        h1, h2, X = self.h1.astype(F), self.h2.astype(F), self.X.astype(F)
        self.delta_out = delta.T
        self.delta_h2 = ((self.W_h2_o @ self.delta_out) * (h2 * (1 - h2)).T).astype(F)
        self.delta_h1 = ((self.W_h1_h2 @ self.delta_h2) * (h1 * (1 - h1)).T).astype(F)
        self.dW_h2_o = (self.delta_out @ h2).T / n
        self.dW_h1_h2 = (self.delta_h2 @ h1).T / n
        self.dW_i_h1 = (self.delta_h1 @ X).T / n
        self.db_out = self.delta_out.mean(axis=1)
        self.db_h2 = self.delta_h2.mean(axis=1)
        self.db_h1 = self.delta_h1.mean(axis=1)

    def gradient_step(self, learning_rate):
        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            new = getattr(self, name).astype(F) - F(learning_rate) * getattr(self, "d" + name).astype(F)
            setattr(self, name, new)
