"""A trained network with everything needed to use it: the names of its classes and the preprocessing of its inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handgrad.data.dataset import Scaling
from handgrad.data.features import Columns
from handgrad.errors import DataError, SettingError, ShapeError
from handgrad.network import MLP, Parameters
from handgrad.training.engines.choice import make_predictor
from handgrad.training.settings import Engine as EngineName

_ROWS = 4096  # rows predicted at a time: the memory does not grow with n


@dataclass(frozen=True)
class Model:
    """A network with its parameters, and everything needed to use it on raw rows.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        NumPy, float32 or float64.
    class_names : tuple of str
        One for each output; two for a single yes-or-no output; none, or one for each output, if outputs are numbers.
    scaling : Scaling
        The preprocessing of raw rows.
    image_shape : (height, width) or None
        If a row is an image.
    dataset : str
        The name of the data set that the network was trained on.
    columns : Columns, optional
        How a table becomes raw rows.

    Raises
    ------
    ShapeError
        If the arguments do not match.

    Examples
    --------
    >>> network = MLP((2, 2))
    >>> model = Model(network, Parameters((2, 2), np.arange(6.0)), ("no", "yes"), Scaling(0, 255), None, "toy")
    >>> model.predict([[0, 0], [0, 255]]).round(3)
    array([[0.269, 0.731],
           [0.119, 0.881]])
    >>> model.classify([[0, 0], [0, 255]])
    array([1, 1])
    """

    network: MLP
    parameters: Parameters
    class_names: tuple[str, ...]
    scaling: Scaling
    image_shape: tuple[int, int] | None
    dataset: str
    columns: Columns | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if self.image_shape is not None:
            object.__setattr__(self, "image_shape", tuple(self.image_shape))
        d, k = self.network.layer_sizes[0], self.network.layer_sizes[-1]
        targets = self.network.criterion.targets
        self.network.check_parameters(self.parameters)
        names = {"classes": (k,), "answers": (2,) if k == 1 else (k,), "numbers": (0, k)}[targets]
        if len(self.class_names) not in names:
            raise ShapeError(
                f"{len(self.class_names)} class names for {k} outputs of the loss {self.network.loss}",
                " or ".join(map(str, names)),
                "name each class once",
            )
        if isinstance(self.scaling.minimum, tuple) and len(self.scaling.minimum) != d:
            raise ShapeError(
                f"a scaling of {len(self.scaling.minimum)} columns for a network of {d} inputs",
                f"bounds for {d} columns, or one pair for all",
                "pass the scaling of the data set that the network was trained on",
            )
        if self.columns is not None and self.columns.width != d:
            raise ShapeError(
                f"a table of {self.columns.width} columns of numbers for a network of {d} inputs",
                f"{d} columns",
                "pass the columns of the data set that the network was trained on",
            )
        if self.image_shape is not None and (len(self.image_shape) != 2 or math.prod(self.image_shape) != d):
            raise ShapeError(
                f"images of shape {self.image_shape} for a network of {d} inputs",
                f"height times width equal to {d}",
                "pass the true shape of the images, or None",
            )

    @property
    def n_features(self) -> int:
        """The number of features d."""
        return self.network.layer_sizes[0]

    def predict(self, rows: ArrayLike) -> NDArray[Any]:
        """Compute the outputs of the network for raw rows: probabilities or numbers.

        Parameters
        ----------
        rows : array of shape (n, d)
            In the range of the data before scaling.

        Returns
        -------
        array of shape (n, k)
            Of the dtype of the parameters.

        Raises
        ------
        ShapeError
            If the rows do not have d columns.
        DataError
            If they are not finite real numbers.
        """
        raw = np.asarray(rows)
        d = self.network.layer_sizes[0]
        if raw.ndim != 2 or raw.shape[1] != d:
            raise ShapeError(f"rows of shape {raw.shape}", f"shape (n, {d})", "use one row for each example")
        if raw.dtype.kind not in "biuf":
            raise DataError(f"rows of dtype {raw.dtype}", "real numbers", "convert them first")
        scaled = np.empty(raw.shape, np.float32)
        for start in range(0, len(raw), _ROWS):
            X = scaled[start : start + _ROWS] = self.scaling.apply(raw[start : start + _ROWS])
            if not np.isfinite(X).all():
                row, column = (int(index) for index in np.argwhere(~np.isfinite(X))[0])
                raise DataError(
                    f"{raw[start + row, column]} in row {start + row}, column {column}",
                    "finite numbers",
                    "correct or drop that row",
                )
        return self.predict_scaled(scaled)

    def predict_scaled(self, X: NDArray[Any], engine: EngineName = "auto") -> NDArray[Any]:
        """Compute the network's outputs for rows that have been scaled, such as those of a data set or an image.

        Parameters
        ----------
        X : array of shape (n, d)
        engine : {"auto", "numpy", "compiled"}, default "auto"
            auto uses compiled code if it is available and the rows are worth loading it.

        Returns
        -------
        array of shape (n, k)
            Of the dtype of the parameters.
        """
        dtype = self.parameters.vector.dtype
        predict = make_predictor(self.network, self.parameters, engine, rows=len(X))
        outputs = np.empty((len(X), self.network.layer_sizes[-1]), dtype)
        for start in range(0, len(X), _ROWS):
            rows = slice(start, start + _ROWS)
            outputs[rows] = predict(X[rows].astype(dtype, copy=False))
        return outputs

    def refuse_numbers(self) -> None:
        """Refuse a model that has no classes.

        Raises
        ------
        SettingError
            With what predicts its numbers.
        """
        if not self.class_names:
            found = f"a model with the loss {self.network.loss}, which predicts numbers and has no classes"
            raise SettingError(found, "a model of classes", "use MLPRegressor.load in Python")

    def by_class(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return outputs with one column for each class: a single answer p becomes 1 - p and p.

        Parameters
        ----------
        outputs : array of shape (n, k)
            What :meth:`predict` returns.

        Raises
        ------
        SettingError
            If the model has no classes.
        """
        self.refuse_numbers()
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] < len(self.class_names) else outputs

    def classify(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable class of each raw row, as an index into ``class_names``.

        Parameters
        ----------
        rows : array of shape (n, d)

        Returns
        -------
        array of shape (n,)

        Raises
        ------
        SettingError
            If the outputs do not determine one class.
        ShapeError, DataError
            As for :meth:`predict`.
        """
        k, targets = self.network.layer_sizes[-1], self.network.criterion.targets
        if targets == "numbers" or (targets == "answers" and k > 1):
            raise SettingError(
                f"a model with the loss {self.network.loss} and {k} outputs",
                "outputs that determine one class",
                "use predict",
            )
        outputs = self.predict(rows)
        return (outputs[:, 0] > 0.5).astype(np.int64) if targets == "answers" else outputs.argmax(axis=1)
