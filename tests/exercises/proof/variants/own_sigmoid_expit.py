"""SciPy's sigmoid under the sheet's name."""
from scipy.special import expit


def sigmoid(X):
    # logistic function, see the SciPy docs
    return expit(X)
