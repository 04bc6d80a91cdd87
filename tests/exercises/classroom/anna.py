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
    n = h.shape[0]
    correct = h[np.arange(n), y]
    jac = -correct.reshape((n, 1)) * h
    jac[np.arange(n), y] = correct * (1 - correct)
    jac = jac / correct.reshape((n, 1))
    return -np.transpose(jac)


def delta_last_layer_easy_approach(h, y):
    one_hots = np.zeros((h.shape[0], h.shape[1]))
    one_hots[np.arange(h.shape[0]), y] = 1.0
    return (h - one_hots).T


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
        self.num_train_ex = y.shape[0]
        self.delta_out = delta_last_layer_easy_approach(self.out, y)
        self.dW_h2_o = np.transpose(np.matmul(self.delta_out, self.h2)) / self.num_train_ex
        self.db_out = np.mean(self.delta_out, axis=1)
        self.delta_h2 = np.matmul(self.W_h2_o, self.delta_out) * np.transpose(del_sigmoid(self.h2))
        self.dW_h1_h2 = np.transpose(np.matmul(self.delta_h2, self.h1)) / self.num_train_ex
        self.db_h2 = np.mean(self.delta_h2, axis=1)
        self.delta_h1 = np.matmul(self.W_h1_h2, self.delta_h2) * np.transpose(del_sigmoid(self.h1))
        self.dW_i_h1 = np.transpose(np.matmul(self.delta_h1, self.X)) / self.num_train_ex
        self.db_h1 = np.mean(self.delta_h1, axis=1)

    def gradient_step(self, learning_rate):
        self.W_i_h1 = self.W_i_h1 - learning_rate * self.dW_i_h1
        self.b_h1 = self.b_h1 - learning_rate * self.db_h1
        self.W_h1_h2 = self.W_h1_h2 - learning_rate * self.dW_h1_h2
        self.b_h2 = self.b_h2 - learning_rate * self.db_h2
        self.W_h2_o = self.W_h2_o - learning_rate * self.dW_h2_o
        self.b_out = self.b_out - learning_rate * self.db_out


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    history = []
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            logits = neural_net.forward_propagation(testx)
            test_loss, test_acc = cross_entropy(logits, testy), accuracy(logits, testy)
            logits = neural_net.forward_propagation(trainx)
            history.append((i, test_loss, test_acc, cross_entropy(logits, trainy), accuracy(logits, trainy)))
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    logits = neural_net.forward_propagation(testx)
    test_loss, test_acc = cross_entropy(logits, testy), accuracy(logits, testy)
    logits = neural_net.forward_propagation(trainx)
    history.append((num_iterations, test_loss, test_acc, cross_entropy(logits, trainy), accuracy(logits, trainy)))
    return history


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    rng = rng or np.random.RandomState(0)
    permutation = np.arange(trainx.shape[0])
    for i in range(epochs):
        logits = neural_net.forward_propagation(testx)
        print("Test Loss:\t\t{}".format(cross_entropy(logits, testy)))
        rng.shuffle(permutation)
        for j in range(int(trainx.shape[0] / batch_size)):
            batch = permutation[j * batch_size : (j + 1) * batch_size]
            trainx_batch = trainx[batch]
            trainy_batch = trainy[batch]
            logits = neural_net.forward_propagation(trainx_batch)
            if j % log_every == 0:
                print("Train Loss:\t\t{}".format(cross_entropy(logits, trainy_batch)))
            neural_net.backprop(trainy_batch)
            neural_net.gradient_step(learning_rate)
