"""Pictures of a fitted estimator, and of the search for its learning rate.

What draws is imported by the method that draws: whoever only fits need not wait for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from handgrad.errors import SettingError
from handgrad.estimator.ranges import is_whole
from handgrad.training.loop import Record
from handgrad.training.metrics import confusion_counts

if TYPE_CHECKING:
    from handgrad.estimator.range_test import RateRange
    from handgrad.training.state import TrainingState


class Pictures:
    """The methods of an estimator that draw."""

    _state: TrainingState

    def draw_curves(self, path: str | os.PathLike[str]) -> None:
        """Draw the losses, and the validation scores if there are any, against the epochs.

        Parameters
        ----------
        path : path
            Of the PNG.

        Raises
        ------
        SettingError
            If there are no epochs, as with lbfgs.
        """
        check_is_fitted(self)
        curves = {"train_loss": self.loss_curve_, "validation_loss": self.validation_loss_curve_}  # type: ignore[attr-defined]
        curves["validation_score"] = self.validation_scores_ or []  # type: ignore[attr-defined]
        if not curves["train_loss"]:
            raise SettingError("a fit by lbfgs, which has no epochs", "curves of epochs", "use another solver")
        history = []
        for place in range(len(curves["train_loss"])):
            figures = {name: float(curve[place]) for name, curve in curves.items() if place < len(curve)}
            history.append(Record("evaluation", place + 1, 0, 0.0, 0.0, figures))
        from handgrad.reporting import charts

        charts.draw_curves(history, path, title=f"{type(self).__name__}: training")

    def draw_weights(self, path: str | os.PathLike[str], image_shape: tuple[int, int] | None = None) -> None:
        """Draw the weights of the first layer: a tile for each unit if the inputs are pixels, otherwise one map.

        Parameters
        ----------
        path : path
            Of the PNG.
        image_shape : (height, width), optional
            If the inputs are pixels.
        """
        check_is_fitted(self)
        features = tuple(map(str, getattr(self, "feature_names_in_", ())))
        W = self._state.parameters.W[0]
        is_shape = image_shape is None or (len(image_shape) == 2 and all(map(is_whole, image_shape)))
        if not is_shape or (image_shape is not None and image_shape[0] * image_shape[1] != len(W)):
            raise SettingError(
                f"image_shape is {image_shape}, for {len(W)} inputs", "their shape", "leave it out, or correct it"
            )
        from handgrad.reporting import charts

        charts.draw_first_layer(W, image_shape, path, f"{type(self).__name__}: first layer", features)

    def draw_confusion(self, X: Any, y: Any, path: str | os.PathLike[str]) -> None:
        """Draw how often each class was predicted as each.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        path : path
            Of the PNG.

        Raises
        ------
        SettingError
            If the estimator does not predict one class for each example.
        """
        check_is_fitted(self)
        if not isinstance(self, ClassifierMixin) or np.ndim(y) != 1:
            given = f"a {type(self).__name__}, and y of shape {np.shape(y)}"
            raise SettingError(given, "a classifier of one class for each example", "draw another picture")
        places = {label: place for place, label in enumerate(self.classes_.tolist())}
        true = np.array([places.get(label, -1) for label in np.asarray(y).tolist()])
        if (true < 0).any():
            raise SettingError("classes that were not learnt", f"those of classes_, {list(places)}", "correct y")
        found = np.array([places[label] for label in self.predict(X).tolist()])
        counts = confusion_counts(found, true, len(places))
        from handgrad.reporting import charts

        charts.draw_confusion(counts, [str(label) for label in places], path, f"{type(self).__name__}: confusion")

    def rate_range(
        self,
        X: Any,
        y: Any,
        path: str | os.PathLike[str] | None = None,
        *,
        lowest: float = 1e-6,
        highest: float = 10.0,
    ) -> RateRange:
        """Find a learning rate by a range test (Smith, 2017): a short training in which the rate grows in each step.

        The estimator itself is not changed.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        path : path, optional
            Where to draw the losses, as a PNG.
        lowest, highest : float, default 1e-6 and 10
            The first and the last rate. The test ends earlier if the loss is four times its smallest value.

        Returns
        -------
        RateRange

        Raises
        ------
        SettingError
            If the solver has no learning rate, or the rates are not in order.

        Examples
        --------
        >>> from handgrad import MLPClassifier
        >>> X, y = np.random.default_rng(0).standard_normal((200, 3)), np.arange(200) % 2
        >>> found = MLPClassifier((5,), random_state=0).rate_range(X + 2 * y[:, None], y)
        >>> 1e-4 < found.suggested < 1
        True
        """
        from handgrad.estimator.range_test import range_test
        from handgrad.reporting.rates import draw_range

        found = range_test(clone(self), X, y, lowest, highest)
        if path is not None:
            draw_range(found.rates, found.losses, found.suggested, path, f"{type(self).__name__}: range test")
        return found
