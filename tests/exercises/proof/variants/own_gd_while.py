"""A while loop with a countdown; losses are printed with f-strings."""
import numpy as np


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def accuracy(p, y):
    return (p.argmax(axis=1) == y).mean()


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    remaining = num_iterations
    while remaining > 0:
        done = num_iterations - remaining
        if done % evaluate_every == 0:
            p = neural_net.forward_propagation(testx)
            print(f"{done:5d}  loss {cross_entropy(p, testy):.4f}  acc {accuracy(p, testy):.3f}")
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
        remaining -= 1
