"""Runs that are stopped, killed and continued: nothing is lost, and the end is that of an uninterrupted training."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import chaos
from sampling import sampled

from handgrad.cli import main
from handgrad.data import Dataset, load_data
from handgrad.errors import RunError, SettingError
from handgrad.reporting import read_history
from handgrad.runs.checkpoint import CHECKPOINT_FILE, EARLIER_FILE, read_checkpoint
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.environment import ENVIRONMENT_FILE, read_environment
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.loading import load_run
from handgrad.runs.lock import locked
from handgrad.runs.train import Finished, train_run
from handgrad.runs.use import predict_inputs
from handgrad.training import Record

QUICK = {"epochs": 4, "batch_size": 32, "log_every": 5, "engine": "numpy"}


def configured(run: Path, **settings: Any) -> TrainConfig:
    """Describe a training of a moment."""
    return TrainConfig(
        DataFlags(data="digits"), NetworkFlags((6,)), TrainingFlags(**{**QUICK, **settings}), RunSettings(run)
    )


def resumed(config: TrainConfig, **settings: Any) -> TrainConfig:
    """Describe its continuation."""
    training = replace(config.training, **settings)
    return replace(config, training=training, run=RunSettings(resume=config.run.run))


def after(step: int, number: int = signal.SIGINT, times: int = 1) -> Any:
    """Make what shows a training send itself a signal at a step."""

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        for record in records:
            yield record
            if record.step == step:
                for _ in range(times):
                    signal.raise_signal(number)

    return show


def stop(config: TrainConfig, step: int) -> None:
    """Stop a training at a step."""
    with pytest.raises(KeyboardInterrupt):
        train_run(config, chaos.DATA, after(step), [].append)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Finished]:
    """Give what a training of a moment ends with if nobody stops it, once for the same settings."""

    @cache
    def trained(engine: str, schedule: str, epochs: int) -> Finished:
        config = configured(tmp_path_factory.mktemp("whole") / "run", engine=engine, schedule=schedule, epochs=epochs)
        return train_run(config, chaos.DATA, chaos.passed_on, [].append)

    return lambda engine="numpy", schedule="cosine", epochs=4: trained(engine, schedule, epochs)


def copied(whole: Finished, run: Path, **settings: Any) -> TrainConfig:
    """Describe a training that has come to its end, of which a test may change the folder."""
    shutil.copytree(whole.run, run)
    return configured(run, **settings)


@pytest.mark.parametrize(
    ("kind", "dtype"), sampled([("dropout", "float64"), ("mini-batches", "float32"), ("early stop", "float32")], 2)
)
def test_killed_at_any_moment_it_ends_with_the_same_bits(kind: str, dtype: str, tmp_path: Path) -> None:
    """8 kills at random moments, many within a save: weights, history and pictures are those of a quiet training."""
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("no SIGKILL on this system")
    differing, count = chaos.differing(kind, dtype, tmp_path, 8, seed=3)
    assert differing == []
    assert count.kills >= 8


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", chaos.KINDS)
def test_a_thousand_kills(kind: str, dtype: str, tmp_path: Path) -> None:
    """100 kills of each of ten kinds of training; see ``python -m tests.runs.chaos``."""
    assert chaos.differing(kind, dtype, tmp_path, 100, seed=4)[0] == []


@pytest.mark.parametrize(
    ("number", "engine"),
    sampled([(number, engine) for number in (signal.SIGINT, signal.SIGTERM) for engine in ("numpy", "compiled")], 3),
)
def test_a_stopped_run_can_be_used_and_continued(
    number: int, engine: str, tmp_path: Path, whole: Callable[..., Finished]
) -> None:
    """The model, its evaluation and the summary agree; the continuation ends as if nothing had happened."""
    config = configured(tmp_path / "run", engine=engine)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt, match=r"after step \d+ of 60 are kept in .+ continue with"):
            train_run(config, chaos.DATA, after(20, number), [].append)
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    model, summary, _ = load_run(tmp_path / "run")
    assert summary["stopped"]
    assert 20 < summary["steps"] < 60
    correct = model.predict_scaled(chaos.DATA.X_test).argmax(axis=1) == chaos.DATA.y_test
    assert summary["test_accuracy"] == correct.mean()
    told: list[str] = []
    done = train_run(resumed(config), chaos.DATA, chaos.passed_on, told.append)
    assert f"continuing {tmp_path / 'run'} after step {summary['steps']} of 60" in told
    assert chaos.traces(done.run) == chaos.traces(whole(engine=engine).run)
    assert "stopped" not in done.summary


def test_a_second_request_stops_at_once(tmp_path: Path) -> None:
    """Without the model and the evaluation of the moment; what the checkpoint has can be continued."""
    config = configured(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt, match=r"^continue with `handgrad train --resume"):
        train_run(config, chaos.DATA, after(35, times=2), [].append)
    assert not (tmp_path / "run" / "model.safetensors").exists()
    assert (tmp_path / "run" / CHECKPOINT_FILE).exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.safetensors", "continue with `handgrad train --resume "),
        ("curves.png", "only pictures are missing; `handgrad train --resume "),
    ],
)
def test_a_request_at_the_end_says_what_is_missing(name: str, said: str, tmp_path: Path) -> None:
    """While the end is being written, it is heeded at once; the run can be used, and its end be repeated."""
    config = configured(tmp_path / "run")
    path = tmp_path / "run" / name

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        (path / "in the way").mkdir(parents=True)
        yield from records

    def tell(sentence: str) -> None:
        if sentence.startswith(f"warning: {name}"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match=said):
        train_run(config, chaos.DATA, show, tell)
    (path / "in the way").rmdir()
    path.rmdir()
    assert evaluate_run(tmp_path / "run", None, [].append).rows
    done = train_run(resumed(config), chaos.DATA, chaos.passed_on, [].append)
    assert (done.missing, path.is_file()) == ((), True)


def test_a_run_killed_after_it_was_continued_is_what_its_checkpoint_says(
    tmp_path: Path, whole: Callable[..., Finished]
) -> None:
    """The model and the summary of an earlier end do not stand for what came after it."""
    config = copied(whole(schedule="constant"), tmp_path / "run", schedule="constant")
    with pytest.raises(KeyboardInterrupt):
        train_run(resumed(config, epochs=9), chaos.DATA, after(100, times=2), [].append)
    told: list[str] = []
    model, summary, _ = load_run(tmp_path / "run", told.append)
    assert summary == {}
    found = read_checkpoint(tmp_path / "run", pytest.fail)
    assert found is not None
    assert found.state.step > 60
    np.testing.assert_array_equal(model.parameters.vector, found.state.parameters.vector)


def test_seconds_count_the_earlier_steps(tmp_path: Path, whole: Callable[..., Finished]) -> None:
    """Whatever part of a training is the last one, it has no more seconds of steps than seconds."""
    config = copied(whole(), tmp_path / "run")
    summary = train_run(resumed(config), chaos.DATA, chaos.passed_on, [].append).summary
    assert summary["seconds"] > summary["train_seconds"] > 0


@pytest.mark.parametrize(
    ("unwritable", "said"),
    [
        (["model.safetensors"], r"could not be written; continue with .+, which takes those of the last checkpoint"),
        (["model.safetensors", CHECKPOINT_FILE, EARLIER_FILE], r"could not be written, and no others are kept"),
    ],
)
def test_weights_that_could_not_be_written_are_not_called_kept(
    unwritable: list[str], said: str, tmp_path: Path
) -> None:
    """The message on stopping with a full disk says which weights are left to continue with, if any."""
    config = configured(tmp_path / "run")

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        for record in after(20)(records):
            for name in unwritable:  # where a folder is, no file can be written
                path = tmp_path / "run" / name
                if not path.is_dir():
                    path.unlink(missing_ok=True)
                    path.mkdir()
                    (path / "something").touch()
            yield record

    with pytest.raises(KeyboardInterrupt, match=said):
        train_run(config, chaos.DATA, show, [].append)


def test_a_request_before_the_first_step_leaves_nothing_to_keep(tmp_path: Path) -> None:
    """While the training is being prepared, a request is heeded at once."""

    def show(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        signal.raise_signal(signal.SIGINT)
        yield from records

    with pytest.raises(KeyboardInterrupt, match="no step was finished, so there are no weights to keep"):
        train_run(configured(tmp_path / "run"), chaos.DATA, show, [].append)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_killed_run_can_be_evaluated_and_predicts(tmp_path: Path) -> None:
    """Its last checkpoint serves as the model, and it is said how far the training had come."""
    config = configured(tmp_path / "run")
    stop(config, 20)
    for name in ("model.safetensors", "summary.json"):
        (tmp_path / "run" / name).unlink()
    told: list[str] = []
    rows = dict(evaluate_run(tmp_path / "run", None, told.append).rows)
    assert 0 < float(rows["test accuracy"].rstrip("%")) <= 100
    assert any("the training did not finish; these are its weights after" in sentence for sentence in told)
    np.save(tmp_path / "rows.npy", load_data("digits").X_test[:3] * 16)
    assert len(predict_inputs(tmp_path / "run", [tmp_path / "rows.npy"], [].append)) == 3


def test_a_damaged_checkpoint_costs_one_generation(tmp_path: Path, whole: Callable[..., Finished]) -> None:
    """The earlier one is used, which is said, and the end is the same."""
    config = configured(tmp_path / "run")
    stop(config, 35)
    assert (tmp_path / "run" / EARLIER_FILE).exists()
    path = tmp_path / "run" / CHECKPOINT_FILE
    path.write_bytes(path.read_bytes()[:-1])
    told: list[str] = []
    done = train_run(resumed(config), chaos.DATA, chaos.passed_on, told.append)
    assert any("the checkpoint before it is used" in sentence for sentence in told)
    assert chaos.traces(done.run) == chaos.traces(whole().run)


def test_a_run_without_a_checkpoint_begins_again(tmp_path: Path, whole: Callable[..., Finished]) -> None:
    """As after a kill within the first epoch: nothing of it is in the history of the new beginning.

    If it was killed before it had written what it computes with, that is written now.
    """
    config = configured(tmp_path / "run")
    stop(config, 5)
    for name in (CHECKPOINT_FILE, EARLIER_FILE, ENVIRONMENT_FILE):
        (tmp_path / "run" / name).unlink(missing_ok=True)
    told: list[str] = []
    done = train_run(resumed(config), chaos.DATA, chaos.passed_on, told.append)
    assert f"{done.run} has no checkpoint, so its training begins again" in told
    assert read_environment(done.run) == read_environment(whole().run)
    assert chaos.traces(done.run) == chaos.traces(whole().run)


@pytest.mark.parametrize("schedule", sampled(["constant", "inverse_scaling"], 2))
def test_more_epochs_end_like_a_longer_training(schedule: Any, tmp_path: Path, whole: Callable[..., Finished]) -> None:
    """With a schedule that does not depend on their number; the settings of the run then have the new number."""
    config = copied(whole(schedule=schedule), tmp_path / "run", schedule=schedule)
    done = train_run(resumed(config, epochs=6), chaos.DATA, chaos.passed_on, [].append)
    assert chaos.traces(done.run) == chaos.traces(whole(epochs=6, schedule=schedule).run)
    assert load_run(done.run)[2]["epochs"] == 6


@pytest.mark.parametrize(
    ("epochs", "schedule", "pieces"),
    [
        (6, "cosine", ("--epochs is 6", "schedule cosine depends on their number", "a new run")),
        (3, "constant", ("--epochs is 3", "at least 4")),
    ],
)
def test_other_numbers_of_epochs_are_refused(
    epochs: int, schedule: Any, pieces: tuple[str, ...], tmp_path: Path, whole: Callable[..., Finished], refused: Any
) -> None:
    """Fewer than before, or more with a schedule that would have run differently; the run is left as it is."""
    config = copied(whole(schedule=schedule), tmp_path / "run", schedule=schedule)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with refused(SettingError, *pieces):
        train_run(resumed(config, epochs=epochs), chaos.DATA, chaos.passed_on, [].append)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def changed(data: Dataset, change: str) -> Dataset:
    """Change data a little."""
    if change == "a row":
        return replace(data, X_train=np.where(np.arange(len(data.X_train))[:, None] == 7, 0, data.X_train))
    if change == "a label":
        return replace(data, y_test=np.where(np.arange(len(data.y_test)) == 0, 9 - data.y_test, data.y_test))
    return replace(data, X_train=data.X_train[::-1], y_train=data.y_train[::-1])


@pytest.mark.parametrize("change", ["a row", "a label", "the order"])
def test_other_data_are_refused(change: str, tmp_path: Path, refused: Any) -> None:
    """A training continues only with the data with which it began."""
    config = configured(tmp_path / "run")
    stop(config, 20)
    with refused(RunError, f"the data are not those with which {tmp_path / 'run'} was begun"):
        train_run(resumed(config), changed(chaos.DATA, change), chaos.passed_on, [].append)


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    """While somebody has the folder, nobody else continues there."""
    config = configured(tmp_path / "run")
    stop(config, 20)
    code = "import sys; from handgrad.cli import main; sys.exit(main(['train', '--resume', sys.argv[1]]))"
    with locked(tmp_path / "run", pytest.fail):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "run")], capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"is in use by process {os.getpid()} on" in done.stderr


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run that the command has made, of which a test takes a copy if it changes it."""
    run = tmp_path_factory.mktemp("commanded") / "run"
    assert main(["train", "--hidden", "4", "--epochs", "1", "--run", str(run)]) == 0
    return run


