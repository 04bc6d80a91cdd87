"""np.average of comparisons as whole numbers."""
import numpy as np


def accuracy(logits, labels):
    return np.average((np.argmax(logits, axis=1) == labels).astype(int))
