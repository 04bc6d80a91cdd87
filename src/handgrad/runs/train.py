"""The main job: train a network on a data set, and write a folder with the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import handgrad
from handgrad.data import Dataset
from handgrad.data.class_weights import read_class_weights
from handgrad.data.digests import row_digests, write_digests
from handgrad.data.settings import BALANCED
from handgrad.errors import SettingError
from handgrad.model.model import Model
from handgrad.model.safetensors import save_model
from handgrad.network import MLP, Parameters
from handgrad.runs import folder
from handgrad.runs.config import TrainConfig, origin
from handgrad.runs.machine import available_cores, memory_limit
from handgrad.runs.pictures import draw_pictures
from handgrad.training.engines.choice import make_engine
from handgrad.training.examples import Examples
from handgrad.training.loop import Record, steps_per_epoch, train
from handgrad.training.metrics import recalls
from handgrad.training.rates import suitable_rate
from handgrad.training.settings import Engine as EngineName
from handgrad.training.state import TrainingState
from handgrad.training.weights import balanced_weights

BY_CHANCE = 0.1  # of the rows held out: coarse measurements repeat a few
FEW = 30  # test examples from which an accuracy is worth something: the standard error is at most 9 %
# Shows the progress of a training run: takes its records, the number of steps and a title, and passes the records on.
Show = Callable[[Iterable[Record], int, str], Iterable[Record]]


def train_run(
    config: TrainConfig, data: Dataset, show: Show, tell: Callable[[str], None]
) -> tuple[Path, dict[str, Any]]:
    """Train as configured, and write the run's folder.

    Nothing is written until the settings have been checked against the data.

    Parameters
    ----------
    config : TrainConfig
    data : Dataset
        The data that ``config.data`` names.
    show : callable
        Shows each record as it arrives.
    tell : callable
        Called with a sentence for the user, such as the reason for a delay.

    Returns
    -------
    run : pathlib.Path
    summary : dict
        The contents of ``summary.json``.

    Raises
    ------
    HandgradError
        If the settings are invalid, or the folder cannot be used.
    """
    began = perf_counter()
    network = config.network.build(data.n_features, data.n_classes)
    _refuse_too_large(network, config)
    config = _with_existing_cores(config, tell)
    config = _with_rate(config, network)
    parameters = network.initialise(config.training.seed, config.network.init, config.network.dtype)
    examples = Examples(data.X_train, data.y_train, _weights(config.data.class_weight, data))
    others = {"test": Examples(data.X_test, data.y_test)}
    if data.X_validation is not None and data.y_validation is not None:
        others = {"validation": Examples(data.X_validation, data.y_validation), **others}
    engine, reason = make_engine(network, examples, config.training, parameters.vector.dtype)
    state = TrainingState.start(parameters, config.training)
    records = train(network, state, examples, others, settings=config.training, engine=engine)
    if reason:
        tell(reason)
    run = folder.create_run(config.run.run, data.name)
    folder.write_config(run, config.to_dict() | origin(config.data, run))
    steps = config.training.epochs * steps_per_epoch(len(data.X_train), config.training)
    sizes = "-".join(map(str, network.layer_sizes))
    if engine.name == "compiled":
        records = _patiently(records, tell)
    shown = show(folder.record_history(run, records), steps, f"{data.name} {sizes}")

    def evaluation() -> Record:
        at_once = replace(config.training, evaluate_every=1)
        records = train(network, replace(state, position=0), examples, others, settings=at_once, engine=engine)
        return next(folder.record_history(run, records))

    history, kept = _follow(shown, parameters, evaluation)
    last = history[-1]  # training yields at least the final evaluation
    model = Model(network, parameters, data.class_names, data.scaling, data.image_shape, data.name, data.columns)
    save_model(run / folder.MODEL_FILE, model)
    digests = row_digests(data.X_train, data.y_train)
    write_digests(run / folder.ROWS_FILE, digests)
    predicted = model.predict_scaled(data.X_test, cast(EngineName, engine.name)).argmax(axis=1)
    summary = {
        "dataset": data.name,
        "layer_sizes": list(network.layer_sizes),
        "parameters": network.parameter_count,
        "seed": config.training.seed,
        "engine": engine.name,
        "epochs": last.epoch,
        "steps": last.step,
        **last.figures,
        **_of_classes(data, predicted),
        "train_seconds": last.train_seconds,
        "seconds": perf_counter() - began,
        "version": handgrad.__version__,
    } | ({"stopped": True} if kept else {})
    folder.write_summary(run, summary)
    if kept:
        raise KeyboardInterrupt(f"the weights {kept} are kept in {run}")
    for warning in (*_warnings(config, summary, history), *_few(data), *_repeated(config, data, digests)):
        tell(warning)
    draw_pictures(run, model, data, history, predicted, tell)
    return run, summary


def _weights(asked: str | None, data: Dataset) -> NDArray[np.float64] | None:
    """Return the weight of each training example, if its class has one."""
    if asked is None:
        return None
    if asked == BALANCED:
        return balanced_weights(data.y_train, data.n_classes)[data.y_train]
    path = Path(asked).expanduser()
    if not path.exists() and get_close_matches(asked.lower(), [BALANCED]):
        raise SettingError(f"there is no file {asked}", f"{BALANCED}, or a file of weights", f"write {BALANCED}")
    return read_class_weights(path, data.class_names)[data.y_train]


def _follow(
    records: Iterable[Record], parameters: Parameters, evaluation: Callable[[], Record]
) -> tuple[list[Record], str]:
    """Take all records. At Ctrl-C, return to the last evaluation, whose weights are whole and whose figures are known.

    Before there is one, the weights are those of the moment, which are evaluated.

    Returns
    -------
    history : list of Record
    kept : str
        Which weights were kept, if the training was stopped.
    """
    history: list[Record] = []
    evaluated: tuple[int, NDArray[Any] | None] = (0, None)
    try:
        for record in records:
            history.append(record)
            if record.kind == "evaluation":
                evaluated = (len(history), parameters.vector.copy())
    except KeyboardInterrupt:
        length, vector = evaluated
        if vector is None or (history[length - 1].step == 0 and np.array_equal(vector, parameters.vector)):
            raise KeyboardInterrupt("no step was finished, so there are no weights to keep") from None
        if history[length - 1].step == 0:
            history.append(evaluation())
            return history, f"within epoch {history[-1].epoch + 1}"
        parameters.vector[:] = vector
        return history[:length], f"after epoch {history[length - 1].epoch}"
    return history, ""


def _of_classes(data: Dataset, predicted: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Return the figures of a summary that tell of rare classes."""
    counts = np.bincount(data.y_test, minlength=data.n_classes)
    largest = int(counts.argmax())
    recall = recalls(predicted, data.y_test, data.n_classes)
    return {
        "largest_class": data.class_names[largest],
        "largest_class_share": counts[largest] / len(data.y_test),
        "test_recall": dict(zip(data.class_names, recall.tolist(), strict=True)),
    }


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


