"""What the classifier and the regressor have in common: how a fit goes.

The file has over 300 lines because the steps of a fit are read one after the other.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import repeat
from math import inf
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from handgrad.errors import HandgradError, SettingError
from handgrad.estimator.epochs import Batches, Epochs, Patience, spans
from handgrad.estimator.exchange import Exchange
from handgrad.estimator.functions import check_functions, our_activation
from handgrad.estimator.given import Given, as_csr, checked, divided
from handgrad.estimator.pictures import Pictures
from handgrad.estimator.ranges import check_ranges, functions_of, hidden_sizes, shares, wants_to_stop
from handgrad.estimator.rates import Rate, Scheduled, schedule_of
from handgrad.estimator.solvers import first_parameters, minimise, scale_of
from handgrad.estimator.tasks import FRAMES, CallbackSupportMixin, Tasks, with_callbacks
from handgrad.estimator.undoing import undone_by_errors
from handgrad.estimator.views import Views
from handgrad.network.losses import Criterion
from handgrad.network.mlp import MLP
from handgrad.network.parameters import Parameters
from handgrad.training.engines.choice import make_engine
from handgrad.training.engines.protocol import Engine
from handgrad.training.examples import Examples
from handgrad.training.loop import Record
from handgrad.training.optimizers import OPTIMIZERS, SGD, Adam, Momentum, Nesterov, Optimizer
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState


class Perceptron(CallbackSupportMixin, Exchange, Pictures, BaseEstimator, ABC):  # type: ignore[misc]
    """A multilayer perceptron with scikit-learn's parameters. Derived classes say what the outputs mean."""

    _rate: Rate | Scheduled
    _stalled: int  # epochs without improvement, in calls of partial_fit

    @abstractmethod
    def _targets(self, y: NDArray[Any], begins: bool) -> tuple[NDArray[Any], int, str | Criterion]:
        """Return the targets of the loss, the number of outputs, and the loss."""

    @abstractmethod
    def _score(self, held_out: Examples) -> float:
        """Score the network on validation examples."""

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """The weights into each layer, (units below, units): views into the parameters, which can be assigned."""
        check_is_fitted(self)
        return Views(self._state.parameters.W)

    @coefs_.setter
    def coefs_(self, arrays: Sequence[NDArray[Any]]) -> None:
        Views(self._state.parameters.W)[:] = arrays

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """The biases of each layer, (units,): views into the parameters, which can be assigned."""
        check_is_fitted(self)
        return Views(self._state.parameters.b)

    @intercepts_.setter
    def intercepts_(self, arrays: Sequence[NDArray[Any]]) -> None:
        Views(self._state.parameters.b)[:] = arrays

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Fit the network to examples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            At least 0. A weight of 2 has the effect of including the example twice.
        X_val, y_val : array-like, optional
            Validation examples of your own, in place of the share that ``early_stopping`` holds out.

        Returns
        -------
        self

        Raises
        ------
        SettingError
            If a parameter or the data are outside their range.
        DivergenceError
            If the loss or a parameter is no longer finite.
        """
        if (X_val is None) != (y_val is None):
            alone, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise SettingError(f"{alone} without {missing}", "both or neither", f"pass {missing}, too")
        begins = not (self.warm_start and hasattr(self, "_state"))
        self.__dict__.pop("_announced", None)  # by a call of partial_fit that failed
        with undone_by_errors(self, begins):
            given = self._given(X, y, sample_weight, begins)
            held_out = None
            if X_val is not None:
                held_out = self._held_out(X_val, y_val)
            elif self.early_stopping and self.solver != "lbfgs":
                answers = self._network.criterion.targets == "answers"
                alike = answers and given.examples.y.ndim == 1  # as in scikit-learn
                given, held_out = divided(given, self.validation_fraction, alike, self._random)
            engine, batches = self._engine(given.examples, self.max_iter)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            tasks = Tasks(self, {"X": X, "y": y, "metadata": metadata}, self.max_iter if self.solver != "lbfgs" else 0)
            if self.solver == "lbfgs":
                options = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
                self.loss_, self.n_iter_ = minimise(self._network, engine, self._state, batches.n, options)
                self.best_loss_: Any = self.loss_
                if held_out is not None:
                    loss, _ = engine.evaluate(self._state.parameters, held_out.examples)
                    self.validation_loss_curve_.append(self._scale * loss)
            else:
                self._schedule(batches, self._state.step)
                self._fit_by_steps(engine, batches, held_out, tasks)
            tasks.end()
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Train for one epoch from where training stands."""
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is available for solvers that take steps, not for lbfgs")
        if self.early_stopping:
            raise SettingError(
                "partial_fit with early_stopping", "early_stopping=False", "score held-out examples yourself"
            )
        begins = not hasattr(self, "_state")
        with undone_by_errors(self, begins):
            given = self._given(X, y, sample_weight, begins)
            engine, batches = self._engine(given.examples, epochs=1)
            self._schedule(batches, 0)
            epochs = self._epochs(engine, batches)
            (loss,) = epochs.losses([1])
        self._end_epoch(loss, batches.n, 1)
        patience = Patience(self.n_iter_no_change, self._stalled)
        if patience.ended(self._improved()):
            self._rate.lowered()
            patience.count = 0
        self._stalled = patience.count
        epochs.settle()
        for callback in functions_of(self.callbacks):
            callback(self._record())
        return self

    def _given(self, X: Any, y: Any, sample_weight: Any, begins: bool) -> Given:
        """Check parameters and data, and make the network if training begins."""
        check_ranges(self.get_params(deep=False))
        rows, labels = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=(np.float64, np.float32), reset=begins
        )
        labels = labels.toarray() if issparse(labels) else labels
        self._random = check_random_state(self.random_state)
        targets, outputs, loss = self._targets(labels, begins)
        sizes = (rows.shape[1], *hidden_sizes(self.hidden_layer_sizes), outputs)
        network = MLP(sizes, our_activation(self.activation), loss, self.normalisation)
        weight = self._weights(sample_weight, rows, labels)
        given = checked(network, X, y, Examples(as_csr(rows), targets, weight))
        if begins:
            check_functions(network, targets)
            self._begin(network, self._drawn(network, rows.dtype))
            if any(shares(self.dropout)):  # otherwise the same numbers are drawn as by scikit-learn
                self._seed = int(self._random.randint(2**31))
        elif network != self._network:
            raise SettingError(
                f"the network {_described(network, self._network)}",
                f"that of the earlier fit, {_described(self._network, network)}",
                "leave the architecture as it is, or begin with warm_start=False",
            )
        elif type(self._optimizer) is not self._rule:  # another solver, to which the old one's state means nothing
            self._start(self._state.parameters)
        elif not (isinstance(self._rate, Rate) and self._rate.is_like(self._first_rate())):
            self._rate = self._first_rate()
        return given

    def _weights(self, sample_weight: Any, rows: Any, labels: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        """Return the weight of each example; that of a class depends on the labels."""
        return (
            None
            if sample_weight is None
            else np.asarray(_check_sample_weight(sample_weight, rows, ensure_non_negative=True))
        )

    def _drawn(self, network: MLP, dtype: Any) -> Parameters:
        """Draw the first parameters."""
        if self.initialiser is not None:
            return network.initialise(self._random, self.initialiser, dtype)
        gain = 2.0 if self.activation == "logistic" or set(network.activations) == {"sigmoid"} else 6.0
        return first_parameters(network, gain, self._random, dtype)

    def _begin(self, network: MLP, parameters: Parameters) -> None:
        """Forget what was learnt, and begin from these parameters."""
        self._network = network
        self._start(parameters)
        self.n_iter_, self.t_, self._seed, self._stalled = 0, 0, 0, 0
        self.loss_curve_: list[float] = []
        self.n_layers_, self.n_outputs_ = len(network.layer_sizes), network.layer_sizes[-1]
        self.best_loss_ = None if self.early_stopping else inf
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -inf if self.early_stopping else None
        self.validation_loss_curve_: list[float] = []

    def _start(self, parameters: Parameters) -> None:
        """Let the optimizer begin."""
        vector, self._rule = parameters.vector, type(self._optimizer)
        self._state = TrainingState(parameters, np.zeros((self._optimizer.slots, vector.size), vector.dtype))
        self._rate = self._first_rate()

    def _first_rate(self) -> Rate:
        """Return the learning rate with which training begins."""
        kept = self.solver != "adam" and schedule_of(self.learning_rate) is None
        kind, first = self.learning_rate if kept else "constant", self.learning_rate_init
        return Rate(kind, first, self.power_t, first, of_velocity=self.solver == "sgd")

    def _schedule(self, batches: Batches, begin: int) -> None:
        """Begin a schedule at this step, if the learning rate has one."""
        if (schedule := schedule_of(self.learning_rate)) is not None:
            total, peak = self.max_iter * -(-batches.n // batches.size), self.learning_rate_init
            self._rate = Scheduled(schedule, total, peak, begin, peak)

    @property
    def _optimizer(self) -> Optimizer:
        """The rule of the solver."""
        if self.solver == "adam":
            return Adam(self.beta_1, self.beta_2, self.epsilon / self._scale)
        if self.solver not in ("sgd", "lbfgs"):
            found: Optimizer = OPTIMIZERS[self.solver] if isinstance(self.solver, str) else self.solver
            return found
        if self.momentum == 0:
            return SGD()
        return Nesterov(self.momentum) if self.nesterovs_momentum else Momentum(self.momentum)

    @property
    def _scale(self) -> float:
        return scale_of(self._network)

    def _engine(self, examples: Examples, epochs: int) -> tuple[Engine, Batches]:
        """Make the engine for these examples, and divide them into batches."""
        n = examples.X.shape[0]
        size = min(200, n) if self.batch_size == "auto" else int(self.batch_size)
        if size > n:
            warnings.warn(
                f"batch_size is {size}, and there are {n} examples: it is clipped to {n}", stacklevel=3 + FRAMES
            )
        size = n if self.solver == "lbfgs" else min(size, n)
        mean_weight = 1.0 if examples.weight is None else float(examples.weight.mean())
        penalty_scale = size * mean_weight * self._scale
        input_dropout, dropout = shares(self.dropout)
        settings = TrainingSettings(
            optimizer=self._optimizer,
            epochs=epochs,
            batch_size=size,
            l1=self.l1 / penalty_scale,
            l2=self.alpha / penalty_scale,
            label_smoothing=getattr(self, "label_smoothing", 0.0),
            max_norm=self.max_norm,
            dropout=dropout,
            input_dropout=input_dropout,
            seed=self._seed,
            engine="numpy" if issparse(examples.X) else self.engine,
        )
        engine, _ = make_engine(self._network, examples, settings, self._state.parameters.vector.dtype, repeated=True)
        engine.prepare()
        return engine, Batches(n, size, self._random if self.shuffle else None)

    @property
    def _rate_factor(self) -> float:
        """What rates are multiplied by, because our objective has another scale; Adam's steps do not depend on it."""
        return self._scale if isinstance(self._optimizer, SGD | Momentum | Nesterov) else 1.0

    def _epochs(self, engine: Engine, batches: Batches) -> Epochs:
        """Make what trains, and gives the loss of each epoch as scikit-learn measures it."""
        return Epochs(engine, self._state, batches, self._rate, factor=self._rate_factor, scale=self._scale)

    def _fit_by_steps(self, engine: Engine, batches: Batches, held_out: Given | None, tasks: Tasks) -> None:
        """Train until the loss, or the validation score, has stopped improving."""
        vector, best, patience = self._state.parameters.vector, None, Patience(self.n_iter_no_change)
        busy = held_out is not None or functions_of(self.callbacks) or tasks.wanted or not self._rate.is_planned
        lengths = repeat(1, self.max_iter) if busy else spans(self.max_iter, batches, self._network)
        epochs = self._epochs(engine, batches)
        training = epochs.losses(lengths)
        self.n_iter_ = 0
        if self.early_stopping and held_out is not None and self.loss_curve_:  # the present weights may stay the best
            loss, _ = engine.evaluate(self._state.parameters, held_out.examples)
            self.best_validation_score_, best = self._validation_score(held_out, self._scale * loss), vector.copy()
        try:
            while self.n_iter_ < self.max_iter:
                tasks.begin_epoch()
                self._end_epoch(next(training), batches.n, self.n_iter_ + 1)
                if held_out is not None:
                    loss, _ = engine.evaluate(self._state.parameters, held_out.examples)
                    self.validation_loss_curve_.append(self._scale * loss)
                if self.early_stopping and held_out is not None:
                    improved, is_best = self._improved_on(held_out)
                    best = vector.copy() if is_best else best
                else:
                    improved = self._improved()
                wishes = [wants_to_stop(callback(self._record())) for callback in functions_of(self.callbacks)]
                if tasks.end_epoch() or any(wishes):
                    self._say("A callback has stopped the training.")
                    break
                if patience.ended(improved):
                    if not self._rate.lowered():
                        self._say(
                            f"No improvement of more than {self.tol:g} in {self.n_iter_no_change} epochs. Stopping."
                        )
                        break
                    patience.count = 0
                    self._say(f"Setting learning rate to {self._rate.now:f}")
            else:
                if isinstance(self._rate, Rate):  # a schedule is meant to come to its end
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                        "hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=3 + FRAMES,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=3 + FRAMES)
        finally:
            training.close()
            epochs.settle()
        if best is not None:
            vector[:] = best

    def _record(self) -> Record:
        """Return the figures of the epoch that has ended, as callbacks receive them."""
        figures = {"train_loss": self.loss_}
        for name, curve in (("loss", self.validation_loss_curve_), ("score", self.validation_scores_)):
            if curve:
                figures[f"validation_{name}"] = curve[-1]
        state = self._state
        return Record("evaluation", self.n_iter_, state.step, self._rate.now, state.seconds, figures)

    def _held_out(self, X: Any, y: Any) -> Given:
        """Check validation examples."""
        try:
            rows, labels = validate_data(
                self, X, y, accept_sparse="csr", multi_output=True, dtype=(np.float64, np.float32), reset=False
            )
            labels = labels.toarray() if issparse(labels) else labels
            targets, _, _ = self._targets(labels, begins=False)
            held_out = checked(self._network, X, y, Examples(as_csr(rows), targets))
        except HandgradError as error:  # which, like the other one, speaks of X and y
            remedy = "leave these examples out, or train on examples like them, too"
            raise type(error)(f"X_val or y_val: {error.found}", error.wanted, remedy) from error
        except ValueError as error:
            raise ValueError(f"X_val or y_val: {error}") from error
        if len(labels) < 2 and self.early_stopping and self.scoring != "loss":
            found = f"{len(labels)} validation example with early_stopping"
            raise SettingError(found, "at least 2", "pass more, or leave early_stopping off")
        return held_out

    def _end_epoch(self, loss: float, n: int, iteration: int) -> None:
        """Note the loss of an epoch."""
        self.n_iter_, self.loss_ = iteration, loss
        self.t_ += n
        self.loss_curve_.append(loss)
        self._rate.after(self.t_)
        self._say(f"Iteration {iteration}, loss = {loss:.8f}")

    def _improved(self) -> bool:
        """Say whether the loss has improved, and note it if it is the best."""
        best = inf if self.best_loss_ is None else self.best_loss_  # None: so far, early_stopping was on
        improved = not self.loss_ > best - self.tol
        self.best_loss_ = min(best, self.loss_)
        return improved

    def _improved_on(self, held_out: Given) -> tuple[bool, bool]:
        """Say whether the validation score has improved by more than the tolerance, and whether it is the best."""
        score = self._validation_score(held_out, self.validation_loss_curve_[-1])
        if self.validation_scores_ is None:  # so far, early_stopping was off
            self.validation_scores_, self.best_validation_score_ = [], -inf
        self.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        before = self.best_validation_score_
        self.best_validation_score_ = max(before, score)
        return not score < before + self.tol, score > before

    def _validation_score(self, held_out: Given, loss: float) -> float:
        """Score the present weights on validation examples, whose loss is known."""
        if self.scoring is None:
            return self._score(held_out.examples)
        if self.scoring == "loss":
            return -loss
        from sklearn.metrics import check_scoring

        return float(check_scoring(self, self.scoring)(self, held_out.X, held_out.y))

    def _say(self, sentence: str) -> None:
        """Print a sentence if that is wanted."""
        if self.verbose:
            print(sentence)  # noqa: T201 - verbose means that

    def _checked(self, X: Any) -> Any:
        """Return rows in the form and the precision that the network takes."""
        check_is_fitted(self)
        rows = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        dtype = self._state.parameters.vector.dtype
        return as_csr(rows).astype(dtype, copy=False)

    def _outputs(self, X: Any) -> NDArray[Any]:
        """Compute what the network predicts for rows, (n, n_outputs)."""
        return self._predicted(self._checked(X))

    def _predicted(self, rows: Any) -> NDArray[Any]:
        """Compute the same for checked rows."""
        return np.asarray(self._network.predict(self._state.parameters, rows))


def _described(network: MLP, other: MLP) -> str:
    """Describe a network by its layer sizes, and by what else distinguishes it from another one."""
    names = [name for name in ("activation", "loss", "normalisation") if getattr(network, name) != getattr(other, name)]
    return ", ".join([f"{network.layer_sizes}", *(f"{name} {getattr(network, name)}" for name in names)])
