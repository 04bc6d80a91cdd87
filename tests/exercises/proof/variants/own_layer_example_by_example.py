"""One layer example by example: a vector times a matrix each time."""
import numpy as np


def fcc_one_layer(X, W, b, activation):
    def single(x):
        return np.dot(W.T, x) + b

    pre_activations = np.stack([single(x) for x in X], axis=0)
    return activation(pre_activations)
