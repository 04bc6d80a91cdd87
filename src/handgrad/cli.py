"""The command line: arguments and wiring only. Every error a user can mend ends in one message and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cyclopts
from cyclopts import App, Parameter

import handgrad
from handgrad.config import PRESETS, TRAINING, TrainConfig, read_config
from handgrad.errors import HandgradError, SettingError
from handgrad.exercise_cli import check, exercise_app, grade, tell

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection

    from handgrad.data import Dataset
    from handgrad.data.download import Progress
    from handgrad.training import Record


def _from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Fill what the command line leaves open: first from the configuration file, then from the preset."""
    if commands == ("train",):
        _fill_training(app, commands, arguments)
    for argument in arguments:
        for token in argument.tokens:
            if argument.hint in (int, int | None) and "." in token.value:  # the parser would round it
                raise SettingError(f"{argument.name} is {token.value}", "a whole number", "leave out the fraction")


def _fill_training(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
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


app = App(
    name="handgrad",
    help="Fully connected networks whose gradients are derived by hand.",
    version=handgrad.__version__,
    config=_from_files,
    default_parameter=Parameter(negative=()),
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
data_app = App(name="data", help="List, describe, fetch and convert data sets.")
for command in (data_app, exercise_app, check, grade):
    app.command(command)


@app.command(group_parameters=TRAINING)
def train(*, config: Annotated[TrainConfig, Parameter(name="*")] = TrainConfig()) -> None:  # noqa: B008 - frozen
    """Train a network, and write a run folder: settings, history, figures, model and pictures.

    The defaults keep the exercise notebook's network and method (two hidden layers of 400 sigmoid units, softmax,
    cross-entropy, mini-batch SGD), with an initialisation, a learning rate and a number of epochs that train well.
    """
    from handgrad.job import train_run
    from handgrad.reporting import console

    run, summary = train_run(config, _load(config.data), _show, tell)
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


@app.command
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
    for line in run_experiment(experiment, _load(data), length, range(seed, seed + seeds), threads):
        print(line, flush=True)


@app.command
def evaluate(run: Path, /, *, data: str | None = None) -> None:
    """Evaluate a trained network on the test part of a data set.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    data : str, optional
        As for train; by default the data that it was trained on.
    """
    from handgrad.prediction import evaluate_run
    from handgrad.reporting import console

    rows, title = evaluate_run(run, data, _load)
    console.summary_table(rows, title)


@app.command
def predict(run: Path, /, *inputs: Path) -> None:
    """Classify images, or the rows of a .npy file, with a trained network.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    inputs : paths
        PNG or JPEG images of any size, dark on light or light on dark; or .npy files with one raw example a row.
    """
    from handgrad.prediction import predict_inputs
    from handgrad.reporting import console

    if not inputs:
        raise SettingError("nothing to predict", "images or .npy files", f"run `handgrad predict {run} IMAGE...`")
    for label, class_names, outputs in predict_inputs(run, inputs):
        print(f"{label}: {class_names[int(outputs.argmax())]}")
        print(console.probability_bars(class_names, outputs))


@data_app.command(name="list")
def data_list() -> None:
    """List the named data sets, and where each lies."""
    from handgrad.data import list_data

    for entry in list_data():
        print(f"{entry.name:<14} {entry.description}\n{'':<14} {entry.place}")


@data_app.command
def info(data: str, /) -> None:
    """Describe a data set.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    """
    from handgrad.data import describe
    from handgrad.reporting import console

    dataset = _load(data)
    console.summary_table(describe(dataset), dataset.name)


@data_app.command
def fetch(name: str, /) -> None:
    """Download a named data set into the cache, unless it is there.

    Parameters
    ----------
    name : str
        mnist, fashion-mnist or kmnist.
    """
    from handgrad.data import fetch

    print(fetch(name, _download_progress()))


@data_app.command
def convert(data: str, out: Path, /) -> None:
    """Write a data set as .npz, or as a folder of IDX files.

    Parameters
    ----------
    data : str
        A name, a folder or a file, as for train --data.
    out : path
        NAME.npz, or a new folder.
    """
    from handgrad.data import convert

    print(convert(_load(data), out))


def _show(records: Iterable[Record], total_steps: int, title: str) -> Iterable[Record]:
    """Show a training on the console."""
    from handgrad.reporting import console

    return console.show_training(records, total_steps=total_steps, title=title)


def _load(data: str) -> Dataset:
    """Load a data set, and say on stderr what had to be assumed."""
    from handgrad.data import load_data

    dataset = load_data(data, _download_progress())
    for note in dataset.notes:
        tell(f"{dataset.name}: {note}")
    return dataset


def _download_progress() -> Progress:
    """Say on stderr, once a file, that it is being downloaded."""
    seen: set[str] = set()

    def progress(name: str, *_: int) -> None:
        if name not in seen:
            seen.add(name)
            tell(f"downloading {name}")

    return progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when left out.

    Returns
    -------
    int
        0: done. 1: what was checked is not all right. 2: something that the user can mend, told in one message on
        stderr. 130: stopped by Ctrl-C.

    Examples
    --------
    >>> main(["--version"])
    0.1.0
    0
    """
    try:
        result = app(arguments)
    except (HandgradError, cyclopts.CycloptsError) as error:
        print(f"handgrad: {_unwrapped(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("handgrad: stopped", file=sys.stderr)
        return 130
    return result if isinstance(result, int) else 0


def _unwrapped(error: BaseException) -> str:
    """Return an error's own message in one paragraph, also where the argument parser has caught it on its way."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HandgradError):
        cause = cause.__cause__ or cause.__context__
    return str(cause or error).strip()
