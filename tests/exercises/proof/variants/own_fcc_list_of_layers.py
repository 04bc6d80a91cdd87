"""Names of the layers in lists, and loops over them forwards and backwards."""
import numpy as np

WEIGHTS = ["W_i_h1", "W_h1_h2", "W_h2_o"]
BIASES = ["b_h1", "b_h2", "b_out"]
ACTS = ["X", "h1", "h2", "out"]
DELTAS = ["delta_h1", "delta_h2", "delta_out"]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


class fcc:
    def __init__(self, *sizes):
        for i in range(3):
            setattr(self, WEIGHTS[i], np.random.randn(sizes[i], sizes[i + 1]))
            setattr(self, BIASES[i], np.random.randn(sizes[i + 1]))

    def forward_propagation(self, X):
        self.X = X
        for i, f in enumerate([sigmoid, sigmoid, softmax]):
            a = getattr(self, ACTS[i])
            setattr(self, ACTS[i + 1], f(a @ getattr(self, WEIGHTS[i]) + getattr(self, BIASES[i])))
        return self.out

    def backprop(self, y):
        n = len(y)
        d = self.out.T.copy()
        d[y, np.arange(n)] -= 1
        i = 2
        while True:
            a = getattr(self, ACTS[i])
            setattr(self, DELTAS[i], d)
            setattr(self, "d" + WEIGHTS[i], (d @ a).T / n)
            setattr(self, "d" + BIASES[i], d.mean(axis=1))
            if i == 0:
                break
            d = (getattr(self, WEIGHTS[i]) @ d) * (a * (1 - a)).T
            i -= 1

    def gradient_step(self, learning_rate):
        for name in WEIGHTS + BIASES:
            old = getattr(self, name)
            setattr(self, name, np.subtract(old, np.multiply(learning_rate, getattr(self, "d" + name))))
