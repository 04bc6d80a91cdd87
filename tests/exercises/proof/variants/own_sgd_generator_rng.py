"""Ignores the given state, and makes a Generator of NumPy's newer kind."""
from numpy.random import default_rng


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    generator = default_rng()
    N = trainx.shape[0]
    indices = generator.permutation(N)
    for epoch in range(epochs):
        for b in range(N // batch_size):
            rows = indices[b * batch_size:(b + 1) * batch_size]
            neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            neural_net.gradient_step(learning_rate)
        indices = generator.permutation(indices)    # fuer die naechste Epoche