def _with_existing_cores(config: TrainConfig, tell: Callable[[str], None]) -> TrainConfig:
    """Use no more threads than there are cores: they would wait for each other most of the time."""
    threads, cores = config.training.threads, available_cores()
    if threads is None or threads <= cores:
        return config
    tell(f"using {cores} threads instead of {threads}, because {cores} cores are available")
    return replace(config, training=replace(config.training, threads=cores))


def _warnings(config: TrainConfig, summary: dict[str, Any], history: list[Record]) -> Iterator[str]:
    """Say so if a training was of no use."""
    first, last = history[0].figures, history[-1].figures
    accuracy, share, name = (summary[key] for key in ("test_accuracy", "largest_class_share", "largest_class"))
    remedy = "try another --lr, or more --epochs"
    if config.data.class_weight is not None:  # rare classes are worth some accuracy
        mean, chance = float(np.nanmean(list(summary["test_recall"].values()))), 1 / len(summary["test_recall"])
        if mean <= chance:
            yield f"warning: a recall of {mean:.1%} in the mean of the classes is no better than guessing; {remedy}"
    elif accuracy <= share:
        rare = ", or --class-weight balanced" if share > 0.75 else ""
        yield (
            f"warning: a test accuracy of {accuracy:.1%} is no better than always guessing {name!r} ({share:.1%}); "
            f"{remedy}{rare}"
        )
    if last["train_loss"] > first["train_loss"]:
        yield (
            f"warning: the training loss rose from {first['train_loss']:.4g} to {last['train_loss']:.4g}; lower --lr"
        )


def _few(data: Dataset) -> Iterator[str]:
    """Say so if the test set is so small that its accuracy says little."""
    count = len(data.X_test)
    if count < FEW:
        yield f"the test set has only {count} examples, each of which is {1 / count:.1%} of the test accuracy"


def _repeated(config: TrainConfig, data: Dataset, digests: NDArray[np.uint64]) -> Iterator[str]:
    """Say so if rows of another file, or many of those that were held out, are also in the training set."""
    parts = {
        "test": (data.X_test, data.y_test, config.data.test is not None),
        "validation": (data.X_validation, data.y_validation, isinstance(config.data.validation, str)),
    }
    for name, (X, y, own_file) in parts.items():
        if X is None or y is None:
            continue
        count = int(np.isin(row_digests(X, y), digests).sum())
        if count > (0 if own_file else BY_CHANCE * len(X)):
            yield f"warning: {count:,} of the {len(X):,} {name} rows are also in the training set"


def _with_rate(config: TrainConfig, network: MLP) -> TrainConfig:
    """Choose the learning rate, if none was given; the run's settings then contain it."""
    if config.training.learning_rate is not None:
        return config
    rate = suitable_rate(network, config.training.recurrence, config.network.init)
    return replace(config, training=replace(config.training, learning_rate=rate))


def _patiently(records: Iterator[Record], tell: Callable[[str], None]) -> Iterator[Record]:
    """Pass records on; if the first one takes long, because code is compiled, tell the user why."""
    from handgrad.training.engines.compiled import keeps_code  # loads numba

    often = "only once" if keeps_code() else "each time: no folder to keep it in can be written (NUMBA_CACHE_DIR)"
    timer = Timer(3.0, tell, [f"compiling the training code, which takes about a minute and happens {often}"])
    timer.daemon = True
    timer.start()
    try:
        yield next(records)
    finally:
        timer.cancel()
    yield from records
