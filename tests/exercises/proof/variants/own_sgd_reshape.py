"""Cuts the order into a table, one batch a row."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    whole = len(trainx) // batch_size
    for _ in range(epochs):
        table = np.random.permutation(len(trainx))[: whole * batch_size].reshape(whole, batch_size)
        for row in table:
            neural_net.forward_propagation(trainx[row])
            neural_net.backprop(trainy[row])
            neural_net.gradient_step(learning_rate)
