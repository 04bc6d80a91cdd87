"""Shuffles the arrays themselves, both by the same permutation."""
import numpy as np


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    n = trainx.shape[0]
    for epoch in range(epochs):
        order = np.random.permutation(n)
        X_shuffled = trainx[order]
        y_shuffled = trainy[order]
        for step, start in enumerate(range(0, n - batch_size + 1, batch_size)):
            X_batch = X_shuffled[start:start + batch_size]
            y_batch = y_shuffled[start:start + batch_size]
            out = neural_net.forward_propagation(X_batch)
            if step % log_every == 0:
                print(epoch, step, cross_entropy(out, y_batch))
            neural_net.backprop(y_batch)
            neural_net.gradient_step(learning_rate)
        print("test", cross_entropy(neural_net.forward_propagation(testx), testy))
