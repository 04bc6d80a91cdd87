"""Small arrays that replace the data sets which a submission reads from missing files.

They have the form of the course's data: a row of 784 numbers between 0 and 1 for each image, and a whole number from 0
to 9 as its label. The name of a variable decides which of the two it gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from numpy import float64
from numpy.random import RandomState
from numpy.typing import NDArray

PART = "(?:train(?:ing)?|test|valid(?:ation)?|val|dev|tr|te)?"
INPUTS = re.compile(f"{PART}_?(?:x|images?|inputs?|features?|pixels?)_?{PART}", re.IGNORECASE)
LABELS = re.compile(f"{PART}_?(?:y|labels?|targets?)_?{PART}", re.IGNORECASE)
# Numbers of rows that no trial has, which reveals a method that counts these rows instead of its own.
TRAIN, OTHER = 601, 211


def stand_ins(names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Make a small array for each name that looks like images or labels.

    Examples
    --------
    >>> {name: array.shape for name, array in stand_ins(["trainx", "y_test", "N"]).items()}
    {'trainx': (601, 784), 'y_test': (211,)}
    """
    made: dict[str, NDArray[Any]] = {}
    for name in names:
        rng, rows = RandomState(0), OTHER if re.search("te|va|dev", name, re.IGNORECASE) else TRAIN
        if INPUTS.fullmatch(name):
            made[name] = rng.random_sample((rows, 784)).astype(float64)
        elif LABELS.fullmatch(name):
            made[name] = rng.randint(0, 10, rows)
    return made
