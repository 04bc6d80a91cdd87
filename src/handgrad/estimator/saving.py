"""A fitted estimator in one file: a model, with where its training stands and the rest of the estimator attached.

Therefore ``handgrad.load_model`` reads the file as well. What the model is and how files are checked is said in
``handgrad.model.safetensors``; here, everything that is attached is checked. Nothing in a file is executed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from handgrad import files
from handgrad.data.dataset import Scaling
from handgrad.data.features import Column, Columns
from handgrad.errors import RunError
from handgrad.estimator.encoding import decoded, encoded
from handgrad.estimator.ranges import check_ranges
from handgrad.estimator.rates import Rate
from handgrad.estimator.restored import restore
from handgrad.estimator.targets import Classes
from handgrad.model.model import Model
from handgrad.model.safetensors import damaged, load_attached, save_model
from handgrad.model.standing import FACTS, is_count, standing, state_of

VERSION = 1


def _is_number(value: Any) -> bool:
    return isinstance(value, float | np.floating)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _or_none(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or holds(value)


# What fitting notes, and which values each can have.
FITTED: Mapping[str, Callable[[Any], bool]] = {
    "_seed": is_count,
    "_stalled": is_count,
    "n_iter_": is_count,
    "t_": is_count,
    "loss_": _is_number,
    "best_loss_": _or_none(_is_number),
    "loss_curve_": _are_numbers,
    "validation_scores_": _or_none(_are_numbers),
    "best_validation_score_": _or_none(_is_number),
    "validation_loss_curve_": _are_numbers,
}
# What the model says, or the next fit makes anew.
_ELSEWHERE = {
    "_network",
    "_state",
    "_rate",
    "_random",
    "_announced",
    "_rule",
    "_classes",
    "classes_",
    "out_activation_",
}
_ELSEWHERE |= {"n_features_in_", "feature_names_in_", "n_layers_", "n_outputs_"}
# scikit-learn's own settings of the object, which are code or belong to a search.
_LEFT_OUT = {"_skl_callbacks", "_skl_callbacks_to_teardown", "_callback_fit_ctx", "_parent_callback_ctx"}
_LEFT_OUT |= {"_metadata_request"}
_ENTRIES = {*FACTS, "estimator", "version", "parameters", "classes", "feature_names", "fitted", "rate"}


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator, completely or not at all; the method ``save`` describes it."""
    parameters = estimator.get_params(deep=False)
    noted = {name: value for name, value in vars(estimator).items() if name not in parameters}
    with files.run_errors(Path(path)):
        if others := sorted(set(noted) - set(FITTED) - _ELSEWHERE - _LEFT_OUT):
            raise RunError(
                f"the estimator has {others[0]}, which cannot be saved", "what fitting gives it", "delete it, and save"
            )
        check_ranges(parameters)
        labels = estimator._classes.labels if isinstance(estimator, ClassifierMixin) else None
        names, rate = noted.get("feature_names_in_"), estimator._rate
        if not isinstance(rate, Rate):  # the next fit makes a schedule anew
            rate = Rate("constant", rate.peak, 0.0, rate.peak)
        facts = {
            "estimator": _kind(type(estimator)),
            "version": VERSION,
            "parameters": {name: encoded(name, value) for name, value in parameters.items()},
            "classes": None
            if labels is None
            else {"kind": estimator._classes.kind, "labels": encoded("classes_", labels)},
            "feature_names": None if names is None else encoded("feature_names_in_", names),
            "fitted": {name: encoded(name, value) for name, value in noted.items() if name in FITTED},
            "rate": {name: encoded(name, value) for name, value in asdict(rate).items()},
        }
        network, state = estimator._network, estimator._state
        model = Model(network, state.parameters, _class_names(labels), Scaling(0, 1), None, "")
        save_model(path, model, standing(state, facts))


def load(kind: type[Any], path: str | os.PathLike[str]) -> Any:
    """Read an estimator of a class, and check everything in its file; the method ``load`` describes it."""
    path = Path(path)
    model, attached = load_attached(path)
    facts: dict[str, Any] = {} if attached is None else attached.facts
    if attached is None or "estimator" not in facts:
        raise RunError(f"{path} is a model, not an estimator", f"a file of {_kind(kind)}.save", "use load_model")
    if type(version := facts.get("version")) is int and version > VERSION:
        raise RunError(f"{path} has version {version}", f"version {VERSION}", "install a newer handgrad")
    if version != VERSION or set(facts) != _ENTRIES or facts["estimator"] not in ("MLPClassifier", "MLPRegressor"):
        raise damaged(path, "its description of an estimator has missing or unknown entries")
    if facts["estimator"] != _kind(kind):
        raise RunError(f"{path} holds an {facts['estimator']}", f"an {_kind(kind)}", f"use {facts['estimator']}.load")
    try:
        with files.run_errors(path):
            estimator = kind(**_parameters(path, kind, facts["parameters"]))
            classes = _classes(path, model, facts["classes"])
            names = _names(path, model, facts["feature_names"])
            restore(estimator, model.network, model.parameters, classes, names)
            estimator._state = state_of(path, model, attached)
            estimator._rate = _rate(path, facts["rate"])
            for name, value in _fitted(path, facts["fitted"]).items():
                setattr(estimator, name, value)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise damaged(path, f"its description of an estimator has a wrong value ({error})") from error
    return estimator


