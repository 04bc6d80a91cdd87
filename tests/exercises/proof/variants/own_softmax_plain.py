"""The formula as it stands in the lecture, without any shift."""
import numpy as np


def softmax(X):
    numerator = np.e ** X
    denominator = numerator @ np.ones((X.shape[1], 1))
    return numerator / denominator
