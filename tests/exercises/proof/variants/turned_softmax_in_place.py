"""A copy that is worked on in place."""
import numpy as np


def softmax(X):
    P = np.array(X, dtype=float)
    P -= P.max(axis=1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=1, keepdims=True)
    return P
