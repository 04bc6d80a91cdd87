"""Shuffles X and y in place, twice with the same state of the generator."""
import numpy as np


def shuffle_together(a, b):
    state = np.random.get_state()
    np.random.shuffle(a)
    np.random.set_state(state)
    np.random.shuffle(b)


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    X, y = trainx.copy(), trainy.copy()
    for epoch in range(epochs):
        shuffle_together(X, y)
        for b in range(len(X) // batch_size):
            part = slice(b * batch_size, (b + 1) * batch_size)
            neural_net.forward_propagation(X[part])
            neural_net.backprop(y[part])
            neural_net.gradient_step(learning_rate)
