"""Trainings that stop early: when they do so, which weights are kept, and that interruptions change nothing of it."""

import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import chaos

from handgrad.cli import main
from handgrad.data import Dataset
from handgrad.errors import SettingError
from handgrad.reporting import read_history
from handgrad.runs.advice import for_no_progress
from handgrad.runs.checkpoint import CHECKPOINT_FILE, EARLIER_FILE, read_checkpoint
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.job import make_job
from handgrad.runs.loading import load_run
from handgrad.runs.overview import overview
from handgrad.runs.train import Finished, train_run
from handgrad.runs.verification import verify
from handgrad.training import Record

STEPS = 30  # of an epoch


def configured(run: Path, patience: int | None = 2, resume: bool = False, **settings: Any) -> TrainConfig:
    """Describe a training, or its continuation, whose validation loss after 4 epochs is lower than after the next 4."""
    training = {"optimizer": "adam", "learning_rate": 0.3, "schedule": "constant", "epochs": 9, "batch_size": 16}
    where = RunSettings(None if resume else run, resume=run if resume else None, patience=patience)
    flags = TrainingFlags(**{**training, "engine": "numpy", **settings})
    return TrainConfig(DataFlags(data="digits", validation=0.2), NetworkFlags((12,)), flags, where)


def trained(config: TrainConfig, told: list[str] | None = None, data: Dataset = chaos.VALIDATED) -> Finished:
    """Train without a word."""
    return train_run(config, data, chaos.passed_on, ([] if told is None else told).append)


def losses(run: Path) -> dict[int, float]:
    """Return the validation loss after each epoch that was evaluated."""
    records = read_history(run / "history.jsonl")
    return {one.epoch: one.figures["validation_loss"] for one in records if one.kind == "evaluation"}


