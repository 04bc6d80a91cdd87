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
    idx = np.arange(len(y))
    p = h[idx, y][:, None]
    off_diagonal = -p * h
    diagonal = p * (1 - p)
    mask = np.zeros(h.shape, dtype=bool)
    mask[idx, y] = True
    derivative = np.where(mask, diagonal, off_diagonal)
    return (-derivative / p).T


def delta_last_layer_easy_approach(h, y):
    target = (np.arange(h.shape[1]) == np.asarray(y)[:, None]).astype(float)
    return np.transpose(h - target)


def del_sigmoid(h):
    one_minus = 1 - h
    return one_minus * h


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
        n = len(y)
        delta_o = delta_last_layer_easy_approach(self.out, y).T
        delta_2 = (delta_o @ self.W_h2_o.T) * del_sigmoid(self.h2)
        delta_1 = (delta_2 @ self.W_h1_h2.T) * del_sigmoid(self.h1)
        self.dW_h2_o = self.h2.T @ delta_o / n
        self.dW_h1_h2 = self.h1.T @ delta_2 / n
        self.dW_i_h1 = self.X.T @ delta_1 / n
        self.db_out = delta_o.mean(0)
        self.db_h2 = delta_2.mean(0)
        self.db_h1 = delta_1.mean(0)
        self.delta_out = delta_o.T
        self.delta_h2 = delta_2.T
        self.delta_h1 = delta_1.T

    def gradient_step(self, learning_rate):
        step_W1, step_b1 = learning_rate * self.dW_i_h1, learning_rate * self.db_h1
        step_W2, step_b2 = learning_rate * self.dW_h1_h2, learning_rate * self.db_h2
        step_W3, step_b3 = learning_rate * self.dW_h2_o, learning_rate * self.db_out
        self.W_i_h1, self.b_h1 = self.W_i_h1 - step_W1, self.b_h1 - step_b1
        self.W_h1_h2, self.b_h2 = self.W_h1_h2 - step_W2, self.b_h2 - step_b2
        self.W_h2_o, self.b_out = self.W_h2_o - step_W3, self.b_out - step_b3


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    test_losses, train_losses = [], []

    def keep():
        test_losses.append(cross_entropy(neural_net.forward_propagation(testx), testy))
        train_losses.append(cross_entropy(neural_net.forward_propagation(trainx), trainy))

    for i in range(num_iterations):
        if i % evaluate_every == 0:
            keep()
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    keep()
    return np.array([test_losses, train_losses])


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    if rng is None:
        rng = np.random.RandomState(1)
    n = trainx.shape[0]
    steps_per_epoch = n // batch_size
    losses = []
    for epoch in range(epochs):
        p = np.arange(n)
        rng.shuffle(p)
        shuffled_x, shuffled_y = trainx[p], trainy[p]
        for k in range(steps_per_epoch):
            x = shuffled_x[k * batch_size : (k + 1) * batch_size]
            t = shuffled_y[k * batch_size : (k + 1) * batch_size]
            out = neural_net.forward_propagation(x)
            if k % log_every == 0:
                losses.append((epoch, k, cross_entropy(out, t), accuracy(out, t)))
            neural_net.backprop(t)
            neural_net.gradient_step(learning_rate)
    return losses
