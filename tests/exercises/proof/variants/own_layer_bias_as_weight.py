"""One layer whose bias is one more row of W, for an input that is always one."""
import numpy as np


def fcc_one_layer(X, W, b, activation):
    ones = np.ones((X.shape[0], 1))
    X_extended = np.hstack([X, ones])
    W_extended = np.vstack([W, b.reshape(1, -1)])
    return activation(X_extended.dot(W_extended))
