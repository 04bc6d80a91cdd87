"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from handgrad.errors import SettingError
from handgrad.estimator.functions import our_loss
from handgrad.estimator.perceptron import Perceptron
from handgrad.estimator.targets import Classes
from handgrad.network.activations import Activation, softplus
from handgrad.network.classification import log_softmax
from handgrad.network.initialisers import Initialiser
from handgrad.network.losses import Criterion, Focal, Loss, LossFunction
from handgrad.training.examples import Examples
from handgrad.training.optimizers import Optimizer
from handgrad.training.schedules import Schedule


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
    """A multilayer perceptron that classifies.

    It takes the place of scikit-learn's estimator of the same name. With the same parameters and ``random_state``, sgd
    and lbfgs find the same weights, up to rounding where all batches have the same size; docs/estimators.md has the
    differences. ``class_weight``, ``label_smoothing``, ``scoring`` and ``initialiser``, further losses,
    activations, solvers and schedules, functions of your own in place of any of these, and validation examples of your
    own in :meth:`fit` are not in scikit-learn.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        The number of units in each hidden layer; () for a linear model.
    activation : str or Activation, or a sequence of them, default "relu"
        The activation of the hidden layers: "identity", "logistic", "tanh", "relu", another name in ``ACTIVATIONS``, or
        ``Activation(f, del_f)`` of your own, whose derivative ``del_f(Z, H)`` is checked; one for each layer if they
        are to differ.
    solver : {"adam", "sgd", "lbfgs"}, another name in ``OPTIMIZERS``, or Optimizer, default "adam"
        An optimizer has its own constants, such as ``AdamW(weight_decay=0.1)``.
    alpha : float, default 0.0001
        The strength of the L2 penalty: half of it times the sum of the squared weights, divided by the batch size.
    batch_size : int or "auto", default "auto"
        The number of examples in a step; auto is 200, or all if there are fewer. lbfgs always takes all.
    learning_rate : {"constant", "invscaling", "adaptive"}, a name in ``SCHEDULES``, or callable, default "constant"
        How the rate changes. invscaling divides it by the number of examples seen to the power of ``power_t``, and
        adaptive by five whenever training has stopped improving; both leave that of adam as it is. A schedule is a
        function of ``(step, total, peak)``, with the steps of ``max_iter`` epochs in total.
    learning_rate_init : float, default 0.001
        The learning rate at the beginning, or the peak of a schedule; not used by lbfgs.
    power_t : float, default 0.5
    max_iter : int, default 200
        The maximum number of epochs, or of iterations of lbfgs.
    shuffle : bool, default True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Draws the first weights, the validation examples and the orders.
    tol : float, default 0.0001
        The smallest change that counts as an improvement.
    verbose : bool, default False
        Whether to print the loss of each epoch.
    warm_start : bool, default False
        Whether ``fit`` goes on from where training stands, with the state of the optimizer.
    momentum : float, default 0.9
        That of sgd, in [0, 1].
    nesterovs_momentum : bool, default True
        Whether the momentum is Nesterov's.
    early_stopping : bool, default False
        Whether to stop when the score on validation examples has stopped improving, and to keep the best weights.
    validation_fraction : float, default 0.1
        The share of the examples that ``early_stopping`` holds out, unless ``fit`` is given others.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
        The constants of adam.
    n_iter_no_change : int or inf, default 10
        Training stops after more epochs than this without an improvement.
    max_fun : int, default 15000
        The maximum number of evaluations of the loss by lbfgs.
    l1 : float, default 0
        The strength of the L1 penalty: this times the sum of the weights' absolute values, divided by the batch size.
    dropout : float or (float, float), default 0
        The share of the hidden units that each step leaves out at random, in [0, 1); or two shares, of the inputs and
        of the hidden units.
    max_norm : float, optional
        The largest norm of the weights into a unit. After each step, longer ones are scaled down to it.
    normalisation : {"batch", "layer"}, optional
        How hidden layers are normalised before their activation.
    callbacks : callable or sequence of callables, optional
        Each is called after every epoch of sgd, adam and the like, with a :class:`~handgrad.training.Record`; one that
        returns True stops the training.
    engine : {"auto", "numpy", "compiled"}, default "auto"
        What computes the steps; auto takes compiled code if loading it pays. The engines agree to rounding.
    class_weight : dict, "balanced" or None
        The weight of each class; balanced: such that all classes have the same weight in total.
    scoring : str, callable or None
        What ``early_stopping`` looks at: a scorer of scikit-learn or its name, or "loss" for the validation loss. None
        is the accuracy.
    loss : {"log_loss", "focal"}, Focal, Loss or callable, default "log_loss"
        What is minimised. focal makes confidently classified examples count less; ``Focal(gamma=1.0)`` has a
        constant of its own. A function of your own takes ``(outputs, y, sample_weight)`` and returns the mean loss and
        its gradient, which is checked.
    label_smoothing : float, default 0
        The share of each label that is spread evenly over all classes, in [0, 1).
    initialiser : str, callable or None
        How the first weights are drawn: a name in ``INITIALISERS``, or a function of ``(rng, d_in, d_out)`` that
        returns ``(W, b)``. None draws them as scikit-learn does.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coefs_ : list of ndarrays of shape (units below, units)
        Views into the parameters, as are ``intercepts_``.
    intercepts_ : list of ndarrays of shape (units,)
    loss_, best_loss_ : float
        The loss of the last epoch, with the penalty, and the smallest one. Of several outputs, the losses are added.
    loss_curve_ : list of float
        One for each epoch; none with lbfgs.
    validation_scores_, best_validation_score_ : list of float, and float
        With ``early_stopping``; otherwise None.
    validation_loss_curve_ : list of float
        The loss on validation examples after each epoch, if there are any.
    n_iter_, t_ : int
        The number of epochs, or iterations; and of examples that have been trained on.
    n_layers_, n_outputs_, n_features_in_ : int
    feature_names_in_ : ndarray of str
        If the examples came in a data frame.
    out_activation_ : str
        "softmax", or "logistic" if there are two classes or several labels at once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier((20,), solver="lbfgs", random_state=0).fit(X, y).score(X, y) > 0.95
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        solver: str | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        l1: float = 0.0,
        dropout: float | tuple[float, float] = 0.0,
        max_norm: float | None = None,
        normalisation: str | None = None,
        callbacks: Any = None,
        engine: str = "auto",
        class_weight: Any = None,
        scoring: Any = None,
        loss: str | Focal | Loss | LossFunction = "log_loss",
        label_smoothing: float = 0.0,
        initialiser: str | Initialiser | None = None,
    ) -> None:
        self.__dict__.update({name: value for name, value in locals().items() if name not in ("self", "__class__")})

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch, from where training stands: the weights and the optimizer go on.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        classes : array-like of shape (n_classes,), optional
            All classes that will ever occur, or the numbers of the columns of y. The first call needs them.

        Returns
        -------
        self

        Raises
        ------
        SettingError
            If the classes are missing, or differ from those of an earlier call.
        """
        if isinstance(self.class_weight, str):
            remedy = "compute the weights from all labels, and pass them as a dict"
            raise SettingError(f"class_weight is {self.class_weight!r} in partial_fit", "a dict or None", remedy)
        if hasattr(self, "_state"):
            if classes is not None and not self._classes.are_named_by(classes):
                found = f"`classes={np.unique(classes).tolist()}` is not the same as on last call"
                raise SettingError(found, f"{self.classes_.tolist()}", "leave classes out")
        elif classes is None:
            raise SettingError("no classes in the first call of partial_fit", "all of them", "pass classes")
        if not hasattr(self, "_state"):
            self._announced = classes
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each example, or 0 and 1 for each label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._outputs(X)
        return self._classes.decoded(outputs)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the probability of each class, or of each label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if self._classes.kind == "binary" else outputs

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithms of the probabilities that :meth:`predict_proba` predicts.

        They are computed from the logits, and are therefore finite where a probability is too small to be a number.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        rows = self._checked(X)
        logits, _ = self._network.forward(self._state.parameters, rows)
        against = np.hstack([logits, -logits]) if self._classes.kind == "binary" else -logits
        logarithms: NDArray[Any] = log_softmax(logits) if self._classes.kind == "multiclass" else -softplus(against)
        return logarithms

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _targets(self, y: NDArray[Any], begins: bool) -> tuple[NDArray[Any], int, str | Criterion]:
        if begins:
            self._classes = Classes.of(y, self.__dict__.pop("_announced", None))
            self.classes_ = self._classes.labels
            self.out_activation_ = "softmax" if self._classes.kind == "multiclass" else "logistic"
        if self._classes.kind == "multiclass":
            loss = our_loss(self.loss, "classes", {"log_loss": "cross_entropy", "focal": "focal"})
        else:
            loss = our_loss(self.loss, "answers", {"log_loss": "binary_cross_entropy", "focal": "binary_focal"})
        return self._classes.encoded(y), self._classes.outputs, loss

    def _weights(self, sample_weight: Any, rows: Any, labels: NDArray[Any]) -> NDArray[Any] | None:
        weight = super()._weights(sample_weight, rows, labels)
        if self.class_weight is None:
            return weight
        if isinstance(self.class_weight, str) or self._classes.kind == "multilabel":
            of_classes: NDArray[Any] = compute_sample_weight(self.class_weight, labels)
        else:  # a part of a stream need not have all classes
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
            of_classes = weights[self._classes.encoded(labels)]
        return of_classes if weight is None else weight * of_classes

    def _score(self, held_out: Examples) -> float:
        from sklearn.metrics import accuracy_score

        outputs, y = self._predicted(held_out.X), held_out.y
        found = outputs.argmax(axis=1) if self._classes.kind == "multiclass" else (outputs > 0.5).reshape(y.shape)
        return float(accuracy_score(y, found, sample_weight=held_out.weight))
