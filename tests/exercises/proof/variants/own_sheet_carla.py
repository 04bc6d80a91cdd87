"""A whole sheet by somebody who thinks in columns and in single examples."""
import math

import numpy as np


def sigmoid(X):
    return np.vectorize(lambda t: 1 / (1 + math.exp(-t)) if t > -700 else 0.0)(X)


def softmax(X):
    out = []
    for x in X:
        biggest = x[np.argmax(x)]
        e = np.array([math.exp(t - biggest) for t in x])
        out.append(e / e.sum())
    return np.vstack(out)


def fcc_one_layer(X, W, b, activation):
    columns = [X @ w for w in W.T]
    return activation(np.column_stack(columns) + b)


def cross_entropy(pred_logits, y):
    surprise = [math.log(1 / p[c]) for p, c in zip(pred_logits, y)]
    return sum(surprise) / len(surprise)


def accuracy(logits, labels):
    return float(
        np.mean([np.argmax(p) == c for p, c in zip(logits, labels)])
    )


def _jacobian(p):
    k = len(p)
    return np.array([[p[i] * ((i == j) - p[j]) for j in range(k)] for i in range(k)])


def delta_last_layer(h, y):
    return np.stack([-_jacobian(p)[c] / p[c] for p, c in zip(h, y)], axis=1)


def delta_last_layer_easy_approach(h, y):
    d = np.array(h.T)
    for example, c in enumerate(y):
        d[c, example] = d[c, example] - 1
    return d


def del_sigmoid(h):
    return np.prod([h, 1 - h], axis=0)


class fcc(object):
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        super().__init__()
        self.W_i_h1 = np.random.randn(n_input, n_hidden1)
        self.W_h1_h2 = np.random.randn(n_hidden1, n_hidden2)
        self.W_h2_o = np.random.randn(n_hidden2, n_out)
        self.b_h1, self.b_h2, self.b_out = map(np.random.randn, (n_hidden1, n_hidden2, n_out))

    def forward_propagation(self, X):
        h = self.X = X
        for W, b, f, name in (
            (self.W_i_h1, self.b_h1, sigmoid, "h1"),
            (self.W_h1_h2, self.b_h2, sigmoid, "h2"),
            (self.W_h2_o, self.b_out, softmax, "out"),
        ):
            h = fcc_one_layer(h, W, b, f)
            setattr(self, name, h)
        return h

    def backprop(self, y):
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.delta_h2 = np.array([self.W_h2_o @ d for d in self.delta_out.T]).T * del_sigmoid(self.h2.T)
        self.delta_h1 = np.array([self.W_h1_h2 @ d for d in self.delta_h2.T]).T * del_sigmoid(self.h1.T)
        self.dW_h2_o = np.mean([np.outer(h, d) for h, d in zip(self.h2, self.delta_out.T)], axis=0)
        self.dW_h1_h2 = np.mean([np.outer(h, d) for h, d in zip(self.h1, self.delta_h2.T)], axis=0)
        self.dW_i_h1 = np.mean([np.outer(h, d) for h, d in zip(self.X, self.delta_h1.T)], axis=0)
        self.db_out = np.mean(list(self.delta_out.T), axis=0)
        self.db_h2 = np.mean(list(self.delta_h2.T), axis=0)
        self.db_h1 = np.mean(list(self.delta_h1.T), axis=0)

    def gradient_step(self, learning_rate):
        for layer in ("i_h1", "h1_h2", "h2_o"):
            W = getattr(self, "W_" + layer)
            W += -learning_rate * getattr(self, "dW_" + layer)
        for layer in ("h1", "h2", "out"):
            b = getattr(self, "b_" + layer)
            b += -learning_rate * getattr(self, "db_" + layer)


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    def look(when):
        for name, X, y in (("train", trainx, trainy), ("test", testx, testy)):
            p = neural_net.forward_propagation(X)
            print(when, name, round(cross_entropy(p, y), 3), round(accuracy(p, y), 3))

    look(0)
    for turn in range(1, num_iterations + 1):
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
        if turn % evaluate_every == 0:
            look(turn)


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    examples = list(zip(trainx, trainy))
    for epoch in range(epochs):
        deck = [examples[i] for i in np.random.permutation(len(examples))]
        while len(deck) >= batch_size:
            hand, deck = deck[:batch_size], deck[batch_size:]
            X = np.array([x for x, _ in hand])
            y = np.array([c for _, c in hand])
            neural_net.forward_propagation(X)
            neural_net.backprop(y)
            neural_net.gradient_step(learning_rate)
        print(epoch, accuracy(neural_net.forward_propagation(testx), testy))
