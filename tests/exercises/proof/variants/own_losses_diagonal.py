"""The true classes' probabilities as the diagonal of p[:, y]; accuracy by sorting."""
import numpy as np


def cross_entropy(pred_logits, y):
    picked = np.diag(pred_logits[:, y])
    return np.log(1 / picked).sum() / picked.size


def accuracy(logits, labels):
    ranking = np.argsort(logits, axis=1)
    winners = ranking[:, -1]
    return sum(int(w == l) for w, l in zip(winners, labels)) / float(len(labels))
