"""The last layer's error with the whole Jacobian of each example, diag(p) - p p^T."""
import numpy as np


def delta_last_layer(h, y):
    columns = []
    for p, c in zip(h, y):
        J = np.diag(p) - np.outer(p, p)
        dL_dp = np.zeros_like(p)
        dL_dp[c] = -1.0 / p[c]
        columns.append(J @ dL_dp)
    return np.array(columns).T
