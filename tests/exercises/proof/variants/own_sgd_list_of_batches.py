"""Makes a list of batches first, with the incomplete one at the end, and goes through it."""
import numpy as np


def make_batches(X, y, size, rng):
    index = np.arange(len(X))
    rng.shuffle(index)
    batches = []
    while len(index) > 0:
        batches.append((X[index[:size]], y[index[:size]]))
        index = index[size:]
    return batches


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    if rng is None:
        rng = np.random.RandomState()
    accuracies = []
    for _ in range(epochs):
        for Xb, yb in make_batches(trainx, trainy, batch_size, rng):
            neural_net.forward_propagation(Xb)
            neural_net.backprop(yb)
            neural_net.gradient_step(learning_rate)
        guess = neural_net.forward_propagation(testx).argmax(axis=1)
        accuracies.append(np.mean(guess == testy))
    return accuracies
