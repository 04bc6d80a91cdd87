"""Keeps a dictionary of lists, evaluated after the steps instead of before them."""
import numpy as np


def cross_entropy(pred_logits, y):
    return np.mean([-np.log(row[c]) for row, c in zip(pred_logits, y)])


def accuracy(logits, labels):
    return np.mean(np.argmax(logits, axis=1) == labels)


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    verlauf = {"iteration": [], "train": [], "test": []}
    for i in range(1, num_iterations + 1):
        ausgabe = neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
        if i % evaluate_every == 0 or i == num_iterations:
            verlauf["iteration"].append(i)
            verlauf["train"].append((cross_entropy(ausgabe, trainy), accuracy(ausgabe, trainy)))
            test_ausgabe = neural_net.forward_propagation(testx)
            verlauf["test"].append((cross_entropy(test_ausgabe, testy), accuracy(test_ausgabe, testy)))
    return verlauf
