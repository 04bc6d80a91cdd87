"""What to try instead of the settings of a training, with a value for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from handgrad.runs.job import Job
from handgrad.training.rates import suitable_rate

NEAR = 3.0  # times the usual learning rate, or a part of it
LOWER = 10.0  # times, where the usual rate is no lower
# Settings that keep a network from fitting its examples.
RESTRAINTS = ("l1", "l2", "max_norm", "dropout", "input_dropout", "clip")


def instead(job: Job, setting: Literal["activation", "init"], value: str) -> str:
    """Name the flag for another setting of the network, and a learning rate for it if the present one is far away.

    Parameters
    ----------
    job : Job
    setting : {"activation", "init"}
    value : str

    Returns
    -------
    str
        Such as ``--init he_normal --lr 1``.
    """
    usual = _usual(job, **{setting: value})
    rate = "" if usual / NEAR <= job.learning_rate <= NEAR * usual else f" --lr {usual:g}"
    return f"--{setting} {value}{rate}"


def lower(job: Job) -> str:
    """Advise a lower learning rate: the usual one, or a tenth of a rate that is no higher."""
    usual = _usual(job)
    return f"lower --lr, to {usual if usual < job.learning_rate else job.learning_rate / LOWER:g} for example"


def for_no_progress(job: Job) -> str:
    """Advise where nothing was learnt: a rate nearer to the usual one, fewer restraints, or else more time."""
    usual = _usual(job)
    if job.learning_rate * NEAR < usual:
        return f"raise --lr, to {usual:g} for example"
    if job.learning_rate > NEAR * usual:
        return lower(job)
    if held := [name for name in RESTRAINTS if getattr(job.config.training, name)]:
        return "try without " + " and ".join(f"--{name.replace('_', '-')}" for name in held)
    if job.state.step < job.steps:  # it has stopped early
        return "try a larger --patience"
    return "try more --epochs"


def _usual(job: Job, **changes: Any) -> float:
    """Return the usual rate for the network of a training, perhaps with other settings."""
    settings = replace(job.config.network, **changes)
    network = settings.build(job.data.n_features, job.data.n_classes)
    return suitable_rate(network, job.config.training.recurrence, settings.init)
