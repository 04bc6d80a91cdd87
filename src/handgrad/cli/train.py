"""The commands that train a network and use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cyclopts
from cyclopts import App, Parameter

from handgrad.cli.notices import download_progress, load, load_again, tell
from handgrad.data.settings import DataSettings
from handgrad.data.text.names import joined_names, visible
from handgrad.errors import DataError, SettingError
from handgrad.runs.config import PRESETS, TrainConfig, read_config, run_settings

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection


MAY_CHANGE = ("--resume", "--epochs", "--threads", "--checkpoint-seconds")  # when a run continues
FEW = 20  # predictions shown with the probabilities of all classes


def fill_training(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Add the settings that the command line leaves out: first from the configuration file, then from the preset."""
    given = {argument.name: argument.tokens[0].value for argument in arguments if argument.tokens}
    if "FILE" in given and "--data" in given:
        raise SettingError(
            f"both {given['FILE']} and --data {given['--data']} are given",
            "one of them",
            "use --test or --validation for the other",
        )
    layers: list[tuple[str, dict[str, Any]]] = []
    if "--resume" in given:
        if fixed := [name for name in given if name not in MAY_CHANGE]:
            raise SettingError(
                f"--resume does not go with {' and '.join(given[one] if one == 'FILE' else one for one in fixed)}",
                "the settings of the run, of which only --epochs may grow",
                f"leave {'it' if len(fixed) == 1 else 'them'} out, or train a new run",
            )
        layers.append((given["--resume"], run_settings(Path(given["--resume"]))))
    if "--config" in given:
        layers.append((given["--config"], read_config(Path(given["--config"]))))
    preset = given.get("--preset") or (layers[0][1].get("preset") if layers else None)
    if preset is not None and not isinstance(preset, str):
        raise SettingError(f"preset is {preset!r}", f"one of {', '.join(PRESETS)}", "correct preset")
    if preset in PRESETS:
        layers.append((f"preset {preset}", PRESETS[preset]))
    for source, content in layers:
        flat = {name: joined_names(map(str, v)) or "none" if isinstance(v, list) else v for name, v in content.items()}
        # Under the key of its command: in a flat table, a key that is also a command, such as data, is dropped.
        cyclopts.config.Dict({"train": flat}, source=source)(app, commands, arguments)


def train(
    file: str | None = None,
    /,
    *,
    config: Annotated[TrainConfig, Parameter(name="*")] = TrainConfig(),  # noqa: B008 - frozen
) -> int:
    """Train a network, and write a run folder with settings, history, final figures, model and pictures.

    By default, the network and the method are those of the exercise notebook (two hidden layers of 400 sigmoid units,
    softmax, cross-entropy, mini-batch SGD); initialisation, learning rate, batches and epochs are set to train well.

    Parameters
    ----------
    file : str, optional
        The data, as for --data.
    """
    from handgrad.reporting import console
    from handgrad.runs.resume import how_to_repair
    from handgrad.runs.train import train_run

    if file is not None:
        config = replace(config, data=replace(config.data, data=file))
    resumed = config.run.resume
    data = load(config.data) if resumed is None else load_again(resumed, config.data)
    run, summary, missing = train_run(config, data, console.show_training, tell)
    console.summary_table(
        [
            *_figures(summary),
            ("parameters", f"{summary['parameters']:,}"),
            ("seconds", f"{summary['seconds']:.1f} ({summary['train_seconds']:.1f} of them in training steps)"),
            ("run folder", str(run)),
        ],
        f"{summary['dataset']} {'-'.join(map(str, summary['layer_sizes']))}",
    )
    if missing:
        cause = "Remove the cause, such as a full disk"
        tell(f"handgrad: could not be written: {', '.join(missing)}. {cause}, and {how_to_repair(run)}.")
    return 1 if missing else 0


