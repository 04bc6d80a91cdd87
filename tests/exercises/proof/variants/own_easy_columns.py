"""Column by column, collected with np.column_stack."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    def column(probabilities, label):
        e = [0.0] * len(probabilities)
        e[label] = 1.0
        return probabilities - np.array(e)

    return np.column_stack([column(h[i], y[i]) for i in range(len(y))])
