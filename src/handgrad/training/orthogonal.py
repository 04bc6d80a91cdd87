"""A matrix brought near its closest orthogonal one, for Muon, by products of matrices alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def orthogonalised(M: NDArray[Any], iterations: int = 5) -> NDArray[Any]:
    r"""Bring the singular values of a matrix near 1, and leave its singular vectors (Newton-Schulz iteration).

    Each iteration, :math:`M \leftarrow a M + (b A + c A^2) M` with :math:`A = M M^T`, turns every singular value s into
    :math:`a s + b s^3 + c s^5`. The coefficients are those of Jordan et al. (2024): small values grow fast. In five
    iterations, all above 0.002 of the matrix's norm end between about 0.7 and 1.2, rather than exactly at 1; smaller
    ones get less far, and 0 stays 0.

    Parameters
    ----------
    M : ndarray of shape (d_in, d_out)
    iterations : int, default 5

    Returns
    -------
    ndarray of shape (d_in, d_out)

    Examples
    --------
    >>> orthogonalised(np.diag([3.0, -1.0])).round(2)
    array([[ 0.75,  0.  ],
           [ 0.  , -1.13]])
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = M if M.shape[0] <= M.shape[1] else M.T
    X = wide / max(float(np.linalg.norm(wide)), 1e-7)
    for _ in range(iterations):
        A = X @ X.T
        X = a * X + (b * A + c * (A @ A)) @ X
    return X if wide is M else X.T
