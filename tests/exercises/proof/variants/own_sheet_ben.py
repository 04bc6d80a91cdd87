"""Ein ganzes Blatt auf Deutsch: einsum, wenige Zeilen, Listen statt vieler Attribute, wo es geht."""
import numpy as np


def sigmoid(X): return .5 * (np.tanh(.5 * X) + 1)


def softmax(X):
    E = np.exp(X - X.max(1)[:, None])
    return np.einsum("ij,i->ij", E, 1 / E.sum(1))


def fcc_one_layer(X, W, b, activation): return activation(np.einsum("ij,jk->ik", X, W) + b)


def eins_aus_k(y, k): return np.identity(k)[y]


def cross_entropy(pred_logits, y):
    return -np.einsum("ij,ij->", eins_aus_k(y, pred_logits.shape[1]), np.log(pred_logits + 1e-300)) / y.size


def accuracy(logits, labels): return 1 - np.count_nonzero(logits.argmax(1) - labels) / labels.size


def delta_last_layer(h, y):
    # Jacobi-Matrix von Softmax fuer jedes Beispiel, (4.31)
    J = h[:, :, None] * (np.identity(h.shape[1]) - h[:, None, :])
    T = eins_aus_k(y, h.shape[1])
    return -np.einsum("mij,mi,mi->jm", J, T, 1 / h)         # (4.30)


def delta_last_layer_easy_approach(h, y): return h.T - eins_aus_k(y, h.shape[1]).T


def del_sigmoid(h): return h - h ** 2


class fcc:
    gewichte = "W_i_h1", "W_h1_h2", "W_h2_o"
    schwellen = "b_h1", "b_h2", "b_out"

    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        g = n_input, n_hidden1, n_hidden2, n_out
        for W, b, m, n in zip(self.gewichte, self.schwellen, g, g[1:]):
            setattr(self, W, np.random.randn(m, n))
            setattr(self, b, np.random.randn(n))

    def forward_propagation(self, X):
        self.X = X
        self.h1 = fcc_one_layer(X, self.W_i_h1, self.b_h1, sigmoid)
        self.h2 = fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)
        self.out = fcc_one_layer(self.h2, self.W_h2_o, self.b_out, softmax)
        return self.out

    def backprop(self, y):
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.delta_h2 = del_sigmoid(self.h2).T * (self.W_h2_o @ self.delta_out)
        self.delta_h1 = del_sigmoid(self.h1).T * (self.W_h1_h2 @ self.delta_h2)
        deltas = self.delta_h1, self.delta_h2, self.delta_out
        for W, b, d, h in zip(self.gewichte, self.schwellen, deltas, (self.X, self.h1, self.h2)):
            setattr(self, "d" + W, np.einsum("in,nj->ji", d, h) / len(y))
            setattr(self, "d" + b, np.einsum("in->i", d) / len(y))

    def gradient_step(self, learning_rate):
        for name in self.gewichte + self.schwellen:
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, "d" + name))


def schritt(netz, X, y, rate):
    p = netz.forward_propagation(X)
    netz.backprop(y)
    netz.gradient_step(rate)
    return p


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    for i in range(num_iterations):
        if not i % evaluate_every:
            p = neural_net.forward_propagation(testx)
            print(f"Schritt {i}: Fehler {cross_entropy(p, testy):.3f}, richtig {100 * accuracy(p, testy):.1f} %")
        schritt(neural_net, trainx, trainy, learning_rate)


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    zufall = rng if rng is not None else np.random
    for epoche in range(epochs):
        for i in (lambda p: [p[a:a + batch_size] for a in range(0, len(p), batch_size)])(zufall.permutation(len(trainy))):
            schritt(neural_net, trainx[i], trainy[i], learning_rate)
        print(f"Epoche {epoche}: {accuracy(neural_net.forward_propagation(testx), testy):.3f}")
