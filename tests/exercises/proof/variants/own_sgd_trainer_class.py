"""A class that keeps data and settings; the function of the sheet only starts it."""
import numpy as np


def accuracy(logits, labels):
    return np.mean(logits.argmax(axis=1) == labels)


class Trainer:
    def __init__(self, net, X, y, size, rate):
        self.net, self.X, self.y, self.size, self.rate = net, X, y, size, rate
        self.curve = []

    def epoch(self):
        order = np.random.permutation(len(self.y))
        for number in range(len(self.y) // self.size):
            self.step(order[number * self.size:][:self.size])

    def step(self, rows):
        self.net.forward_propagation(self.X[rows])
        self.net.backprop(self.y[rows])
        self.net.gradient_step(self.rate)

    def test(self, X, y):
        self.curve.append(accuracy(self.net.forward_propagation(X), y))


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    trainer = Trainer(neural_net, trainx, trainy, batch_size, learning_rate)
    trainer.test(testx, testy)
    for _ in range(epochs):
        trainer.epoch()
        trainer.test(testx, testy)
    return trainer.curve
