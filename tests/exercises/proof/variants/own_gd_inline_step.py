"""Writes the step out instead of calling gradient_step."""


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    net = neural_net
    for _ in range(num_iterations):
        net.forward_propagation(trainx)
        net.backprop(trainy)
        net.W_i_h1 -= learning_rate * net.dW_i_h1
        net.b_h1 -= learning_rate * net.db_h1
        net.W_h1_h2 -= learning_rate * net.dW_h1_h2
        net.b_h2 -= learning_rate * net.db_h2
        net.W_h2_o -= learning_rate * net.dW_h2_o
        net.b_out -= learning_rate * net.db_out
    net.forward_propagation(testx)
