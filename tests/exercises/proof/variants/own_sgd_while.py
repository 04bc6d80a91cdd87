"""Zwei while-Schleifen mit Start und Ende des Ausschnitts; der letzte Batch darf kleiner sein."""
import numpy as np


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    anzahl = len(trainy)
    epoche = 0
    while epoche < epochs:
        reihenfolge = np.random.choice(anzahl, size=anzahl, replace=False)
        start = 0
        while start < anzahl:
            ende = min(start + batch_size, anzahl)
            auswahl = reihenfolge[start:ende]
            neural_net.forward_propagation(trainx[auswahl, :])
            neural_net.backprop(trainy[auswahl])
            neural_net.gradient_step(learning_rate)
            start = ende
        epoche += 1
    neural_net.forward_propagation(testx)
