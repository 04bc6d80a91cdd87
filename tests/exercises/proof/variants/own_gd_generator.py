"""A generator takes the steps, and whoever goes through it evaluates."""
import numpy as np


def accuracy(logits, labels):
    return float((np.argmax(logits, axis=1) == labels).mean())


def steps(net, X, y, rate, how_many):
    for k in range(how_many):
        net.forward_propagation(X)
        net.backprop(y)
        net.gradient_step(rate)
        yield k + 1


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    curve = []
    for done in steps(neural_net, trainx, trainy, learning_rate, num_iterations):
        if done % evaluate_every == 0:
            curve.append(accuracy(neural_net.forward_propagation(testx), testy))
    return curve