def with_columns(path: Path, model: Model, facts: Mapping[str, Any]) -> Model:
    """Add to the model of an estimator's file what the file says about columns: their names, or that there are none.

    Raises
    ------
    RunError
        If that is damaged.
    """
    try:
        names = _names(path, model, facts.get("feature_names"))
    except ValueError as error:
        raise damaged(path, f"its description of an estimator has a wrong value ({error})") from error
    titles = range(1, model.n_features + 1) if names is None else names
    return replace(model, columns=Columns("", tuple(Column(str(title)) for title in titles), names is not None))


def _kind(cls: type[Any]) -> str:
    """Name the estimator that a class is, or is derived from."""
    return "MLPClassifier" if issubclass(cls, ClassifierMixin) else "MLPRegressor"


def _class_names(labels: NDArray[Any] | None) -> tuple[str, ...]:
    """Name the classes of a model, which has two if there is one output."""
    names = () if labels is None else tuple(map(str, labels.tolist()))
    return names * 2 if len(names) == 1 else names


def _mapping(path: Path, content: Any, known: set[str]) -> dict[str, Any]:
    """Decode a mapping, if all its names are known."""
    if not isinstance(content, dict):
        raise damaged(path, "its description of an estimator lacks values")
    if others := sorted(set(content) - known):
        raise damaged(path, f"it says {others[0][:40]!r}, which is not known")
    return {name: decoded(value) for name, value in content.items()}


def _parameters(path: Path, kind: type[Any], content: Any) -> dict[str, Any]:
    """Read the parameters of the constructor. Those that a file does not have are younger, and have their defaults."""
    found = _mapping(path, content, set(kind._get_param_names()))
    check_ranges(found)
    return found


def _classes(path: Path, model: Model, content: Any) -> Classes | None:
    """Read the classes of a classifier, which must match the outputs of the network."""
    targets, k = model.network.criterion.targets, model.network.layer_sizes[-1]
    if content is None and targets == "numbers":
        return None
    if not isinstance(content, dict) or set(content) != {"kind", "labels"} or targets == "numbers":
        raise damaged(path, "its classes do not belong to its loss")
    labels, kind = decoded(content["labels"]), content["kind"]
    counts = {"multiclass": (k,), "multilabel": (k,), "binary": (1, 2)}
    suits = {"multiclass": targets == "classes", "multilabel": targets == "answers"}
    suits["binary"] = targets == "answers" and k == 1
    if not isinstance(kind, str) or not suits.get(kind) or not isinstance(labels, np.ndarray):
        raise damaged(path, f"its classes, which are {str(kind)[:40]!r}, do not belong to its loss")
    if len(labels) not in counts[kind] or not np.array_equal(np.unique(labels), labels):
        raise damaged(path, f"its {len(labels)} classes do not belong to {k} outputs, or are not in order")
    return Classes(labels, kind)  # type: ignore[arg-type] # it is one of the three


def _names(path: Path, model: Model, content: Any) -> NDArray[Any] | None:
    """Read the names of the features."""
    names, d = decoded(content), model.n_features
    if names is None:
        return None
    if not isinstance(names, np.ndarray) or names.dtype != object or len(names) != d:
        raise damaged(path, f"it does not name {d} features")
    return names


def _rate(path: Path, content: Any) -> Rate:
    """Read the learning rate."""
    found = _mapping(path, content, {"kind", "first", "power", "now", "of_velocity"})
    kind, *numbers = (found.get(name) for name in ("kind", "first", "power", "now"))
    if (
        kind not in ("constant", "invscaling", "adaptive")
        or not all(isinstance(number, int | float | np.number) and 0 <= number < 1e300 for number in numbers)
        or not isinstance(found.get("of_velocity"), bool)
    ):
        raise damaged(path, "its learning rate is none")
    return Rate(**found)


def _fitted(path: Path, content: Any) -> dict[str, Any]:
    """Read what fitting has noted."""
    found = _mapping(path, content, set(FITTED))
    if wrong := [name for name, value in found.items() if not FITTED[name](value)]:
        raise damaged(path, f"its {wrong[0]} is {str(found[wrong[0]])[:40]!r}")
    return found
