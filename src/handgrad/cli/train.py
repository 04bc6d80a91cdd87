"""The commands that train a network and use it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cyclopts
from cyclopts import App, Parameter

from handgrad.cli.notices import load, tell
from handgrad.errors import SettingError
from handgrad.runs.config import PRESETS, TrainConfig, read_config

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection

    from handgrad.training import Record


def fill_training(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Fill what the command line leaves open of a training."""
    given = {argument.name: argument.tokens[0].value for argument in arguments if argument.tokens}
    layers: list[tuple[str, dict[str, Any]]] = []
    if "--config" in given:
        layers.append((given["--config"], read_config(Path(given["--config"]))))
    preset = given.get("--preset") or (layers[0][1].get("preset") if layers else None)
    if preset in PRESETS:
        layers.append((f"preset {preset}", PRESETS[preset]))
    for source, content in layers:
        flat = {name: ",".join(map(str, v)) or "none" if isinstance(v, list) else v for name, v in content.items()}
        # Under the key of its command: in a flat table, a key that is also a command's name, as data, would be dropped.
        cyclopts.config.Dict({"train": flat}, source=source)(app, commands, arguments)


def train(*, config: Annotated[TrainConfig, Parameter(name="*")] = TrainConfig()) -> None:  # noqa: B008 - frozen
    """Train a network, and write a run folder: settings, history, figures, model and pictures.

    The defaults keep the exercise notebook's network and method (two hidden layers of 400 sigmoid units, softmax,
    cross-entropy, mini-batch SGD), with an initialisation, a learning rate and a number of epochs that train well.
    """
    from handgrad.reporting import console
    from handgrad.runs.train import train_run

    run, summary = train_run(config, load(config.data.data), _show, tell)
    console.summary_table(
        [
            ("test accuracy", f"{summary['test_accuracy']:.2%}"),
            ("test loss", f"{summary['test_loss']:.4f}"),
            ("train accuracy", f"{summary['train_accuracy']:.2%}"),
            ("train loss", f"{summary['train_loss']:.4f}"),
            ("parameters", f"{summary['parameters']:,}"),
            ("seconds", f"{summary['seconds']:.1f} ({summary['train_seconds']:.1f} of them in training steps)"),
            ("run folder", str(run)),
        ],
        f"{summary['dataset']} {'-'.join(map(str, summary['layer_sizes']))}",
    )


def reproduce(
    experiment: Literal["gd", "sgd"],
    /,
    *,
    data: str = "mnist",
    iterations: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    seeds: int = 1,
    threads: int | None = None,
) -> None:
    """Repeat one of the exercise notebook's two trainings on MNIST, and compare with the figures that it printed.

    The network starts at N(0, 1) weights and biases and learns at a rate of 0.1, in float32.

    Parameters
    ----------
    experiment : {"gd", "sgd"}
        gd: full-batch gradient descent, 1000 iterations. sgd: batches of 64, 10 epochs.
    data : str
        MNIST: its name, a folder of IDX files, or a .npz or .npy file.
    iterations : int, optional
        Fewer iterations of gd.
    epochs : int, optional
        Fewer epochs of sgd.
    seed : int
        Draws what np.random.seed draws in the notebook: the first weights, then the orders of the examples.
    seeds : int
        Repeat with so many seeds, from this one on.
    threads : int, optional
        Cores to use.
    """
    from handgrad.reproduction import reproduce as run_experiment

    wrong = epochs if experiment == "gd" else iterations
    if wrong is not None:
        flag, right = ("--epochs", "--iterations") if experiment == "gd" else ("--iterations", "--epochs")
        raise SettingError(f"{flag} with {experiment}", right, f"write {right} {wrong}")
    length = iterations if experiment == "gd" else epochs
    if seeds < 1:
        raise SettingError(f"seeds is {seeds}", "a whole number from 1", "leave --seeds out for one run")
    for line in run_experiment(experiment, load(data), length, range(seed, seed + seeds), threads):
        print(line, flush=True)


def evaluate(run: Path, /, *, data: str | None = None) -> None:
    """Evaluate a trained network on the test part of a data set.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    data : str, optional
        As for train; by default the data that it was trained on.
    """
    from handgrad.reporting import console
    from handgrad.runs.use import evaluate_run

    rows, title = evaluate_run(run, data, load)
    console.summary_table(rows, title)


def predict(run: Path, /, *inputs: Path) -> None:
    """Classify images, or the rows of a .npy file, with a trained network.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    inputs : paths
        PNG or JPEG images of any size, dark on light or light on dark; or .npy files with one raw example a row.
    """
    from handgrad.reporting import console
    from handgrad.runs.use import predict_inputs

    if not inputs:
        raise SettingError("nothing to predict", "images or .npy files", f"run `handgrad predict {run} IMAGE...`")
    for label, class_names, outputs in predict_inputs(run, inputs):
        print(f"{label}: {class_names[int(outputs.argmax())]}")
        print(console.probability_bars(class_names, outputs))


def _show(records: Iterable[Record], total_steps: int, title: str) -> Iterable[Record]:
    """Show a training on the console."""
    from handgrad.reporting import console

    return console.show_training(records, total_steps=total_steps, title=title)
