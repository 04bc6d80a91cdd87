"""The sigmoid by its logarithm."""
import numpy as np


def sigmoid(X):
    log_sigma = -np.logaddexp(0, -X)   # log(1/(1+e^-x))
    return np.exp(log_sigma)
