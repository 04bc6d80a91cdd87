"""Which engine trains, and which predicts."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.network import ACTIVATIONS, LOSSES, MLP, Activation, Huber, Loss, Quantile, squared_error, tanh
from handgrad.network.activations import del_tanh
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


@pytest.fixture
def compiled() -> None:
    """Skip where nothing can be compiled."""
    pytest.importorskip("numba", reason="numba is not installed")


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


@pytest.mark.parametrize(
    ("own", "piece"),
    [
        ({"loss": Quantile(0.9)}, "the loss Quantile(level=0.9) has no compiled version"),
        ({"loss": Huber(2.0)}, "the loss Huber(delta=2.0) has no compiled version except with the usual constant"),
        ({"loss": Loss(squared_error, out_activation="exp")}, "the loss Loss("),
        ({"loss": "huber", "activation": Activation(tanh, del_tanh)}, "the activation Activation("),
        ({"loss": Huber()}, None),
    ],
    ids=["quantile", "huber", "own loss", "own activation", "the usual constant"],
)
def test_what_is_ones_own_is_computed_by_numpy(
    own: dict[str, Any], piece: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Auto takes NumPy, and says because of which function; to predict, too."""
    pytest.importorskip("numba")
    monkeypatch.setattr(choice, "PRICES", dict.fromkeys(choice.PRICES, 0.0))
    network = MLP((3, 4, 2), **own)
    name, reason = choice.pick_engine(network, 100, TrainingSettings(), np.float64)
    assert name == ("compiled" if piece is None else "numpy")
    assert (reason is None) if piece is None else (piece in (reason or ""))
    assert isinstance(make_predictor(network, network.initialise()), partial) == (piece is not None)


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
    monkeypatch.setattr(choice, "PRICES", dict.fromkeys(choice.PRICES, 0.0))
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


STAGE = """
import sys
from handgrad.network import MLP
from handgrad.training import TrainingSettings
from handgrad.training.engines.choice import pick_engine
network, settings = MLP((784, 400, 400, 10)), TrainingSettings(epochs=1)
print(pick_engine(network, 100, settings, "float64"), "numba" in sys.modules)
print(pick_engine(network, 70_000, settings, "float64"))
print(pick_engine(network, 700_000, settings, "float64"))
print(pick_engine(network, 7_000_000, settings, "float64"))
"""


def run_where_code_is(program: str, folder: str) -> str:
    """Run a program in a process of its own that finds compiled code in a folder, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"NUMBA_CACHE_DIR": folder},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


REPEATED = """
import sys
from handgrad.network import MLP
from handgrad.training import TrainingSettings
from handgrad.training.engines import choice
network, settings = MLP((30, 100, 1), "relu", "binary_cross_entropy"), TrainingSettings(epochs=200, batch_size=200)
each = choice.saved_seconds(network, 569, settings)
fits = int(choice.PRICES["kept"] / each) + 2
alone = [choice.pick_engine(network, 569, settings, "float64")[0] for _ in range(fits)]
assert set(alone) == {"numpy"} and "numba" not in sys.modules
many = [choice.pick_engine(network, 569, settings, "float64", repeated=True)[0] for _ in range(fits)]
print(many.index("compiled") if "compiled" in many else "never", fits)
"""


@pytest.mark.parametrize("kept", [True, False])
def test_many_short_trainings_make_up_for_loading_together(kept: bool, compiled: None, tmp_path: Path) -> None:  # noqa: ARG001
    """Code on disk is loaded when they would have saved the second that it takes; nothing is compiled for them."""
    printed = run_where_code_is(REPEATED, os.environ["NUMBA_CACHE_DIR"] if kept else str(tmp_path))
    found, fits = printed.split()
    assert found == (str(int(fits) - 2) if kept else "never")


@pytest.mark.parametrize("kept", [True, False])
def test_auto_weighs_what_compiled_code_costs_at_that_moment(kept: bool, compiled: None, tmp_path: Path) -> None:  # noqa: ARG001
    """Little work does not even import numba; code on disk is loaded for a second's gain, code is compiled for more."""
    printed = run_where_code_is(STAGE, os.environ["NUMBA_CACHE_DIR"] if kept else str(tmp_path))
    few, some, many, most = printed.splitlines()
    assert few == "('numpy', None) False"
    assert some == str(("compiled" if kept else "numpy", None))
    assert many.startswith("('compiled', None)" if kept else "('numpy', 'using the NumPy engine because compiling")
    assert kept or "`handgrad compile`" in many
    assert most == "('compiled', None)"


def test_what_is_compiled_is_not_compiled_again(compiled: None) -> None:  # noqa: ARG001
    """The command says so, where the tests' own code is on disk and not yet loaded."""
    done = subprocess.run(
        [sys.executable, "-m", "handgrad", "compile"], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "float32: compiled already\nfloat64: compiled already\n"
