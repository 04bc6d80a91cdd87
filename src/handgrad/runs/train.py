"""The main job: train a network on a data set, and write a folder with the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data import Dataset
from handgrad.data.digests import write_digests
from handgrad.errors import DivergenceError
from handgrad.model.safetensors import MODEL_FILE, save_model
from handgrad.reporting.records import read_history
from handgrad.runs import folder
from handgrad.runs.best import Best
from handgrad.runs.checkpoint import has_checkpoint
from handgrad.runs.config import TrainConfig
from handgrad.runs.divergence import explained
from handgrad.runs.environment import ENVIRONMENT_FILE, read_environment, write_environment
from handgrad.runs.history import History
from handgrad.runs.interrupts import Requests
from handgrad.runs.job import Job, make_job, with_existing_cores
from handgrad.runs.lock import locked
from handgrad.runs.pictures import draw_pictures
from handgrad.runs.places import origin
from handgrad.runs.remarks import WARNING, figures_of_classes, notes, warnings_after, warnings_before, warnings_of
from handgrad.runs.resume import compare, continued, refuse_other_data
from handgrad.runs.session import Session
from handgrad.training.loop import Record
from handgrad.training.settings import Engine as EngineName

# Shows the progress of a training run: takes its records, the number of steps and a title, and passes the records on.
Show = Callable[[Iterable[Record], int, str], Iterable[Record]]
Tell = Callable[[str], None]


class Finished(NamedTuple):
    """What became of a training.

    Attributes
    ----------
    run : pathlib.Path
    summary : dict
        The contents of ``summary.json``.
    missing : tuple of str
        The files that could not be written.
    """

    run: Path
    summary: dict[str, Any]
    missing: tuple[str, ...] = ()


def train_run(config: TrainConfig, data: Dataset, show: Show, tell: Tell) -> Finished:
    """Train as configured, and write the run's folder; or continue the run that ``config.run.resume`` names.

    Nothing is written until the settings have been checked against the data. A file that cannot be written later does
    not stop the training: that is reported once, writing is tried again, and what fails again is reported as missing.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
        The data that ``config.data`` names.
    show : callable
        Shows each record as it arrives.
    tell : callable
        Called with a sentence for the user, such as the reason for a delay.

    Returns
    -------
    Finished

    Raises
    ------
    HandgradError
        If the settings are invalid, or the folder cannot be used.
    KeyboardInterrupt
        At Ctrl-C, SIGTERM or SIGHUP: a first request during the training is heeded after the span of steps that is
        being computed, when a checkpoint and the model have been written; a second one at once.
    """
    began = perf_counter()
    config = with_existing_cores(config, tell)
    run = config.run.resume
    if run is None:
        job = make_job(config, data, tell)
        run = folder.create_run(config.run.run, data.name)
        with locked(run, tell):
            folder.write_config(run, job.config.to_dict() | origin(config.data, run))
            write_environment(run, job.origin)
            return _trained(Session(job, run, History(run), tell), [], show, began)
    with locked(run, tell):
        files.remove_leftovers(run)
        config, checkpoint = continued(config, run, tell)
        job = make_job(config, data, tell, checkpoint)
        if checkpoint is None:
            if (run / ENVIRONMENT_FILE).is_file():  # otherwise it was killed before it wrote it
                refuse_other_data(run, read_environment(run).get("data"), job.origin.data)
            write_environment(run, job.origin)
        else:
            compare(run, checkpoint.origin, job.origin, tell)
        length = checkpoint.history if checkpoint else 0
        path = run / folder.HISTORY_FILE
        records = read_history(path, length) if path.exists() else []  # a refusal comes before any change
        folder.change_config(run, {"epochs": config.training.epochs})
        history = History(run, length)
        if history.cut:
            tell(f"{history.path}: the last line was incomplete and has been removed")
        if history.short:
            tell(
                f"warning: {history.path} has lost records of the {job.state.step:,} steps so far; the weights are not "
                "affected, but curves and warnings lack them: restore the file from a copy if there is one"
            )
        if job.best is not None and not job.best.left:
            epochs = f"{job.state.epoch} of {config.training.epochs}"
            tell(f"{run} has stopped early, after {epochs} epochs; only its end is repeated")
        elif job.state.step < job.steps:
            (run / folder.SUMMARY_FILE).unlink(missing_ok=True)  # it tells of less than the checkpoints that will come
            tell(f"continuing {run} after step {job.state.step:,} of {job.steps:,}")
        else:
            tell(f"{run} has all of its {config.training.epochs} epochs; only its end is repeated")
        session = Session(job, run, history, tell, job.halvings, job.best)
        return _trained(session, records, show, began - job.state.seconds)


def _trained(session: Session, records: list[Record], show: Show, began: float) -> Finished:
    """Train, and write what a run has at its end; ``records`` are those of the part that is over."""
    job, run, attempts, requests = session.job, session.run, session.attempts, session.requests
    attempts(folder.ROWS_FILE, lambda: write_digests(run / folder.ROWS_FILE, job.digests))
    sizes = "-".join(map(str, job.network.layer_sizes))
    warnings = _told(warnings_before(job), session.tell)
    with session.history, requests.collected(), _saying_how_to_go_on(run):
        try:
            records += show(session.records(), job.steps, f"{job.data.name} {sizes}")
        except DivergenceError as error:
            told = explained(job, error, session.rate)
            end = {"dataset": job.data.name, "diverged": told.found, "remedy": told.remedy}
            attempts(folder.SUMMARY_FILE, lambda: folder.write_summary(run, end))
            raise told from error
        requests.patient = False  # there is nothing more to wait for
        stopped = bool(requests.arrived)
        last = job.evaluation() if stopped else records[-1]  # training yields at least the final evaluation
        best = session.best_after(last)
        if best is not None and best.step < last.step:
            job.state.parameters.vector[:] = best.vector
            last = replace(last, figures=job.evaluation().figures)
        model = job.model
        attempts(MODEL_FILE, lambda: save_model(run / MODEL_FILE, model))
        predicted = model.predict_scaled(job.data.X_test, cast(EngineName, job.engine.name)).argmax(axis=1)
        summary = _summary(job, last, predicted, began)
        if session.halvings:
            summary["learning_rate_halved"] = session.halvings
        if best is not None:
            summary |= {"best_epoch": best.epoch, "best_step": best.step}
        if stopped:
            summary["stopped"] = True
        else:
            if last.step < job.steps:
                summary["stopped_early"] = True
            if job.config.run.patience is not None:
                session.tell(_about_best(job, last, best))
            if session.halvings:
                records = read_history(session.history.path)  # those after a checkpoint to which it returned are gone
            warnings += _told(warnings_after(job, summary, records, warnings), session.tell)
        summary["warnings"] = warnings_of(job.data) + warnings
        attempts(folder.SUMMARY_FILE, lambda: folder.write_summary(run, summary))
        if stopped:
            written = MODEL_FILE not in attempts.missing
            when = f"after step {(best or last).step:,} of {job.steps:,}"
            _stop(requests, when if best is None else f"{when}, which had the lowest validation loss,", run, written)
    for note in notes(job.data):
        session.tell(note)
    with _saying_how_to_go_on(run):
        draw_pictures(run, model, job.data, records, predicted, attempts)
    attempts.again()
    return Finished(run, summary, tuple(attempts.missing))


def _told(warnings: Iterable[str], tell: Tell) -> list[str]:
    """Tell each warning, and return them all."""
    found = list(warnings)
    for warning in found:
        tell(f"{WARNING}{warning}")
    return found


def _about_best(job: Job, last: Record, best: Best | None) -> str:
    """Say which weights are kept of a training that could stop early, and whether it has."""
    if best is None:
        return "the validation loss was never a finite number, so the weights are those at the end"
    kept = f"the weights are those after epoch {best.epoch}, which had the lowest validation loss ({best.loss:.4g})"
    if last.step == job.steps:
        return kept
    return f"stopped early after {last.epoch} of {job.config.training.epochs} epochs; {kept}"


@contextmanager
def _saying_how_to_go_on(run: Path) -> Iterator[None]:
    """Let a KeyboardInterrupt say what is kept of a run, and what to do, unless it does so already."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if stop.args:
            raise
        if (run / folder.SUMMARY_FILE).is_file():
            said = f"only pictures are missing; `handgrad train --resume {run}` draws them"
        elif has_checkpoint(run):
            said = f"continue with `handgrad train --resume {run}`"
        else:
            said = "no step was finished, so there are no weights to keep"
        raise KeyboardInterrupt(said) from None


def _stop(requests: Requests, when: str, run: Path, written: bool) -> None:
    """Raise the KeyboardInterrupt that was asked for, and say which weights were kept, if they could be written."""
    with suppress(KeyboardInterrupt):  # the one that is raised says more
        requests.heed()
    go_on = f"continue with `handgrad train --resume {run}`"
    if written:
        raise KeyboardInterrupt(f"the weights {when} are kept in {run}; {go_on}")
    before = (
        f"; {go_on}, which takes those of the last checkpoint" if has_checkpoint(run) else ", and no others are kept"
    )
    raise KeyboardInterrupt(f"the weights {when} could not be written{before}")


def _summary(job: Job, last: Record, predicted: NDArray[np.integer[Any]], began: float) -> dict[str, Any]:
    """Put the figures of a run together."""
    return {
        "dataset": job.data.name,
        "layer_sizes": list(job.network.layer_sizes),
        "parameters": job.network.parameter_count,
        "seed": job.config.training.seed,
        "engine": job.engine.name,
        "epochs": last.epoch,
        "steps": last.step,
        **last.figures,
        **figures_of_classes(job.data, predicted),
        "train_seconds": last.train_seconds,
        "seconds": perf_counter() - began,
        "version": job.origin.version,
    }
