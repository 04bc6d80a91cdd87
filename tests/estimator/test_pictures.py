"""Pictures of estimators, and the range test of the learning rate."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from small_pictures import _small_pictures  # noqa: F401 - a fixture

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import SettingError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, KINDS = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def is_picture(path: Path) -> bool:
    """Say whether a file is a PNG."""
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_fit_is_drawn(tmp_path: Path) -> None:
    """Curves with validation, weights with the names of the features, and the confusion of named classes."""
    frame, names = pd.DataFrame(X, columns=list("abcd")), np.array(["one", "two", "three"])[KINDS]
    model = MLPClassifier((5,), max_iter=5, early_stopping=True, random_state=0).fit(frame, names)
    model.draw_curves(tmp_path / "curves.png")
    model.draw_weights(tmp_path / "weights.png")
    model.draw_confusion(frame, names, tmp_path / "confusion.png")
    assert all(map(is_picture, tmp_path.iterdir()))
    assert len(list(tmp_path.iterdir())) == 3


def test_pixels_are_drawn_as_tiles(tmp_path: Path) -> None:
    """A picture in the shape of the images differs from the map of all weights."""
    digits, labels = load_digits(return_X_y=True)
    model = MLPClassifier((5,), max_iter=2, random_state=0).fit(digits[:50] / 16, labels[:50])
    model.draw_weights(tmp_path / "map.png")
    model.draw_weights(tmp_path / "tiles.png", (8, 8))
    assert (tmp_path / "map.png").read_bytes() != (tmp_path / "tiles.png").read_bytes()
    for wrong in ((8, 9), (64,), (-8, -8), (8.0, 8.0), (4, 4, 4)):
        with pytest.raises(SettingError, match="image_shape is"):
            model.draw_weights(tmp_path / "wrong.png", wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lion"])
@pytest.mark.parametrize("targets", [KINDS, X[:, 0] ** 2], ids=["classes", "numbers"])
def test_a_range_test_suggests_a_rate_that_trains(solver: str, targets: Any, tmp_path: Path) -> None:
    """Much better than a thousandth of it, and the estimator is as it was."""
    kind: Any = MLPClassifier if targets is KINDS else MLPRegressor
    model = kind(hidden_layer_sizes=(20,), solver=solver, batch_size=30, max_iter=15, random_state=0)
    found = model.rate_range(X, targets, tmp_path / "range.png")
    assert is_picture(tmp_path / "range.png")
    assert not hasattr(model, "n_iter_")
    assert found.rates[0] == 1e-6
    assert len(found.rates) == len(found.losses) <= 100
    assert np.allclose(np.diff(np.log(found.rates)), np.log(1e7) / 99)
    good, low = (
        model.set_params(learning_rate_init=rate).fit(X, targets).loss_
        for rate in (found.suggested, found.suggested / 1e3)
    )
    assert good < 0.7 * low


def test_a_range_test_ends_where_the_loss_explodes() -> None:
    """And returns finite losses."""
    found = MLPRegressor("huber", (20,), solver="sgd", batch_size=10, random_state=0).rate_range(
        X, 100 * X[:, 0], highest=1e6
    )
    assert len(found.losses) < 100
    assert np.isfinite(found.losses).all()


def test_refusals(tmp_path: Path) -> None:
    """What cannot be drawn is said."""
    model = MLPClassifier((3,), solver="lbfgs", max_iter=3, random_state=0).fit(X, KINDS)
    with pytest.raises(SettingError, match="a fit by lbfgs, which has no epochs"):
        model.draw_curves(tmp_path / "curves.png")
    with pytest.raises(SettingError, match="a range test with lbfgs"):
        model.rate_range(X, KINDS)
    with pytest.raises(SettingError, match="two numbers above 0, in order"):
        MLPClassifier().rate_range(X, KINDS, lowest=1.0, highest=0.1)
    with pytest.raises(SettingError, match="classes that were not learnt"):
        model.draw_confusion(X, KINDS + 7, tmp_path / "confusion.png")
    assert not list(tmp_path.iterdir())
