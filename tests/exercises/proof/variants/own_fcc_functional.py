"""The mathematics in pure functions of a tuple of parameters; the class only keeps things."""
import numpy as np


def forward(params, X):
    (W1, b1), (W2, b2), (W3, b3) = params
    H1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    H2 = 1 / (1 + np.exp(-(H1 @ W2 + b2)))
    S = H2 @ W3 + b3
    P = np.exp(S - S.max(axis=1, keepdims=True))
    return H1, H2, P / P.sum(axis=1, keepdims=True)


def errors(params, H1, H2, P, y):
    (_, _), (W2, _), (W3, _) = params
    D3 = P.T - (np.arange(P.shape[1])[:, None] == y)
    D2 = (W3 @ D3) * (H2 - H2**2).T
    D1 = (W2 @ D2) * (H1 - H1**2).T
    return D1, D2, D3


def gradient(D, A):
    return np.array([[np.mean(d * a) for d in D] for a in A.T]), np.array([d.mean() for d in D])


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1, self.b_h1 = np.random.randn(n_input, n_hidden1), np.random.randn(n_hidden1)
        self.W_h1_h2, self.b_h2 = np.random.randn(n_hidden1, n_hidden2), np.random.randn(n_hidden2)
        self.W_h2_o, self.b_out = np.random.randn(n_hidden2, n_out), np.random.randn(n_out)

    def params(self):
        return (self.W_i_h1, self.b_h1), (self.W_h1_h2, self.b_h2), (self.W_h2_o, self.b_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1, self.h2, self.out = forward(self.params(), X)
        return self.out

    def backprop(self, y):
        D = errors(self.params(), self.h1, self.h2, self.out, y)
        self.delta_h1, self.delta_h2, self.delta_out = D
        self.dW_i_h1, self.db_h1 = gradient(D[0], self.X)
        self.dW_h1_h2, self.db_h2 = gradient(D[1], self.h1)
        self.dW_h2_o, self.db_out = gradient(D[2], self.h2)

    def gradient_step(self, learning_rate):
        def moved(p, g):
            return p - learning_rate * g

        self.W_i_h1, self.W_h1_h2, self.W_h2_o = map(
            moved, (self.W_i_h1, self.W_h1_h2, self.W_h2_o), (self.dW_i_h1, self.dW_h1_h2, self.dW_h2_o)
        )
        self.b_h1, self.b_h2, self.b_out = map(
            moved, (self.b_h1, self.b_h2, self.b_out), (self.db_h1, self.db_h2, self.db_out)
        )
