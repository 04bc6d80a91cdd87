"""scikit-learn's own callbacks, which came with its version 1.9."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from handgrad import MLPClassifier, MLPRegressor

if find_spec("sklearn.callback") is None:
    pytest.skip("scikit-learn is older than 1.9", allow_module_level=True)
from sklearn import callback

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)


class Watcher:
    """Records every hook that is called, and asks to stop after some epochs."""

    def __init__(self, stop_after: int = 1000, fail_at: int = -1) -> None:
        self.stop_after, self.fail_at = stop_after, fail_at
        self.told: list[tuple[str, str, int]] = []
        self.scores: list[float] = []
        self.weights: list[Any] = []

    def setup(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """Note that a fit is about to begin."""
        self.told.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """Note that it is over."""
        self.told.append(("teardown", context.task_name, 0))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        """Note that a task begins."""
        if context.task_name == "epoch" and context.task_id == self.fail_at:
            raise RuntimeError("planted")
        self.told.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self,
        estimator: Any,  # noqa: ARG002
        context: Any,
        *,
        X: Any = None,
        y: Any = None,
        metadata: Any = None,
        fitted_estimator: Any = None,
    ) -> bool:
        """Note that a task has ended, and how good the estimator is by then."""
        self.told.append(("end", context.task_name, context.task_id))
        if fitted_estimator is not None:  # a search has tasks of its own, without one
            self.scores.append(fitted_estimator.score(X, y, **(metadata or {})))
            self.weights.append(fitted_estimator.coefs_[0].copy())
        return bool(context.task_name == "epoch" and context.task_id + 1 == self.stop_after)


def test_each_epoch_is_a_task_of_the_fit() -> None:
    """A callback hears of the fit and of its epochs, each with an estimator as if training had stopped there."""
    watcher = Watcher()
    model = MLPClassifier((8,), max_iter=3, random_state=0).set_callbacks(watcher).fit(X, y)
    epochs = [(when, "epoch", number) for number in range(3) for when in ("begin", "end")]
    around = ("setup", "fit", 3), ("begin", "fit", 0), ("end", "fit", 0), ("teardown", "fit", 0)
    assert watcher.told == [*around[:2], *epochs, *around[2:]]
    for epochs_done, found in zip((1, 2, 3, 3), watcher.weights, strict=True):
        alone = MLPClassifier((8,), max_iter=epochs_done, random_state=0).fit(X, y)
        np.testing.assert_array_equal(found, alone.coefs_[0])
    assert watcher.scores[-1] == model.score(X, y)


def test_a_callback_stops_the_fit_and_sees_the_weights_of_the_examples() -> None:
    """What it returns after an epoch is heeded, and the metadata are those of the fit."""
    watcher, weight = Watcher(stop_after=2), np.where(y == 0, 5.0, 1.0)
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).set_callbacks(watcher)
    model.fit(X, y.astype(float), sample_weight=weight)
    assert model.n_iter_ == 2
    assert watcher.scores[-1] == model.score(X, y.astype(float), sample_weight=weight)


def test_a_fit_by_lbfgs_is_one_task() -> None:
    """It has no epochs."""
    watcher = Watcher()
    MLPClassifier((4,), solver="lbfgs", max_iter=30, random_state=0).set_callbacks(watcher).fit(X, y)
    assert [what for what, *_ in watcher.told] == ["setup", "begin", "end", "teardown"]


def test_a_fit_that_fails_is_torn_down() -> None:
    """A callback that fails ends the fit, and may still clean up; the next fit begins anew."""
    watcher = Watcher(fail_at=1)
    model = MLPClassifier((8,), max_iter=3, random_state=0).set_callbacks(watcher)
    with pytest.raises(RuntimeError, match="planted"):
        model.fit(X, y)
    assert watcher.told[-1] == ("teardown", "fit", 0)
    watcher.fail_at = -1
    assert model.fit(X, y).n_iter_ == 3


def test_a_callback_of_a_search_hears_of_each_epoch() -> None:
    """scikit-learn passes those that ask for it on to our estimators."""

    class Everywhere(Watcher):
        max_propagation_depth = None

    watcher = Everywhere()
    search = GridSearchCV(MLPClassifier((4,), max_iter=2, random_state=0), {"alpha": [0.1, 1.0]}, cv=2, refit=False)
    search.set_callbacks(watcher).fit(X, y)
    assert sum(told[:2] == ("end", "epoch") for told in watcher.told) == 2 * 2 * 2


def test_what_a_callback_keeps_is_an_estimator_of_its_own(tmp_path: Path) -> None:
    """It can be saved, learns on without touching the fit, even with the same generator, and has no callbacks."""

    class Keeper(Watcher):
        kept: list[Any] = []  # noqa: RUF012 - of this test's only one

        def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:  # type: ignore[override] # noqa: ARG002
            self.kept.append(fitted_estimator.partial_fit(X, y).set_params(random_state=0))
            self.kept[-1].save(tmp_path / "kept.safetensors")
            return False

    alone, watched = (MLPClassifier((8,), max_iter=3, random_state=np.random.RandomState(0)) for _ in range(2))
    alone.fit(X, y)
    watched.set_callbacks(Keeper(), callback.ProgressBar()).fit(X, y)
    np.testing.assert_array_equal(watched.coefs_[0], alone.coefs_[0])
    assert watched.loss_curve_ == alone.loss_curve_
    assert [len(one.loss_curve_) for one in Keeper.kept] == [2, 3, 4, 4]
    assert Keeper.kept[0].fit(X, y).n_iter_ == 3


def test_callbacks_and_requests_do_not_keep_a_model_from_being_saved(tmp_path: Path) -> None:
    """They are scikit-learn's settings of the object, and no part of what was learnt."""
    model = MLPClassifier((8,), max_iter=2, random_state=0).set_callbacks(Watcher()).fit(X, y)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True)
    model.save(tmp_path / "model.safetensors")
    found = MLPClassifier.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))


def test_a_warning_points_to_the_line_that_calls_fit() -> None:
    """Not to scikit-learn's own code around it."""
    with pytest.warns(ConvergenceWarning) as seen:
        MLPClassifier((8,), max_iter=2, random_state=0).fit(X, y)
    assert seen[0].filename == __file__


def test_scikit_learns_own_callbacks_work(capsys: pytest.CaptureFixture[str]) -> None:
    """A progress bar is drawn, and a score is noted after each epoch."""
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((8,), max_iter=4, random_state=0).set_callbacks(callback.ProgressBar(), monitor).fit(X, y)
    epochs = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == 4
    assert epochs[-1] == model.score(X, y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    assert clone(model).set_callbacks().fit(X, y).score(X, y) == model.score(X, y)
