"""What a training says of itself: warnings before its first step and at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Dataset
from handgrad.data.digests import row_digests
from handgrad.data.ranges import SCALES
from handgrad.runs import advice, symptoms
from handgrad.runs.config import TrainConfig
from handgrad.runs.job import Job
from handgrad.training.health import layer_health, some_examples
from handgrad.training.loop import Record
from handgrad.training.metrics import recalls
from handgrad.training.optimizers import SGD, Momentum, Nesterov

WARNING = "warning: "
BY_CHANCE = 0.1  # of the rows held out: coarse measurements repeat a few
FEW = 30  # test examples from which an accuracy is worth something: the standard error is at most 9%
MOST = 0.75  # of the examples: a class that has more leaves the others rare
STILL = 0.98  # of the loss of guessing, or of that at the start: above it, nothing has been learnt
FAR = 2.0  # times the loss at the start
LEARNT = 0.75  # of the training set, before anything can be said to be learnt too well
GAP = 0.1  # between the accuracies of training and test set; on the digits it is at most 0.03
SMALL_GAP, RISE = 0.05, 1.1  # the gap that counts once the test loss exceeds RISE times its minimum


def warnings_before(job: Job) -> Iterator[str]:
    """Say what is known before the first step. A training that continues says it again.

    Parameters
    ----------
    job : Job
        Its state may be any.
    """
    yield from symptoms.of_inputs(job.data)
    layers = layer_health(job.network, job.fresh().parameters, some_examples(job.examples))
    adaptive = not isinstance(job.config.training.recurrence, SGD | Momentum | Nesterov)
    smaller = "he_normal" if job.config.network.init == "normal" else "glorot_uniform"
    flags = advice.instead(job, "init", smaller), advice.instead(job, "activation", "relu")
    yield from symptoms.at_first(job.network, layers, *flags, adaptive)


def warnings_after(
    job: Job, summary: Mapping[str, Any], history: Sequence[Record], before: Sequence[str]
) -> Iterator[str]:
    """Say what a user should know before the figures are believed.

    Parameters
    ----------
    job : Job
        At its end.
    summary : mapping
    history : sequence of Record
    before : sequence of str
        What :func:`warnings_before` said.
    """
    evaluations = [record for record in history if record.kind == "evaluation"]
    some, lower = some_examples(job.examples), advice.lower(job)
    inside = list(
        symptoms.at_last(job.network, layer_health(job.network, job.state.parameters, some), len(some), lower)
    )
    yield from inside
    # Where inputs are hardly seen, or nearly all labels are one, rows that look alike tell nothing about labels.
    scales = [one for one in warnings_of(job.data) if one.startswith(SCALES)]
    asked = _near_chance(summary, len(job.data.y_test)) and not (scales or any(symptoms.of_inputs(job.data)))
    labels = list(symptoms.of_labels(job.data)) if asked else []
    yield from labels
    remedy = "" if before or inside or labels else f"; {advice.for_no_progress(job)}"
    if not labels:  # which would explain the rest
        yield from _useless(job.config, summary, remedy)
        yield from _overfitting(job.data, summary, evaluations)
    yield from _loss(job, evaluations, remedy)
    yield from _halved(job, summary)
    yield from _repeated(job.config, job.data, job.digests)


def warnings_of(data: Dataset) -> list[str]:
    """Return the warnings that stand in the notes of a data set, and were told when it was read."""
    return [note.removeprefix(WARNING) for note in data.notes if note.startswith(WARNING)]


def notes(data: Dataset) -> Iterator[str]:
    """Say so if the test set is so small that its accuracy says little."""
    count = len(data.X_test)
    if count < FEW:
        yield f"the test set has only {count} examples, each of which is {1 / count:.1%} of the test accuracy"


def figures_of_classes(data: Dataset, predicted: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Return the figures of a summary that tell of rare classes."""
    counts = np.bincount(data.y_test, minlength=data.n_classes)
    largest = int(counts.argmax())
    recall = recalls(predicted, data.y_test, data.n_classes)
    return {
        "largest_class": data.class_names[largest],
        "largest_class_share": counts[largest] / len(data.y_test),
        "test_recall": dict(zip(data.class_names, recall.tolist(), strict=True)),
    }


def _near_chance(summary: Mapping[str, Any], count: int) -> bool:
    """Say whether guessing would explain the test accuracy, up to three standard errors, and is not often right."""
    share = float(summary["largest_class_share"])
    return share <= MOST and bool(summary["test_accuracy"] <= share + 3 * sqrt(share * (1 - share) / count))


