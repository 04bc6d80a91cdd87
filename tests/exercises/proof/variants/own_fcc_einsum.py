"""All products by einsum, with the letters n for examples and a, b, c, d for units."""
import numpy as np
from numpy import einsum


def s(z):
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
        self.h1 = s(einsum("na,ab->nb", X, self.W_i_h1) + self.b_h1)
        self.h2 = s(einsum("nb,bc->nc", self.h1, self.W_h1_h2) + self.b_h2)
        z = einsum("nc,cd->nd", self.h2, self.W_h2_o) + self.b_out
        e = np.exp(z)
        self.out = einsum("nd,n->nd", e, 1 / einsum("nd->n", e))
        return self.out

    def backprop(self, y):
        n = len(y)
        t = np.zeros_like(self.out)
        t[np.arange(n), y] = 1
        self.delta_out = einsum("nd->dn", self.out - t)
        self.delta_h2 = einsum("cd,dn,nc->cn", self.W_h2_o, self.delta_out, self.h2 * (1 - self.h2))
        self.delta_h1 = einsum("bc,cn,nb->bn", self.W_h1_h2, self.delta_h2, self.h1 * (1 - self.h1))
        self.dW_h2_o = einsum("nc,dn->cd", self.h2, self.delta_out) / n
        self.dW_h1_h2 = einsum("nb,cn->bc", self.h1, self.delta_h2) / n
        self.dW_i_h1 = einsum("na,bn->ab", self.X, self.delta_h1) / n
        self.db_out = einsum("dn->d", self.delta_out) / n
        self.db_h2 = einsum("cn->c", self.delta_h2) / n
        self.db_h1 = einsum("bn->b", self.delta_h1) / n

    def gradient_step(self, learning_rate):
        for p in ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"):
            self.__dict__[p] = self.__dict__[p] - learning_rate * self.__dict__["d" + p]
