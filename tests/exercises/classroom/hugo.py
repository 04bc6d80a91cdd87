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
    samples = np.arange(h.shape[0])
    correct = h[samples, y]
    grad = -correct[:, np.newaxis] * h
    grad[samples, y] = correct * (1 - correct)
    grad = -grad / correct[:, np.newaxis]
    return grad.T


def delta_last_layer_easy_approach(h, y):
    onehot = np.zeros(h.shape)
    onehot[np.arange(len(y)), y] = 1
    return (h - onehot).T


def del_sigmoid(h):
    return h * (1 - h)


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
        N = self.X.shape[0]
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.delta_h2 = np.matmul(self.W_h2_o, self.delta_out) * del_sigmoid(self.h2).T
        self.delta_h1 = np.matmul(self.W_h1_h2, self.delta_h2) * del_sigmoid(self.h1).T
        self.dW_h2_o = 1 / N * np.matmul(self.delta_out, self.h2).T
        self.dW_h1_h2 = 1 / N * np.matmul(self.delta_h2, self.h1).T
        self.dW_i_h1 = 1 / N * np.matmul(self.delta_h1, self.X).T
        self.db_out = 1 / N * np.sum(self.delta_out, axis=1)
        self.db_h2 = 1 / N * np.sum(self.delta_h2, axis=1)
        self.db_h1 = 1 / N * np.sum(self.delta_h1, axis=1)

    def gradient_step(self, learning_rate):
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_h1 -= learning_rate * self.db_h1
        self.b_h2 -= learning_rate * self.db_h2
        self.b_out -= learning_rate * self.db_out


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    results = []
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            test = neural_net.forward_propagation(testx)
            train = neural_net.forward_propagation(trainx)
            results.append(
                (
                    i,
                    cross_entropy(test, testy),
                    accuracy(test, testy),
                    cross_entropy(train, trainy),
                    accuracy(train, trainy),
                )
            )
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    return results


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    if rng is None:
        rng = np.random.RandomState()
    permutation = np.arange(trainx.shape[0])
    for i in range(epochs):
        rng.shuffle(permutation)
        for j in range(trainx.shape[0] // batch_size):
            idx = permutation[j * batch_size : (j + 1) * batch_size]
            logits = neural_net.forward_propagation(trainx[idx])
            if j % log_every == 0:
                print("Loss", cross_entropy(logits, trainy[idx]))
            neural_net.backprop(trainy[idx])
            neural_net.gradient_step(learning_rate)
