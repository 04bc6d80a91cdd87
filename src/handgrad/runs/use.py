"""Using a trained network: classify images and rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data import read_image, read_rows
from handgrad.data.arrays.layouts import read_images
from handgrad.data.folders.listing import list_files
from handgrad.data.pictures.images import are_digits, is_example, is_picture_name
from handgrad.data.sets import scaling_for
from handgrad.data.settings import Missing
from handgrad.data.tables.formats import is_table, kind_of
from handgrad.data.tables.model_rows import Rows, read_table_rows
from handgrad.errors import DataError
from handgrad.model.model import Model
from handgrad.runs.loading import load_run

Tell = Callable[[str], None]


def _fitting(model: Model, X: NDArray[np.float64], path: Path, tell: Tell) -> Model:
    """Return the model with the scaling that the rows need, and tell if that is not its own."""
    scaling, notes = scaling_for(X, model, path)
    for note in notes:
        tell(f"{path}: {note}")
    return replace(model, scaling=scaling)


@dataclass(frozen=True)
class Prediction:
    """The outputs for one example.

    Attributes
    ----------
    source : str
        The name of the file.
    row : int or None
        The number of the row in it, from 0.
    class_names : tuple of k str
    outputs : ndarray of shape (k,)
    are_numbers : bool
        Whether the outputs are numbers, as the loss requires, rather than probabilities.
    image : ndarray of shape (height, width), optional
        What the network saw of a picture.
    """

    source: str
    row: int | None
    class_names: tuple[str, ...]
    outputs: NDArray[Any]
    are_numbers: bool
    image: NDArray[np.float32] | None = None

    @property
    def label(self) -> str:
        """The name of the example in the terminal."""
        return self.source if self.row is None else f"{self.source}[{self.row}]"

    def to_dict(self, probabilities: bool) -> dict[str, Any]:
        """Return the columns of a table of predictions."""
        best = int(self.outputs.argmax())
        whole, short = ("output", "output") if self.are_numbers else ("probability", "p")
        table = {
            "source": files.as_text(self.source),
            "row": self.row,
            "prediction": self.class_names[best],
            whole: float(self.outputs[best]),
        }
        if probabilities:
            table |= {f"{short}({name})": float(p) for name, p in zip(self.class_names, self.outputs, strict=True)}
        return table


def predict_inputs(
    run: Path, inputs: Sequence[Path], tell: Tell, skip: Callable[[DataError], None] | None = None
) -> list[Prediction]:
    """Compute the outputs for images, for the rows of tables, and for those of .npy and IDX files.

    Parameters
    ----------
    run : path
        A run folder or a model file.
    inputs : sequence of paths
        A folder stands for the pictures in it and below it.
    tell : callable
        Called with each assumption that was made.
    skip : callable, optional
        Called with the error of a picture that cannot be read, or of rows with empty fields, which are left out; by
        default, the error is raised.

    Returns
    -------
    list of Prediction

    Raises
    ------
    HandgradError
        If something cannot be read, or does not match the model.
    """
    model, _, config = load_run(run, tell)
    model.refuse_numbers()
    fills = model.columns is not None and any(column.fill is not None for column in model.columns.features)
    missing: Missing = "mean" if fills or config.get("missing") == "mean" else "drop"
    found: list[Prediction] = []
    numbers = model.network.criterion.targets == "numbers"
    for path in _files(inputs, tell):
        rows = _rows(model, missing, path)
        if rows is None:
            if model.image_shape is None:
                with files.opened(path):  # which refuses a path at which there is no file
                    raise DataError(
                        f"the model was trained on a table, but {path} is an image",
                        "a table or rows in a .npy file",
                        "save the examples as CSV",
                    )
            try:
                image = read_image(path, model.image_shape, digits=are_digits(model.class_names))
            except DataError as error:
                if skip is None:
                    raise
                skip(error)
                continue
            outputs = model.by_class(model.predict_scaled(image[np.newaxis]))
            shown = image.reshape(model.image_shape)
            found.append(Prediction(str(path), None, model.class_names, outputs[0], numbers, shown))
            continue
        for note in rows.notes:
            tell(f"{path}: {note}")
        if rows.left_out:
            gaps = DataError(f"{path}: {rows.left_out}, not predicted", "a value in every field", "fill what is empty")
            if skip is None:
                raise gaps
            skip(gaps)
        if len(rows.X) == 0:
            continue
        outputs = model.by_class(_fitting(model, rows.X, path, tell).predict(rows.X))
        numbered = zip(rows.numbers.tolist(), outputs, strict=True)
        found += [Prediction(str(path), row, model.class_names, one, numbers) for row, one in numbered]
    return found


def _rows(model: Model, missing: Missing, path: Path) -> Rows | None:
    """Read the rows of a table or of one array; None for a picture."""
    if is_table(path) and not (model.image_shape and is_picture_name(path)):
        return read_table_rows(path, model.columns, model.n_features, missing, with_labels=False)
    kind = "npy" if path.suffix.lower() == ".npy" else "picture"
    if kind == "picture" and path.is_file() and not is_picture_name(path):
        kind = kind_of(path)
    if kind in ("npy", "idx"):
        X = (read_rows if kind == "npy" else read_images)(path, model.network.layer_sizes[0])
        return Rows(X, None, (), np.arange(len(X)))
    if kind != "picture":
        raise DataError(
            f"{path} holds several arrays or files",
            "pictures, a table, or one array of examples in a .npy or IDX file",
            f"run `handgrad evaluate RUN --data {path}`, or write its examples with np.save",
        )
    return None


def _files(inputs: Sequence[Path], tell: Tell) -> Iterator[Path]:
    """Replace each folder with the pictures in it and below it, in the order of their names."""
    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        listing = list_files(path)
        for note in listing.notes:
            tell(f"{path}: {note}")
        pictures = sorted(filter(is_example, listing.paths))
        if not pictures:
            raise DataError(f"{path} is a folder without pictures", "a folder with pictures in it", "check the path")
        yield from pictures


def write_predictions(out: Path, predictions: Sequence[Prediction], probabilities: bool) -> Path:
    """Write a table of predictions, one row for each example, as .csv, .jsonl or .parquet.

    Raises
    ------
    DataError
        If the file exists, or its name ends in anything else.
    """
    kind = out.suffix.lower()
    if kind not in (".csv", ".jsonl", ".parquet"):
        raise DataError(f"{out} ends in {out.suffix!r}", "a name that ends in .csv, .jsonl or .parquet", "rename it")
    files.refuse_existing(out)
    rows = [one.to_dict(probabilities) for one in predictions]
    with files.written(out) as file:
        if kind == ".jsonl":
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
        else:
            import pandas as pd

            table, content = pd.DataFrame(rows).astype({"row": "Int64"}), io.BytesIO()
            if kind == ".csv":
                table.to_csv(content, index=False, lineterminator="\n")
            else:
                _to_parquet(table, content)
            file.write(content.getvalue())
    return out


def _to_parquet(table: Any, content: io.BytesIO) -> None:
    """Write a table in Parquet, where pyarrow is installed."""
    try:
        table.to_parquet(content, index=False)
    except ImportError as error:
        raise DataError(
            "Parquet needs pyarrow", "the extra `parquet`", "run `pip install 'handgrad[parquet]'`"
        ) from error
