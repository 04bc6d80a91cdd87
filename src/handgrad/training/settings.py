"""The settings of a training run, without its network and its data, checked once, when they are made."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from sys import float_info
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from handgrad.errors import SettingError
from handgrad.training.optimizers import OPTIMIZERS, Optimizer
from handgrad.training.schedules import SCHEDULES

if TYPE_CHECKING:
    OptimizerName = str
    ScheduleName = str
else:  # the names in the tables, as the command line lists them; no type checker can read a table
    OptimizerName = Literal[tuple(OPTIMIZERS)]
    ScheduleName = Literal[tuple(SCHEDULES)]
Engine = Literal["auto", "numpy", "compiled"]
OPTIONAL = ("learning_rate", "max_norm", "clip", "threads", "log_every")


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    In place of a name, ``optimizer`` may be an optimizer with constants of your own, such as ``Momentum(beta=0.95)``.
    Without ``log_every``, only evaluations are recorded.

    Parameters
    ----------
    optimizer : str or Optimizer, default "sgd"
        Rule that turns a gradient into a step.
    learning_rate : float, optional
        Highest learning rate of the schedule; above 0. By default, one that suits the optimizer and the network.
    schedule : str, default "constant"
        Learning rate as a function of the step.
    epochs : int, default 30
        Passes over the training set. In full-batch training, each epoch is one step.
    batch_size : int, default 32
        Examples in each step; all of them if there are fewer.
    full_batch : bool, default False
        Use all examples in every step, whatever the batch size.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is smaller than the others.
    shuffle : bool, default True
        Draw a new order of the examples for each epoch.
    l1 : float, default 0
        Factor of the L1 penalty: l1 times the sum of the weights' absolute values is added to the loss.
    l2 : float, default 0
        Factor of the L2 penalty: l2 / 2 times the sum of the squared weights is added to the loss.
    max_norm : float, optional
        Largest norm of the weights into a unit; after each step, longer ones are scaled down to it.
    clip : float, optional
        Largest norm of the gradient; a longer gradient is scaled down to it.
    label_smoothing : float, default 0
        Share of each label that is spread evenly over all classes, in [0, 1).
    dropout : float, default 0
        Share of the hidden units that each step leaves out at random, in [0, 1).
    input_dropout : float, default 0
        Share of the inputs that each step leaves out at random, in [0, 1).
    engine : {"auto", "numpy", "compiled"}, default "auto"
        Code that computes the steps. The compiled engine is faster, and takes about a second to load; auto uses it if
        it is available and the training is long enough to gain from it.
    threads : int, optional
        CPU cores to use; by default, one if the steps are small, and all otherwise.
    seed : int, default 0
        Seed for the initial weights, the order of the examples and the dropout.
    evaluate_every : int, default 1
        Epochs between two evaluations on the whole training and test sets.
    log_every : int, optional
        Steps between two records of a batch's loss.
    log_layers : bool, default False
        Record at each evaluation the norm of the gradient of each layer's weights.

    Raises
    ------
    SettingError
        If one of them is outside its range.

    Examples
    --------
    >>> TrainingSettings(epochs=0)
    Traceback (most recent call last):
    handgrad.errors.SettingError: epochs is 0; expected a whole number of at least 1. Set epochs to such a number.
    """

    optimizer: OptimizerName | Optimizer = "sgd"
    learning_rate: float | None = None
    schedule: ScheduleName = "constant"
    epochs: int = 30
    batch_size: int = 32
    full_batch: bool = False
    drop_last: bool = False
    shuffle: bool = True
    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None
    clip: float | None = None
    label_smoothing: float = 0.0
    dropout: float = 0.0
    input_dropout: float = 0.0
    engine: Engine = "auto"
    threads: int | None = None
    seed: int = 0
    evaluate_every: int = 1
    log_every: int | None = None
    log_layers: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # a NumPy number would widen float32 vectors that it multiplies
                object.__setattr__(self, name, value.item())
        if isinstance(self.optimizer, type):
            name = self.optimizer.__name__
            raise SettingError(
                f"optimizer is the class {name}", "an optimizer itself", f"write {name}(), with parentheses"
            )
        if not hasattr(self.optimizer, "update"):
            self._in_table("optimizer", self.optimizer, OPTIMIZERS)
        self._in_table("schedule", self.schedule, SCHEDULES)
        self._in_table("engine", self.engine, get_args(Engine))
        for name in ("full_batch", "drop_last", "shuffle", "log_layers"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(f"{name} is {getattr(self, name)!r}", "True or False", f"set {name} to one of them")
        for name in ("learning_rate", "max_norm", "clip"):
            self._require(name, int | float, lambda value: 0 < value < float_info.max, "a number above 0")
        for name in ("l1", "l2"):
            self._require(name, int | float, lambda value: 0 <= value < float_info.max, "a number of at least 0")
        for name in ("label_smoothing", "dropout", "input_dropout"):
            self._require(name, int | float, lambda value: 0 <= value < 1, "a number in [0, 1)")
        for name in ("epochs", "batch_size", "evaluate_every", "log_every", "threads"):
            self._require(name, int, lambda value: value >= 1, "a whole number of at least 1")
        self._require("seed", int, lambda value: value >= 0, "a whole number of at least 0")

    @property
    def recurrence(self) -> Optimizer:
        """The optimizer itself, looked up if it was given by name."""
        return OPTIMIZERS[self.optimizer] if isinstance(self.optimizer, str) else self.optimizer

    def _in_table(self, name: str, value: Any, table: Collection[str]) -> None:
        """Refuse a name that is not in a table."""
        if value not in tuple(table):
            raise SettingError(f"{name} is {value!r}", "one of " + ", ".join(table), "check the spelling")

    def _require(self, name: str, kind: Any, holds: Callable[[Any], bool], wanted: str) -> None:
        """Refuse anything but a number of this kind for which ``holds`` is true."""
        value = getattr(self, name)
        if value is None and name in OPTIONAL:
            return
        if not isinstance(value, kind) or isinstance(value, bool) or not holds(value):
            raise SettingError(f"{name} is {value!r}", wanted, f"set {name} to such a number")