def stopped(config: TrainConfig, step: int) -> str:
    """Stop a training at the first record from a step on, and return what is said."""

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        asked = False
        for record in records:
            yield record
            if record.step >= step and not asked:
                asked = True
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train_run(config, chaos.VALIDATED, show, [].append)
    return str(caught.value)


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Give a run that has stopped early, of which a test takes a copy if it changes it."""
    return trained(configured(tmp_path_factory.mktemp("early") / "run"))


@pytest.mark.parametrize(("patience", "engine"), [(1, "compiled"), (2, "numpy"), (4, "numpy")])
def test_it_stops_and_keeps_the_best_weights(patience: int, engine: str, tmp_path: Path) -> None:
    """The training stops in time, and all that it keeps is what one that ended at the best epoch would keep."""
    told: list[str] = []
    done = trained(configured(tmp_path / "run", patience, engine=engine), told)
    found = losses(done.run)
    assert min(found, key=found.__getitem__) == 4
    assert max(found) == 4 + patience
    kept = {"best_epoch": 4, "best_step": 4 * STEPS, "stopped_early": True, "epochs": 4 + patience}
    assert {name: done.summary.get(name) for name in kept} == kept
    said = f"stopped early after {4 + patience} of 9 epochs; the weights are those after epoch 4, which had the lowest"
    assert sum(said in sentence for sentence in told) == 1
    best = trained(configured(tmp_path / "best", None, engine=engine, epochs=4))
    for name in ("model.safetensors", "first_layer.png", "confusion.png"):
        assert (done.run / name).read_bytes() == (best.run / name).read_bytes()
    figures = {name for name in best.summary if name.startswith(("train_l", "train_a", "test_", "validation_"))}
    assert len(figures) == 7
    assert {name: done.summary[name] for name in figures} == {name: best.summary[name] for name in figures}


def test_the_best_weights_are_kept_if_all_epochs_are_run(tmp_path: Path) -> None:
    """And they are named; nothing has stopped early then."""
    told: list[str] = []
    done = trained(configured(tmp_path / "run", 3, learning_rate=0.2), told)
    assert (done.summary["best_epoch"], done.summary["epochs"]) == (7, 9)
    assert done.summary["validation_loss"] == min(losses(done.run).values())
    assert "stopped_early" not in done.summary
    assert any(sentence.startswith("the weights are those after epoch 7, which had") for sentence in told)


def test_a_training_that_stops_in_its_last_epoch_has_run_them_all(early: Finished, tmp_path: Path) -> None:
    """With more epochs it stops there, as a longer training does."""
    config = configured(tmp_path / "run", epochs=6)
    told: list[str] = []
    assert "stopped_early" not in trained(config, told).summary
    assert not any("stopped early" in sentence for sentence in told)
    done = trained(configured(tmp_path / "run", resume=True, epochs=9))
    assert done.summary["stopped_early"]
    assert chaos.traces(done.run) == chaos.traces(early.run)


def test_patience_counts_evaluations(tmp_path: Path) -> None:
    """Of which there may be fewer than epochs: here, there is one after every second epoch."""
    done = trained(configured(tmp_path / "run", 1, evaluate_every=2))
    assert list(losses(done.run)) == [0, 2, 4, 6]
    assert (done.summary["best_epoch"], done.summary["epochs"]) == (4, 6)


def test_patience_changes_nothing_of_the_training(early: Finished, tmp_path: Path) -> None:
    """Up to where it stops, the history is that of a training without it, whose files say nothing of it."""
    done = trained(configured(tmp_path / "run", None))
    history = chaos.traces(early.run)["history"]
    assert chaos.traces(done.run)["history"].startswith(history)
    assert not {"best_epoch", "best_step", "stopped_early"} & set(done.summary)
    assert "patience" not in load_run(done.run)[2]
    found = read_checkpoint(done.run, pytest.fail)
    assert found is not None
    assert found.best is None


@pytest.mark.parametrize(("step", "best"), [(5 * STEPS, 4 * STEPS), (5 * STEPS + 3, 4 * STEPS)])
def test_an_interruption_keeps_the_best_weights_and_changes_nothing(
    step: int, best: int, early: Finished, tmp_path: Path
) -> None:
    """The message and the summary say which they are; the training goes on from where it stood, to the same end."""
    said = stopped(configured(tmp_path / "run", log_every=1), step)
    assert f"the weights after step {best} of 270, which had the lowest validation loss, are kept in" in said
    model, summary, _ = load_run(tmp_path / "run")
    assert summary["stopped"]
    assert summary["best_step"] == best < step <= summary["steps"]
    assert "stopped_early" not in summary
    assert model.parameters.vector.tobytes() == load_run(early.run)[0].parameters.vector.tobytes()
    assert summary["validation_loss"] == early.summary["validation_loss"]
    told: list[str] = []
    done = trained(configured(tmp_path / "run", resume=True, log_every=1), told)
    assert f"continuing {done.run} after step {summary['steps']} of 270" in told
    for name in ("model.safetensors", "first_layer.png", "confusion.png"):
        assert (done.run / name).read_bytes() == (early.run / name).read_bytes()
    assert losses(done.run) == losses(early.run)
    times = {"seconds", "train_seconds"}
    assert {**done.summary, **dict.fromkeys(times)} == {**early.summary, **dict.fromkeys(times)}


def test_an_interruption_keeps_the_weights_of_now_if_they_are_better(tmp_path: Path) -> None:
    """Otherwise those of a first epoch would be given up for the random ones before it."""
    said = stopped(configured(tmp_path / "run", log_every=1), 10)
    summary = load_run(tmp_path / "run")[1]
    assert 10 <= summary["best_step"] == summary["steps"] <= STEPS
    assert f"the weights after step {summary['steps']} of 270, which had the lowest" in said
    found = read_checkpoint(tmp_path / "run", pytest.fail)
    assert found is not None
    assert found.best is not None
    assert found.best.step == 0


@pytest.mark.parametrize("lost", [(), ("curves.png", "summary.json"), ("model.safetensors",)], ids=str)
def test_the_end_of_a_run_that_stopped_early_can_be_repeated(
    lost: tuple[str, ...], early: Finished, tmp_path: Path
) -> None:
    """Nothing is trained, and the checkpoint stays the same."""
    run = shutil.copytree(early.run, tmp_path / "run")
    before = (run / CHECKPOINT_FILE).read_bytes()
    for name in lost:
        (run / name).unlink()
    told: list[str] = []
    done = trained(configured(run, resume=True), told)
    assert f"{run} has stopped early, after 6 of 9 epochs; only its end is repeated" in told
    assert not any("continuing" in sentence for sentence in told)
    assert chaos.traces(run) == chaos.traces(early.run)
    assert done.summary["train_seconds"] == early.summary["train_seconds"]
    assert (run / CHECKPOINT_FILE).read_bytes() == before


def test_the_checkpoint_before_the_last_leads_to_the_same_end(early: Finished, tmp_path: Path) -> None:
    """A damaged checkpoint costs a part of the training, which then stops where it did."""
    run = shutil.copytree(early.run, tmp_path / "run")
    (run / CHECKPOINT_FILE).write_bytes(b"nothing")
    found = read_checkpoint(run, [].append)
    assert found is not None
    trained(configured(run, resume=True))
    assert chaos.traces(run) == chaos.traces(early.run)
    for name in (EARLIER_FILE, CHECKPOINT_FILE, "model.safetensors", "summary.json"):  # as after an early kill
        (run / name).unlink()
    trained(configured(run, resume=True))
    assert chaos.traces(run) == chaos.traces(early.run)


def test_more_epochs_are_refused_after_an_early_stop(early: Finished, tmp_path: Path, refused: Any) -> None:
    """The training would stop at once; the run is left as it is."""
    run = shutil.copytree(early.run, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with refused(SettingError, "--epochs is 12", "has stopped early, after 6 of 9 epochs", "a larger --patience"):
        trained(configured(run, resume=True, epochs=12))
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_no_progress_asks_for_more_patience(tmp_path: Path) -> None:
    """After an early stop; more epochs are of use only to a training that has run them all."""
    job = make_job(configured(tmp_path / "run", learning_rate=None), chaos.VALIDATED, pytest.fail)
    assert for_no_progress(job) == "try a larger --patience"
    job.state.step = job.steps
    assert for_no_progress(job) == "try more --epochs"


def test_it_is_verified_and_listed_as_finished(early: Finished) -> None:
    """With the epochs that it has of those that were planned, and the accuracy of the best weights as the last."""
    config = configured(early.run)
    assert verify(early.run, config, chaos.VALIDATED, chaos.passed_on, [].append) == []
    (one,) = overview(early.run)
    assert (one.state, one.epochs, one.planned) == ("finished", 6, 9)
    assert one.last == early.summary["validation_accuracy"]


def test_verifying_notices_other_weights(early: Finished, tmp_path: Path) -> None:
    """Those at the end are not those that are kept."""
    run = shutil.copytree(early.run, tmp_path / "run")
    shutil.copy(run / CHECKPOINT_FILE, run / "model.safetensors")
    found = verify(run, configured(run), chaos.VALIDATED, chaos.passed_on, [].append)
    assert found[0].what.startswith("weights of layer 1")


@pytest.mark.parametrize("rate", [1.5, 20.0])
def test_halving_returns_to_the_best_of_the_checkpoint(rate: float, tmp_path: Path) -> None:
    """Or to the beginning, if there is none: evaluations that were cut from the history do not count."""
    config = replace(
        configured(tmp_path / "run", optimizer="sgd", learning_rate=rate, epochs=40),
        network=NetworkFlags((), loss="squared_error"),
        run=RunSettings(tmp_path / "run", on_divergence="halve", patience=6),
    )
    done = trained(config)
    assert done.summary["learning_rate_halved"] >= 1
    assert done.summary["stopped_early"]
    assert done.summary["epochs"] == done.summary["best_epoch"] + 6
    assert done.summary["validation_loss"] == min(losses(done.run).values())


def test_a_loss_that_is_no_number_is_never_the_lowest(tmp_path: Path) -> None:
    """If there is no other, the training runs to its end, which is said, and ends as without patience."""
    data = replace(chaos.VALIDATED, X_validation=np.full((240, 64), 3e38))
    config = configured(tmp_path / "run", 1, learning_rate=0.01, epochs=3)
    config = replace(config, network=NetworkFlags((12,), activation="relu"))
    told: list[str] = []
    done = trained(config, told, data)
    assert "the validation loss was never a finite number, so the weights are those at the end" in told
    assert not np.isfinite(done.summary["validation_loss"])
    assert not {"best_epoch", "stopped_early"} & set(done.summary)
    without = replace(config, run=RunSettings(tmp_path / "without"))
    assert chaos.traces(done.run) == chaos.traces(trained(without, data=data).run)


def test_it_needs_a_validation_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one, nothing is written, and the flag that gives one is named."""
    run = tmp_path / "run"
    assert main(["train", "--patience", "3", "--run", str(run)]) == 2
    said = "--patience is 3 without a validation set; expected one. Add --validation 0.2, for example."
    assert said in capsys.readouterr().err
    assert not run.exists()


def test_the_command_stops_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By a flag or a key; the figures that are printed are those of the best weights, and patience is fixed."""
    text = "train --hidden 12 --optimizer adam --lr 0.3 --schedule constant --validation 0.2 --epochs 60"
    words = text.split()
    assert main([*words, "--patience", "2", "--run", str(tmp_path / "a")]) == 0
    shown = capsys.readouterr()
    found = losses(tmp_path / "a")
    best = min(found, key=found.__getitem__)
    assert max(found) == best + 2 < 60
    assert re.search(
        rf"stopped early after {best + 2} of 60 epochs; the weights are those after epoch {best},", shown.err
    )
    assert re.search(rf"^  validation loss +{found[best]:.4f}$", shown.out, re.MULTILINE)
    (tmp_path / "settings.toml").write_text("patience = 2")
    assert main([*words, "--config", str(tmp_path / "settings.toml"), "--run", str(tmp_path / "b")]) == 0
    assert main(["diff", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert main(["train", "--resume", str(tmp_path / "a"), "--patience", "9"]) == 2
    assert main(["verify", str(tmp_path / "a")]) == 0
