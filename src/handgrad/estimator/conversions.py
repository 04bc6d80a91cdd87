"""Fitted estimators made from other libraries' models, and scikit-learn's estimators made from ours."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from handgrad.errors import SettingError
from handgrad.estimator.functions import our_activation
from handgrad.estimator.restored import restore
from handgrad.estimator.targets import Classes, Kind
from handgrad.model.steps import Linear, steps_of
from handgrad.network import MLP, Parameters

# What fitting notes in both libraries, under the same names.
NOTED = ("loss_", "n_iter_", "t_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")
_LOSSES = {
    "softmax": "cross_entropy",
    "logistic": "binary_cross_entropy",
    "identity": "squared_error",
    "exp": "poisson",
}


def estimator_of(kind: type[Any], network: MLP, parameters: Parameters, classes: Any) -> Any:
    """Return a fitted estimator that predicts what a network does.

    Parameters
    ----------
    kind : type
        The class of the estimator.
    network : MLP
        Of which two outputs for two classes become one.
    parameters : Parameters
    classes : array-like of shape (n_classes,) or None
        In the order of the outputs; of a single output, the second is the one it stands for. None counts from 0.

    Raises
    ------
    SettingError
        If the classes do not match the outputs, or the outputs are not what the estimator predicts.
    """
    found = None
    if not issubclass(kind, ClassifierMixin):
        if classes is not None or network.criterion.targets != "numbers":
            what = f"outputs that are those of {network.loss}" if classes is None else f"the classes {classes!r}"
            raise SettingError(what, "numbers, which a regressor predicts", "use MLPClassifier")
    else:
        network, parameters, found = _classifying(network, parameters, classes)
    settings = {"loss": network.loss} if found is None else {}
    estimator = kind(hidden_layer_sizes=network.layer_sizes[1:-1], activation=network.activation, **settings)
    restore(estimator, network, parameters, found, None)
    return estimator


def _classifying(network: MLP, parameters: Parameters, classes: Any) -> tuple[MLP, Parameters, Classes]:
    """Put the outputs of a network in the order of the classes, which is ascending."""
    k, targets = network.layer_sizes[-1], network.criterion.targets
    if targets == "numbers":
        raise SettingError("outputs that are numbers", "probabilities or logits", "use MLPRegressor")
    count = 2 if k == 1 else k
    labels = np.arange(count) if classes is None else np.asarray(classes)
    if labels.shape != (count,) or len(np.unique(labels)) != count:
        raise SettingError(f"the classes {classes!r} for {k} outputs", f"{count} of them", "name each class once")
    order = np.argsort(labels)
    W, b = parameters.W[-1], parameters.b[-1]
    if k == 1:
        W, b = (W, b) if order[0] == 0 else (-W, -b)
    else:
        W, b = W[:, order], b[order]
    if targets == "classes" and k == 2:  # a softmax of two logits is a sigmoid of their difference
        W, b = W[:, 1:] - W[:, :1], b[1:] - b[:1]
        network = MLP((*network.layer_sizes[:-1], 1), network.activation, "binary_cross_entropy")
    parameters = Parameters.pack([*parameters.W[:-1], W], [*parameters.b[:-1], b])
    several: Kind = "multiclass" if targets == "classes" else "multilabel"
    return network, parameters, Classes(labels[order], several if network.layer_sizes[-1] > 1 else "binary")


def from_sklearn(kind: type[Any], fitted: Any) -> Any:
    """Return one of our estimators that predicts what a fitted one of scikit-learn's does, with its parameters."""
    twin = _twin(kind)
    if not isinstance(fitted, twin):
        raise SettingError(f"a {type(fitted).__name__}", f"scikit-learn's {twin.__name__}", "pass a fitted one")
    check_is_fitted(fitted)
    if fitted.out_activation_ not in _LOSSES:
        found = f"a {twin.__name__} with the output activation {fitted.out_activation_}"
        raise SettingError(found, "one of " + ", ".join(_LOSSES), "fit it with another loss")
    shared, output = set(kind._get_param_names()), fitted.out_activation_
    estimator = kind(**{name: value for name, value in fitted.get_params(deep=False).items() if name in shared})
    sizes = (fitted.coefs_[0].shape[0], *(W.shape[1] for W in fitted.coefs_))
    network = MLP(sizes, our_activation(fitted.activation), _LOSSES[output])
    classes = None
    if issubclass(kind, ClassifierMixin):
        several: Kind = "multilabel" if output == "logistic" else "multiclass"
        classes = Classes(fitted.classes_, "binary" if sizes[-1] == 1 else several)
    parameters = Parameters.pack(fitted.coefs_, fitted.intercepts_)
    restore(estimator, network, parameters, classes, getattr(fitted, "feature_names_in_", None))
    _note(fitted, estimator)
    if fitted.solver == "lbfgs":  # of which scikit-learn notes only the last loss
        estimator.best_loss_ = estimator.loss_
    return estimator


def to_sklearn(estimator: Any) -> Any:
    """Return the estimator of scikit-learn's that predicts what one of ours does."""
    kind, network = _twin(type(estimator)), estimator._network
    linear = [step for step in steps_of(network, estimator._state.parameters) if isinstance(step, Linear)]
    names = set(network.activations) or {"relu"}
    if len(names) > 1:
        raise SettingError(f"the activations {', '.join(network.activations)}", "one for all layers", _OTHER)
    shared = set(kind._get_param_names())
    settings = {name: value for name, value in estimator.get_params(deep=False).items() if name in shared}
    name = names.pop()
    settings |= {"hidden_layer_sizes": network.layer_sizes[1:-1]}
    settings |= {"activation": "logistic" if name == "sigmoid" else name}
    twin = kind(**settings)
    try:
        twin._validate_params()
    except ValueError as error:
        found = f"what scikit-learn does not have: {str(error).removesuffix('.')}"
        raise SettingError(found, "parameters that it has", _OTHER) from error
    twin.coefs_ = [step.W.copy() for step in linear]
    twin.intercepts_ = [step.b.copy() for step in linear]
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            setattr(twin, name, getattr(estimator, name))
    if isinstance(estimator, ClassifierMixin):
        labels = twin.classes_ = estimator.classes_
        several = estimator._classes.kind == "multilabel"
        twin._label_binarizer = LabelBinarizer().fit(np.eye(len(labels), dtype=int) if several else labels)
    twin._no_improvement_count = 0
    _note(estimator, twin)
    return twin


_OTHER = "use to_onnx, to_torch or to_keras, or train with parameters that both have"


def _twin(kind: type[Any]) -> Any:
    """Return the class of scikit-learn's whose place one of ours takes."""
    return neural_network.MLPClassifier if issubclass(kind, ClassifierMixin) else neural_network.MLPRegressor


def _note(source: Any, target: Any) -> None:
    """Copy what fitting has noted."""
    for name in NOTED:
        if hasattr(source, name):
            value = getattr(source, name)
            setattr(target, name, list(value) if isinstance(value, list) else value)
