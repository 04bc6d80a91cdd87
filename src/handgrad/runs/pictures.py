"""The pictures of a run. One that cannot be drawn costs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Dataset
from handgrad.model.model import Model
from handgrad.reporting import charts
from handgrad.reporting.layers import draw_gradients, has_gradients
from handgrad.runs import folder
from handgrad.runs.attempts import Attempts
from handgrad.training.loop import Record
from handgrad.training.metrics import confusion_counts

MOST_CLASSES = 200  # in a picture of the confusion matrix


def draw_pictures(
    run: Path,
    model: Model,
    data: Dataset,
    history: Sequence[Record],
    predicted: NDArray[np.integer[Any]],
    attempts: Attempts,
) -> None:
    """Draw the curves, the first layer and the confusion matrix of the test set into the run's folder.

    Parameters
    ----------
    run : Path
    model : Model
    data : Dataset
    history : sequence of Record
        With figures of the layers, their gradients are drawn as well.
    predicted : integer array of shape (m,)
        The classes that the model predicts for the test set.
    attempts : Attempts
        Draws them, as far as that is possible.
    """
    features = data.columns.headings if data.columns else ()
    W = np.asarray(model.parameters.W[0])
    pictures: dict[str, Callable[[Path], None]] = {
        folder.CURVES_FILE: partial(charts.draw_curves, history, title=f"{data.name}: training"),
        folder.FIRST_LAYER_FILE: partial(
            charts.draw_first_layer, W, data.image_shape, title=f"{data.name}: first layer", features=features
        ),
    }
    if data.n_classes <= MOST_CLASSES:  # of more, nothing could be read in a picture of gigabytes
        counts = confusion_counts(predicted, data.y_test, data.n_classes)
        pictures[folder.CONFUSION_FILE] = partial(
            charts.draw_confusion, counts, data.class_names, title=f"{data.name}: test set"
        )
    if has_gradients(history):
        pictures[folder.GRADIENTS_FILE] = partial(draw_gradients, history, title=f"{data.name}: gradients")
    for name, draw in pictures.items():
        attempts(name, partial(draw, run / name))
