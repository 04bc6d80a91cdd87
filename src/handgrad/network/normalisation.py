r"""Batch and layer normalisation, forward and backward side by side.

Both shift and scale the products :math:`A = H W` of a layer until their mean is 0 and their variance 1, and then
multiply each unit by a gain g that is learnt; the bias follows: :math:`Z = g \odot N + b` with
:math:`N = (A - \mu) / \sigma`. Batch normalisation (Ioffe and Szegedy, 2015) takes mean and variance of each unit over
the examples of a batch, and predicts with running averages of the means and of the unbiased variances; layer
normalisation (Ba, Kiros and Hinton, 2016) takes them of each example over the units of the layer. As in PyTorch,
:math:`\sigma = \sqrt{\mathrm{variance} + 10^{-5}}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handgrad.network.parameters import Array, namespace

NORMALISATIONS = ("batch", "layer")
EPSILON = 1e-5
RATE = 0.1  # of the running averages: the share of each batch


@dataclass(frozen=True)
class Normalised:
    """What :func:`normalise` computed, and :func:`del_normalise` needs.

    Attributes
    ----------
    N : array of shape (n, units)
    mean, variance : array of shape (1, units), or (n, 1) for layer normalisation
    sigma : array of the same shape
    axis : {0, 1} or None
        Over which mean and variance were taken; None if they are constants, the running averages.
    """

    N: Array
    mean: Array
    variance: Array
    sigma: Array
    axis: int | None


def normalise(A: Array, axis: int) -> Normalised:
    r"""Compute :math:`N = (A - \mu) / \sigma`, with mean and variance over the examples (axis 0) or the units (axis 1).

    Parameters
    ----------
    A : array of shape (n, units)
    axis : {0, 1}

    Returns
    -------
    Normalised

    Examples
    --------
    >>> import numpy as np
    >>> normalise(np.array([[1.0, 5.0], [3.0, 5.0]]), axis=0).N.round(4)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    xp = namespace(A)
    mean = xp.mean(A, axis=axis, keepdims=True)
    variance = xp.mean((A - mean) * (A - mean), axis=axis, keepdims=True)
    sigma = xp.sqrt(variance + EPSILON)
    return Normalised((A - mean) / sigma, mean, variance, sigma, axis)


def normalise_by(A: Array, mean: Array, variance: Array) -> Normalised:
    """Compute the same with the running averages (units,) of a batch normalisation, as in prediction."""
    xp = namespace(A)
    sigma = xp.sqrt(variance + EPSILON)[None, :]
    return Normalised((A - mean[None, :]) / sigma, mean[None, :], variance[None, :], sigma, None)


def del_normalise(dN: Array, of: Normalised) -> Array:
    r"""Return dL/dA, given dL/dN: :math:`(dN - \overline{dN} - N \, \overline{dN \odot N}) / \sigma`.

    The bars are means over the same axis as the mean and the variance, through which every element of A acts on every
    element of N. Where they are constants, only the division remains.

    Parameters
    ----------
    dN : array of shape (n, units)
    of : Normalised

    Returns
    -------
    array of shape (n, units)
    """
    if of.axis is None:
        return dN / of.sigma
    xp = namespace(dN)
    along = xp.mean(dN, axis=of.axis, keepdims=True)
    across = xp.mean(dN * of.N, axis=of.axis, keepdims=True)
    return (dN - along - of.N * across) / of.sigma


def batch_statistics(layers: Sequence[Normalised]) -> Array:
    """Return what a batch normalisation averages: the means of all layers, then their variances, as one vector.

    The variances are unbiased: divided by n - 1. A batch of one example, which is normalised by the averages, leaves
    them as they are.

    Parameters
    ----------
    layers : sequence of Normalised

    Returns
    -------
    array of shape (2 * units,)
        In the order of the running averages among the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> batch_statistics([normalise(np.array([[1.0, 5.0], [3.0, 5.0]]), axis=0)])
    array([2., 5., 2., 0.])
    """
    n = layers[0].N.shape[0]
    unbiased = n / (n - 1) if n > 1 else 1.0
    means, variances = [of.mean[0, :] for of in layers], [unbiased * of.variance[0, :] for of in layers]
    return namespace(layers[0].N).concat(means + variances)
