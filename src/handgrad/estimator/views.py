"""Arrays that are parts of a network's parameters, in a list such as scikit-learn's ``coefs_``."""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.errors import ShapeError


class Views(list[Any]):
    """A list of views, in which assigning an array writes its numbers to the place of the view.

    Examples
    --------
    >>> vector = np.zeros(5)
    >>> views = Views([vector[:2], vector[2:]])
    >>> views[0] = [1.0, 2.0]
    >>> vector
    array([1., 2., 0., 0., 0.])
    """

    def __setitem__(self, place: Any, value: Any) -> None:
        views, arrays = (self[place], value) if isinstance(place, slice) else ([self[place]], [value])
        shapes = [np.shape(array) for array in arrays]
        if shapes != [view.shape for view in views]:
            found = f"arrays of shapes {shapes}"
            raise ShapeError(found, f"{[view.shape for view in views]}", "assign arrays of the network's shapes")
        for view, array in zip(views, arrays, strict=True):
            view[...] = array
