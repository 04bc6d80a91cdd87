"""All Jacobians at once as an array of shape (n, k, k), contracted by einsum."""
import numpy as np


def delta_last_layer(h, y):
    n, k = h.shape
    jac = np.einsum("ni,ij->nij", h, np.identity(k)) - np.einsum("ni,nj->nij", h, h)
    grad = np.zeros((n, k))
    grad[range(n), y] = -1 / h[range(n), y]
    return np.einsum("nij,nj->in", jac, grad)