def _useless(config: TrainConfig, summary: Mapping[str, Any], remedy: str) -> Iterator[str]:
    """Say so if a training was of no use, and what to try if nothing else explains it."""
    accuracy, share, name = (summary[key] for key in ("test_accuracy", "largest_class_share", "largest_class"))
    if config.data.class_weight is not None:  # rare classes are worth some accuracy
        mean, chance = float(np.nanmean(list(summary["test_recall"].values()))), 1 / len(summary["test_recall"])
        if mean <= chance:
            yield f"an average recall of {mean:.1%} over the classes is no better than guessing{remedy}"
    elif accuracy <= share:
        rare = ", or --class-weight balanced" if share > MOST else ""
        yield (
            f"a test accuracy of {accuracy:.1%} is no better than always guessing {name!r} ({share:.1%})"
            f"{remedy and remedy + rare}"
        )


def _loss(job: Job, evaluations: Sequence[Record], remedy: str) -> Iterator[str]:
    """Say so if the loss of the training set rose, or hardly moved."""
    if evaluations[0].step:  # the beginning of the history has been lost
        return
    losses = [record.figures["train_loss"] for record in evaluations if "train_loss" in record.figures]
    first, last = losses[0], losses[-1]
    if last > first:
        later = min(losses[len(losses) // 2 :][1:] or [last])
        far = ", far beyond its start, and stays there" if later > FAR * first else ""
        yield f"the training loss rose from {first:.4g} to {last:.4g}{far}; {advice.lower(job)}"
        return
    guessed = _guessing(job)
    if last >= STILL * first:
        yield f"the training loss hardly moves: {first:.4g} at the start, {last:.4g} at the end{remedy}"
    elif last >= STILL * guessed > 0:
        yield (
            f"the training loss of {last:.4g} at the end is {'hardly' if last < guessed else 'no'} better than that of "
            f"guessing by the class frequencies ({guessed:.4g}){remedy}"
        )


def _halved(job: Job, summary: Mapping[str, Any]) -> Iterator[str]:
    """Say so if the training came to its end with less than its learning rate."""
    if times := summary.get("learning_rate_halved"):
        rate = job.rate_after(times)
        yield (
            f"the training diverged {times} time{'s' * (times > 1)}, and ended with a learning rate of {rate:g} "
            f"instead of {job.learning_rate:g}; begin with --lr {rate:g}"
        )


def _guessing(job: Job) -> float:
    """Compute the cross-entropy of guessing each class with its share; infinity for other losses."""
    if job.network.loss != "cross_entropy":
        return float("inf")
    counts = np.bincount(job.examples.y, job.examples.weight, minlength=job.data.n_classes)
    return float(-sum(share * log(share) for share in (counts / counts.sum()).tolist() if share))


def _overfitting(data: Dataset, summary: Mapping[str, Any], evaluations: Sequence[Record]) -> Iterator[str]:
    """Say so if the network knows its training set far better than new rows."""
    part = "test" if data.y_validation is None else "validation"
    count = len(data.y_test) if data.y_validation is None else len(data.y_validation)
    known, new = float(summary["train_accuracy"]), float(summary[f"{part}_accuracy"])
    losses = {record.epoch: record.figures.get(f"{part}_loss", float("inf")) for record in evaluations}
    best = min(losses, key=losses.__getitem__)
    risen = best > 0 and summary[f"{part}_loss"] > RISE * losses[best]
    error = sqrt(max(new * (1 - new), 1 / count) / count)
    if known < LEARNT or known - new <= max(SMALL_GAP if risen else GAP, 3 * error):
        return
    seen = f"overfitting: the training accuracy is {known:.1%}, the {part} accuracy {new:.1%}"
    if risen:
        yield (
            f"{seen}; the {part} loss was lowest, {losses[best]:.3g}, after epoch {best}, and has risen to "
            f"{summary[f'{part}_loss']:.3g}: what was learnt since holds for the training rows alone; "
            f"try --epochs {best}"
        )
    else:
        yield f"{seen}: much of what was learnt holds for the training rows alone; try more examples"


def _repeated(config: TrainConfig, data: Dataset, digests: NDArray[np.uint64]) -> Iterator[str]:
    """Say so if rows of another file, or many of those that were held out, are also in the training set."""
    parts = {
        "test": (data.X_test, data.y_test, config.data.test is not None),
        "validation": (data.X_validation, data.y_validation, isinstance(config.data.validation, str)),
    }
    for name, (X, y, own_file) in parts.items():
        if X is None or y is None:
            continue
        count = int(np.isin(row_digests(X, y), digests).sum())
        if count > (0 if own_file else BY_CHANCE * len(X)):
            yield f"{count:,} of the {len(X):,} {name} rows are also in the training set"
