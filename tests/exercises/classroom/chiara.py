# ruff: noqa - as a learner might write it
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    E = np.exp(X - X.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def fcc_one_layer(X, W, b, activation):
    return activation(X @ W + b)


def cross_entropy(pred_logits, y):
    return np.mean(-np.log(pred_logits[np.arange(len(y)), y]))


def accuracy(logits, labels):
    return np.mean(np.argmax(logits, axis=1) == labels)


def one_hot(y, k):
    return np.eye(k)[y]


def delta_last_layer(h, y):
    n, k = h.shape
    # J[n, i, j] = h_i (delta_ij - h_j)
    J = np.einsum("ni,ij->nij", h, np.eye(k)) - np.einsum("ni,nj->nij", h, h)
    dE_dh = -one_hot(y, k) / h
    return np.einsum("nj,nji->in", dE_dh, J)


def delta_last_layer_easy_approach(h, y):
    return h.T - one_hot(y, h.shape[1]).T


def del_sigmoid(h):
    return np.multiply(h, 1.0 - h)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out, rng=None):
        rng = np.random.RandomState() if rng is None else rng
        self.W_i_h1 = rng.randn(n_input, n_hidden1)
        self.b_h1 = rng.randn(n_hidden1)
        self.W_h1_h2 = rng.randn(n_hidden1, n_hidden2)
        self.b_h2 = rng.randn(n_hidden2)
        self.W_h2_o = rng.randn(n_hidden2, n_out)
        self.b_out = rng.randn(n_out)

    def forward_propagation(self, X):
        self.X = X
        self.h1 = fcc_one_layer(X, self.W_i_h1, self.b_h1, sigmoid)
        self.h2 = fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)
        self.out = fcc_one_layer(self.h2, self.W_h2_o, self.b_out, softmax)
        return self.out

    def backprop(self, y):
        n = y.size
        d3 = delta_last_layer_easy_approach(self.out, y)
        d2 = np.einsum("jk,kn->jn", self.W_h2_o, d3) * del_sigmoid(self.h2).T
        d1 = np.einsum("ij,jn->in", self.W_h1_h2, d2) * del_sigmoid(self.h1).T
        self.delta_out, self.delta_h2, self.delta_h1 = d3, d2, d1
        self.dW_h2_o = np.einsum("nj,kn->jk", self.h2, d3) / n
        self.dW_h1_h2 = np.einsum("ni,jn->ij", self.h1, d2) / n
        self.dW_i_h1 = np.einsum("nd,in->di", self.X, d1) / n
        self.db_out, self.db_h2, self.db_h1 = (d.mean(axis=1) for d in (d3, d2, d1))

    def gradient_step(self, learning_rate):
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_h1 -= learning_rate * self.db_h1
        self.b_h2 -= learning_rate * self.db_h2
        self.b_out -= learning_rate * self.db_out


def measure(net, x, y):
    out = net.forward_propagation(x)
    return cross_entropy(out, y), accuracy(out, y)


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    losses = []
    for it in range(num_iterations + 1):
        if it % evaluate_every == 0 or it == num_iterations:
            losses.append((it, *measure(neural_net, testx, testy), *measure(neural_net, trainx, trainy)))
        if it == num_iterations:
            return losses
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    rng = np.random.RandomState() if rng is None else rng
    n_batches = len(trainy) // batch_size
    for _ in range(epochs):
        perm = rng.permutation(len(trainy))[: n_batches * batch_size]
        for idx in perm.reshape(n_batches, batch_size):
            neural_net.forward_propagation(trainx[idx])
            neural_net.backprop(trainy[idx])
            neural_net.gradient_step(learning_rate)
