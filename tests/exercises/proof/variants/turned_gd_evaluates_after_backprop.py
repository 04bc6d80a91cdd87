"""Evaluated between backprop and the step: the gradients are there already, and stay as they are."""


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    for i in range(num_iterations):
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        if i % evaluate_every == 0:
            neural_net.forward_propagation(testx)
        neural_net.gradient_step(learning_rate)
