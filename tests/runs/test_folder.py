"""Run folders: never overwritten, written as it happens, and loaded only when they are whole."""

import json
from collections.abc import Iterable
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pytest

from handgrad.data import Scaling
from handgrad.errors import RunError
from handgrad.model import Model, save_model
from handgrad.model.safetensors import MODEL_FILE
from handgrad.network import MLP
from handgrad.reporting import read_history
from handgrad.runs.folder import (
    CONFIG_FILE,
    HISTORY_FILE,
    RUNS,
    SUMMARY_FILE,
    create_run,
    write_config,
    write_summary,
)
from handgrad.runs.history import History
from handgrad.runs.loading import list_runs, load_run
from handgrad.training import Examples, Record, TrainingSettings, TrainingState, train

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
RECORDS = [
    Record("evaluation", 0, 0, 0.1, 0.0, dict(zip(FIGURES, (2.3, 0.1, 2.4, 0.09), strict=True))),
    Record("batch", 0, 0, 0.1, 0.5, {"batch_loss": 2.3, "batch_accuracy": 0.25, "gradient_norm": 0.7}),
    Record("evaluation", 1, 9, 0.1, 1.5, dict(zip(FIGURES, (1 / 3, 0.9, 0.4, 0.85), strict=True))),
]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_history(run: Path, records: Iterable[Record]) -> None:
    """Write records as a training does."""
    with History(run) as history:
        for record in records:
            history.add(record)
        history.write()


def finished_run(path: Path | None = None) -> Path:
    """Write a whole run of a tiny network."""
    run = create_run(path, "toy")
    network = MLP((2, 2))
    write_config(run, {"data": "toy", "epochs": 3})
    write_history(run, RECORDS)
    save_model(run / MODEL_FILE, Model(network, network.initialise(0), ("a", "b"), Scaling(0, 1), None, "toy"))
    write_summary(run, {"test_accuracy": 0.85})
    return run


# Where a run goes.


def test_numbers_go_up():
    """Each run gets the number above all there are, whatever gaps or other names lie between."""
    assert create_run(None, "digits") == RUNS / "digits-1"
    (RUNS / "digits-9").mkdir()
    (RUNS / "digits-10").touch()
    (RUNS / "mnist-77").mkdir()
    (RUNS / "digits-new").mkdir()
    assert create_run(None, "digits") == RUNS / "digits-11"
    assert create_run(None, "mnist") == RUNS / "mnist-78"


def test_race():
    """Trainings that start at the same time get a folder each."""
    with ThreadPool(8) as pool:
        runs = pool.map(lambda _: create_run(None, "digits"), range(40))
    assert sorted(run.name for run in runs) == sorted(f"digits-{n}" for n in range(1, 41))


@pytest.mark.parametrize(
    ("name", "folder"),
    [("../../etc/passwd", "etc-passwd-1"), ("", "run-1"), ("my data.csv", "my-data.csv-1"), ("お", "run-1")],
)
def test_name_is_made_safe(name, folder):
    """Names become one folder below runs, whatever is in them."""
    run = create_run(None, name)
    assert run == RUNS / folder
    assert run.is_dir()


def test_given_folder(tmp_path):
    """A given folder is made, with those above it; an empty one is taken as it is."""
    path = tmp_path / "a" / "b"
    assert create_run(path, "toy") == path
    (tmp_path / "empty").mkdir()
    assert create_run(str(tmp_path / "empty"), "toy") == tmp_path / "empty"


def test_a_folder_that_two_runs_are_given_at_once_goes_to_one(tmp_path):
    """Whichever comes first has it, also an empty one; the others are refused as if it were full."""

    def attempt(_):
        try:
            return create_run(tmp_path / "same", "toy")
        except RunError as error:
            return str(error)

    with ThreadPool(8) as pool:
        outcomes = pool.map(attempt, range(40))
    assert outcomes.count(tmp_path / "same") == 1
    assert sum("same is not empty" in str(outcome) for outcome in outcomes) == 39


