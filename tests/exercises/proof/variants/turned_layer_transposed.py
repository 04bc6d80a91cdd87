"""(W^T X^T + b)^T."""
import numpy as np


def fcc_one_layer(X, W, b, activation):
    return activation((np.dot(W.T, X.T) + b[:, np.newaxis]).T)
