"""Swaps rows of the given arrays in place, X and y alike, by hand (Fisher and Yates)."""
import random


def mische(X, y):
    for i in range(len(X) - 1, 0, -1):
        j = random.randint(0, i)
        X[[i, j]] = X[[j, i]]
        y[[i, j]] = y[[j, i]]


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    for _ in range(epochs):
        mische(trainx, trainy)
        i = 0
        while i + batch_size <= len(trainx):
            neural_net.forward_propagation(trainx[i:i + batch_size])
            neural_net.backprop(trainy[i:i + batch_size])
            neural_net.gradient_step(learning_rate)
            i += batch_size
