"""The main job: train a network on a data set, and write a folder with the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import Any, cast

import numpy as np

import handgrad
from handgrad.data import Dataset
from handgrad.model.model import Model
from handgrad.model.safetensors import save_model
from handgrad.reporting import charts
from handgrad.runs import folder
from handgrad.runs.config import TrainConfig
from handgrad.training.engines.choice import make_engine
from handgrad.training.examples import Examples
from handgrad.training.loop import Record, steps_per_epoch, train
from handgrad.training.metrics import confusion_counts
from handgrad.training.settings import Engine as EngineName
from handgrad.training.state import TrainingState

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
    parameters = network.initialise(config.training.seed, config.network.init, config.network.dtype)
    examples, tests = Examples(data.X_train, data.y_train), Examples(data.X_test, data.y_test)
    engine, reason = make_engine(network, examples, config.training, parameters.vector.dtype)
    state = TrainingState.start(parameters, config.training)
    records = train(network, state, examples, {"test": tests}, settings=config.training, engine=engine)
    if reason:
        tell(reason)
    run = folder.create_run(config.run.run, data.name)
    folder.write_config(run, config.to_dict())
    steps = config.training.epochs * steps_per_epoch(len(data.X_train), config.training)
    sizes = "-".join(map(str, network.layer_sizes))
    if engine.name == "compiled":
        records = _patiently(records, tell)
    history = list(show(folder.record_history(run, records), steps, f"{data.name} {sizes}"))
    last = history[-1]  # training yields at least the final evaluation
    model = Model(network, parameters, data.class_names, data.scaling, data.image_shape, data.name, data.columns)
    save_model(run / folder.MODEL_FILE, model)
    draw_pictures(run, model, data, history, cast(EngineName, engine.name))
    summary = {
        "dataset": data.name,
        "layer_sizes": list(network.layer_sizes),
        "parameters": network.parameter_count,
        "seed": config.training.seed,
        "engine": engine.name,
        "epochs": last.epoch,
        "steps": last.step,
        **last.figures,
        "train_seconds": last.train_seconds,
        "seconds": perf_counter() - began,
        "version": handgrad.__version__,
    }
    folder.write_summary(run, summary)
    return run, summary


def _patiently(records: Iterator[Record], tell: Callable[[str], None]) -> Iterator[Record]:
    """Pass records on; if the first one takes long, tell the user why."""
    timer = Timer(3.0, tell, ["compiling the training code, which takes about a minute and happens only once"])
    timer.daemon = True
    timer.start()
    try:
        yield next(records)
    finally:
        timer.cancel()
    yield from records


def draw_pictures(run: Path, model: Model, data: Dataset, history: list[Record], engine: EngineName) -> None:
    """Draw the curves, the first layer and the confusion matrix of the test set into the run's folder."""
    charts.draw_curves(history, run / folder.CURVES_FILE, f"{data.name}: training")
    charts.draw_first_layer(
        np.asarray(model.parameters.W[0]),
        data.image_shape,
        run / folder.FIRST_LAYER_FILE,
        f"{data.name}: first layer",
    )
    predicted = model.predict_scaled(data.X_test, engine).argmax(axis=1)
    counts = confusion_counts(predicted, data.y_test, data.n_classes)
    charts.draw_confusion(counts, data.class_names, run / folder.CONFUSION_FILE, f"{data.name}: test set")
