"""Evaluates on the test data after a step, again and again, and goes on with a new forward pass."""
import numpy as np


def cross_entropy(p, y):
    return -np.sum(np.log(p[range(len(y)), y])) / len(y)


def accuracy(p, y):
    return np.mean(np.argmax(p, 1) == y)


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    best = 0
    indices = list(range(trainx.shape[0]))
    for epoch in range(epochs):
        np.random.shuffle(indices)
        for j in range(0, len(indices), batch_size):
            batch = indices[j:j + batch_size]
            neural_net.forward_propagation(trainx[batch])
            neural_net.backprop(trainy[batch])
            neural_net.gradient_step(learning_rate)
            if (j // batch_size) % log_every == 0:
                p = neural_net.forward_propagation(testx)
                best = max(best, accuracy(p, testy))
                print("epoch %d, batch %d: loss %.3f" % (epoch, j // batch_size, cross_entropy(p, testy)))
    return best
