"""Draws a random key for each example, and sorts by it; logs by a counter over all epochs."""
import numpy as np


def cross_entropy(p, y):
    return float(np.mean(-np.log(p[np.arange(len(y)), y])))


def minibatches(n, size):
    keys = np.random.rand(n)
    order = np.argsort(keys)
    for first in range(0, n, size):
        yield np.sort(order[first:first + size])     # innerhalb eines Batches ist die Reihenfolge egal


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    step = 0
    losses = []
    for _ in range(epochs):
        for rows in minibatches(len(trainx), batch_size):
            out = neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            neural_net.gradient_step(learning_rate)
            step += 1
            if step % log_every == 0:
                losses.append(cross_entropy(out, trainy[rows]))
                losses.append(cross_entropy(neural_net.forward_propagation(testx), testy))
    return losses
