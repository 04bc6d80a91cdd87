"""scikit-learn's MLPClassifier and MLPRegressor: one call of ``partial_fit`` is one pass over the rows.

They draw Glorot weights and each epoch's order by themselves, and take the incomplete last batch too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.contestants import Unable
from benchmarks.contests import Task
from benchmarks.data import Data

VERSIONS = ("scikit-learn", "numpy", "scipy")
DTYPE = np.float32


class Sklearn:
    """An estimator without penalty, momentum and early stopping."""

    def __init__(self, task: Task, data: Data) -> None:
        if task.kind == "full batch" or task.schedule != "constant" or task.label_smoothing:
            raise Unable("the estimator has not these settings")
        self.task, self.data = task, data
        self.classes = np.arange(task.sizes[-1]) if task.loss == "cross_entropy" else None
        self.reset(0)
        if task.kind == "predict":
            self.steps(None, [])

    def reset(self, seed: int) -> None:
        """Make a new estimator."""
        task = self.task
        kind = MLPClassifier if self.classes is not None else MLPRegressor
        self.estimator = kind(
            hidden_layer_sizes=task.sizes[1:-1],
            activation={"sigmoid": "logistic", "relu": "relu"}[task.activation],
            solver={"sgd": "sgd", "adam": "adam"}[task.optimizer],
            alpha=0.0,
            batch_size=task.batch_size,
            learning_rate_init=task.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=seed,
        )

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:  # noqa: ARG002 - it draws its own
        """Pass over the rows, once per epoch of the round."""
        classes = {} if self.classes is None else {"classes": self.classes}
        for _ in range(self.task.repeats if self.task.kind == "epochs" else 1):
            self.estimator.partial_fit(self.data.X, self.data.y, **classes)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, or numbers."""
        if self.classes is None:
            return np.asarray(self.estimator.predict(X))
        return np.asarray(self.estimator.predict_proba(X))


def build(task: Task, data: Data, threads: int) -> Sklearn:  # noqa: ARG001 - NumPy's threads are set from outside
    """Build the runner."""
    return Sklearn(task, data)
