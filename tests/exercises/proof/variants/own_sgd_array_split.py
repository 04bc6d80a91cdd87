"""np.array_split cuts the order into parts that are as equal as can be, none larger than a batch."""
import math

import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    n = len(trainx)
    parts = math.ceil(n / batch_size)
    for e in range(epochs):
        for rows in np.array_split(np.random.permutation(n), parts):
            neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            neural_net.gradient_step(learning_rate)
