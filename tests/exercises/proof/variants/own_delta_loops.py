"""Zwei Schleifen, zwei Faelle: i == y und i != y."""
import numpy as np


def delta_last_layer(h, y):
    n, klassen = h.shape
    delta = np.zeros((klassen, n))
    for m in range(n):
        richtig = h[m][y[m]]
        for i in range(klassen):
            if i == y[m]:
                ableitung = richtig * (1 - richtig)
            else:
                ableitung = -richtig * h[m][i]
            delta[i, m] = -1 / richtig * ableitung
    return delta
