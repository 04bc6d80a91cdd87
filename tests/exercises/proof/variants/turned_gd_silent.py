"""The reference's loop without any evaluation."""


def gradient_descent(
    neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100
):
    for _ in range(num_iterations):
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
