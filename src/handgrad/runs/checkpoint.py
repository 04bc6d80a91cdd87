"""Checkpoints: a model together with everything that continuing its training needs.

Two generations are kept, so that there is a whole one whatever happens while the next is written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.model.safetensors import load_attached, save_model
from handgrad.model.standing import FACTS, is_count, standing, state_of
from handgrad.runs.best import Best
from handgrad.training.state import TrainingState

CHECKPOINT_FILE = "checkpoint.safetensors"
EARLIER_FILE = "checkpoint-earlier.safetensors"

_WHOLE = ("history", "halvings")
_TEXT = ("data", "engine", "version", "settings")
_COUNTS_OF_BEST = ("epoch", "step", "left")


@dataclass(frozen=True)
class Origin:
    """What a training must have again in order to continue.

    Attributes
    ----------
    data : str
        A digest of the data.
    engine : str
        The name of the engine.
    version : str
        That of handgrad.
    settings : str
        Those of network and training that may not change, in JSON.
    """

    data: str
    engine: str
    version: str
    settings: str = "{}"


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Attributes
    ----------
    model : Model
        Its parameters are those of the state.
    state : TrainingState
    history : int
        How many bytes of the run's history belong to it.
    origin : Origin
    halvings : int
        How often the learning rate was halved after the training had diverged.
    best : Best or None
        The best weights so far, if the training may stop early.
    """

    model: Model
    state: TrainingState
    history: int
    origin: Origin
    halvings: int = 0
    best: Best | None = None


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, and keep the one before it.

    Raises
    ------
    RunError
        If it cannot be written, or the parameters are not finite; the earlier ones are untouched then.
    """
    facts = {"history": checkpoint.history, "halvings": checkpoint.halvings, **vars(checkpoint.origin)}
    attached = standing(checkpoint.state, facts)
    if checkpoint.best is not None:
        attached.facts["best"] = {name: value for name, value in vars(checkpoint.best).items() if name != "vector"}
        attached.arrays["best"] = checkpoint.best.vector
    path, fresh = run / CHECKPOINT_FILE, run / f".{CHECKPOINT_FILE}.{'0' * 8}.part"
    try:
        save_model(fresh, checkpoint.model, attached)
        with files.run_errors(path):
            files.replace_keeping(path, run / EARLIER_FILE, fresh)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def has_checkpoint(run: Path) -> bool:
    """Tell whether a run can be continued."""
    return any((run / name).is_file() for name in (CHECKPOINT_FILE, EARLIER_FILE))


def read_checkpoint(run: Path, tell: Callable[[str], None]) -> Checkpoint | None:
    """Read the newest checkpoint of a run that is whole; None if there is none at all.

    Parameters
    ----------
    run : path
    tell : callable
        Called with what is wrong with the newest one, if the one before it must serve.

    Raises
    ------
    RunError
        If none of them can be read.
    """
    failed: RunError | None = None
    for name in (CHECKPOINT_FILE, EARLIER_FILE):
        if not (run / name).is_file():
            continue
        try:
            found = _read(run / name)
        except RunError as error:
            failed = failed or error
            continue
        if failed is not None:
            tell(f"warning: {failed.found}; the checkpoint before it is used, of step {found.state.step}")
        return found
    if failed is not None:
        raise RunError(failed.found, "a complete checkpoint", "train again") from failed
    return None


def _read(path: Path) -> Checkpoint:
    """Read one checkpoint, and check all that it says."""
    model, attached = load_attached(path)
    if attached is None or set(attached.facts) - {"best"} != {*FACTS, *_WHOLE, *_TEXT}:
        raise _damaged(path, "it is a model, not a checkpoint")
    facts: dict[str, Any] = attached.facts
    if not (all(is_count(facts[name]) for name in _WHOLE) and all(isinstance(facts[name], str) for name in _TEXT)):
        raise _damaged(path, "its header contains values that are not those of a checkpoint")
    arrays = dict(attached.arrays)
    best = _best(path, facts.get("best"), arrays.pop("best", None), model.parameters.vector)
    state = state_of(path, model, replace(attached, arrays=arrays))
    origin = Origin(*(facts[name] for name in _TEXT))
    return Checkpoint(model, state, facts["history"], origin, facts["halvings"], best)


def _best(path: Path, facts: Any, vector: NDArray[Any] | None, current: NDArray[Any]) -> Best | None:
    """Check what a checkpoint says of the best weights, if it does; they are of the same kind as the current ones."""
    if facts is None and vector is None:
        return None
    if not (
        isinstance(facts, dict)
        and set(facts) == {"loss", *_COUNTS_OF_BEST}
        and type(facts["loss"]) is float
        and isfinite(facts["loss"])
        and all(is_count(facts[name]) for name in _COUNTS_OF_BEST)
        and vector is not None
        and (vector.shape, vector.dtype) == (current.shape, current.dtype)
        and np.isfinite(vector).all()
    ):
        raise _damaged(path, "its best weights, or what it says of them, are not those of a checkpoint")
    return Best(vector, **facts)


def _damaged(path: Path, what: str) -> RunError:
    return RunError(f"{path}: {what}", "a complete checkpoint", "train again")
