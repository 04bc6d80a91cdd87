"""What parameters are held to after a step."""

from __future__ import annotations

import numpy as np

from handgrad.network.parameters import Parameters


def limit_norms(parameters: Parameters, largest: float) -> None:
    """Scale the weights into each unit down to a largest norm, in place (Srivastava et al., 2014, section 5.1).

    Parameters
    ----------
    parameters : Parameters
    largest : float
        Above 0.

    Examples
    --------
    >>> parameters = Parameters((2, 2), np.array([3.0, 0.1, 4.0, 0.2, 9.0, 9.0]))
    >>> limit_norms(parameters, 1.0)
    >>> parameters.W[0]
    array([[0.6, 0.1],
           [0.8, 0.2]])
    """
    for W in parameters.W:
        norms = np.sqrt(np.sum(W * W, axis=0))
        W *= largest / np.maximum(norms, largest)
