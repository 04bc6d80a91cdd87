"""Cross-entropy as the logarithm of the geometric mean of the probabilities."""
import numpy as np


def cross_entropy(pred_logits, y):
    n = y.shape[0]
    probs = np.array([pred_logits[i, c] for i, c in enumerate(y)])
    return -np.sum(np.log(probs) / n)


def accuracy(logits, labels):
    top = logits.max(axis=1)
    return np.isclose(logits[np.arange(len(labels)), labels], top, rtol=0, atol=0).mean()
