"""Examples in the forms in which people have them: arrays, data frames, series and lists."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import handgrad
from handgrad.errors import SettingError, ShapeError
from handgrad.training import Examples

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3)).round(3)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
FORMS: dict[str, tuple[Any, Any]] = {
    "lists": (X.tolist(), Y.tolist()),
    "a frame and a series": (FRAME, pd.Series(Y, index=range(7, 47))),
    "frames": (FRAME.set_index("a", drop=False), pd.DataFrame({"y": Y})),
    "a frame of mixed types": (FRAME.astype({"a": object}), pd.Series(Y, dtype="Int64")),
    "truth values": (FRAME, pd.Series(Y == 1)),
    "arrays of objects": (X.astype(object), Y.astype(object)),
    "arrays of truth values": (X, Y == 1),
    "arrays without a masked value": (np.ma.array(X), np.ma.array(Y)),
    "a matrix": (X.view(np.matrix), Y),
    "tuples": (tuple(map(tuple, X.tolist())), tuple(Y.tolist())),
}


def trained(rows: Any, targets: Any, weight: Any = None) -> np.ndarray:
    """Train a small network, and return its parameters."""
    network = handgrad.MLP((3, 4, 2), "tanh")
    settings = handgrad.TrainingSettings(learning_rate=0.5, epochs=3, batch_size=8)
    state = handgrad.TrainingState.start(network.initialise(seed=0), settings)
    examples = Examples(rows, targets, weight)
    for _ in handgrad.train(network, state, examples, {"test": Examples(rows, targets)}, settings=settings):
        pass
    return state.parameters.vector


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_form_trains_as_arrays_do(form: tuple[Any, Any]) -> None:
    """The parameters are the same, bit by bit; the index of a frame or a series is not looked at."""
    np.testing.assert_array_equal(trained(*form), trained(X, Y))


def test_weights_may_be_a_series_or_a_list() -> None:
    """They give what an array of weights gives."""
    weight = RNG.uniform(0.5, 2, 40)
    expected = trained(X, Y, weight)
    for form in (pd.Series(weight), weight.tolist()):
        np.testing.assert_array_equal(trained(FRAME, pd.Series(Y), form), expected)


def test_what_is_no_number_is_refused(refused: Any) -> None:
    """Words, missing values and rows of different lengths are each refused in words, with what to do."""
    with refused(SettingError, "y with values that are not numbers", "np.unique(y, return_inverse=True)"):
        Examples(X, ["cat", "dog"] * 20)
    with refused(SettingError, "X with values that are not numbers", "Encode words as numbers"):
        Examples(FRAME.assign(c="red"), Y)
    with refused(SettingError, "X cannot be made an array"):
        Examples([[1, 2], [3]], [0, 1])
    with pytest.raises(SettingError, match="y "):
        trained(X, pd.Series([pd.NA, *Y[1:]], dtype="Int64"))
    with refused(ShapeError, "y of shape (39,)"):
        trained(FRAME, pd.Series(Y[1:]))
