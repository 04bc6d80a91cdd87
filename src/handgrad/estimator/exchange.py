"""What a fitted estimator can become: a file, a model in ONNX, or one of another library's, and back.

What a method alone needs is imported there: whoever only fits need not wait for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from handgrad.network.parameters import count_parameters

if TYPE_CHECKING:
    from handgrad.network.mlp import MLP
    from handgrad.training.state import TrainingState


class Exchange:
    """The methods of an estimator that save, export and convert it once it is fitted."""

    _network: MLP
    _state: TrainingState
    solver: Any

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save everything in one file, from which :meth:`load` goes on with the same bits.

        The file is in the format safetensors, and is written completely or not at all. ``handgrad.load_model`` reads
        it as well.

        Parameters
        ----------
        path : path
            An existing file is replaced.

        Raises
        ------
        RunError
            If a parameter is something that no file can hold, such as a function or a RandomState, or the file cannot
            be written.
        """
        check_is_fitted(self)
        from handgrad.estimator import saving

        saving.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load what :meth:`save` has written. Nothing in the file is executed, and everything is checked.

        Parameters
        ----------
        path : path

        Returns
        -------
        fitted estimator

        Raises
        ------
        RunError
            If the file does not exist, is damaged, contradicts itself, or holds something else.

        Examples
        --------
        >>> import tempfile
        >>> from handgrad import MLPRegressor
        >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/line.safetensors")
        ...     loaded = MLPRegressor.load(f"{folder}/line.safetensors")
        >>> bool(loaded.predict([[0.5]]) == model.predict([[0.5]]))
        True
        """
        from handgrad.estimator import saving

        loaded: Self = saving.load(cls, path)
        return loaded

    def to_onnx(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Convert the network to ONNX, with inputs and outputs that are called as by skl2onnx without ZipMap.

        Parameters
        ----------
        path : path, optional
            Where to write the model; an existing file is replaced.

        Returns
        -------
        onnx.ModelProto
            From "X", of shape (n, n_features) and the precision of the fit, it computes "label" and "probabilities"
            (a regressor "variable", of shape (n, n_outputs)). Labels are int64 or text; True and False become 1 and 0.

        Raises
        ------
        SettingError
            If onnx is not installed, or does not have what the estimator has, such as fractions as classes.
        RunError
            If the file cannot be written.
        """
        check_is_fitted(self)
        labels = self.classes_ if isinstance(self, ClassifierMixin) else None
        if labels is not None and len(labels) == 1:  # which has two outputs all the same
            labels = labels.repeat(2)
        from handgrad.model import onnx

        return onnx.to_onnx(self._network, self._state.parameters, path, labels)

    def to_sklearn(self) -> Any:
        """Convert to scikit-learn's estimator of the same name.

        Returns
        -------
        fitted sklearn.neural_network.MLPClassifier or MLPRegressor
            With copies of the weights, and the parameters that it has; others are left out. Its optimizer begins anew.

        Raises
        ------
        SettingError
            If scikit-learn does not have the activation, the loss, or another parameter's value.
        """
        check_is_fitted(self)
        from handgrad.estimator import conversions

        return conversions.to_sklearn(self)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Take over a fitted estimator of scikit-learn's.

        Parameters
        ----------
        fitted : sklearn.neural_network.MLPClassifier or MLPRegressor

        Returns
        -------
        fitted estimator
            With its parameters and a copy of its weights. The optimizer begins anew.

        Raises
        ------
        SettingError
            If it is something else, or has a loss that we do not have.
        """
        from handgrad.estimator import conversions

        converted: Self = conversions.from_sklearn(cls, fitted)
        return converted

    def to_torch(self) -> Any:
        """Convert the network to PyTorch.

        Returns
        -------
        torch.nn.Sequential
            Of Linear modules and activations, with copies of the weights. It gives the probabilities of
            ``predict_proba``, of two classes that of the second, (n, 1); ``[:-1]`` gives logits. That of a regressor
            gives numbers, (n, n_outputs).

        Raises
        ------
        SettingError
            If PyTorch is not installed.
        """
        check_is_fitted(self)
        from handgrad.model import convert

        return convert.to_torch(self._network, self._state.parameters)

    @classmethod
    def from_torch(cls, module: Any, classes: Any = None) -> Self:
        """Take over a network from PyTorch.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of Linear modules, each with at most one activation. That of a classifier ends with Softmax, LogSoftmax,
            Sigmoid, or a Linear that gives logits: one for each class, or a single one for the second of two. Several
            labels at once need a Sigmoid at the end.
        classes : array-like of shape (n_classes,), optional
            In the order of the outputs; by default, they are counted from 0.

        Returns
        -------
        fitted estimator
            With a copy of the weights, in their precision, and otherwise default parameters.

        Raises
        ------
        SettingError
            If PyTorch is not installed, or the module contains anything else, which is named.
        """
        from handgrad.estimator import conversions
        from handgrad.model import convert

        read = convert.from_torch(module, logits=issubclass(cls, ClassifierMixin))
        converted: Self = conversions.estimator_of(cls, *read, classes)
        return converted

    def to_keras(self) -> Any:
        """Convert the network to Keras.

        Returns
        -------
        keras.Sequential
            Of Dense layers. Its predictions are those of the module that :meth:`to_torch` returns.

        Raises
        ------
        SettingError
            If Keras is not installed.
        """
        check_is_fitted(self)
        from handgrad.model import convert

        return convert.to_keras(self._network, self._state.parameters)

    @classmethod
    def from_keras(cls, model: Any, classes: Any = None) -> Self:
        """Take over a network from Keras.

        Parameters
        ----------
        model : keras.Sequential
            Of Dense layers and activations; what it may end with is said in :meth:`from_torch`.
        classes : array-like of shape (n_classes,), optional
            In the order of the outputs; by default, they are counted from 0.

        Returns
        -------
        fitted estimator
            With a copy of the weights, in their precision, and otherwise default parameters.

        Raises
        ------
        SettingError
            If Keras is not installed, or the model contains anything else, which is named.
        """
        from handgrad.estimator import conversions
        from handgrad.model import convert

        read = convert.from_keras(model, logits=issubclass(cls, ClassifierMixin))
        converted: Self = conversions.estimator_of(cls, *read, classes)
        return converted

    def summary(self) -> str:
        """Describe the fitted network in a table.

        Returns
        -------
        str
            Of several lines: for each layer its inputs, outputs, activation and the number of its parameters.

        Examples
        --------
        >>> from handgrad import MLPRegressor
        >>> model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
        >>> print(model.summary())
        layer     inputs  outputs  activation  parameters
        hidden 1       1        3  relu                 6
        output         3        1  identity             4
        10 parameters in float64, loss squared_error, solver lbfgs
        """
        check_is_fitted(self)
        network, vector = self._network, self._state.parameters.vector
        sizes = list(zip(network.layer_sizes, network.layer_sizes[1:], strict=False))
        names = [f"hidden {number}" for number in range(1, len(sizes))] + ["output"]
        after = [*map(str, network.activations), network.criterion.out_activation]
        rows = [("layer", "inputs", "outputs", "activation", "parameters")]
        for name, (d_in, d_out), activation in zip(names, sizes, after, strict=True):
            count = count_parameters((d_in, d_out))
            rows.append((name, f"{d_in:,}", f"{d_out:,}", activation, f"{count:,}"))
        total = f"{vector.size:,} parameters in {vector.dtype}, loss {network.loss}, solver {self.solver}"
        from handgrad.reporting.text import columns

        return f"{columns(rows, right=[1, 2, 4])}\n{total}"
