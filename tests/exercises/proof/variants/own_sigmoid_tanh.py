"""The sigmoid as a shifted and squeezed tanh."""
import numpy as np

HALF = 0.5


def sigmoid(X):
    squeezed = np.tanh(HALF * np.asarray(X))
    return HALF + HALF * squeezed
