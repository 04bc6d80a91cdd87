"""Results go into arrays made before, with out= wherever NumPy allows it."""
import numpy as np


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1 = np.random.randn(n_input, n_hidden1)
        self.b_h1 = np.random.randn(n_hidden1)
        self.W_h1_h2 = np.random.randn(n_hidden1, n_hidden2)
        self.b_h2 = np.random.randn(n_hidden2)
        self.W_h2_o = np.random.randn(n_hidden2, n_out)
        self.b_out = np.random.randn(n_out)

    def _sigmoid_layer(self, A, W, b):
        Z = np.empty((A.shape[0], W.shape[1]))
        np.matmul(A, W, out=Z)
        np.add(Z, b, out=Z)
        np.negative(Z, out=Z)
        np.exp(Z, out=Z)
        np.add(Z, 1, out=Z)
        np.reciprocal(Z, out=Z)
        return Z

    def forward_propagation(self, X):
        self.X = X
        self.h1 = self._sigmoid_layer(X, self.W_i_h1, self.b_h1)
        self.h2 = self._sigmoid_layer(self.h1, self.W_h1_h2, self.b_h2)
        Z = np.matmul(self.h2, self.W_h2_o)
        Z += self.b_out
        Z -= Z.max(axis=1, keepdims=True)
        np.exp(Z, out=Z)
        Z /= Z.sum(axis=1, keepdims=True)
        self.out = Z
        return self.out

    def backprop(self, y):
        n = len(y)
        self.delta_out = np.ascontiguousarray(self.out.T)
        self.delta_out[y, np.arange(n)] -= 1
        self.delta_h2 = np.matmul(self.W_h2_o, self.delta_out)
        self.delta_h2 *= self.h2.T
        self.delta_h2 *= 1 - self.h2.T
        self.delta_h1 = np.matmul(self.W_h1_h2, self.delta_h2)
        self.delta_h1 *= self.h1.T
        self.delta_h1 *= 1 - self.h1.T
        for w, b, d, a in (
            ("dW_h2_o", "db_out", self.delta_out, self.h2),
            ("dW_h1_h2", "db_h2", self.delta_h2, self.h1),
            ("dW_i_h1", "db_h1", self.delta_h1, self.X),
        ):
            G = np.empty((a.shape[1], d.shape[0]))
            np.matmul(a.T, d.T, out=G)
            np.divide(G, n, out=G)
            setattr(self, w, G)
            setattr(self, b, np.mean(d, axis=1))

    def gradient_step(self, learning_rate):
        for name in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            p = getattr(self, name)
            np.subtract(p, learning_rate * getattr(self, "d" + name), out=p)
