"""The reference's sigmoid with numerator and denominator multiplied by e^x."""
import numpy as np


def sigmoid(X):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(X) / (1 + np.exp(X))
