r"""The exercise's own network, equation by equation, in plain NumPy and float64.

It has 784 inputs, two hidden layers of 400 sigmoid units and ten softmax outputs, and minimises cross-entropy, all
written the way the exercise sheet asks for it. The numbers in the comments are the sheet's: (3.4) is a layer, (4.26) a
delta, (4.27) and (4.28) the gradients, (4.30) and (4.31) the error of the last layer; ``docs/derivation.md`` derives
them. A delta has one row per unit and one column per example; a gradient is a mean over the examples.

This file is the reference for the tests: everything faster must agree with it. It differs from a literal transcription
in one respect: softmax, cross-entropy and the error of the last layer stay finite for every finite input. They equal
the literal ones, up to rounding, wherever no exponential overflows or underflows. The file has over 300 lines because
it is the whole exercise in one place, with an example for each function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handgrad.errors import ShapeError

Float = NDArray[np.float64]
Labels = NDArray[np.integer]

# The smallest positive number. It stands in for a probability that underflowed to 0: a loss of 744.4, not infinity.
TINY = np.nextafter(0.0, 1.0)
SMALLEST_NORMAL = np.finfo(np.float64).tiny


def sigmoid(X: ArrayLike) -> Float:
    r"""Compute :math:`\sigma(x) = 1 / (1 + e^{-x})`, elementwise, in [0, 1].

    Parameters
    ----------
    X : array_like of any shape

    Returns
    -------
    ndarray of the shape of X

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):  # e^1000 is infinite, and 1 / infinity is 0, as it should be
        return np.asarray(1 / (1 + np.exp(-np.asarray(X, dtype=np.float64))))


def softmax(X: ArrayLike) -> Float:
    r"""Compute :math:`e^{x_i} / \sum_j e^{x_j}` for each row.

    The largest entry of each row is subtracted first, which prevents overflow and changes nothing else.

    Parameters
    ----------
    X : array_like of shape (n, k)
        Finite logits.

    Returns
    -------
    ndarray of shape (n, k)
        Rows in [0, 1] that sum to 1.

    Examples
    --------
    >>> softmax(np.array([[1000.0, 1000.0], [0.0, -1000.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    X = np.asarray(X, dtype=np.float64)
    with np.errstate(over="ignore"):  # two huge logits may differ by -infinity, whose exponential is 0
        E = np.exp(X - X.max(axis=1, keepdims=True))
    return np.asarray(E / E.sum(axis=1, keepdims=True))


def fcc_one_layer(X: Float, W: Float, b: Float, activation: Callable[[Float], Float]) -> Float:
    """Compute one fully connected layer, (3.4): activation(X W + b).

    Parameters
    ----------
    X : ndarray of shape (n, d_in)
    W : ndarray of shape (d_in, d_out)
    b : ndarray of shape (d_out,)
    activation : callable
        Takes and returns an array of shape (n, d_out).

    Returns
    -------
    ndarray of shape (n, d_out)

    Examples
    --------
    >>> fcc_one_layer(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([-11.0]), sigmoid)
    array([[0.5]])
    """
    return activation(np.matmul(X, W) + b)  # (3.4)


def cross_entropy(pred_logits: Float, y: Labels) -> float:
    r"""Compute the mean of :math:`-\log p_y` over the examples.

    Parameters
    ----------
    pred_logits : ndarray of shape (n, k)
        Probabilities from :func:`softmax` (the sheet calls them logits).
    y : integer ndarray of shape (n,)
        The true classes.

    Returns
    -------
    float
        Always finite: a probability of 0 counts as the smallest positive number.

    Examples
    --------
    >>> round(cross_entropy(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1])), 6)
    0.346574
    """
    correct = pred_logits[np.arange(len(y)), y]
    return float(np.mean(-np.log(np.maximum(correct, TINY))))


def accuracy(logits: Float, labels: Labels) -> float:
    """Compute the fraction of rows whose largest entry is at the true class.

    Parameters
    ----------
    logits : ndarray of shape (n, k)
        Probabilities or logits.
    labels : integer ndarray of shape (n,)

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def delta_last_layer(h: Float, y: Labels) -> Float:
    r"""Compute the error of the last layer through the Jacobian of softmax, (4.30) and (4.31).

    Parameters
    ----------
    h : ndarray of shape (n, k)
        Outputs of softmax.
    y : integer ndarray of shape (n,)
        The true classes.

    Returns
    -------
    ndarray of shape (k, n)
        The derivative of each example's cross-entropy with respect to its logits.

    Examples
    --------
    >>> delta_last_layer(np.array([[0.75, 0.25]]), np.array([0]))
    array([[-0.25],
           [ 0.25]])
    """
    m = np.arange(len(y))
    h = np.maximum(h, SMALLEST_NORMAL)  # a probability that underflowed to 0 would give 0 / 0
    h_y = h[m, y]
    jacobian = -h_y[:, np.newaxis] * h  # (4.31), i != j
    jacobian[m, y] = h_y * (1 - h_y)  # (4.31), i = j
    return np.asarray((-jacobian / h_y[:, np.newaxis]).T)  # (4.30)


