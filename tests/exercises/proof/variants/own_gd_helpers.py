"""Small functions: one for a step, one for the report, and a loop that only calls them."""
import numpy as np


def cross_entropy(pred_logits, y):
    return -np.mean(np.log(pred_logits[np.arange(y.size), y]))


def accuracy(logits, labels):
    return np.sum(logits.argmax(1) == labels) / labels.size


def one_step(net, X, y, eta):
    out = net.forward_propagation(X)
    net.backprop(y)
    net.gradient_step(eta)
    return out


def report(net, name, X, y):
    out = net.forward_propagation(X)
    print(name, "loss:", cross_entropy(out, y), "accuracy:", accuracy(out, y))


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    for iteration in range(num_iterations):
        one_step(neural_net, trainx, trainy, learning_rate)
        if (iteration + 1) % evaluate_every == 0:
            print("iteration", iteration + 1)
            report(neural_net, "train", trainx, trainy)
            report(neural_net, "test", testx, testy)
