"""The first weights: one function for each way of drawing them.

Each takes a random generator and the sizes of a layer and returns ``(W, b)`` in float64,
with shapes (d_in, d_out) and (d_out,). ``b`` is zero, except in the exercise's ``normal``.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Rng = np.random.Generator | np.random.RandomState


def normal(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw weights and biases from N(0, 1), as the exercise does: W first, then b.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        The source of randomness. ``RandomState(42)`` draws what the exercise draws after ``np.random.seed(42)``.
    d_in, d_out : int
        The numbers of inputs and outputs of the layer, each at least 1.

    Returns
    -------
    W : ndarray of shape (d_in, d_out)
    b : ndarray of shape (d_out,)

    Examples
    --------
    >>> W, b = normal(np.random.RandomState(42), 2, 1)
    >>> [round(float(value), 4) for value in (*W[:, 0], *b)]
    [0.4967, -0.1383, 0.6477]
    """
    return rng.standard_normal((d_in, d_out)), rng.standard_normal(d_out)


def glorot_uniform(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw W from :math:`U(-a, a)` with :math:`a = \sqrt{6 / (d_{in} + d_{out})}` (Glorot and Bengio, 2010, eq. 16).

    It keeps the variances of activations and deltas similar from layer to layer where the activation is nearly the
    identity, as tanh is near 0. The slope of a sigmoid is at most 1/4, so its deltas still shrink.

    Examples
    --------
    >>> W, b = glorot_uniform(np.random.default_rng(0), 100, 50)
    >>> bool(abs(W).max() <= (6 / 150) ** 0.5), b.any().item()
    (True, False)
    """
    a = sqrt(6 / (d_in + d_out))
    return rng.uniform(-a, a, (d_in, d_out)), np.zeros(d_out)


def glorot_normal(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw W from :math:`N(0, 2 / (d_{in} + d_{out}))` (Glorot and Bengio, 2010, eq. 12).

    Examples
    --------
    >>> glorot_normal(np.random.default_rng(0), 3, 2)[0].shape
    (3, 2)
    """
    return sqrt(2 / (d_in + d_out)) * rng.standard_normal((d_in, d_out)), np.zeros(d_out)


def he_uniform(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw W from :math:`U(-a, a)` with :math:`a = \sqrt{6 / d_{in}}`, which has the variance of :func:`he_normal`.

    Examples
    --------
    >>> W, b = he_uniform(np.random.default_rng(0), 24, 10)
    >>> bool(abs(W).max() <= 0.5)
    True
    """
    a = sqrt(6 / d_in)
    return rng.uniform(-a, a, (d_in, d_out)), np.zeros(d_out)


def he_normal(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw W from :math:`N(0, 2 / d_{in})`, which suits ReLU (He, Zhang, Ren and Sun, 2015, eq. 10).

    Examples
    --------
    >>> he_normal(np.random.default_rng(0), 3, 2)[0].shape
    (3, 2)
    """
    return sqrt(2 / d_in) * rng.standard_normal((d_in, d_out)), np.zeros(d_out)


def lecun_normal(rng: Rng, d_in: int, d_out: int) -> tuple[Float, Float]:
    r"""Draw W from :math:`N(0, 1 / d_{in})` (LeCun, Bottou, Orr and Müller, 1998, section 4.6).

    Examples
    --------
    >>> lecun_normal(np.random.default_rng(0), 3, 2)[0].shape
    (3, 2)
    """
    return sqrt(1 / d_in) * rng.standard_normal((d_in, d_out)), np.zeros(d_out)


Initialiser = Callable[[Rng, int, int], tuple[Float, Float]]

INITIALISERS: dict[str, Initialiser] = {
    function.__name__: function
    for function in (normal, glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_normal)
}
