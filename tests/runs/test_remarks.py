"""Problems of a training are said in words, with what helps; trainings without them are silent."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from runs import chaos

from handgrad.data import Dataset, load_data
from handgrad.network import ACTIVATIONS
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.job import make_job
from handgrad.runs.loading import load_run
from handgrad.runs.remarks import figures_of_classes, warnings_after, warnings_before, warnings_of
from handgrad.runs.train import train_run
from handgrad.training import OPTIMIZERS, Examples, TrainingState, train

DIGITS = load_data("digits")


@dataclass(frozen=True)
class Ended:
    """What a training came to."""

    warnings: list[str]
    figures: dict[str, Any]


def ended(data: Dataset = DIGITS, **settings: Any) -> Ended:
    """Train as ``handgrad train`` does, without a folder; the same training only once."""
    return ended_with(data, tuple(sorted(settings.items())))


@cache
def ended_with(data: Dataset, items: tuple[tuple[str, Any], ...]) -> Ended:
    """Train with these settings."""
    settings = {"hidden": (50, 50), "epochs": 5, "engine": "numpy", **dict(items)}
    parts = (
        {name: value for name, value in settings.items() if name in vars(kind())}
        for kind in (DataFlags, NetworkFlags, TrainingFlags)
    )
    of_data, network, training = parts
    config = TrainConfig(DataFlags(**of_data), NetworkFlags(**network), TrainingFlags(**training), RunSettings())
    job = make_job(config, data, pytest.fail)
    before = [*warnings_of(data), *warnings_before(job)]
    settings_of = job.config.training
    records = list(train(job.network, job.state, job.examples, job.others, settings=settings_of, engine=job.engine))
    predicted = job.model.predict_scaled(data.X_test, "numpy").argmax(axis=1)
    summary = {**records[-1].figures, **figures_of_classes(data, predicted)}
    return Ended([*before, *warnings_after(job, summary, records, before)], summary)


def some(rows: int) -> Dataset:
    """Return the digits with a short training set."""
    return replace(DIGITS, X_train=DIGITS.X_train[:rows], y_train=DIGITS.y_train[:rows])


def relabelled(change: Callable[[np.ndarray], np.ndarray], parts: tuple[str, ...] = ("train", "test")) -> Dataset:
    """Return the digits with other labels."""
    return replace(DIGITS, **{f"y_{part}": change(getattr(DIGITS, f"y_{part}")) for part in parts})


def shuffled(y: np.ndarray) -> np.ndarray:
    """Put labels into another order."""
    return np.random.default_rng(0).permutation(y)


def doubtful(y: np.ndarray) -> np.ndarray:
    """Draw every third label by chance."""
    rng = np.random.default_rng(0)
    return np.where(rng.random(len(y)) < 0.3, rng.integers(0, 10, len(y)), y)


def customers(income: float, rows: int = 400) -> Dataset:
    """Return a table in which most of those with an income above the mean buy; one of them has another income."""
    rng = np.random.default_rng(1)
    incomes = rng.normal(50_000, 15_000, rows).round()
    ages = rng.integers(18, 80, rows)
    buys = ["yes" if one > 50_000 else "no" for one in incomes + rng.normal(0, 1000, rows)]
    incomes[0] = income
    with TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        lines = (f"{one:.0f},{age},{label}\n" for one, age, label in zip(incomes, ages, buys, strict=True))
        path.write_text("income,age,buys\n" + "".join(lines))
        return load_data(str(path))


def fractions(scale: float, rows: int = 400) -> Dataset:
    """Return arrays of two columns in 0..1, of which the first, that tells the classes apart, may be scaled down."""
    rng = np.random.default_rng(1)
    X = rng.random((rows, 2))
    with TemporaryDirectory() as folder:
        np.savez(Path(folder) / "fractions.npz", X=X * [scale, 1], y=(X[:, 0] > 0.5).astype(int))
        return load_data(str(Path(folder) / "fractions.npz"))


RELU: dict[str, Any] = {"activation": "relu"}
TANH: dict[str, Any] = {"activation": "tanh", "hidden": (100, 100)}
LARGE: dict[str, Any] = {**RELU, "hidden": (200, 200), "optimizer": "adam", "learning_rate": 0.003, "epochs": 20}
PROBLEMS: dict[str, tuple[str, Dataset, dict[str, Any], Dataset, dict[str, Any]]] = {
    # name: what is said, with which data and settings, and what the warning advises
    "units that never fire": (
        "never fire", DIGITS, {**RELU, "optimizer": "adam", "learning_rate": 0.3},
        DIGITS, {**RELU, "optimizer": "adam", "learning_rate": 0.003},
    ),
    "weights of the exercise": (
        "saturated before the first step: there tanh is nearly flat", DIGITS, {**TANH, "init": "normal"},
        DIGITS, {**TANH, "init": "he_normal"},
    ),
    "steps that saturate": (
        "have become saturated", DIGITS, {**TANH, "learning_rate": 3.0}, DIGITS, {**TANH, "learning_rate": 0.1},
    ),
    "many sigmoid layers": (
        "the gradients vanish", DIGITS, {"hidden": (20,) * 6}, DIGITS, {"hidden": (20,) * 6, **RELU, "epochs": 10},
    ),
    "large weights of rectifiers": (
        "the gradients explode", DIGITS, {"hidden": (200, 200), "init": "normal", **RELU},
        DIGITS, {"hidden": (200, 200), "init": "he_normal", **RELU},
    ),
    "tiny steps": ("the training loss hardly moves: ", DIGITS, {"learning_rate": 1e-5}, DIGITS, {"learning_rate": 1.0}),
    "small steps": (
        "is no better than that of guessing by the class frequencies (2.30", DIGITS,
        {"learning_rate": 1e-3, "epochs": 10}, DIGITS, {"learning_rate": 1.0, "epochs": 10},
    ),
    "steps that overshoot": (
        "far beyond its start, and stays there; lower --lr, to 0.001 for example", DIGITS,
        {"activation": "leaky_relu", "optimizer": "adam", "learning_rate": 3.0},
        DIGITS, {"activation": "leaky_relu", "optimizer": "adam", "learning_rate": 0.003},
    ),
    "a hundred rows": (
        "holds for the training rows alone; try more examples", some(100), {**RELU, "epochs": 30}, DIGITS, RELU,
    ),
    "too many epochs": (
        "what was learnt since holds for the training rows alone; try --epochs 4", relabelled(doubtful), LARGE,
        relabelled(doubtful), {**LARGE, "epochs": 4},
    ),
    "shuffled labels": ("the labels look shuffled", relabelled(shuffled), RELU, DIGITS, RELU),
    "shuffled labels of the test set": (
        "the labels of the test set look shuffled", relabelled(shuffled, ("test",)), RELU, DIGITS, RELU,
    ),
    "labels one row late": (
        "move all labels up by one row", relabelled(lambda y: np.roll(y, 1)), RELU, DIGITS, RELU,
    ),
    "labels one row early": (
        "move all labels down by one row", relabelled(lambda y: np.roll(y, -1)), RELU, DIGITS, RELU,
    ),
    "one row far from the others": (
        "all but a few values of income lie within 0.0007 of the range 0..1, because of extreme ones (income: 1e+08 in "
        "line 2), so that the network hardly sees them; correct or leave out those rows",
        customers(1e8), {"epochs": 20}, customers(50_001), {"epochs": 20},
    ),
    "one row far below the others": (
        "because of extreme ones (income: -1e+12 in line 2)",
        customers(-1e12), {"epochs": 20}, customers(50_001), {"epochs": 20},
    ),
    "a column that is not scaled": (
        "98% of the values of column 1 lie within 0.002 of the range 0..1, because they were taken as they are",
        fractions(0.002), {"epochs": 20}, fractions(1.0), {"epochs": 20},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_said_and_the_advice_helps(name: str) -> None:
    """One sentence says it; the training that follows its advice is silent and better."""
    said, data, settings, better_data, advised = PROBLEMS[name]
    sick, healthy = ended(data, **settings), ended(better_data, **advised)
    assert len([warning for warning in sick.warnings if said in warning]) == 1, sick.warnings
    assert healthy.warnings == []
    assert healthy.figures["test_accuracy"] > sick.figures["test_accuracy"] + 0.03


def flags_in(warning: str) -> dict[str, Any]:
    """Read the settings that a warning advises."""
    words = iter(re.findall(r"--([a-z0-9]+),? (?:to )?([a-z_0-9.]+)", warning))
    return {"learning_rate" if name == "lr" else name: float(value) if name == "lr" else value for name, value in words}


def test_advice_has_the_learning_rate_that_goes_with_it() -> None:
    """Other weights at the old rate would learn less than before; at the rate that is named, they learn more."""
    preset: dict[str, Any] = {"hidden": (100, 100), "epochs": 10, "batch_size": 64, "schedule": "constant"}
    sick = ended(**preset, init="normal", learning_rate=0.1)
    advised = flags_in(sick.warnings[0])
    assert advised == {"init": "he_normal", "learning_rate": 1.0}
    healthy = ended(**preset, **advised)
    assert healthy.warnings == []
    assert healthy.figures["test_accuracy"] > sick.figures["test_accuracy"] + 0.03
    assert ended(**preset, init="he_normal", learning_rate=0.1).figures["test_accuracy"] < sick.figures["test_accuracy"]


@pytest.mark.parametrize("rate", [100.0, 0.3])
def test_a_lower_rate_is_one_that_trains(rate: float) -> None:
    """However far the rate in use is above the usual one, the one that is named leaves nothing to warn of."""
    adam: dict[str, Any] = {**RELU, "optimizer": "adam"}
    (warning,) = (one for one in ended(**adam, learning_rate=rate).warnings if "never fire" in one)
    assert warning.endswith("lower --lr, to 0.001 for example")
    assert ended(**adam, **flags_in(warning), epochs=10).warnings == []


def test_a_restraint_is_not_answered_with_more_time() -> None:
    """A penalty that keeps the weights at zero is named."""
    sick = ended(l2=1.0)
    assert any("is no better than always guessing" in one and one.endswith("try without --l2") for one in sick.warnings)


def test_a_loss_that_is_a_little_better_than_guessing_is_called_so() -> None:
    """The sentence agrees with its own figures."""
    (warning,) = ended(learning_rate=0.01, epochs=10).warnings
    assert "is hardly better than that of guessing by the class frequencies (2.302)" in warning


def test_rows_that_are_all_alike_are_called_so() -> None:
    """And nothing is said of their labels, which follow nothing."""
    alike = replace(DIGITS, X_train=np.ones_like(DIGITS.X_train), X_test=np.ones_like(DIGITS.X_test))
    warnings = ended(alike, epochs=1).warnings
    assert "all 1,438 rows of the training set have the same inputs" in warnings[0]
    assert not any("shuffled" in warning for warning in warnings)


@pytest.mark.slow
def test_the_weights_of_the_exercise_are_a_lesson() -> None:
    """The main job learns the digits without a word; with weights from N(0, 1), it is warned and learns less."""
    full = {"hidden": (400, 400), "epochs": 40}
    usual, exercise = ended(**full), ended(**full, init="normal")
    assert usual.warnings == []
    assert len(exercise.warnings) == 1
    assert "% of the outputs of layer 2 are saturated before the first step" in exercise.warnings[0]
    assert usual.figures["test_accuracy"] > exercise.figures["test_accuracy"] + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_healthy_trainings_are_silent(activation: str, optimizer: str) -> None:
    """The main job with any activation and optimizer has nothing to be warned of."""
    assert ended(hidden=(400, 400), epochs=40, activation=activation, optimizer=optimizer).warnings == []


def told_and_written(folder: Path, **settings: Any) -> tuple[list[str], list[str], Path]:
    """Train in a folder, and return what was told, and the warnings in the summary."""
    training = TrainingFlags(**{"epochs": 4, "engine": "numpy", "batch_size": 32, "log_every": 5, **settings})
    network = NetworkFlags((20, 20), "relu", "normal")
    told: list[str] = []
    run = folder / "run"
    train_run(
        TrainConfig(DataFlags(), network, training, RunSettings(run)),
        some(400),
        lambda records, *_: records,
        told.append,
    )
    return told, json.loads((run / "summary.json").read_text())["warnings"], run


def test_each_warning_is_told_once_and_changes_no_bit(tmp_path: Path) -> None:
    """The console and the summary have the same sentences, and the weights are those of the training alone."""
    told, written, run = told_and_written(tmp_path, log_layers=True)
    assert [sentence.removeprefix("warning: ") for sentence in told if sentence.startswith("warning: ")] == written
    assert len(written) == len(set(written)) >= 2
    assert "before the first step" in written[0]
    model, _, config = load_run(run)
    settings = TrainingFlags(epochs=4, batch_size=32, learning_rate=config["lr"])
    state = TrainingState.start(model.network.initialise(0, "normal", "float32"), settings)
    data = some(400)
    list(train(model.network, state, Examples(data.X_train, data.y_train), settings=settings))
    np.testing.assert_array_equal(model.parameters.vector, state.parameters.vector)


def test_warnings_of_the_data_are_in_the_summary(tmp_path: Path) -> None:
    """They were told when the data were read, and are not told again; without others, the list has no more."""
    data = DIGITS.with_notes("warning: the classes a, A differ", "another note")
    config = TrainConfig(
        DataFlags(), NetworkFlags((50,), "relu"), TrainingFlags(epochs=5), RunSettings(tmp_path / "run")
    )
    done = train_run(config, data, lambda records, *_: records, pytest.fail)
    assert done.summary["warnings"] == ["the classes a, A differ"]


def test_a_continued_run_ends_with_the_same_warnings(tmp_path: Path) -> None:
    """And with the same figures of the layers, picture and all; only times differ."""
    whole = tmp_path / "whole"
    told_and_written(whole, log_layers=True, schedule="constant")
    _, _, run = told_and_written(tmp_path, log_layers=True, schedule="constant", epochs=2)
    settings = TrainConfig.from_dict(load_run(run)[2])
    longer = replace(settings.training, epochs=4)
    config = replace(settings, training=longer, run=RunSettings(resume=run))
    train_run(config, some(400), lambda records, *_: records, [].append)
    runs = [whole / "run", tmp_path / "run"]
    summaries = [json.loads((run / "summary.json").read_text()) for run in runs]
    for summary in summaries:
        assert summary.pop("seconds") > summary.pop("train_seconds")
    assert summaries[0] == summaries[1]
    assert summaries[0]["gradient_norm_3"] > 0
    assert [(run / "gradients.png").read_bytes() == (runs[0] / "gradients.png").read_bytes() for run in runs] == [
        True
    ] * 2
    assert chaos.traces(runs[0]) == chaos.traces(runs[1])