def test_options_that_would_change_the_run_are_refused(commanded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named; the exit code is 2."""
    for words, pieces in (
        ("--lr 0.3", ("--resume does not go with --lr;", "only --epochs may grow")),
        (
            "--hidden 3 --dtype float64",
            (
                "--resume does not go with --hidden and --dtype;",
                "Leave them out",
            ),
        ),
        ("digits", ("--resume does not go with digits;",)),
        ("--run other", ("--resume does not go with --run;",)),
        ("--checkpoint-seconds -1", ("--checkpoint-seconds is -1", "a number of seconds, or 0")),
    ):
        capsys.readouterr()
        assert main(["train", "--resume", str(commanded), *words.split()]) == 2
        error = capsys.readouterr().err
        assert all(piece in error for piece in pieces), error


def test_the_command_continues_with_the_settings_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its options come from its own file, from whatever folder the command is given; threads may be others."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 7},{i % 5},{'xy'[i % 2]}\n" for i in range(99))
    Path("table.csv").write_text("a,b,kind\n" + rows)
    words = "train table.csv --hidden 5 --schedule constant --optimizer adam --checkpoint-seconds 7 --dtype float64"
    assert main([*words.split(), "--epochs", "5", "--run", "whole"]) == 0
    assert main([*words.split(), "--epochs", "2", "--run", "part"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["train", "--resume", "../part", "--epochs", "5", "--threads", "1"]) == 0
    assert "continuing ../part after step 6 of 15" in capsys.readouterr().err
    assert chaos.traces(tmp_path / "part") == chaos.traces(tmp_path / "whole")
    assert load_run(tmp_path / "part")[2]["checkpoint_seconds"] == 7


def test_data_that_are_gone_are_named_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They must go back to where they were, which is said by each command, from whatever folder it is given."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'xy'[i % 2]}\n" for i in range(99)))
    assert main(["train", "table.csv", "--hidden", "5", "--epochs", "1", "--run", "runs/part"]) == 0
    Path("table.csv").rename("other.csv")
    monkeypatch.chdir(tmp_path / "runs")
    said = f"the data of part were in {tmp_path / 'table.csv'}, which no longer exists; .+ Put them back there"
    for command in ("train --resume part", "verify part"):
        capsys.readouterr()
        assert main(command.split()) == 2
        assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_history_that_has_lost_records_is_noticed(
    share: float, tmp_path: Path, whole: Callable[..., Finished]
) -> None:
    """The training continues with the same weights, and no warning takes the first record left for the first one."""
    config = copied(whole(), tmp_path / "run")
    path = tmp_path / "run" / "history.jsonl"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    told: list[str] = []
    done = train_run(resumed(config), chaos.DATA, chaos.passed_on, told.append)
    assert any(f"{path} has lost records of the 60 steps so far" in sentence for sentence in told)
    np.testing.assert_array_equal(load_run(done.run)[0].parameters.vector, load_run(whole().run)[0].parameters.vector)
    assert done.summary["warnings"] == whole().summary["warnings"]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("lr = 1.0", "lr = 0.2", "has lr = 0.2, and the run was begun with lr = 1.0"),
        ("l2 = 0.0", "clip = 5.0", "has clip = 5.0, and the run was begun with no clip"),
        ("batch_size = 32", "batch_size = 32\nthreads = 1\ncheckpoint_seconds = 5", ""),
    ],
)
def test_settings_that_were_edited_are_refused(
    before: str, now: str, said: str, tmp_path: Path, commanded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both values are named; what may be given with --resume may also be edited."""
    shutil.copytree(commanded, tmp_path / "run")
    path = tmp_path / "run" / "config.toml"
    text = path.read_text()
    assert before in text
    path.write_text(
        re.sub("checkpoint_seconds.*", "", text.replace(before, now)) if not said else text.replace(before, now)
    )
    capsys.readouterr()
    assert main(["train", "--resume", str(tmp_path / "run")]) == (2 if said else 0)
    assert said in capsys.readouterr().err


def test_checkpoints_within_an_epoch(tmp_path: Path) -> None:
    """With very short intervals, there are some between the ends of epochs; with 0, there are none."""
    seen: dict[float, set[int]] = {0.0: set(), 1e-9: set()}
    for seconds, positions in seen.items():
        run = tmp_path / str(seconds)
        config = replace(configured(run), run=RunSettings(run, checkpoint_seconds=seconds))

        def show(
            records: Iterable[Record], *_: Any, path: Path = run / CHECKPOINT_FILE, positions: set[int] = positions
        ) -> Iterator[Record]:
            for record in records:
                if path.exists():
                    header = path.read_bytes()[8:4000].partition(b'\\"position\\": ')[2]
                    positions.add(int(header.partition(b",")[0]))
                if record.step == 50:
                    raise KeyboardInterrupt  # at once: the end writes no checkpoints within an epoch
                yield record

        with pytest.raises(KeyboardInterrupt):
            train_run(config, chaos.DATA, show, [].append)
    assert seen[0.0] == {0}
    assert len(seen[1e-9]) > 2


def test_the_history_of_a_continued_run_has_no_gap(tmp_path: Path) -> None:
    """A torn last line is removed, which is said, and every step is there once."""
    config = configured(tmp_path / "run")
    stop(config, 20)
    path = tmp_path / "run" / "history.jsonl"
    with path.open("a") as file:
        file.write('{"kind": "ba')
    told: list[str] = []
    train_run(resumed(config), chaos.DATA, chaos.passed_on, told.append)
    assert f"{path}: the last line was incomplete and has been removed" in told
    records = read_history(path)
    keys = [(record.kind, record.epoch, record.step) for record in records]
    assert len(set(keys)) == len(keys)
    assert [record.epoch for record in records if record.kind == "evaluation"] == [0, 1, 2, 3, 4]
    assert all(json.loads(line) for line in path.read_text().splitlines())
