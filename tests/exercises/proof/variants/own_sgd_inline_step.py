"""The step written out, with setattr over the names of the parameters."""
import numpy as np

NAMES = "W_i_h1 b_h1 W_h1_h2 b_h2 W_h2_o b_out".split()


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    rng = rng or np.random.RandomState()
    for _ in range(epochs):
        order = rng.permutation(trainx.shape[0])
        for b in range(trainx.shape[0] // batch_size):
            rows = order[b * batch_size:b * batch_size + batch_size]
            neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            for name in NAMES:
                setattr(neural_net, name, getattr(neural_net, name) - learning_rate * getattr(neural_net, "d" + name))
