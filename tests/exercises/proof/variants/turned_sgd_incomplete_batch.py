"""The reference's loops with the incomplete last batch taken, too."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    rng = np.random.RandomState() if rng is None else rng
    permutation = np.arange(trainx.shape[0])
    for _ in range(epochs):
        rng.shuffle(permutation)
        for j in range(int(np.ceil(trainx.shape[0] / batch_size))):
            batch = permutation[j * batch_size : (j + 1) * batch_size]
            neural_net.forward_propagation(trainx[batch])
            neural_net.backprop(trainy[batch])
            neural_net.gradient_step(learning_rate)