def delta_last_layer_easy_approach(h: Float, y: Labels) -> Float:
    """Compute the error of the last layer as probability minus one-hot target, to which (4.30) and (4.31) reduce.

    Parameters
    ----------
    h : ndarray of shape (n, k)
        Outputs of softmax.
    y : integer ndarray of shape (n,)
        The true classes.

    Returns
    -------
    ndarray of shape (k, n)

    Examples
    --------
    >>> delta_last_layer_easy_approach(np.array([[0.75, 0.25]]), np.array([0]))
    array([[-0.25],
           [ 0.25]])
    """
    return np.asarray((h - np.eye(h.shape[1])[y]).T)  # (4.30) with (4.31)


def del_sigmoid(h: Float) -> Float:
    r"""Compute the derivative of the sigmoid from its value: :math:`h (1 - h)`.

    Parameters
    ----------
    h : ndarray of any shape
        Outputs of the sigmoid.

    Returns
    -------
    ndarray of the shape of h

    Examples
    --------
    >>> del_sigmoid(np.array([0.5, 1.0]))
    array([0.25, 0.  ])
    """
    return h * (1 - h)


class fcc:  # noqa: N801 - the sheet's name
    """The fully connected network with two hidden layers.

    Parameters
    ----------
    n_input, n_hidden1, n_hidden2, n_out : int
        Units in each layer.
    rng : numpy.random.RandomState, optional
        Draws weights and biases from N(0, 1), in the order of the attributes below. ``RandomState(42)`` draws what
        the notebook draws after ``np.random.seed(42)``. By default, a new one with an unpredictable seed.

    Attributes
    ----------
    W_i_h1, b_h1, W_h1_h2, b_h2, W_h2_o, b_out : ndarray
        Weights of shape (units before, units after), biases of shape (units after,).
    n_trainable : int
        The number of weights and biases.
    X, h1, h2, out : ndarray of shape (n, units) or None
        The last forward pass.
    delta_out, delta_h2, delta_h1 : ndarray of shape (units, n) or None
        The deltas of the last backward pass.
    dW_i_h1, db_h1, dW_h1_h2, db_h2, dW_h2_o, db_out : ndarray or None
        The gradients of the last backward pass, each with the shape of its parameter.

    Examples
    --------
    >>> net = fcc(784, 400, 400, 10, rng=np.random.RandomState(42))
    >>> net.n_trainable
    478410
    >>> X, y = np.zeros((2, 784)), np.array([3, 7])
    >>> before = cross_entropy(net.forward_propagation(X), y)
    >>> net.backprop(y)
    >>> net.gradient_step(0.1)
    >>> cross_entropy(net.forward_propagation(X), y) < before
    True
    """

    X: Any
    h1: Any
    h2: Any
    out: Any
    delta_out: Any
    delta_h2: Any
    delta_h1: Any
    dW_i_h1: Any
    db_h1: Any
    dW_h1_h2: Any
    db_h2: Any
    dW_h2_o: Any
    db_out: Any

    def __init__(
        self, n_input: int, n_hidden1: int, n_hidden2: int, n_out: int, rng: np.random.RandomState | None = None
    ) -> None:
        rng = np.random.RandomState() if rng is None else rng
        self.W_i_h1 = rng.randn(n_input, n_hidden1)
        self.b_h1 = rng.randn(n_hidden1)
        self.W_h1_h2 = rng.randn(n_hidden1, n_hidden2)
        self.b_h2 = rng.randn(n_hidden2)
        self.W_h2_o = rng.randn(n_hidden2, n_out)
        self.b_out = rng.randn(n_out)
        self.n_trainable = sum(
            array.size for array in (self.W_i_h1, self.b_h1, self.W_h1_h2, self.b_h2, self.W_h2_o, self.b_out)
        )
        self.X = self.h1 = self.h2 = self.out = None
        self.delta_out = self.delta_h2 = self.delta_h1 = None
        self.dW_i_h1 = self.db_h1 = self.dW_h1_h2 = self.db_h2 = self.dW_h2_o = self.db_out = None

    def forward_propagation(self, X: Float) -> Float:
        """Compute the class probabilities, keeping every layer's activation.

        Parameters
        ----------
        X : ndarray of shape (n, n_input)

        Returns
        -------
        ndarray of shape (n, n_out)
        """
        self.X = X
        self.h1 = fcc_one_layer(X, self.W_i_h1, self.b_h1, sigmoid)  # (3.4)
        self.h2 = fcc_one_layer(self.h1, self.W_h1_h2, self.b_h2, sigmoid)  # (3.4)
        self.out = fcc_one_layer(self.h2, self.W_h2_o, self.b_out, softmax)  # (3.4)
        return np.asarray(self.out)

    def backprop(self, y: Labels) -> None:
        """Compute the gradient of the mean cross-entropy on the examples of the last forward pass.

        Parameters
        ----------
        y : integer ndarray of shape (n,)
            The true classes.

        Raises
        ------
        ShapeError
            If there was no forward pass, or one with a different number of examples.
        """
        n = len(y)
        if self.out is None or len(self.out) != n:
            found = "no forward pass" if self.out is None else f"a forward pass of {len(self.out)} examples"
            raise ShapeError(
                f"{found} before backprop with {n} labels",
                "one with the same examples",
                "call forward_propagation(X) first",
            )
        self.delta_out = delta_last_layer_easy_approach(self.out, y)  # (4.30), (4.31)
        self.dW_h2_o = np.matmul(self.delta_out, self.h2).T / n  # (4.27)
        self.db_out = np.mean(self.delta_out, axis=1)  # (4.28)
        self.delta_h2 = np.matmul(self.W_h2_o, self.delta_out) * del_sigmoid(self.h2).T  # (4.26)
        self.dW_h1_h2 = np.matmul(self.delta_h2, self.h1).T / n  # (4.27)
        self.db_h2 = np.mean(self.delta_h2, axis=1)  # (4.28)
        self.delta_h1 = np.matmul(self.W_h1_h2, self.delta_h2) * del_sigmoid(self.h1).T  # (4.26)
        self.dW_i_h1 = np.matmul(self.delta_h1, self.X).T / n  # (4.27)
        self.db_h1 = np.mean(self.delta_h1, axis=1)  # (4.28)

    def gradient_step(self, learning_rate: float) -> None:
        """Take one step of gradient descent: move every weight and bias against its gradient.

        Parameters
        ----------
        learning_rate : float

        Raises
        ------
        ShapeError
            If :meth:`backprop` has not been called.
        """
        if self.dW_i_h1 is None:
            raise ShapeError("no gradient", "backprop before gradient_step", "call backprop(y) first")
        self.W_i_h1 -= learning_rate * self.dW_i_h1
        self.b_h1 -= learning_rate * self.db_h1
        self.W_h1_h2 -= learning_rate * self.dW_h1_h2
        self.b_h2 -= learning_rate * self.db_h2
        self.W_h2_o -= learning_rate * self.dW_h2_o
        self.b_out -= learning_rate * self.db_out


