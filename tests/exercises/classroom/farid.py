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


def delta_last_layer(h, y):
    """Equation (4.30) with (4.31)."""
    n_examples = h.shape[0]
    select = (np.arange(n_examples), y)
    h_y = h[select]
    inner = np.multiply(-h_y[:, np.newaxis], h)
    inner[select] = np.multiply(h_y, 1 - h_y)
    return np.transpose(-inner / h_y[:, np.newaxis])


def delta_last_layer_easy_approach(h, y):
    n_examples, n_classes = h.shape
    target = np.zeros((n_examples, n_classes))
    for k in range(n_examples):
        target[k][y[k]] = 1
    return np.transpose(np.subtract(h, target))


def del_sigmoid(h):
    return np.multiply(h, np.subtract(1, h))


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
        m = self.out.shape[0]
        self.delta_out = delta_last_layer(self.out, y)
        self.delta_h2 = self._back(self.W_h2_o, self.delta_out, self.h2)
        self.delta_h1 = self._back(self.W_h1_h2, self.delta_h2, self.h1)
        self.dW_h2_o, self.db_out = self._gradients(self.h2, self.delta_out, m)
        self.dW_h1_h2, self.db_h2 = self._gradients(self.h1, self.delta_h2, m)
        self.dW_i_h1, self.db_h1 = self._gradients(self.X, self.delta_h1, m)

    def _back(self, W, delta, h):
        return np.dot(W, delta) * del_sigmoid(h.T)

    def _gradients(self, h, delta, m):
        dW = np.dot(delta, h) / m
        db = np.sum(delta, axis=1) / m
        return dW.T, db

    def gradient_step(self, learning_rate):
        weights = [self.W_i_h1, self.W_h1_h2, self.W_h2_o, self.b_h1, self.b_h2, self.b_out]
        gradients = [self.dW_i_h1, self.dW_h1_h2, self.dW_h2_o, self.db_h1, self.db_h2, self.db_out]
        for w, g in zip(weights, gradients):
            w -= learning_rate * g


def one_step(net, X, y, rate):
    p = net.forward_propagation(X)
    net.backprop(y)
    net.gradient_step(rate)
    return p


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            p = neural_net.forward_propagation(testx)
            print("iteration", i, "test loss", cross_entropy(p, testy), "accuracy", accuracy(p, testy))
        one_step(neural_net, trainx, trainy, learning_rate)
    p = neural_net.forward_propagation(testx)
    print("end", "test loss", cross_entropy(p, testy), "accuracy", accuracy(p, testy))


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    random = rng if rng is not None else np.random.RandomState(7)
    whole = (trainx.shape[0] // batch_size) * batch_size
    for epoch in range(epochs):
        order = random.permutation(trainx.shape[0])
        for number, batch in enumerate(np.split(order[:whole], whole // batch_size)):
            p = one_step(neural_net, trainx[batch], trainy[batch], learning_rate)
            if number % log_every == 0:
                print("epoch", epoch, "step", number, "loss", cross_entropy(p, trainy[batch]))
        p = neural_net.forward_propagation(testx)
        print("epoch", epoch, "test loss", cross_entropy(p, testy))
