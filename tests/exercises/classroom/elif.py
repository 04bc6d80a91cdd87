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
    n = len(y)
    rows = np.arange(n)
    result = np.zeros_like(h)
    for r in rows:
        jacobian = np.diag(h[r]) - np.outer(h[r], h[r])
        outer = np.zeros(h.shape[1])
        outer[y[r]] = -1.0 / h[r, y[r]]
        result[r] = jacobian @ outer
    return result.T


def delta_last_layer_easy_approach(h, y):
    d = np.array(h, dtype=float)
    d[range(len(y)), y] -= 1.0
    return d.T


def del_sigmoid(h):
    return h * (1.0 - h)


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
        batch = self.X.shape[0]
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.dW_h2_o = (self.delta_out @ self.h2).T / batch
        self.db_out = self.delta_out.mean(axis=1)
        self.delta_h2 = (self.W_h2_o @ self.delta_out) * del_sigmoid(self.h2).T
        self.dW_h1_h2 = (self.delta_h2 @ self.h1).T / batch
        self.db_h2 = self.delta_h2.mean(axis=1)
        self.delta_h1 = (self.W_h1_h2 @ self.delta_h2) * del_sigmoid(self.h1).T
        self.dW_i_h1 = (self.delta_h1 @ self.X).T / batch
        self.db_h1 = self.delta_h1.mean(axis=1)

    def gradient_step(self, learning_rate):
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_out -= learning_rate * self.db_out
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.b_h2 -= learning_rate * self.db_h2
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.b_h1 -= learning_rate * self.db_h1


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    history = []
    for iteration in range(num_iterations):
        if not iteration % evaluate_every:
            test_out = neural_net.forward_propagation(testx)
            train_out = neural_net.forward_propagation(trainx)
            history.append([iteration, cross_entropy(test_out, testy), cross_entropy(train_out, trainy)])
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    test_out = neural_net.forward_propagation(testx)
    train_out = neural_net.forward_propagation(trainx)
    history.append([num_iterations, cross_entropy(test_out, testy), cross_entropy(train_out, trainy)])
    return history


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    generator = np.random.RandomState() if rng is None else rng
    indices = list(range(len(trainx)))
    for e in range(epochs):
        generator.shuffle(indices)
        for b in range(0, len(indices) - batch_size + 1, batch_size):
            chosen = indices[b : b + batch_size]
            x_batch, y_batch = trainx[chosen], trainy[chosen]
            p = neural_net.forward_propagation(x_batch)
            neural_net.backprop(y_batch)
            neural_net.gradient_step(learning_rate)
            if (b // batch_size) % log_every == 0:
                print(f"epoch {e}: {cross_entropy(p, y_batch):.3f}")