class Evaluation(NamedTuple):
    """Loss and accuracy on the training and the test set after a number of iterations (or epochs)."""

    done: int
    test_loss: float
    test_accuracy: float
    train_loss: float
    train_accuracy: float


class Batch(NamedTuple):
    """Loss and accuracy on one batch, before its step."""

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float


def gradient_descent(
    neural_net: fcc,
    trainx: Float,
    trainy: Labels,
    testx: Float,
    testy: Labels,
    learning_rate: float = 0.1,
    num_iterations: int = 1000,
    evaluate_every: int = 100,
) -> list[Evaluation]:
    """Train by full-batch gradient descent: every step uses every example.

    Parameters
    ----------
    neural_net : fcc
        Changed in place.
    trainx, testx : ndarray of shape (n, n_input)
    trainy, testy : integer ndarray of shape (n,)
    learning_rate : float, default 0.1
    num_iterations : int, default 1000
    evaluate_every : int, default 100

    Returns
    -------
    list of Evaluation
        One before iterations 0, evaluate_every, ..., and one after the last iteration.

    Examples
    --------
    >>> net = fcc(2, 3, 3, 2, rng=np.random.RandomState(0))
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    >>> history = gradient_descent(net, X, y, X, y, num_iterations=20, evaluate_every=10)
    >>> [row.done for row in history], history[2].train_loss < history[0].train_loss
    ([0, 10, 20], True)
    """
    history = []
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            history.append(_evaluate(neural_net, i, trainx, trainy, testx, testy))
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    history.append(_evaluate(neural_net, num_iterations, trainx, trainy, testx, testy))
    return history


