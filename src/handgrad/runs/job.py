"""A training that can begin or continue: the settings checked against the data, and what follows from both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import cast

import numpy as np
from numpy.typing import NDArray

import handgrad
from handgrad import files
from handgrad.data import Dataset
from handgrad.data.class_weights import read_class_weights
from handgrad.data.digests import row_digests
from handgrad.data.settings import BALANCED, DataSettings
from handgrad.errors import SettingError
from handgrad.model.model import Model
from handgrad.network import MLP
from handgrad.runs.best import Best
from handgrad.runs.checkpoint import Checkpoint, Origin
from handgrad.runs.config import TrainConfig
from handgrad.runs.machine import available_cores, memory_limit
from handgrad.training.engines.choice import make_engine
from handgrad.training.engines.protocol import Engine
from handgrad.training.examples import Examples
from handgrad.training.loop import Record, steps_per_epoch, train, train_in_spans
from handgrad.training.rates import suitable_rate
from handgrad.training.state import TrainingState
from handgrad.training.weights import balanced_weights

# Settings that may be others when a training continues; those of the data count by what they lead to.
MAY_CHANGE = {"epochs", "engine", "threads", "checkpoint_seconds", *(field.name for field in fields(DataSettings))}

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """A training that can begin, or continue."""

    config: TrainConfig
    data: Dataset
    network: MLP
    examples: Examples
    others: dict[str, Examples]
    digests: NDArray[np.uint64]
    engine: Engine
    state: TrainingState
    origin: Origin
    halvings: int = 0
    best: Best | None = None

    @property
    def model(self) -> Model:
        """The network as it is now."""
        data = self.data
        return Model(
            self.network, self.state.parameters, data.class_names, data.scaling, data.image_shape, data.name,
            data.columns,
        )  # fmt: skip

    @property
    def learning_rate(self) -> float:
        """The learning rate, which :func:`make_job` has chosen if nobody has."""
        return cast(float, self.config.training.learning_rate)

    def rate_after(self, halvings: int) -> float:
        """Return what so many halvings leave of the learning rate."""
        return self.learning_rate * 0.5**halvings

    @property
    def steps(self) -> int:
        """How many steps the whole training has."""
        return self.config.training.epochs * steps_per_epoch(len(self.examples), self.config.training)

    def fresh(self) -> TrainingState:
        """Return the state before the first step."""
        training, network = self.config.training, self.config.network
        return TrainingState.start(self.network.initialise(training.seed, network.init, network.dtype), training)

    def evaluation(self) -> Record:
        """Evaluate the network as it is now."""
        at_once = replace(self.config.training, evaluate_every=1)
        state = replace(self.state, position=0)
        return next(train(self.network, state, self.examples, self.others, settings=at_once, engine=self.engine))


def make_job(config: TrainConfig, data: Dataset, tell: Tell, checkpoint: Checkpoint | None = None) -> Job:
    """Check the settings against the data, and make everything that a training needs."""
    network = config.network.build(data.n_features, data.n_classes)
    _refuse_too_large(network, config)
    config = _with_rate(config, network)
    examples = Examples(data.X_train, data.y_train, _weights(config.data.class_weight, data))
    others = {"test": Examples(data.X_test, data.y_test)}
    if data.X_validation is not None and data.y_validation is not None:
        others = {"validation": Examples(data.X_validation, data.y_validation), **others}
    elif config.run.patience is not None:
        raise SettingError(
            f"patience is {config.run.patience} without a validation set", "one", "add --validation 0.2, for example"
        )
    if checkpoint is not None:
        state = checkpoint.state
    else:
        parameters = network.initialise(config.training.seed, config.network.init, config.network.dtype)
        state = TrainingState.start(parameters, config.training)
    engine, reason = make_engine(network, examples, config.training, state.parameters.vector.dtype)
    # Checks everything, before a folder is created.
    train_in_spans(network, state, examples, others, settings=config.training, engine=engine)
    if reason:
        tell(reason)
    digests = row_digests(data.X_train, data.y_train)
    fixed = {name: value for name, value in config.to_dict().items() if name not in MAY_CHANGE}
    settings = json.dumps(fixed, default=str)
    begun = Origin(_digest(data, digests, examples), engine.name, handgrad.__version__, settings)
    halvings, best = (checkpoint.halvings, checkpoint.best) if checkpoint else (0, None)
    return Job(config, data, network, examples, others, digests, engine, state, begun, halvings, best)


def _digest(data: Dataset, digests: NDArray[np.uint64], examples: Examples) -> str:
    """Digest all that a training sees of its data."""
    digest = hashlib.sha256(repr(data.class_names).encode())
    digest.update(digests.astype("<u8").data)
    digest.update(row_digests(data.X_test, data.y_test).astype("<u8").data)
    if data.X_validation is not None and data.y_validation is not None:
        digest.update(row_digests(data.X_validation, data.y_validation).astype("<u8").data)
    if examples.weight is not None:
        digest.update(np.asarray(examples.weight, "<f8").data)
    return digest.hexdigest()


def _weights(asked: str | None, data: Dataset) -> NDArray[np.float64] | None:
    """Return the weight of each training example, if its class has one."""
    if asked is None:
        return None
    if asked == BALANCED:
        return balanced_weights(data.y_train, data.n_classes)[data.y_train]
    path = files.expanded(asked)
    if not files.exists(path) and get_close_matches(asked.lower(), [BALANCED]):
        raise SettingError(f"there is no file {asked}", f"{BALANCED}, or a file of weights", f"write {BALANCED}")
    return read_class_weights(path, data.class_names)[data.y_train]


def _refuse_too_large(network: MLP, config: TrainConfig) -> None:
    """Refuse a network that cannot fit into this machine's memory, before anything is allocated."""
    # The weights are drawn in float64; later there are a gradient, what the optimizer keeps, and a copy.
    each = 8 + np.dtype(config.network.dtype).itemsize * (3 + config.training.recurrence.slots)
    needed = network.parameter_count * each
    limit = memory_limit()
    if limit is not None and needed > limit:
        raise SettingError(
            f"a network of {network.parameter_count:,} parameters, which needs {needed / 2**30:,.1f} GiB",
            f"at most the {limit / 2**30:,.1f} GiB of memory that this machine has",
            "use fewer hidden units",
        )


def with_existing_cores(config: TrainConfig, tell: Tell) -> TrainConfig:
    """Use no more threads than there are cores: they would wait for each other most of the time."""
    threads, cores = config.training.threads, available_cores()
    if threads is None or threads <= cores:
        return config
    tell(f"using {cores} threads instead of {threads}, because {cores} cores are available")
    return replace(config, training=replace(config.training, threads=cores))


def _with_rate(config: TrainConfig, network: MLP) -> TrainConfig:
    """Choose the learning rate, if none was given; the run's settings then contain it."""
    if config.training.learning_rate is not None:
        return config
    rate = suitable_rate(network, config.training.recurrence, config.network.init)
    return replace(config, training=replace(config.training, learning_rate=rate))
