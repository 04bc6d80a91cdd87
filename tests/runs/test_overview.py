"""What the commands say of the runs in a folder, and of two of them."""

import json
import re
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from sampling import sampled

from handgrad.cli import main
from handgrad.data import load_data
from handgrad.reporting import read_history
from handgrad.reporting.records import to_json_line
from handgrad.runs.checkpoint import CHECKPOINT_FILE
from handgrad.runs.config import TrainConfig, run_settings
from handgrad.runs.lock import locked
from handgrad.runs.overview import overview
from handgrad.runs.verification import verify
from handgrad.training import Record

WORDS = ("train", "--hidden", "5", "--schedule", "constant", "--epochs")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run of two epochs and one of four."""
    runs = tmp_path_factory.mktemp("trained")
    assert main([*WORDS, "2", "--run", str(runs / "b")]) == 0
    assert main([*WORDS, "4", "--run", str(runs / "a")]) == 0
    return runs


@pytest.fixture
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Give a copy of these runs."""
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return copytree(trained, tmp_path / "runs")


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return the state of each run that is listed."""
    assert main(["runs", "--json"]) == 0
    return {Path(one["name"]).name: one["state"] for one in json.loads(capsys.readouterr().out)}


def test_every_run_is_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By name, with data, layers, epochs, and the best and last accuracy of its history."""
    assert main(["runs"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "state", "data", "layers", "epochs", "accuracy", "on", "best", "last", "seconds"]
    assert first.split()[:7] == ["runs/a", "finished", "digits", "64-5-10", "4", "of", "4"]
    assert second.split()[:7] == ["runs/b", "finished", "digits", "64-5-10", "2", "of", "2"]
    scores = [
        one.figures["test_accuracy"] for one in read_history(folder / "a" / "history.jsonl") if one.kind[0] == "e"
    ]
    assert first.split()[7:10] == ["test", f"{max(scores):.2%}", f"{scores[-1]:.2%}"]


def test_accuracies_are_said_to_be_of_their_set(tmp_path: Path) -> None:
    """The validation set if there is one, otherwise the test set; before the first evaluation there is neither."""
    short = ["train", "digits", "--hidden", "5", "--epochs", "1"]
    for name, more in (("a", []), ("b", ["--validation", "0.2"])):
        assert main([*short, "--run", str(tmp_path / name), *more]) == 0
    assert [one.measured_on for one in overview(tmp_path)] == ["test", "validation"]
    assert all(one.last is not None for one in overview(tmp_path))


def test_numbers_sort_with_the_largest_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the list can be one in JSON."""
    for key in ("epochs", "seconds", "best", "last"):
        assert main(["runs", str(folder), "--sort", key, "--json"]) == 0
        values = [one[key] for one in json.loads(capsys.readouterr().out)]
        assert values == sorted(values, reverse=True)
        assert len(values) == 2


def test_what_a_kill_and_damage_leave(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that can be continued is stopped, one that is locked is running, and one that is of no use is broken."""
    for name in ("model.safetensors", "summary.json"):
        (folder / "a" / name).unlink()
    assert states(capsys) == {"a": "stopped", "b": "finished"}
    with locked(folder / "a", pytest.fail):
        assert states(capsys) == {"a": "running", "b": "finished"}
    for path in (folder / "a").glob("checkpoint*"):
        path.unlink()
    assert states(capsys)["a"] == "stopped"  # it can begin again
    (folder / "a" / CHECKPOINT_FILE).write_bytes(b"nothing")
    (folder / "b" / "config.toml").write_text("epochs =")
    assert states(capsys) == {"a": "broken", "b": "broken"}
    (folder / "no run").mkdir()
    assert set(states(capsys)) == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "content"),
    sampled([(name, content) for name in ("model.safetensors", "summary.json") for content in (None, b"nothing")], 3),
)
def test_a_run_that_lacks_its_end_is_used_or_mended(
    name: str, content: bytes | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that a kill has prevented leaves the checkpoint; one that is damaged is named with a remedy."""
    path = folder / "a" / name
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert states(capsys)["a"] == "stopped"
    assert main(["evaluate", "runs/a"]) == (0 if content is None else 2)
    error = capsys.readouterr().err
    assert ("its weights after 180 steps" in error) == (content is None)
    assert ("Write it again with `handgrad train --resume runs/a`" in error) == (content is not None)
    assert main(["train", "--resume", "runs/a"]) == 0
    capsys.readouterr()
    assert states(capsys)["a"] == "finished"
    assert name == "summary.json" or path.read_bytes() == whole


def test_a_run_is_as_far_as_what_can_be_used(folder: Path) -> None:
    """Whatever the history has beyond the checkpoint of a killed run, or lacks of what a stopped one reached."""
    history = folder / "a" / "history.jsonl"
    last = read_history(history)[-1]
    for name in ("model.safetensors", "summary.json"):
        (folder / "a" / name).unlink()
    with history.open("a") as file:
        file.write(to_json_line(replace(last, epoch=9, step=405, figures={"test_accuracy": 1.0})) + "\n")
    (one, _) = overview(folder)
    assert (one.state, one.epochs, one.last) == ("stopped", 4, last.figures["test_accuracy"])
    assert one.best is not None
    assert one.best < 1
    summary = json.loads((folder / "b" / "summary.json").read_text())
    (folder / "b" / "history.jsonl").write_text(to_json_line(replace(last, epoch=0, step=0)) + "\n")
    (folder / "b" / "summary.json").write_text(json.dumps({**summary, "stopped": True}))
    (_, two) = overview(folder)
    assert (two.state, two.epochs, two.last) == ("stopped", 2, summary["test_accuracy"])
    assert two.seconds == summary["train_seconds"] > 0
    history.unlink()
    (one, _) = overview(folder)
    assert (one.state, one.epochs, one.last) == ("stopped", 4, None)


@pytest.mark.parametrize("change", [{"epochs": "many"}, {"steps": None}, {"train_seconds": []}])
def test_a_summary_without_its_figures_is_damaged(change: dict[str, Any], folder: Path) -> None:
    """It is noticed, and stops nothing."""
    path = folder / "a" / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert [one.state for one in overview(folder)] == ["broken", "finished"]


def test_no_folder_and_no_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first is an error; the second is said."""
    assert main(["runs", str(tmp_path / "gone")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main(["runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"there are no runs in {tmp_path}\n"


def test_equal_runs_do_not_differ(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same settings give the same bits; the exit code is 0."""
    assert main([*WORDS, "4", "--run", "runs/c"]) == 0
    capsys.readouterr()
    assert main(["diff", str(folder / "a"), str(folder / "c")]) == 0
    assert capsys.readouterr().out == "the same settings, history and weights\n"


def test_the_first_differences_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the settings all, of the history the first record, of the weights the first array; the exit code is 1."""
    assert main([*WORDS, "4", "--seed", "1", "--run", "runs/c"]) == 0
    capsys.readouterr()
    assert main(["diff", "runs/a", "runs/c"]) == 1
    _, seed, history, weights = capsys.readouterr().out.splitlines()
    assert seed.split() == ["setting", "seed", "0", "1"]
    assert history.startswith("history, evaluation at step 0: test_accuracy") or "test_loss" in history
    assert weights.startswith("weights of layer 1")
    assert main(["diff", "runs/a", "runs/b"]) == 1
    _, epochs, history, weights = capsys.readouterr().out.splitlines()
    assert epochs.split() == ["setting", "epochs", "4", "2"]
    assert history.split() == ["history", "ends", "batch", "at", "step", "90"]
    assert main(["diff", "runs/a", str(folder / "gone")]) == 2


def test_a_run_is_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training again gives the same bits; the run's own folder is left as it is."""
    before = {path.name: path.read_bytes() for path in (folder / "a").iterdir()}
    assert main(["verify", "runs/a"]) == 0
    assert "runs/a: the same history and weights" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (folder / "a").iterdir()} == before


def test_another_network_is_not_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first difference is named, and what differs in the environment; the exit code is 1."""
    model = (folder / "b" / "model.safetensors").read_bytes()
    (folder / "a" / "model.safetensors").write_bytes(model)
    path = folder / "a" / "environment.json"
    path.write_text(path.read_text().replace('"numpy": "', '"numpy": "0.'))
    assert main(["verify", "runs/a"]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"^weights of layer 1 ", printed, re.MULTILINE)
    assert re.search(r"^environment numpy +0\.", printed, re.MULTILINE)
    assert "history" not in printed


def test_other_data_cannot_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is trained; the message says what is needed."""
    path = folder / "a" / "environment.json"
    path.write_text(re.sub(r'"data": "\w+"', '"data": "0"', path.read_text()))
    assert main(["verify", "runs/a"]) == 2
    assert "the data are not those with which runs/a was begun" in capsys.readouterr().err


def test_a_verification_that_is_stopped_names_the_run(folder: Path) -> None:
    """And not the folder of the repetition, which is gone."""
    config = TrainConfig.from_dict(run_settings(folder / "a"))

    def stopping(records: Iterable[Record], *_: Any) -> Iterator[Record]:
        for record in records:
            yield record
            if record.step == 45:
                signal.raise_signal(signal.SIGINT)

    before = {path.name: path.read_bytes() for path in (folder / "a").iterdir()}
    with pytest.raises(KeyboardInterrupt, match=f"^{folder / 'a'} is as it was, and has not been verified$"):
        verify(folder / "a", config, load_data("digits"), stopping, [].append)
    assert {path.name: path.read_bytes() for path in (folder / "a").iterdir()} == before


def test_an_unfinished_run_is_not_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be finished first."""
    for name in ("model.safetensors", "summary.json"):
        (folder / "a" / name).unlink()
    assert main(["verify", "runs/a"]) == 2
    assert "Continue it with `handgrad train --resume runs/a`" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "data = 'digits'", "epochs = 2", "epochs = 'two'\ndata = 'digits'"])
def test_a_run_without_its_settings_is_broken(text: str, tmp_path: Path) -> None:
    """It is listed, and stops nothing."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(text)
    (tmp_path / "run" / "history.jsonl").write_text("")
    assert [one.state for one in overview(tmp_path)] == ["broken"]
