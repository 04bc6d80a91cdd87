"""The bands of the notebook's figures over many initialisations.

A band is the mean plus and minus three standard deviations; a figure is inside or outside.
``tools/reproduction_bands.py`` makes ``bands.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Band:
    """The distribution of a figure over initialisations.

    Attributes
    ----------
    n : int
        Number of initialisations.
    mean, std, minimum, maximum : float

    Examples
    --------
    >>> band = Band(n=30, mean=0.84, std=0.04, minimum=0.75, maximum=0.93)
    >>> band.holds(0.95), band.holds(0.97)
    (True, False)
    """

    n: int
    mean: float
    std: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Band:
        """Describe a sample, with the sample standard deviation (n - 1).

        Examples
        --------
        >>> Band.of(np.array([1.0, 2.0, 3.0]))
        Band(n=3, mean=2.0, std=1.0, minimum=1.0, maximum=3.0)
        """
        return cls(
            len(values), float(values.mean()), float(values.std(ddof=1)), float(values.min()), float(values.max())
        )

    @property
    def low(self) -> float:
        """Three standard deviations below the mean."""
        return self.mean - 3 * self.std

    @property
    def high(self) -> float:
        """Three standard deviations above the mean."""
        return self.mean + 3 * self.std

    def holds(self, value: float) -> bool:
        """Check whether a value is inside the band.

        Examples
        --------
        >>> Band(3, 2.0, 1.0, 1.0, 3.0).holds(5.5)
        False
        """
        return self.low <= value <= self.high


def load_bands(name: str) -> dict[tuple[int, str], Band]:
    """Read the bands of an experiment.

    Parameters
    ----------
    name : {"gd", "sgd"}

    Returns
    -------
    dict
        From (epoch, figure) to the band.

    Examples
    --------
    >>> load_bands("sgd")[1, "test_loss"].holds(0.829246421718839)
    True
    """
    text = files("handgrad.reproduction").joinpath("bands.json").read_text(encoding="utf-8")
    return {
        (int(epoch), figure): Band(**numbers)
        for epoch, row in json.loads(text)[name].items()
        for figure, numbers in row.items()
    }
