"""Examples that do not match the network are refused when ``train`` is called, before anything changes."""

from typing import Any

import numpy as np
import pytest

from handgrad.errors import HandgradError, SettingError, ShapeError
from handgrad.network import MLP, Parameters
from handgrad.training import Examples, TrainingSettings, TrainingState, train

N, D, K = 6, 4, 3
X = np.random.default_rng(0).standard_normal((N, D))
Y = np.array([0, 1, 2, 0, 1, 2])


def spoilt(array: np.ndarray, value: Any) -> np.ndarray:
    """Put a value into the middle of a copy."""
    array = np.array(array, np.float64)
    array[len(array) // 2] = value
    return array


CASES: list[tuple[str, str, type[HandgradError], dict[str, Any], tuple[str, ...]]] = [
    ("X with too few columns", "cross_entropy", ShapeError, {"X": X[:, :3]}, ("(6, 3)", "(n, 4)")),
    ("X flat", "cross_entropy", ShapeError, {"X": X[0]}, ("(4,)", "(n, 4)")),
    ("X of images", "cross_entropy", ShapeError, {"X": X.reshape(N, 2, 2)}, ("(6, 2, 2)", "(n, 4)")),
    ("no examples", "cross_entropy", ShapeError, {"X": X[:0], "y": Y[:0]}, ("(0, 4)",)),
    ("X with NaN", "cross_entropy", SettingError, {"X": spoilt(X, np.nan)}, ("X", "NaN")),
    ("X with infinity", "cross_entropy", SettingError, {"X": spoilt(X, -np.inf)}, ("X", "infinity")),
    ("too few labels", "cross_entropy", ShapeError, {"y": Y[:4]}, ("(4,)", "(6,)")),
    ("one-hot labels", "cross_entropy", ShapeError, {"y": np.eye(K)[Y]}, ("(6, 3)", "(6,)")),
    ("float labels", "cross_entropy", SettingError, {"y": Y.astype(float)}, ("float64", "astype(int)")),
    ("labels with NaN", "cross_entropy", SettingError, {"y": spoilt(Y, np.nan)}, ("float64",)),
    ("text labels", "cross_entropy", SettingError, {"y": Y.astype(str)}, ("<U",)),
    ("label too high", "cross_entropy", SettingError, {"y": Y + 1}, ("1 to 3", "0 to 2")),
    ("label below zero", "cross_entropy", SettingError, {"y": Y - 1}, ("-1 to 1", "0 to 2")),
    ("answers above 1", "binary_cross_entropy", SettingError, {"y": np.full((N, K), 1.5)}, ("[0, 1]",)),
    ("answers below 0", "binary_cross_entropy", SettingError, {"y": np.full((N, K), -0.5)}, ("[0, 1]",)),
    ("answers with NaN", "binary_cross_entropy", SettingError, {"y": np.full((N, K), np.nan)}, ("[0, 1]",)),
    ("numbers with NaN", "squared_error", SettingError, {"y": np.full((N, K), np.nan)}, ("finite",)),
    ("numbers of wrong width", "squared_error", ShapeError, {"y": np.zeros((N, 2))}, ("(6, 2)", "(6, 3)")),
    ("numbers where classes must be", "squared_error", SettingError, {"y": np.zeros(N)}, ("float64",)),
    ("weights of wrong length", "cross_entropy", ShapeError, {"weight": np.ones(5)}, ("(5,)", "(6,)")),
    ("a weight below 0", "cross_entropy", SettingError, {"weight": spoilt(np.ones(N), -1)}, ("weight",)),
    ("a weight of NaN", "cross_entropy", SettingError, {"weight": spoilt(np.ones(N), np.nan)}, ("weight",)),
    ("an infinite weight", "cross_entropy", SettingError, {"weight": spoilt(np.ones(N), np.inf)}, ("weight",)),
    ("only weights of 0", "cross_entropy", SettingError, {"weight": np.zeros(N)}, ("weight",)),
    ("test set of wrong width", "cross_entropy", ShapeError, {"others": {"test": Examples(X[:, :3], Y)}}, ("(6, 3)",)),
    ("test label too high", "cross_entropy", SettingError, {"others": {"test": Examples(X, Y + 1)}}, ("1 to 3",)),
    ("a second training set", "cross_entropy", SettingError, {"others": {"train": Examples(X, Y)}}, ("'train'",)),
    ("a set named batch", "cross_entropy", SettingError, {"others": {"batch": Examples(X, Y)}}, ("'batch'",)),
    ("a list of sets", "cross_entropy", SettingError, {"others": [("test", 1)]}, ("evaluate_on of type list", "dict")),
    ("a number for a name", "cross_entropy", SettingError, {"others": {1: Examples(X, Y)}}, ("a set named 1",)),
    ("a set that is no Examples", "cross_entropy", SettingError, {"others": {"test": (X, Y)}}, ("tuple", "Examples")),
    ("complex X", "cross_entropy", SettingError, {"X": X + 1j}, ("X with values that are not numbers (complex",)),
    ("X of texts", "cross_entropy", SettingError, {"X": X.astype(str)}, ("X with values that are not numbers",)),
    ("no X", "cross_entropy", SettingError, {"X": None}, ("X with values that are not numbers",)),
    ("no y", "cross_entropy", SettingError, {"y": None}, ("y with values that are not numbers",)),
    ("text weights", "cross_entropy", SettingError, {"weight": np.full(N, "1")}, ("weight with values that are not",)),
    ("masked X", "cross_entropy", SettingError, {"X": np.ma.masked_greater(X, 1)}, ("X with masked values",)),
    ("a matrix for y", "cross_entropy", ShapeError, {"y": Y.view(np.matrix)}, ("(1, 6)",)),
    ("orders of lists", "cross_entropy", ShapeError, {"orders": [[0, 1]]}, ("an order of shape (2,)",)),
    *(
        (f"an order {order}", "cross_entropy", SettingError, {"orders": [order] * 30}, ("each example exactly once",))
        for order in ([0] * N, [-1, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    ),
    ("a name of two words", "cross_entropy", SettingError, {"others": {"my_test": Examples(X, Y)}}, ("'my_test'",)),
    (
        "smoothing of numbers",
        "squared_error",
        SettingError,
        {"y": np.zeros((N, K)), "settings": TrainingSettings(label_smoothing=0.1)},
        ("label_smoothing", "squared_error"),
    ),
]


@pytest.mark.parametrize(("loss", "kind", "changes", "pieces"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_what_does_not_fit_is_refused(
    loss: str, kind: type[HandgradError], changes: dict[str, Any], pieces: tuple[str, ...], refused: Any
) -> None:
    """Wrong examples, labels, weights and test sets are refused at the call, not at the first record."""
    network = MLP((D, 5, K), "tanh", loss)
    parameters = network.initialise()
    before = parameters.vector.copy()
    with refused(kind, *pieces):
        examples = Examples(changes.get("X", X), changes.get("y", Y), changes.get("weight"))
        state, settings = TrainingState.start(parameters), changes.get("settings")
        train(network, state, examples, changes.get("others"), settings=settings, orders=changes.get("orders"))
    np.testing.assert_array_equal(parameters.vector, before)


def test_parameters_of_another_network_are_refused(refused: Any) -> None:
    """Parameters with other layer sizes are refused, and the message has both."""
    with refused(ShapeError, "(4, 6, 3)", "(4, 5, 3)"):
        train(MLP((D, 5, K)), TrainingState.start(Parameters((4, 6, 3))), Examples(X, Y))


def test_the_callers_arrays_are_left_alone() -> None:
    """Training changes the parameters only; examples, labels and weights may be read-only."""
    arrays = [X.copy(), Y.copy(), np.ones(N)]
    for array in arrays:
        array.flags.writeable = False
    network = MLP((D, 5, K))
    parameters = network.initialise()
    before = parameters.vector.copy()
    examples = Examples(*arrays)
    for _ in train(network, TrainingState.start(parameters), examples, {"test": examples}):
        pass
    np.testing.assert_array_equal(arrays[0], X)
    assert np.abs(parameters.vector - before).max() > 1e-3
