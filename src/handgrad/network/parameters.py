"""All weights and biases of a network in one flat vector; every ``W[l]`` and ``b[l]`` is a view into it.

The order is ``W[0], b[0], W[1], b[1], ...``, then whatever else a network has, such as the gains of a normalisation,
each array under a name in ``more``. An optimizer step, a norm to clip and a file to write are therefore one operation
on one array each, and a gradient is simply another :class:`Parameters` with the same shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from handgrad.errors import ShapeError

Array = Any  # an array from any library that follows the array API standard
Shapes = Mapping[str, tuple[int, ...]]  # of named arrays, in their order


def namespace(*arrays: Array) -> Any:
    """Return the functions of the array API standard for arrays of some library: for NumPy's, NumPy itself.

    A step calls it a dozen times, and ``array_api_compat.array_namespace`` takes a microsecond or two each time; what
    it returns for NumPy imports all of NumPy, which takes as long as the rest of handgrad.

    Examples
    --------
    >>> namespace(np.ones(2)).__name__
    'numpy'
    """
    return np if type(arrays[0]) is np.ndarray else array_namespace(*arrays)


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


def shapes_of(layer_sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Name the weights and biases of each layer, and give their shapes.

    Examples
    --------
    >>> shapes_of((3, 2))
    {'W.0': (3, 2), 'b.0': (2,)}
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (d_in, d_out) in enumerate(pairwise(layer_sizes)):
        shapes |= {f"W.{layer}": (d_in, d_out), f"b.{layer}": (d_out,)}
    return shapes


@lru_cache(maxsize=256)  # every step makes a gradient, and in small networks this would take a tenth of it
def _layout(layer_sizes: tuple[int, ...], more: tuple[tuple[str, tuple[int, ...]], ...]) -> tuple[Shapes, list[slice]]:
    """Name the arrays with their shapes, in their order in the vector, and say where each one is."""
    shapes = shapes_of(layer_sizes) | dict(more)
    ends = accumulate(map(prod, shapes.values()))
    return shapes, [slice(*edges) for edges in pairwise([0, *ends])]


class Parameters:
    """A flat vector of all weights and biases, with one view for each layer's ``W`` and ``b``.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units in each layer, input first, output last: (d, ..., k).
    vector : array of shape (n,), optional
        The numbers, from any array library; used as it is, without a copy. By default, zeros in float64.
    more : mapping of str to tuple of int, optional
        The shapes of further arrays, by name, in their order.

    Attributes
    ----------
    layer_sizes : tuple of int
    shapes : mapping of str to tuple of int
        Of all arrays, by name: ``"W.0"``, ``"b.0"`` and so on, then the further ones.
    vector : array
        The contiguous vector. Changing it in place changes every view.
    W : tuple of arrays, ``W[l]`` of shape (layer_sizes[l], layer_sizes[l + 1])
    b : tuple of arrays, ``b[l]`` of shape (layer_sizes[l + 1],)
    more : dict of str to array
        The further arrays.

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

    __slots__ = ("W", "b", "layer_sizes", "more", "shapes", "vector")

    def __init__(self, layer_sizes: Sequence[int], vector: Array | None = None, more: Shapes | None = None) -> None:
        self.layer_sizes = tuple(layer_sizes)
        self.shapes, places = _layout(self.layer_sizes, tuple((more or {}).items()))
        size = places[-1].stop if places else 0
        self.vector = np.zeros(size) if vector is None else vector
        if self.vector.shape != (size,):
            raise ShapeError(
                f"a parameter vector of shape {tuple(self.vector.shape)} for layer sizes {self.layer_sizes}",
                f"shape ({size},)",
                "build the vector for these layer sizes, or pass the sizes it was built for",
            )
        xp, vector = namespace(self.vector), self.vector
        views = [xp.reshape(vector[at], shape) for at, shape in zip(places, self.shapes.values(), strict=True)]
        of_layers = 2 * (len(self.layer_sizes) - 1)
        self.W, self.b = tuple(views[0:of_layers:2]), tuple(views[1:of_layers:2])
        self.more = dict(zip(more or (), views[of_layers:], strict=True))

    @classmethod
    def pack(cls, W: Sequence[Array], b: Sequence[Array], more: Mapping[str, Array] | None = None) -> Parameters:
        """Copy separate arrays, ``W[l]`` (d_in, d_out), ``b[l]`` (d_out,) and further ones, into one new flat vector.

        Examples
        --------
        >>> Parameters.pack([np.ones((2, 3))], [np.zeros(3)]).vector
        array([1., 1., 1., 1., 1., 1., 0., 0., 0.])
        """
        xp = namespace(*W, *b)
        sizes = (W[0].shape[0], *(weights.shape[1] for weights in W))
        shapes = [tuple(array.shape) for layer in zip(W, b, strict=True) for array in layer]
        wanted = [shape for d_in, d_out in pairwise(sizes) for shape in ((d_in, d_out), (d_out,))]
        if shapes != wanted:
            raise ShapeError(
                f"weights and biases of shapes {shapes}",
                f"{wanted}, so that the outputs of each layer are the inputs of the next",
                "pass W[l] of shape (d_in, d_out) and b[l] of shape (d_out,) for each layer",
            )
        more = more or {}
        arrays = [*(array for layer in zip(W, b, strict=True) for array in layer), *more.values()]
        vector = xp.concat([xp.reshape(array, (-1,)) for array in arrays])
        return cls(sizes, vector, {name: tuple(array.shape) for name, array in more.items()})

    def named(self) -> dict[str, Array]:
        """Return all views by name, in their order in the vector.

        Examples
        --------
        >>> {name: array.shape for name, array in Parameters((3, 2, 1)).named().items()}
        {'W.0': (3, 2), 'b.0': (2,), 'W.1': (2, 1), 'b.1': (1,)}
        """
        arrays = [array for layer in zip(self.W, self.b, strict=True) for array in layer]
        return dict(zip(self.shapes, [*arrays, *self.more.values()], strict=True))

    def like(self, vector: Array) -> Parameters:
        """Return parameters of the same shapes in another vector, such as a gradient."""
        return Parameters(self.layer_sizes, vector, self._more())

    def _more(self) -> Shapes:
        """Return the shapes of the further arrays."""
        return {name: self.shapes[name] for name in self.more}

    def copy(self) -> Parameters:
        """Return a copy with its own vector."""
        return self.like(namespace(self.vector).asarray(self.vector, copy=True))

    # Views are rebuilt, never stored: unpickled, they would no longer share memory with the vector.
    def __reduce__(self) -> tuple[type[Parameters], tuple[tuple[int, ...], Array, Shapes]]:
        return Parameters, (self.layer_sizes, self.vector, self._more())

    def __repr__(self) -> str:
        return f"Parameters(layer_sizes={self.layer_sizes}, {self.vector.shape[0]} numbers, {self.vector.dtype})"