def _figures(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """List the final figures of each set."""
    from handgrad.reporting.text import figure

    for part in ("test", "validation", "train"):
        if f"{part}_accuracy" in summary:
            yield f"{part} accuracy", f"{summary[f'{part}_accuracy']:.2%}"
            if part == "test":
                yield "largest class", f"{summary['largest_class_share']:.2%} ({summary['largest_class']})"
                recalls = {name: share for name, share in summary["test_recall"].items() if not isnan(share)}
                lowest = min(recalls, key=lambda name: recalls[name])
                mean = sum(recalls.values()) / len(recalls)
                yield "recall", f"{mean:.2%} on average over the classes, at least {recalls[lowest]:.2%} ({lowest})"
            yield f"{part} loss", figure(summary[f"{part}_loss"])


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
    """Repeat one of the exercise notebook's two training runs on MNIST, and compare with the figures that it printed.

    Weights and biases are drawn from N(0, 1); the learning rate is 0.1; the computation is in float32.

    Parameters
    ----------
    experiment : {"gd", "sgd"}
        gd: full-batch gradient descent, 1000 iterations. sgd: batches of 64, 10 epochs.
    data : str
        MNIST, by its name, as a folder of IDX files, or as a .npz or .npy file.
    iterations : int, optional
        Run gd for fewer iterations.
    epochs : int, optional
        Run sgd for fewer epochs.
    seed : int
        Seed for the initial weights and the order of the examples, as in np.random.seed(SEED) in the notebook.
    seeds : int
        Number of runs, with consecutive seeds.
    threads : int, optional
        CPU cores to use.
    """
    from handgrad.reproduction import reproduce as run_experiment

    wrong = epochs if experiment == "gd" else iterations
    if wrong is not None:
        flag, right = ("--epochs", "--iterations") if experiment == "gd" else ("--iterations", "--epochs")
        raise SettingError(f"{flag} does not go with {experiment}", right, f"write {right} {wrong}")
    length = iterations if experiment == "gd" else epochs
    if seeds < 1:
        raise SettingError(f"seeds is {seeds}", "a whole number of at least 1", "leave out --seeds for a single run")
    if length is not None and length < 1:
        flag = "--iterations" if experiment == "gd" else "--epochs"
        raise SettingError(f"{flag} is {length}", "a whole number of at least 1", "leave it out for all of them")
    if not 0 <= seed <= 2**32 - seeds:
        found = f"--seed is {seed}" + f" with --seeds {seeds}" * (seeds > 1)
        raise SettingError(found, "seeds from 0 to 2**32 - 1, as np.random.seed takes them", "choose another one")
    for line in run_experiment(experiment, load(DataSettings(data=data)), length, range(seed, seed + seeds), threads):
        print(line, flush=True)


def evaluate(run: Path, /, *, data: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None) -> None:
    """Evaluate a trained network: on its test set, on that of another data set, or on all rows of a table.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    data : str, optional
        A data set, as for train --data; by default, the test set of the training.
    """
    from handgrad.reporting import console
    from handgrad.reporting.classes import confusion_table
    from handgrad.runs.evaluate import evaluate_run

    found = evaluate_run(run, data, tell, download_progress())
    console.summary_table(found.rows, found.title)
    print(confusion_table(found.class_names, found.y, found.predicted))


def predict(
    run: Path,
    /,
    *inputs: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    out: Path | None = None,
    probabilities: bool = False,
    show: bool = False,
) -> int:
    """Classify images, or the rows of tables or .npy files, with a trained network.

    Parameters
    ----------
    run : path
        A run folder, or a model file.
    inputs : paths
        Pictures of any size and in any usual format, or folders of them, with their subfolders; tables with the
        columns of the training set, with or without labels (- is the standard input); .npy files with one example per
        row; or IDX files of images.
    out : path, optional
        Write the predictions to a new file, .csv, .jsonl or .parquet, with one row per example.
    probabilities : bool
        Add the probability of each class to every row, or the output for it if the loss is a regression loss.
    show : bool
        Print what the network sees of each picture, and write it beside the picture as NAME.seen.png, or under a
        longer name if that is taken.
    """
    from handgrad.reporting import console
    from handgrad.reporting.text import figure
    from handgrad.runs.seen import write_seen
    from handgrad.runs.use import predict_inputs, write_predictions

    if not inputs:
        raise SettingError(
            "nothing to predict", "images, tables or .npy files", f"run `handgrad predict {run} IMAGE...`"
        )
    skipped: list[DataError] = []
    found = predict_inputs(run, inputs, tell, skipped.append)
    for error in skipped:
        tell(f"handgrad: {error}")
    code = 0 if not skipped else 1 if found else 2
    if out is not None and found:
        print(visible(str(write_predictions(out, found, probabilities))))
    for one in found:
        if show and one.image is not None:
            print(console.image_blocks(one.image))
            print(visible(f"seen by the network: {write_seen(Path(one.source), one.image)}"))
        if out is not None:
            continue
        best = int(one.outputs.argmax())
        if probabilities or len(found) <= FEW:
            print(visible(f"{one.label}: {one.class_names[best]}"))
            print(console.output_bars(one.class_names, one.outputs, one.are_numbers))
        else:
            output = figure(one.outputs[best]) if one.are_numbers else f"{one.outputs[best]:.1%}"
            print(visible(f"{one.label}: {one.class_names[best]} ({output})"))
    return code


def compile_() -> None:
    """Compile the training code once, which takes about a minute; later runs load it in about a second."""
    from time import perf_counter

    from handgrad.training.engines.choice import why_not_compiled

    if (missing := why_not_compiled()) is not None:
        raise SettingError(
            f"compiled code cannot be used because {missing}", "numba and joblib", "install handgrad again"
        )
    from handgrad.training.engines.code import compile_all, stage_of
    from handgrad.training.engines.compiled import keeps_code

    if not keeps_code():
        raise SettingError(
            "there is no writable folder for compiled code", "such a folder", "set NUMBA_CACHE_DIR to one"
        )
    for dtype in ("float32", "float64"):
        if stage_of(dtype) == "kept":
            print(f"{dtype}: compiled already")
            continue
        began = perf_counter()
        for part in compile_all(dtype):
            print(f"{dtype}: compiling {part} ...", flush=True)
        print(f"{dtype}: done in {perf_counter() - began:.0f} s", flush=True)
