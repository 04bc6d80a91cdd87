"""One loop over all steps; the epoch and the batch follow from its counter."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    per_epoch = len(trainx) // batch_size
    for step in range(epochs * per_epoch):
        epoch, j = divmod(step, per_epoch)
        if j == 0:
            neural_net.forward_propagation(testx)
            permutation = np.random.permutation(len(trainx))
        batch = permutation[j * batch_size : (j + 1) * batch_size]
        neural_net.forward_propagation(trainx[batch])
        neural_net.backprop(trainy[batch])
        neural_net.gradient_step(learning_rate)
