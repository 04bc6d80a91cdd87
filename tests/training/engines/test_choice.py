"""Which engine predicts."""

from functools import partial

import numpy as np
import pytest

from handgrad.network import MLP
from handgrad.training import make_predictor

NETWORK = MLP((2, 2))


def test_few_rows_are_not_worth_loading_compiled_code() -> None:
    """Told that few rows are to be predicted, auto predicts them with NumPy."""
    predict = make_predictor(NETWORK, NETWORK.initialise(), rows=1000)
    assert isinstance(predict, partial)
    assert predict(np.ones((3, 2))).shape == (3, 2)


def test_many_rows_are_worth_it() -> None:
    """Told that many rows are to be predicted, auto loads compiled code, as it does for a number not known."""
    pytest.importorskip("numba")
    from handgrad.training.engines.compiled import Predictor

    for rows in (10**12, None):
        assert isinstance(make_predictor(NETWORK, NETWORK.initialise(), rows=rows), Predictor)
