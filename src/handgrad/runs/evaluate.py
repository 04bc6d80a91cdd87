"""Evaluating a trained network on a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Dataset, load_sets, read_part
from handgrad.data.digests import row_digests
from handgrad.data.published.download import Progress
from handgrad.data.sets import Part, test_part, training_part
from handgrad.errors import RunError
from handgrad.model import Model
from handgrad.reporting.text import figure
from handgrad.runs.config import data_settings, of_run
from handgrad.runs.loading import load_run, training_rows
from handgrad.runs.places import refuse_absent, resolved
from handgrad.training.engines.choice import make_engine
from handgrad.training.examples import Examples, check_examples
from handgrad.training.settings import Engine as EngineName
from handgrad.training.settings import TrainingSettings

Tell = Callable[[str], None]


class Evaluation(NamedTuple):
    """What an evaluation found.

    Attributes
    ----------
    rows : list of (label, value)
        For the terminal.
    title : str
    class_names : tuple of k str
    y, predicted : integer arrays of shape (n,)
        The true classes and the predicted ones.
    """

    rows: list[tuple[str, str]]
    title: str
    class_names: tuple[str, ...]
    y: NDArray[np.int64]
    predicted: NDArray[np.int64]


def evaluate_run(run: Path, data: str | None, tell: Tell, progress: Progress | None = None) -> Evaluation:
    """Evaluate a run's model on the test set of a data set, or on all rows of a table.

    Parameters
    ----------
    run : path
        A run folder or a model file.
    data : str or None
        A name, a folder or a file; by default, the test set of the training.
    tell : callable
        Called with each assumption that was made.
    progress : callable, optional
        As for :func:`load_data`.

    Returns
    -------
    Evaluation

    Raises
    ------
    HandgradError
        If the run or the data cannot be read, or do not match.
    """
    model, _, config = load_run(run, tell)
    model.refuse_numbers()
    with of_run(run):
        settings = data_settings(resolved(config, run), model.dataset)
    if data is None and (settings.test or settings.data) == "-":
        raise RunError(
            f"the test set of {run} came from the standard input", "data to evaluate on", "name a file with --data"
        )
    if data is None and not (settings.test or settings.data):
        raise RunError(f"{run} does not name its data", "data to evaluate on", "name them with --data")
    if data is None:
        refuse_absent(run, settings.test or settings.data, "data to evaluate on", "name them with --data")
    if data is None and settings.test is None:
        sets = load_sets(settings, progress, model)
        if not _trained_on(run, sets, model):
            tell(
                f"warning: {settings.data} has training examples other than those that {run} learnt from: it has "
                "changed since, or is another file of that name; name the data meant with --data"
            )
        part = test_part(sets, model)
    else:
        part = read_part(data or settings.test or "", model, progress, settings.missing)
    for note in part.notes:
        tell(f"{part.name}: {note}")
    examples = Examples(part.X, part.y)
    check_examples(model.network, examples)
    # The engine that fits one pass over all examples.
    evaluation = TrainingSettings(epochs=1, full_batch=True)
    engine, _ = make_engine(model.network, examples, evaluation, model.parameters.vector.dtype)
    loss, accuracy = engine.evaluate(model.parameters, examples)
    predicted = model.by_class(model.predict_scaled(part.X, cast(EngineName, engine.name))).argmax(axis=1)
    counts = np.bincount(part.y, minlength=len(model.class_names))
    largest = int(counts.argmax())
    kind = "" if part.whole and data is not None else "test "
    rows = [
        (f"{kind}accuracy", f"{accuracy:.2%}"),
        ("largest class", f"{counts[largest] / len(part.y):.2%} ({model.class_names[largest]})"),
        (f"{kind}loss", figure(loss)),
        ("examples", f"{len(part.y):,}"),
    ]
    seen = _seen(run, part)
    if seen is None and data is not None:
        rows.append(("note", "it is not known which rows were part of the training set"))
    elif seen is not None and seen.all():
        rows.append(("note", "all rows were part of the training set: the accuracy says nothing about new ones"))
    elif seen is not None and seen.any():
        others = (predicted == part.y)[~seen]
        said = f"{int(seen.sum()):,} of the {len(seen):,} rows were part of the training set"
        rows.append(("note", f"{said}: on the other {len(others):,} the accuracy is {others.mean():.2%}"))
    return Evaluation(rows, f"{run} on {part.name}", model.class_names, part.y, predicted)


def _trained_on(run: Path, sets: Dataset, model: Model) -> bool:
    """Tell whether the training set of a data set is the one of a run, as far as the run remembers its rows."""
    digests = training_rows(run)
    train = training_part(sets, model)
    return digests is None or np.array_equal(np.sort(row_digests(train.X, train.y)), digests)


def _seen(run: Path, part: Part) -> NDArray[np.bool_] | None:
    """Tell which examples were part of the training set, if the run remembers it."""
    digests = training_rows(run)
    return None if digests is None else np.isin(row_digests(part.X, part.y), digests)
