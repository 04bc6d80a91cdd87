"""What a training says of itself at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Dataset
from handgrad.data.digests import row_digests
from handgrad.runs.config import TrainConfig
from handgrad.training.loop import Record
from handgrad.training.metrics import recalls

BY_CHANCE = 0.1  # of the rows held out: coarse measurements repeat a few
FEW = 30  # test examples from which an accuracy is worth something: the standard error is at most 9 %


def remarks(
    config: TrainConfig,
    data: Dataset,
    digests: NDArray[np.uint64],
    summary: dict[str, Any],
    history: Sequence[Record],
) -> Iterator[str]:
    """Say what a user should know before the figures are believed.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
    digests : array of shape (n,)
        Those of the training set.
    summary : dict
    history : sequence of Record
    """
    yield from _warnings(config, summary, history)
    yield from _few(data)
    yield from _repeated(config, data, digests)


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


def _warnings(config: TrainConfig, summary: dict[str, Any], history: Sequence[Record]) -> Iterator[str]:
    """Say so if a training was of no use."""
    first, last = history[0].figures, history[-1].figures
    accuracy, share, name = (summary[key] for key in ("test_accuracy", "largest_class_share", "largest_class"))
    remedy = "try another --lr, or more --epochs"
    if config.data.class_weight is not None:  # rare classes are worth some accuracy
        mean, chance = float(np.nanmean(list(summary["test_recall"].values()))), 1 / len(summary["test_recall"])
        if mean <= chance:
            yield f"warning: a recall of {mean:.1%} in the mean of the classes is no better than guessing; {remedy}"
    elif accuracy <= share:
        rare = ", or --class-weight balanced" if share > 0.75 else ""
        yield (
            f"warning: a test accuracy of {accuracy:.1%} is no better than always guessing {name!r} ({share:.1%}); "
            f"{remedy}{rare}"
        )
    if last["train_loss"] > first["train_loss"]:
        yield (
            f"warning: the training loss rose from {first['train_loss']:.4g} to {last['train_loss']:.4g}; lower --lr"
        )


def _few(data: Dataset) -> Iterator[str]:
    """Say so if the test set is so small that its accuracy says little."""
    count = len(data.X_test)
    if count < FEW:
        yield f"the test set has only {count} examples, each of which is {1 / count:.1%} of the test accuracy"


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
            yield f"warning: {count:,} of the {len(X):,} {name} rows are also in the training set"
