"""One layer with three loops, as one would do it on paper."""
import numpy as np


def fcc_one_layer(X, W, b, activation):
    anzahl, eingaenge = X.shape
    ausgaenge = W.shape[1]
    Z = np.zeros((anzahl, ausgaenge))
    for i in range(anzahl):
        for j in range(ausgaenge):
            summe = b[j]
            for k in range(eingaenge):
                summe += X[i, k] * W[k, j]
            Z[i, j] = summe
    return activation(Z)
