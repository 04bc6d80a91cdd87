"""Counts where the difference of class numbers is zero."""
import numpy as np


def accuracy(logits, labels):
    difference = logits.argmax(axis=1) - labels
    return np.sum(difference == 0) / difference.shape[0]
