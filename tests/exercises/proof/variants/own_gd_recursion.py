"""Teilt die Iterationen rekursiv auf: erst die eine Haelfte, dann die andere."""


def _laufe(netz, X, y, rate, anzahl):
    if anzahl == 0:
        return
    if anzahl == 1:
        netz.forward_propagation(X)
        netz.backprop(y)
        netz.gradient_step(rate)
        return
    haelfte = anzahl // 2
    _laufe(netz, X, y, rate, haelfte)
    _laufe(netz, X, y, rate, anzahl - haelfte)


def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000, evaluate_every=100):
    _laufe(neural_net, trainx, trainy, learning_rate, num_iterations)