def stochastic_gradient_descent(
    neural_net: fcc,
    trainx: Float,
    trainy: Labels,
    testx: Float,
    testy: Labels,
    learning_rate: float = 0.1,
    batch_size: int = 64,
    epochs: int = 10,
    log_every: int = 100,
    rng: np.random.RandomState | None = None,
) -> tuple[list[Evaluation], list[Batch]]:
    """Train by stochastic gradient descent on mini-batches.

    Each epoch shuffles the examples and takes one step per full batch; an incomplete last batch is dropped.

    Parameters
    ----------
    neural_net : fcc
        Changed in place.
    trainx, testx : ndarray of shape (n, n_input)
    trainy, testy : integer ndarray of shape (n,)
    learning_rate : float, default 0.1
    batch_size : int, default 64
    epochs : int, default 10
    log_every : int, default 100
        The number of steps between two entries in the list of batches.
    rng : numpy.random.RandomState, optional
        Shuffles the examples. Pass the one that drew the weights to continue exactly as the notebook's random state
        does. By default, a new one with an unpredictable seed.

    Returns
    -------
    evaluations : list of Evaluation
        One before each epoch, and one after the last.
    batches : list of Batch

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> net = fcc(2, 3, 3, 2, rng=rng)
    >>> X, y = np.eye(2)[[0, 1] * 8], np.array([0, 1] * 8)
    >>> evaluations, batches = stochastic_gradient_descent(net, X, y, X, y, batch_size=4, epochs=3, rng=rng)
    >>> len(evaluations), len(batches), evaluations[-1].train_loss < evaluations[0].train_loss
    (4, 3, True)
    """
    rng = np.random.RandomState() if rng is None else rng
    permutation = np.arange(trainx.shape[0])
    evaluations, batches = [], []
    for epoch in range(epochs):
        evaluations.append(_evaluate(neural_net, epoch, trainx, trainy, testx, testy))
        rng.shuffle(permutation)
        for j in range(trainx.shape[0] // batch_size):
            batch = permutation[j * batch_size : (j + 1) * batch_size]
            out = neural_net.forward_propagation(trainx[batch])
            if j % log_every == 0:
                batches.append(Batch(epoch, j, cross_entropy(out, trainy[batch]), accuracy(out, trainy[batch])))
            neural_net.backprop(trainy[batch])
            neural_net.gradient_step(learning_rate)
    evaluations.append(_evaluate(neural_net, epochs, trainx, trainy, testx, testy))
    return evaluations, batches


def _evaluate(neural_net: fcc, done: int, trainx: Float, trainy: Labels, testx: Float, testy: Labels) -> Evaluation:
    """Evaluate on both parts."""
    test, train = neural_net.forward_propagation(testx), neural_net.forward_propagation(trainx)
    return Evaluation(
        done, cross_entropy(test, testy), accuracy(test, testy), cross_entropy(train, trainy), accuracy(train, trainy)
    )
