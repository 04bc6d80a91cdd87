"""Checkpoints: a model together with everything that continuing its training needs.

Two generations are kept, so that there is a whole one whatever happens while the next is written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import files
from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.model.safetensors import Attached, load_attached, save_model
from handgrad.training.state import TrainingState

CHECKPOINT_FILE = "checkpoint.safetensors"
EARLIER_FILE = "checkpoint-earlier.safetensors"

_WHOLE = ("step", "epoch", "position", "history", "halvings")
_TEXT = ("data", "engine", "version", "settings")


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
    """

    model: Model
    state: TrainingState
    history: int
    origin: Origin
    halvings: int = 0


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, and keep the one before it.

    Raises
    ------
    RunError
        If it cannot be written, or the parameters are not finite; the earlier ones are untouched then.
    """
    state, origin = checkpoint.state, checkpoint.origin
    facts = {name: getattr(state, name) for name in ("step", "epoch", "position", "seconds")}
    facts |= {"history": checkpoint.history, "halvings": checkpoint.halvings, **vars(origin)}
    arrays = {"slots": state.slots} if len(state.slots) else {}
    if not np.isfinite(state.slots).all():
        raise RunError("an optimizer whose numbers are not finite", "finite numbers", "lower the learning rate")
    path, fresh = run / CHECKPOINT_FILE, run / f".{CHECKPOINT_FILE}.{'0' * 8}.part"
    try:
        save_model(fresh, checkpoint.model, Attached(facts, arrays))
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
        raise RunError(failed.found, "a whole checkpoint", "train again") from failed
    return None


def _read(path: Path) -> Checkpoint:
    """Read one checkpoint, and check all that it says."""
    model, attached = load_attached(path)
    if attached is None or set(attached.facts) != {*_WHOLE, *_TEXT, "seconds"} or set(attached.arrays) - {"slots"}:
        raise _damaged(path, "it is a model, and no checkpoint")
    facts: dict[str, Any] = attached.facts
    if not (
        all(type(facts[name]) is int and 0 <= facts[name] < 2**62 for name in _WHOLE)
        and all(isinstance(facts[name], str) for name in _TEXT)
        and type(facts["seconds"]) in (int, float)
        and 0 <= facts["seconds"] < 1e15
    ):
        raise _damaged(path, "its header contains other values than those of a checkpoint")
    vector = model.parameters.vector
    slots = attached.arrays.get("slots", np.zeros((0, vector.size), vector.dtype))
    if slots.dtype != vector.dtype or slots.ndim != 2 or slots.shape[1] != vector.size:
        raise _damaged(path, f"its slots have shape {slots.shape} and dtype {slots.dtype}")
    state = TrainingState(
        model.parameters, slots, facts["step"], facts["epoch"], facts["position"], float(facts["seconds"])
    )
    return Checkpoint(model, state, facts["history"], Origin(*(facts[name] for name in _TEXT)), facts["halvings"])


def _damaged(path: Path, what: str) -> RunError:
    return RunError(f"{path}: {what}", "a whole checkpoint", "train again")
