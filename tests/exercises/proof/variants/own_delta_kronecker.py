"""Equation (4.31) with a Kronecker delta: dp_y/dx_i = p_y (delta_iy - p_i)."""
import numpy as np


def delta_last_layer(h, y):
    k = h.shape[1]
    kron = (np.arange(k)[:, None] == y[None, :]).astype(float)    # (k, n)
    p_y = (kron * h.T).sum(axis=0)
    dp = p_y * (kron - h.T)
    return -dp / p_y
