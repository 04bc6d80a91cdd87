"""Softmax in logarithms: log p = x - log sum e^x."""
import numpy as np
from scipy.special import logsumexp


def softmax(X):
    log_p = X - logsumexp(X, axis=1, keepdims=True)
    return np.exp(log_p)
