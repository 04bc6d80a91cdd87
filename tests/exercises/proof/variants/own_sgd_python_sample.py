"""Python's own random module and lists of row numbers that get shorter."""
import random


def stochastic_gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None
):
    for epoch in range(epochs):
        left = random.sample(range(len(trainx)), len(trainx))
        while len(left) >= batch_size:
            rows = [left.pop() for _ in range(batch_size)]
            neural_net.forward_propagation(trainx[rows])
            neural_net.backprop(trainy[rows])
            neural_net.gradient_step(learning_rate)
