"""Where a training stands, attached to the model that it has made: checkpoints and estimators go on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.model.safetensors import Attached, damaged
from handgrad.training.state import TrainingState

COUNTS = ("step", "epoch", "position")
FACTS = (*COUNTS, "seconds")


def standing(state: TrainingState, facts: dict[str, Any]) -> Attached:
    """Describe a state, whose parameters are those of a model, together with further facts.

    Raises
    ------
    RunError
        If the optimizer's numbers are not finite.

    Examples
    --------
    >>> from handgrad.network import Parameters
    >>> standing(TrainingState.start(Parameters((1, 1))), {"data": "toy"}).facts
    {'step': 0, 'epoch': 0, 'position': 0, 'seconds': 0.0, 'data': 'toy'}
    """
    if not np.isfinite(state.slots).all():
        raise RunError("an optimizer whose numbers are not finite", "finite numbers", "lower the learning rate")
    arrays = {"slots": state.slots} if len(state.slots) else {}
    return Attached({name: getattr(state, name) for name in FACTS} | facts, arrays)


def state_of(path: Path, model: Model, attached: Attached) -> TrainingState:
    """Read a state from a model and what is attached to it, and check all that it says; further facts are left alone.

    Raises
    ------
    RunError
        If one of the facts is missing or impossible, or the optimizer's numbers do not match the parameters.
    """
    facts, vector = attached.facts, model.parameters.vector
    if not (
        all(is_count(facts.get(name)) for name in COUNTS)
        and type(facts.get("seconds")) in (int, float)
        and 0 <= facts["seconds"] < 1e15
    ):
        raise damaged(path, "its header contains values that are not those of a training run")
    if set(attached.arrays) - {"slots"}:
        raise damaged(path, "it has arrays other than those of a training run")
    slots = attached.arrays.get("slots", np.zeros((0, vector.size), vector.dtype))
    if slots.dtype != vector.dtype or slots.ndim != 2 or slots.shape[1] != vector.size:
        raise damaged(path, f"its slots have shape {slots.shape} and dtype {slots.dtype}")
    if not np.isfinite(slots).all():
        raise damaged(path, "its slots contain NaN or infinity")
    counts = {name: facts[name] for name in COUNTS}
    return TrainingState(model.parameters, slots, **counts, seconds=float(facts["seconds"]))


def is_count(value: Any) -> bool:
    """Say whether a value from a file counts something.

    Examples
    --------
    >>> is_count(3), is_count(True), is_count(-1), is_count(2**62)
    (True, False, False, False)
    """
    return type(value) is int and 0 <= value < 2**62
