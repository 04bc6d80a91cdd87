"""The sigmoid for positive and negative entries separately, with boolean masks."""
import numpy as np


def sigmoid(X):
    ergebnis = np.empty_like(X, dtype=float)
    positiv = X > 0
    negativ = ~positiv
    ergebnis[positiv] = 1 / (1 + np.exp(-X[positiv]))
    ez = np.exp(X[negativ])
    ergebnis[negativ] = ez / (ez + 1)
    return ergebnis
