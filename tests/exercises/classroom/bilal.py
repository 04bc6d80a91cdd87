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
    examples, classes = h.shape
    delta = np.empty((classes, examples))
    for m in range(examples):
        c = y[m]
        for i in range(classes):
            if i == c:
                derivative = h[m, c] * (1 - h[m, c])
            else:
                derivative = -h[m, c] * h[m, i]
            delta[i, m] = -1 / h[m, c] * derivative
    return delta


def delta_last_layer_easy_approach(h, y):
    delta = h.copy()
    for m, c in enumerate(y):
        delta[m, c] -= 1
    return delta.transpose()


def del_sigmoid(h):
    return h - h**2


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
        N = len(y)

        # output layer
        self.delta_out = delta_last_layer(self.out, y)
        self.db_out = self.delta_out.sum(axis=1) / N
        self.dW_h2_o = self.h2.T.dot(self.delta_out.T) / N

        # second hidden layer
        error = self.W_h2_o.dot(self.delta_out)
        self.delta_h2 = del_sigmoid(self.h2.T) * error
        self.db_h2 = self.delta_h2.sum(axis=1) / N
        self.dW_h1_h2 = self.h1.T.dot(self.delta_h2.T) / N

        # first hidden layer
        error = self.W_h1_h2.dot(self.delta_h2)
        self.delta_h1 = del_sigmoid(self.h1.T) * error
        self.db_h1 = self.delta_h1.sum(axis=1) / N
        self.dW_i_h1 = self.X.T.dot(self.delta_h1.T) / N

    def gradient_step(self, learning_rate):
        for name in ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]:
            value = getattr(self, name)
            gradient = getattr(self, "d" + name)
            setattr(self, name, value - learning_rate * gradient)


def evaluate_all(net, X1, y1, X2, y2):
    result = []
    for X, y in [(X1, y1), (X2, y2)]:
        p = net.forward_propagation(X)
        result += [cross_entropy(p, y), accuracy(p, y)]
    return result


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    log = {}
    step = 0
    while step < num_iterations:
        if step % evaluate_every == 0:
            log[step] = evaluate_all(neural_net, testx, testy, trainx, trainy)
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
        step += 1
    log[step] = evaluate_all(neural_net, testx, testy, trainx, trainy)
    return log


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    if rng is None:
        rng = np.random.RandomState()
    log = []
    for epoch in range(epochs):
        log.append(evaluate_all(neural_net, testx, testy, trainx, trainy))
        order = rng.permutation(len(trainx))
        start = 0
        while start + batch_size <= len(trainx):
            rows = order[start : start + batch_size]
            neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            neural_net.gradient_step(learning_rate)
            start += batch_size
    return log
