"""The reference's loops over the beginnings of the batches; an empty or incomplete one is skipped."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    n = trainx.shape[0]
    for _ in range(epochs):
        permutation = np.random.permutation(n)
        for first in range(0, n + batch_size, batch_size):
            batch = permutation[first : first + batch_size]
            if len(batch) < batch_size:
                continue
            neural_net.forward_propagation(trainx[batch])
            neural_net.backprop(trainy[batch])
            neural_net.gradient_step(learning_rate)
