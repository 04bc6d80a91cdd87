"""Estimators that are fitted because they are given parameters, from a file or from another library."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from handgrad.estimator.targets import Classes
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters


def restore(
    estimator: Any, network: MLP, parameters: Parameters, classes: Classes | None, names: NDArray[Any] | None
) -> None:
    """Give an estimator what fitting gives it, as if its first step were still to come.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Changed in place.
    network : MLP
    parameters : Parameters
        Used as they are, without a copy.
    classes : Classes or None
        Of a classifier.
    names : ndarray of str or None
        Those of the features.
    """
    estimator._begin(network, parameters)
    estimator.n_features_in_ = network.layer_sizes[0]
    after = network.criterion.out_activation
    estimator.out_activation_ = "logistic" if after == "sigmoid" else after
    if classes is not None:
        estimator._classes, estimator.classes_ = classes, classes.labels
    if names is not None:
        estimator.feature_names_in_ = names
