"""Both measures from float32 probabilities."""
import numpy as np


def cross_entropy(pred_logits, y):
    p = np.float32(pred_logits)[np.arange(len(y)), y]
    return np.float32(-np.log(p).sum() / np.float32(len(y)))


def accuracy(logits, labels):
    return np.float32((np.float32(logits).argmax(axis=1) == labels).mean())
