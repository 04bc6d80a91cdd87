"""The reference's loop, evaluated before every step."""
import numpy as np


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    history = []
    for _ in range(num_iterations):
        history.append(float(np.mean(neural_net.forward_propagation(testx).argmax(axis=1) == testy)))
        history.append(float(np.mean(neural_net.forward_propagation(trainx).argmax(axis=1) == trainy)))
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    return history
