"""Glues the labels to the data as one more column, shuffles the rows, and takes both apart again."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    data = np.column_stack((trainx, trainy))
    for epoch in range(epochs):
        np.random.shuffle(data)
        for k in range(0, data.shape[0], batch_size):
            batch = data[k:k + batch_size]
            if batch.shape[0] < batch_size:
                break
            images, digits = batch[:, :-1], batch[:, -1].astype(int)
            neural_net.forward_propagation(images)
            neural_net.backprop(digits)
            neural_net.gradient_step(learning_rate)
