"""Both measures with plain loops and counters, in German."""
import math


def cross_entropy(pred_logits, y):
    summe = 0.0
    for zeile, klasse in zip(pred_logits, y):
        summe = summe - math.log(zeile[klasse])
    return summe / len(pred_logits)


def accuracy(logits, labels):
    richtig = 0
    for zeile, klasse in zip(logits, labels):
        beste = 0
        for kandidat in range(len(zeile)):
            if zeile[kandidat] > zeile[beste]:
                beste = kandidat
        if beste == klasse:
            richtig += 1
    return richtig / len(labels)
