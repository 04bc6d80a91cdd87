"""Trainings that diverge: what is said, what is kept, and how they can go on."""

import re
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import chaos

from handgrad.cli import main
from handgrad.errors import DivergenceError
from handgrad.reporting import read_history
from handgrad.runs.checkpoint import read_checkpoint
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.loading import load_run
from handgrad.runs.train import train_run


def configured(run: Path, resume: Path | None = None, halve: bool = False, **settings: Any) -> TrainConfig:
    """Describe a training without a hidden layer: above some rate, each step multiplies its weights."""
    network = NetworkFlags((), loss="squared_error")
    training = TrainingFlags(**{"epochs": 40, "engine": "numpy", "log_every": 5, "schedule": "constant", **settings})
    where = RunSettings(None if resume else run, resume=resume, on_divergence="halve" if halve else "stop")
    return TrainConfig(DataFlags(data="digits"), network, training, where)


def test_the_message_can_be_acted_on_and_its_rate_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3; step, layer, cause and a rate are named, and with this rate the digits are learned."""
    run = ["train", "--activation", "relu", "--run"]
    assert main([*run, str(tmp_path / "a"), "--lr", "1000"]) == 3
    error = capsys.readouterr().err
    said = re.search(
        r"the training diverged at step (\d+): the .+ of layer [123] are no longer finite .+ likely cause is the "
        r"learning rate of 1000; .+ Train a new run with --lr (\S+), for example: in a trial on these data, \d+ steps "
        r"with it changed the training loss from (\S+) to (\S+)\.\n",
        error,
    )
    assert said is not None, error
    assert 1 <= int(said[1]) <= 9
    assert float(said[4]) < 0.5 * float(said[3])
    assert main([*run, str(tmp_path / "b"), "--lr", said[2]]) == 0
    assert load_run(tmp_path / "b")[1]["test_accuracy"] >= 0.95


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_the_last_checkpoint_is_kept(engine: str, tmp_path: Path) -> None:
    """It has finite weights and can be evaluated; there is no model of weights that are useless."""
    run = tmp_path / "run"
    with pytest.raises(DivergenceError):
        train_run(configured(run, learning_rate=1.5, engine=engine), chaos.DATA, chaos.passed_on, [].append)
    found = read_checkpoint(run, pytest.fail)
    assert found is not None
    assert np.isfinite(found.state.parameters.vector).all()
    assert not (run / "model.safetensors").exists()
    assert evaluate_run(run, None, [].append).rows


@pytest.mark.parametrize(("rate", "kept"), [("1.5", True), ("1e6", False)])
def test_a_run_that_diverged_is_called_so(
    rate: str, kept: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is listed as diverged, is not continued, and can be used if it has a checkpoint; a new run is advised."""
    run = tmp_path / "run"
    words = "train --hidden none --loss squared_error --schedule constant --epochs 40 --engine numpy --lr"
    assert main([*words.split(), rate, "--run", str(run)]) == 3
    capsys.readouterr()
    assert main(["runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1] == "diverged"
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert main(["train", "--resume", str(run)]) == 2
    assert re.search(r"run has diverged, and would .+ Train a new run with --lr \S+,", capsys.readouterr().err)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert main(["evaluate", str(run)]) == (0 if kept else 2)
    error = capsys.readouterr().err
    if kept:
        assert "run: the training diverged; these are its weights after" in error
    else:
        assert re.search(r"run diverged before its first checkpoint: .+ Train a new run with --lr", error)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_halving_goes_on_to_the_end(engine: str, tmp_path: Path) -> None:
    """From the last checkpoint, or the beginning, with half the rate; history and summary say so."""
    config = configured(tmp_path / "run", learning_rate=1.5, halve=True, engine=engine)
    with pytest.raises(DivergenceError):
        train_run(configured(tmp_path / "stops", learning_rate=1.5), chaos.DATA, chaos.passed_on, [].append)
    told: list[str] = []
    done = train_run(config, chaos.DATA, chaos.passed_on, told.append)
    times = done.summary["learning_rate_halved"]
    records = read_history(done.run / "history.jsonl")
    assert 1 <= times <= 5
    assert sum("going back, with the learning rate" in sentence for sentence in told) == times
    rates = [one.learning_rate for one in records if one.kind == "divergence"]
    assert rates == [1.5 / 2**halvings for halvings in range(1, times + 1)]
    assert records[-1].kind == "evaluation"
    assert (records[-1].epoch, records[-1].learning_rate) == (40, 1.5 / 2**times)
    assert np.isfinite(done.summary["train_loss"])
    rate = 1.5 / 2**times
    assert f"and ended with a learning rate of {rate:g} instead of 1.5; begin with --lr {rate:g}" in " ".join(told)
    assert done.summary["warnings"][-1].startswith(f"the training diverged {times} time")


def test_halving_ends_after_five_times(tmp_path: Path) -> None:
    """A rate that is far too high still ends with the explanation; the history has all five."""
    told: list[str] = []
    with pytest.raises(
        DivergenceError, match=r"learning rate of 31250, to which 1e\+06 was halved as often as is allowed"
    ):
        train_run(configured(tmp_path / "run", learning_rate=1e6, halve=True), chaos.DATA, chaos.passed_on, told.append)
    assert sum("going back" in sentence for sentence in told) == 5
    records = read_history(tmp_path / "run" / "history.jsonl")
    assert [one.learning_rate for one in records if one.kind == "divergence"] == [1e6 / 2**i for i in range(1, 6)]


def test_a_halved_training_can_be_stopped_and_continued(tmp_path: Path) -> None:
    """The rate that it has come to is part of the checkpoint: the end is that of one without interruption."""
    settings: dict[str, Any] = {"learning_rate": 1.5, "halve": True}
    whole = train_run(configured(tmp_path / "whole", **settings), chaos.DATA, chaos.passed_on, [].append)

    def stopping(records: Iterable[Any], *_: Any) -> Iterable[Any]:
        for record in records:
            yield record
            if record.kind == "evaluation" and record.epoch == 20:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_run(configured(tmp_path / "run", **settings), chaos.DATA, stopping, [].append)
    done = train_run(
        configured(tmp_path / "run", resume=tmp_path / "run", **settings), chaos.DATA, chaos.passed_on, [].append
    )
    assert chaos.traces(done.run) == chaos.traces(whole.run)
    assert done.summary["learning_rate_halved"] == whole.summary["learning_rate_halved"]
