"""All weights and biases of a network in one flat vector; every ``W[l]`` and ``b[l]`` is a view into it.

The order is ``W[0], b[0], W[1], b[1], ...``. An optimizer step, a norm to clip and a file to write are therefore one
operation on one array each, and a gradient is simply another :class:`Parameters` with the same layer sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from handgrad.errors import ShapeError

Array = Any  # an array from any library that follows the array API standard


def count_parameters(layer_sizes: Sequence[int]) -> int:
    """Count the weights and biases of a network with these layer sizes.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units in each layer, input first, output last.

    Returns
    -------
    int

    Examples
    --------
    >>> count_parameters((784, 400, 400, 10))
    478410
    """
    return sum((d_in + 1) * d_out for d_in, d_out in pairwise(layer_sizes))


class Parameters:
    """A flat vector of all weights and biases, with one view for each layer's ``W`` and ``b``.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units in each layer, input first, output last: (d, ..., k).
    vector : array of shape (count_parameters(layer_sizes),), optional
        The numbers, from any array library; used as it is, without a copy. By default, zeros in float64.

    Attributes
    ----------
    layer_sizes : tuple of int
    vector : array
        The contiguous vector. Changing it in place changes every view.
    W : tuple of arrays, ``W[l]`` of shape (layer_sizes[l], layer_sizes[l + 1])
    b : tuple of arrays, ``b[l]`` of shape (layer_sizes[l + 1],)

    Raises
    ------
    ShapeError
        If the length of the vector does not match the layer sizes.

    Examples
    --------
    >>> parameters = Parameters((3, 2, 1))
    >>> parameters.vector[:] = np.arange(11.0)
    >>> parameters.W[1]
    array([[8.],
           [9.]])
    """

    __slots__ = ("W", "b", "layer_sizes", "vector")

    def __init__(self, layer_sizes: Sequence[int], vector: Array | None = None) -> None:
        self.layer_sizes = tuple(layer_sizes)
        size = count_parameters(self.layer_sizes)
        self.vector = np.zeros(size) if vector is None else vector
        if self.vector.shape != (size,):
            raise ShapeError(
                f"a parameter vector of shape {tuple(self.vector.shape)} for layer sizes {self.layer_sizes}",
                f"shape ({size},)",
                "build the vector for these layer sizes, or pass the sizes it was built for",
            )
        xp = array_namespace(self.vector)
        W, b, start = [], [], 0
        for d_in, d_out in pairwise(self.layer_sizes):
            middle, end = start + d_in * d_out, start + (d_in + 1) * d_out
            W.append(xp.reshape(self.vector[start:middle], (d_in, d_out)))
            b.append(self.vector[middle:end])
            start = end
        self.W, self.b = tuple(W), tuple(b)

    @classmethod
    def pack(cls, W: Sequence[Array], b: Sequence[Array]) -> Parameters:
        """Copy separate arrays, ``W[l]`` (d_in, d_out) and ``b[l]`` (d_out,), into one new flat vector.

        Examples
        --------
        >>> Parameters.pack([np.ones((2, 3))], [np.zeros(3)]).vector
        array([1., 1., 1., 1., 1., 1., 0., 0., 0.])
        """
        xp = array_namespace(*W, *b)
        sizes = (W[0].shape[0], *(weights.shape[1] for weights in W))
        shapes = [tuple(array.shape) for layer in zip(W, b, strict=True) for array in layer]
        wanted = [shape for d_in, d_out in pairwise(sizes) for shape in ((d_in, d_out), (d_out,))]
        if shapes != wanted:
            raise ShapeError(
                f"weights and biases of shapes {shapes}",
                f"{wanted}, so that the outputs of each layer are the inputs of the next",
                "pass W[l] of shape (d_in, d_out) and b[l] of shape (d_out,) for each layer",
            )
        pieces = [xp.reshape(array, (-1,)) for layer in zip(W, b, strict=True) for array in layer]
        return cls(sizes, xp.concat(pieces))

    def copy(self) -> Parameters:
        """Return a copy with its own vector."""
        return Parameters(self.layer_sizes, array_namespace(self.vector).asarray(self.vector, copy=True))

    # Views are rebuilt, never stored: unpickled, they would no longer share memory with the vector.
    def __reduce__(self) -> tuple[type[Parameters], tuple[tuple[int, ...], Array]]:
        return Parameters, (self.layer_sizes, self.vector)

    def __repr__(self) -> str:
        return f"Parameters(layer_sizes={self.layer_sizes}, {self.vector.shape[0]} numbers, {self.vector.dtype})"
