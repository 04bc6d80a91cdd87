"""Using a trained network: evaluate it on a data set, and classify images and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Dataset, read_image, read_rows
from handgrad.errors import DataError, ShapeError
from handgrad.runs.folder import load_run
from handgrad.training.engines.choice import make_engine
from handgrad.training.examples import Examples, check_examples
from handgrad.training.settings import TrainingSettings


def evaluate_run(run: Path, data: str | None, load: Callable[[str], Dataset]) -> tuple[list[tuple[str, str]], str]:
    """Evaluate a run's model on the test set of a data set.

    Parameters
    ----------
    run : path
        A run folder or a model file.
    data : str or None
        A name, a folder or a file; by default, the data of the run.
    load : callable
        ``load_data``, or another function from a name or a path to a data set.

    Returns
    -------
    rows : list of (label, value)
    title : str

    Raises
    ------
    HandgradError
        If the run or the data cannot be read, or do not match.
    """
    model, _, config = load_run(run)
    dataset = load(data or config.get("data", model.dataset))
    if dataset.n_features != model.network.layer_sizes[0] or dataset.class_names != model.class_names:
        raise ShapeError(
            f"{dataset.name} with {dataset.n_features} features and the classes {', '.join(dataset.class_names)}",
            f"{model.network.layer_sizes[0]} features and the classes {', '.join(model.class_names)}",
            f"evaluate on data like {model.dataset}, on which the model was trained",
        )
    examples = Examples(_rescaled(dataset.X_test, dataset.scaling, model.scaling), dataset.y_test)
    check_examples(model.network, examples)
    # The engine that fits one pass over all examples.
    settings = TrainingSettings(epochs=1, full_batch=True)
    engine, _ = make_engine(model.network, examples, settings, model.parameters.vector.dtype)
    loss, accuracy = engine.evaluate(model.parameters, examples)
    rows = [
        ("test accuracy", f"{accuracy:.2%}"),
        ("test loss", f"{loss:.4f}"),
        ("examples", f"{len(dataset.X_test):,}"),
    ]
    return rows, f"{run} on {dataset.name}"


def _rescaled(X: NDArray[np.float32], own: Any, wanted: Any) -> NDArray[np.float32]:
    """Replace the scaling of some examples with the model's.

    Pixels are in 0..1, whatever their range in the file, and stay as they are.
    """
    if own == wanted or not (isinstance(own.minimum, tuple) or isinstance(wanted.minimum, tuple)):
        return X
    low, high = np.asarray(own.minimum), np.asarray(own.maximum)
    return np.asarray(wanted.apply(X * (high - low) + low))


def predict_inputs(run: Path, inputs: Sequence[Path]) -> Iterator[tuple[str, tuple[str, ...], NDArray[Any]]]:
    """Compute the outputs for images and for the rows of .npy files.

    All inputs are read before the first result is yielded, so that an unreadable one is reported at once.

    Parameters
    ----------
    run : path
        A run folder or a model file.
    inputs : sequence of paths

    Yields
    ------
    label : str
        The name of the file; for a .npy file, with the number of the row.
    class_names : tuple of str
    outputs : ndarray of shape (k,)

    Raises
    ------
    HandgradError
        If something cannot be read, or does not match the model.
    """
    model, _, _ = load_run(run)
    labels: list[str] = []
    outputs: list[NDArray[Any]] = []
    for path in inputs:
        if path.suffix.lower() == ".npy":
            found = model.predict(read_rows(path))
            labels += [f"{path}[{row}]" for row in range(len(found))]
        else:
            if model.image_shape is None:
                raise DataError(
                    f"the model was trained on a table, but {path} is an image",
                    "rows in a .npy file",
                    "save the examples as .npy",
                )
            found = model.predict_scaled(read_image(path, model.image_shape)[np.newaxis])
            labels.append(str(path))
        outputs += list(found)
    for label, values in zip(labels, outputs, strict=True):
        yield label, model.class_names, values
