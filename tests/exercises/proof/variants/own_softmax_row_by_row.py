"""Softmax row by row, collected in a list."""
import numpy as np


def softmax_of_one(z):
    shifted = z - max(z)
    powers = [np.exp(value) for value in shifted]
    total = sum(powers)
    return [power / total for power in powers]


def softmax(X):
    return np.array([softmax_of_one(row) for row in X])
