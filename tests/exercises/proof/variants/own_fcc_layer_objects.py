"""A small class for each layer; the network only copies its results to the sheet's names."""
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def soft(z):
    e = np.exp(z - z.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]


class Schicht:
    """Eine vollvernetzte Schicht."""

    def __init__(self, netz, W, b, aktivierung):
        self.netz, self.W, self.b, self.f = netz, W, b, aktivierung

    def vorwaerts(self, eingang):
        return self.f(eingang @ getattr(self.netz, self.W) + getattr(self.netz, self.b))

    def gradienten(self, delta, eingang):
        n = delta.shape[1]
        setattr(self.netz, "d" + self.W, (delta @ eingang).T / n)
        setattr(self.netz, "d" + self.b, delta.mean(axis=1))

    def schritt(self, rate):
        for name in (self.W, self.b):
            setattr(self.netz, name, getattr(self.netz, name) - rate * getattr(self.netz, "d" + name))


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.schichten = [
            Schicht(self, "W_i_h1", "b_h1", sigma),
            Schicht(self, "W_h1_h2", "b_h2", sigma),
            Schicht(self, "W_h2_o", "b_out", soft),
        ]
        groessen = [n_input, n_hidden1, n_hidden2, n_out]
        for schicht, ein, aus in zip(self.schichten, groessen[:-1], groessen[1:]):
            setattr(self, schicht.W, np.random.randn(ein, aus))
            setattr(self, schicht.b, np.random.randn(aus))

    def forward_propagation(self, X):
        self.X = X
        self.h1 = self.schichten[0].vorwaerts(X)
        self.h2 = self.schichten[1].vorwaerts(self.h1)
        self.out = self.schichten[2].vorwaerts(self.h2)
        return self.out

    def backprop(self, y):
        ziel = np.eye(self.out.shape[1])[y]
        self.delta_out = (self.out - ziel).T
        self.delta_h2 = (self.W_h2_o @ self.delta_out) * (self.h2 * (1 - self.h2)).T
        self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * (self.h1 * (1 - self.h1)).T
        for schicht, delta, eingang in zip(
            self.schichten, [self.delta_h1, self.delta_h2, self.delta_out], [self.X, self.h1, self.h2]
        ):
            schicht.gradienten(delta, eingang)

    def gradient_step(self, learning_rate):
        for schicht in self.schichten:
            schicht.schritt(learning_rate)
