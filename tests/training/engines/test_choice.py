"""Which engine trains, and which predicts."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from handgrad.network import ACTIVATIONS, LOSSES, MLP
from handgrad.training import (
    OPTIMIZERS,
    Examples,
    Momentum,
    TrainingSettings,
    TrainingState,
    make_engine,
    make_predictor,
    train,
)
from handgrad.training.engines import choice

NETWORK = MLP((2, 2))


def test_few_rows_are_not_worth_loading_compiled_code() -> None:
    """If only few rows will be predicted, auto uses NumPy."""
    predict = make_predictor(NETWORK, NETWORK.initialise(), rows=1000)
    assert isinstance(predict, partial)
    assert predict(np.ones((3, 2))).shape == (3, 2)


def test_many_rows_are_worth_it() -> None:
    """If many rows, or an unknown number, will be predicted, auto loads compiled code."""
    pytest.importorskip("numba")
    from handgrad.training.engines.compiled import Predictor

    for rows in (10**12, None):
        assert isinstance(make_predictor(NETWORK, NETWORK.initialise(), rows=rows), Predictor)


@dataclass(frozen=True)
class Contributed(Momentum):
    """An optimizer that a contributor adds; this one computes what momentum computes."""


@pytest.mark.parametrize(
    ("known", "new", "piece"),
    [
        ({"activation": "tanh"}, {"activation": "contributed"}, "activation contributed"),
        ({"loss": "huber"}, {"loss": "contributed"}, "loss contributed"),
        ({"optimizer": "momentum"}, {"optimizer": "contributed"}, "Contributed"),
    ],
    ids=["activation", "loss", "optimizer"],
)
def test_what_is_added_to_a_table_is_trained_correctly_by_numpy(
    known: dict[str, str], new: dict[str, str], piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where auto would take compiled code that lacks a new function, it says why not and trains correctly."""
    pytest.importorskip("numba")
    monkeypatch.setitem(ACTIVATIONS, "contributed", ACTIVATIONS["tanh"])
    monkeypatch.setitem(LOSSES, "contributed", LOSSES["huber"])
    monkeypatch.setitem(OPTIMIZERS, "contributed", Contributed())
    monkeypatch.setattr(choice, "WORTH_IT", 0.0)
    rng = np.random.default_rng(0)
    examples = Examples(rng.standard_normal((30, 4)), rng.integers(0, 3, 30))
    vectors = []
    for names, engine in ((known, "numpy"), (new, "auto")):
        chosen: dict[str, Any] = {"activation": "sigmoid", "loss": "cross_entropy", "optimizer": "sgd", **names}
        network = MLP((4, 6, 3), chosen["activation"], chosen["loss"])
        settings = TrainingSettings(chosen["optimizer"], 0.5, epochs=3, batch_size=8, engine=engine)
        made, reason = make_engine(network, examples, settings, np.float64)
        state = TrainingState.start(network.initialise(seed=1), settings)
        for _ in train(network, state, examples, settings=settings):
            pass
        vectors.append(state.parameters.vector)
    assert made.name == "numpy"
    assert piece in (reason or "")
    np.testing.assert_array_equal(*vectors)
