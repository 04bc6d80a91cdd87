"""Activation functions, each with its derivative directly below it.

A derivative ``del_f(Z, H)`` takes the pre-activation Z and the activation H = f(Z), both of any shape, and returns
dH/dZ elementwise, using whichever of the two gives the shorter formula. The code uses only the array API standard, so
it runs unchanged on NumPy, PyTorch, CuPy and JAX arrays, and the result has the dtype of the argument. No function
overflows or returns NaN unless its argument is NaN; infinite arguments are fine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

from handgrad.network.parameters import Array, namespace

LEAK = 0.01
FAR = 1e3  # beyond it, on either side, the density of N(0, 1) is 0 and its CDF is 0 or 1, in every dtype


def identity(Z: Array) -> Array:
    """Return Z itself: the activation of a linear layer.

    Examples
    --------
    >>> import numpy as np
    >>> identity(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return Z


def del_identity(Z: Array, H: Array) -> Array:
    """Return ones."""
    return namespace(Z).ones_like(Z)


def sigmoid(Z: Array) -> Array:
    r"""Compute :math:`\sigma(z) = 1 / (1 + e^{-z})`, in (0, 1), rounded to 0 or 1 far from 0.

    Only :math:`e^{-|z|}` is computed, which cannot overflow.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    xp = namespace(Z)
    E = xp.exp(-xp.abs(Z))
    return xp.where(Z >= 0, xp.ones_like(E), E) / (1 + E)


def del_sigmoid(Z: Array, H: Array) -> Array:
    r"""Return :math:`h (1 - h)`."""
    return H * (1 - H)


def tanh(Z: Array) -> Array:
    """Compute the hyperbolic tangent, in (-1, 1), rounded to -1 or 1 far from 0.

    Examples
    --------
    >>> import numpy as np
    >>> tanh(np.array([-1e4, 0.0, 1e4]))
    array([-1.,  0.,  1.])
    """
    return namespace(Z).tanh(Z)


def del_tanh(Z: Array, H: Array) -> Array:
    r"""Return :math:`1 - h^2` as a product; far from 0, where h is rounded to 1 or -1, it is 0."""
    return (1 - H) * (1 + H)


def relu(Z: Array) -> Array:
    r"""Compute :math:`\max(z, 0)` (Nair and Hinton, 2010).

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    xp = namespace(Z)
    return xp.maximum(Z, xp.zeros_like(Z))


def del_relu(Z: Array, H: Array) -> Array:
    """Return 1 where z > 0, else 0 (0 at the kink, as in every framework)."""
    return namespace(Z).astype(Z > 0, Z.dtype)


def leaky_relu(Z: Array) -> Array:
    r"""Compute z where :math:`z > 0`, else :math:`0.01 z` (Maas, Hannun and Ng, 2013).

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return namespace(Z).where(Z > 0, Z, LEAK * Z)


def del_leaky_relu(Z: Array, H: Array) -> Array:
    """Return 1 where z > 0, else 0.01."""
    xp = namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), LEAK * xp.ones_like(Z))


def elu(Z: Array) -> Array:
    r"""Compute z where :math:`z > 0`, else :math:`e^z - 1` (Clevert, Unterthiner and Hochreiter, 2016, alpha = 1).

    Examples
    --------
    >>> import numpy as np
    >>> elu(np.array([-1e4, 2.0]))
    array([-1.,  2.])
    """
    xp = namespace(Z)
    return xp.where(Z > 0, Z, xp.expm1(-xp.abs(Z)))


def del_elu(Z: Array, H: Array) -> Array:
    r"""Return 1 where z > 0, else :math:`e^z`."""
    xp = namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), xp.exp(-xp.abs(Z)))


def gelu(Z: Array) -> Array:
    r"""Compute :math:`z \, \Phi(z)` exactly, where :math:`\Phi` is the CDF of N(0, 1) (Hendrycks and Gimpel, 2016).

    Examples
    --------
    >>> import numpy as np
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(6)
    array([-0.158655,  0.      ,  0.841345])
    """
    return _bounded_below(Z) * normal_cdf(Z)


def del_gelu(Z: Array, H: Array) -> Array:
    r"""Return :math:`\Phi(z) + z \, \phi(z)`, the CDF of N(0, 1) and z times its density."""
    xp = namespace(Z)
    return normal_cdf(Z) + xp.clip(Z, -FAR, FAR) * _bell(Z) / sqrt(2 * pi)


def silu(Z: Array) -> Array:
    r"""Compute :math:`z \, \sigma(z)` (Elfwing, Uchibe and Doya, 2018), also called swish.

    Examples
    --------
    >>> import numpy as np
    >>> silu(np.array([-1.0, 0.0, 1.0])).round(6)
    array([-0.268941,  0.      ,  0.731059])
    """
    return _bounded_below(Z) * sigmoid(Z)


def del_silu(Z: Array, H: Array) -> Array:
    r"""Return :math:`\sigma(z) (1 + z \, \sigma(-z))`."""
    largest = namespace(Z).finfo(Z.dtype).max
    Z = namespace(Z).clip(Z, -largest, largest)
    return sigmoid(Z) * (1 + Z * sigmoid(-Z))


def softplus(Z: Array) -> Array:
    r"""Compute :math:`\log(1 + e^z)` (Dugas et al., 2001), as :math:`\max(z, 0) + \log(1 + e^{-|z|})`.

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([-1e4, 0.0, 1e4])).round(6)
    array([0.00000e+00, 6.93147e-01, 1.00000e+04])
    """
    xp = namespace(Z)
    return relu(Z) + xp.log1p(xp.exp(-xp.abs(Z)))


def del_softplus(Z: Array, H: Array) -> Array:
    r"""Return :math:`\sigma(z)`."""
    return sigmoid(Z)


# erfc(x) (1 + 2x) exp(x^2) for x >= 0, as a polynomial in (x - 3.75) / (x + 3.75), highest power first: the change of
# variables of Shepherd and Laframboise (1981), a Chebyshev series of 24 terms rewritten in powers. The largest relative
# error is 5e-16.
_ERFC = (
    3.1114333809799254e-10,
    -2.623107347133476e-09,
    -3.744210080962018e-09,
    3.197926671666804e-08,
    2.3263508708859124e-08,
    -2.4857126248016745e-07,
    -5.7218230603224086e-08,
    1.7419821586224816e-06,
    -9.73559896736775e-07,
    -1.1438048033346894e-05,
    2.238423915508223e-05,
    5.164652974177416e-05,
    -0.0002901540805408417,
    0.000293714378044958,
    0.0017556258528952954,
    -0.009746579683265262,
    0.028362277418956406,
    -0.05869339857664934,
    0.09230432116037748,
    -0.10880393014244462,
    0.0822767384901452,
    0.0035854154854790257,
    -0.14024059858554697,
    1.2375126308378275,
)


def normal_cdf(Z: Array) -> Array:
    r"""Compute the CDF of N(0, 1), :math:`\Phi(z) = \mathrm{erfc}(-z / \sqrt 2) / 2`, to full precision.

    The array API standard has no erfc, so the polynomial above takes its place.

    Examples
    --------
    >>> import numpy as np
    >>> normal_cdf(np.array([-1e4, 0.0, 1.96, 1e4])).round(6)
    array([0.      , 0.5     , 0.975002, 1.      ])
    """
    xp = namespace(Z)
    X = xp.abs(xp.clip(Z, -FAR, FAR)) / sqrt(2)
    T = 1 - 7.5 / (X + 3.75)
    S = xp.zeros_like(X)
    for coefficient in _ERFC:
        S = S * T + coefficient
    tail = 0.5 * S / (1 + 2 * X) * _bell(Z)
    return xp.where(Z > 0, 1 - tail, tail)


def _bounded_below(Z: Array) -> Array:
    """Replace -infinity by the lowest finite number, whose product with 0 is -0 rather than NaN."""
    xp = namespace(Z)
    return xp.clip(Z, -xp.finfo(Z.dtype).max, None)


def _bell(Z: Array) -> Array:
    """Compute exp(-z^2 / 2) without rounding z^2: z = a + r, where 16 a is a whole number, so a^2 is exact."""
    xp = namespace(Z)
    Z = xp.clip(Z, -FAR, FAR)
    A = xp.round(16 * Z) / 16
    return xp.exp(-0.5 * A * A) * xp.exp(-0.5 * (Z - A) * (Z + A))


@dataclass(frozen=True)
class Activation:
    """An activation function and its derivative."""

    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, del_identity),
    "sigmoid": Activation(sigmoid, del_sigmoid),
    "tanh": Activation(tanh, del_tanh),
    "relu": Activation(relu, del_relu),
    "leaky_relu": Activation(leaky_relu, del_leaky_relu),
    "elu": Activation(elu, del_elu),
    "gelu": Activation(gelu, del_gelu),
    "silu": Activation(silu, del_silu),
    "softplus": Activation(softplus, del_softplus),
}