def test_never_overwrites(tmp_path, refused):
    """A folder that holds anything is refused and left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("two years")
    with refused(RunError, "mine is not empty"):
        create_run(tmp_path / "mine", "toy")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way(tmp_path, refused):
    """A file where a folder should be is named."""
    (tmp_path / "f").touch()
    with refused(RunError, str(tmp_path / "f")):
        create_run(tmp_path / "f", "toy")
    (tmp_path / "runs").touch()
    with refused(RunError, "runs"):
        create_run(None, "toy")


# What is written.


def test_config_is_plain(tmp_path):
    """Settings are written in TOML: NumPy numbers and paths as plain ones, None not at all."""
    config = {"a": None, "b": (1, None, np.int64(2)), "c": {"d": np.float32(0.5), "e": Path("x/y")}, "f": True}
    write_config(tmp_path, config)
    run = finished_run(tmp_path / "run")
    (tmp_path / CONFIG_FILE).replace(run / CONFIG_FILE)
    assert load_run(run)[2] == {"b": [1, 2], "c": {"d": 0.5, "e": "x/y"}, "f": True}


def test_summary_is_json(tmp_path):
    """Figures are written as standard JSON: no NaN, no infinity, no None."""
    write_summary(tmp_path, {"a": float("nan"), "b": [1.5, float("inf")], "c": None, "d": np.arange(3)})
    assert json.loads((tmp_path / SUMMARY_FILE).read_text()) == {"b": [1.5], "d": [0, 1, 2]}
    assert [path.name for path in tmp_path.iterdir()] == [SUMMARY_FILE]


@pytest.mark.parametrize("write", [write_config, write_summary])
def test_other_values_are_refused(tmp_path, refused, write):
    """A value that neither TOML nor JSON has is named by its type, and nothing is written."""
    with refused(RunError, "complex"):
        write(tmp_path, {"a": [1j]})
    with refused(RunError, "gone"):
        write(tmp_path / "gone", {})
    assert not list(tmp_path.iterdir())


# What is loaded.


def test_load_run():
    """A whole run comes back: model, figures and settings."""
    model, summary, config = load_run(finished_run())
    assert model.class_names == ("a", "b")
    assert (summary, config) == ({"test_accuracy": 0.85}, {"data": "toy", "epochs": 3})


def test_load_a_model_alone(tmp_path):
    """A model file by itself, whatever its name, is a model without figures and settings."""
    (finished_run() / MODEL_FILE).replace(tmp_path / "sent by mail")
    model, summary, config = load_run(tmp_path / "sent by mail")
    assert (model.dataset, summary, config) == ("toy", {}, {})


def test_missing_run_names_the_others(refused):
    """A run that is not there: those that are, are named, by number."""
    for _ in range(11):
        finished_run()
    with refused(RunError, "no run runs/toy-12", "runs/toy-1, runs/toy-2, runs/toy-3", "and 3 more"):
        load_run("runs/toy-12")


def test_no_run_at_all(refused):
    """Where there is no run, the remedy is to train one."""
    with refused(RunError, "Train a network"):
        load_run("runs/toy-1")


def test_folder_of_runs(refused):
    """The folder of all runs is not a run, but its runs are named."""
    finished_run()
    with refused(RunError, "runs lacks model.safetensors", "Choose one of runs/toy-1"):
        load_run("runs")


@pytest.mark.parametrize("name", [MODEL_FILE, SUMMARY_FILE, CONFIG_FILE])
def test_incomplete_run(refused, name):
    """A run that lacks a file says which."""
    run = finished_run()
    (run / name).unlink()
    with refused(RunError, f"toy-1 lacks {name}"):
        load_run(run)


def test_unfinished_run(refused):
    """The message about an interrupted training says how to continue it, and it is not listed among the other runs."""
    whole, half = finished_run(), finished_run()
    (half / MODEL_FILE).unlink()
    with refused(RunError, "its training did not finish", f"Continue it with `handgrad train --resume {half}`."):
        load_run(half)
    with refused(RunError, f"Choose one of {whole}."):
        load_run("gone")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (SUMMARY_FILE, b"[1, 2]"),
        (SUMMARY_FILE, b'{"a": NaN}'),
        (SUMMARY_FILE, b"[" * 100_000),
        (SUMMARY_FILE, b"\xff"),
        (CONFIG_FILE, b"a = "),
        (CONFIG_FILE, b"\xff"),
        (MODEL_FILE, b""),
    ],
)
def test_damaged_run(refused, name, content):
    """A damaged file is named."""
    run = finished_run()
    (run / name).write_bytes(content)
    with refused(RunError, name):
        load_run(run)


def test_list_runs():
    """Runs are listed by name and then number, not letter by letter."""
    runs = [finished_run() for _ in range(11)]
    assert list_runs() == runs


def test_whole_training():
    """A real training, recorded: the history is what train gave, and the loaded model classifies as the trained one."""
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y = (X.sum(axis=1) > 0).astype(np.int64)
    network = MLP((3, 8, 2), "tanh")
    parameters = network.initialise(0, dtype=np.float32)
    run = create_run(None, "toy")
    settings = TrainingSettings(epochs=5, log_every=1, threads=1)
    examples = Examples(X, y)
    records = train(network, TrainingState.start(parameters, settings), examples, {"test": examples}, settings=settings)
    given = list(records)
    write_history(run, given)
    assert read_history(run / HISTORY_FILE) == given
    save_model(run / MODEL_FILE, Model(network, parameters, ("no", "yes"), Scaling(0, 1), None, "toy"))
    write_config(run, {})
    write_summary(run, {})
    assert np.mean(load_run(run)[0].classify(X) == y) == given[-1].figures["test_accuracy"]
