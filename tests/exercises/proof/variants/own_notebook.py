"""A solution in the way of the notebook from which the exercise grew: its two deltas, its class, its names.

Its softmax adds the largest logit of all to every one instead of subtracting each row's. That changes nothing but the
range: it overflows where twice the largest logit passes 709, and a row far below the largest of all keeps its accuracy.
It counts as right, as on all logits of ordinary size it gives what the formula gives; that it overflows on large ones is
remarked on, and costs nothing.
"""
import numpy as np


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(X):
    # for stability
    shift = np.max(X)
    powers = np.exp(X + shift)
    return powers / powers.sum(axis=1).reshape(X.shape[0], 1)


def fcc_one_layer(X, W, b, activation):
    return activation(np.matmul(X, W) + b)


def cross_entropy(pred_logits, y):
    n = pred_logits.shape[0]
    return np.mean(-np.log(pred_logits[np.arange(n), y]))


def accuracy(logits, labels):
    return np.mean(np.argmax(logits, axis=1) == labels)


def delta_last_layer(h, y):
    rows = np.arange(h.shape[0])
    # the outputs at the true classes, as a column
    correct_logits = np.reshape(h[rows, y], (len(rows), 1))
    # (4.31), i != j everywhere
    jacobian = -correct_logits * h
    # (4.31), i = j in its places
    jacobian[rows, y] = (correct_logits * (1 - correct_logits)).reshape(-1)
    # (4.30)
    jacobian = jacobian / correct_logits
    return -np.transpose(jacobian)


def delta_last_layer_easy_approach(h, y):
    one_hots = np.zeros(h.shape)
    one_hots[np.arange(len(h)), y] = 1.0
    return np.transpose(h - one_hots)


def del_sigmoid(h):
    return h * (1 - h)


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        self.W_i_h1 = np.random.randn(n_input, n_hidden1)
        self.b_h1 = np.random.randn(n_hidden1)
        self.W_h1_h2 = np.random.randn(n_hidden1, n_hidden2)
        self.b_h2 = np.random.randn(n_hidden2)
        self.W_h2_o = np.random.randn(n_hidden2, n_out)
        self.b_out = np.random.randn(n_out)
        # for an overview
        self.X = self.h1 = self.h2 = self.out = None
        self.dW_i_h1 = self.db_h1 = None
        self.dW_h1_h2 = self.db_h2 = None
        self.dW_h2_o = self.db_out = None

        biases = self.b_h1.shape[0] + self.b_h2.shape[0] + self.b_out.shape[0]
        weights = n_input * n_hidden1 + n_hidden1 * n_hidden2 + n_hidden2 * n_out
        print("Number of parameters: {}".format(biases + weights))

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
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.b_h1 -= learning_rate * self.db_h1
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.b_h2 -= learning_rate * self.db_h2
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_out -= learning_rate * self.db_out


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            print("Iteration:\t\t{}".format(i))
            logits = neural_net.forward_propagation(testx)
            print("Test Loss:\t\t{}".format(cross_entropy(logits, testy)))
            print("Test Accuracy:\t\t{}".format(accuracy(logits, testy)))
        logits = neural_net.forward_propagation(trainx)
        if i % evaluate_every == 0:
            print("Train Loss:\t\t{}".format(cross_entropy(logits, trainy)))
            print("Train Accuracy:\t\t{}".format(accuracy(logits, trainy)))
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    logits = neural_net.forward_propagation(testx)
    print("Test Loss:\t\t{}".format(cross_entropy(logits, testy)))
    print("Test Accuracy:\t\t{}".format(accuracy(logits, testy)))


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    permutation = np.arange(trainx.shape[0])
    for i in range(epochs):
        print("Epoch:\t\t{}".format(i))
        logits = neural_net.forward_propagation(testx)
        print("Test Loss:\t\t{}".format(cross_entropy(logits, testy)))
        print("Test Accuracy:\t\t{}".format(accuracy(logits, testy)))
        # a new order of the training examples
        np.random.shuffle(permutation)
        for j in range(int(trainx.shape[0] / batch_size)):
            batch = permutation[j * batch_size : (j + 1) * batch_size]
            trainx_batch, trainy_batch = trainx[batch], trainy[batch]
            logits = neural_net.forward_propagation(trainx_batch)
            if j % log_every == 0:
                print("Train Loss:\t\t{}".format(cross_entropy(logits, trainy_batch)))
                print("Train Accuracy:\t\t{}".format(accuracy(logits, trainy_batch)))
            neural_net.backprop(trainy_batch)
            neural_net.gradient_step(learning_rate)
    logits = neural_net.forward_propagation(testx)
    print("Final:\t\t")
    print("Test Loss:\t\t{}".format(cross_entropy(logits, testy)))
    print("Test Accuracy:\t\t{}".format(accuracy(logits, testy)))
