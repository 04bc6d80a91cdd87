"""SciPy's softmax along the right axis."""
import scipy.special


def softmax(X):
    return scipy.special.softmax(X, axis=-1)
