"""A whole sheet in one hand: short lines, English comments, every formula spelled out."""
import numpy as np


def sigmoid(X):
    # sigma(x) = 1 / (1 + e^-x)
    e_to_minus_x = np.exp(-X)
    return 1 / (1 + e_to_minus_x)


def softmax(X):
    row_max = np.max(X, axis=1)[:, np.newaxis]
    e = np.exp(X - row_max)
    row_sum = np.sum(e, axis=1)[:, np.newaxis]
    return e / row_sum


def fcc_one_layer(X, W, b, activation):
    Z = X @ W
    Z = Z + b
    H = activation(Z)
    return H


def cross_entropy(pred_logits, y):
    total = 0
    for i in range(len(y)):
        total += -np.log(pred_logits[i, y[i]])
    return total / len(y)


def accuracy(logits, labels):
    guess = np.argmax(logits, axis=1)
    right = np.equal(guess, labels)
    return np.sum(right) / right.size


def delta_last_layer(h, y):
    n = h.shape[0]
    k = h.shape[1]
    delta = np.empty((k, n))
    for i in range(k):
        p_y = h[np.arange(n), y]
        same = p_y * (1 - p_y)
        other = -p_y * h[:, i]
        dh = np.where(y == i, same, other)
        delta[i] = -dh / p_y
    return delta


def delta_last_layer_easy_approach(h, y):
    T = np.zeros(h.shape)
    for row, c in enumerate(y):
        T[row, c] = 1
    return (h - T).transpose()


def del_sigmoid(h):
    one_minus_h = 1 - h
    return one_minus_h * h


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
        self.h1 = fcc_one_layer(self.X, self.W_i_h1, self.b_h1, sigmoid)
        self.h2 = fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)
        self.out = fcc_one_layer(self.h2, self.W_h2_o, self.b_out, softmax)
        return self.out

    def backprop(self, y):
        n = y.shape[0]
        # deltas first, from the last layer to the first
        self.delta_out = delta_last_layer(self.out, y)
        back = self.W_h2_o @ self.delta_out
        self.delta_h2 = back * del_sigmoid(self.h2.T)
        back = self.W_h1_h2 @ self.delta_h2
        self.delta_h1 = back * del_sigmoid(self.h1.T)
        # then all gradients
        self.dW_h2_o = (1 / n) * self.h2.T @ self.delta_out.T
        self.dW_h1_h2 = (1 / n) * self.h1.T @ self.delta_h2.T
        self.dW_i_h1 = (1 / n) * self.X.T @ self.delta_h1.T
        ones = np.ones(n)
        self.db_out = (1 / n) * self.delta_out @ ones
        self.db_h2 = (1 / n) * self.delta_h2 @ ones
        self.db_h1 = (1 / n) * self.delta_h1 @ ones

    def gradient_step(self, learning_rate):
        self.W_i_h1 = self.W_i_h1 - learning_rate * self.dW_i_h1
        self.W_h1_h2 = self.W_h1_h2 - learning_rate * self.dW_h1_h2
        self.W_h2_o = self.W_h2_o - learning_rate * self.dW_h2_o
        self.b_h1 = self.b_h1 - learning_rate * self.db_h1
        self.b_h2 = self.b_h2 - learning_rate * self.db_h2
        self.b_out = self.b_out - learning_rate * self.db_out


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    losses = []
    for i in range(num_iterations):
        out = neural_net.forward_propagation(trainx)
        losses.append(cross_entropy(out, trainy))
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
        if i % evaluate_every == 0:
            out = neural_net.forward_propagation(testx)
            print("step", i, "train loss", losses[-1], "test accuracy", accuracy(out, testy))
    return losses


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    n = len(trainx)
    for epoch in range(epochs):
        p = np.random.permutation(n)
        number_of_batches = n // batch_size
        for b in range(number_of_batches):
            first = b * batch_size
            last = first + batch_size
            X = trainx[p[first:last]]
            y = trainy[p[first:last]]
            out = neural_net.forward_propagation(X)
            neural_net.backprop(y)
            neural_net.gradient_step(learning_rate)
            if b % log_every == 0:
                print("epoch", epoch, "batch", b, "loss", cross_entropy(out, y))
        out = neural_net.forward_propagation(testx)
        print("epoch", epoch, "test accuracy", accuracy(out, testy))
