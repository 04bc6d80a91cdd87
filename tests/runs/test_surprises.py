"""Runs whose files were deleted, changed or written by other hands, and settings that are given twice."""

from io import BytesIO, TextIOWrapper
from pathlib import Path
from shutil import copytree

import pytest

from handgrad.cli import main
from handgrad.reporting import read_history
from handgrad.runs.config import read_config
from handgrad.runs.overview import overview

SHORT = ["--hidden", "4", "--schedule", "constant", "--run"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train for two epochs on a table."""
    folder = tmp_path_factory.mktemp("finished")
    table(folder / "t.csv", 60)
    assert main(["train", str(folder / "t.csv"), "--epochs", "2", *SHORT, str(folder / "run")]) == 0
    return folder


def table(path: Path, count: int) -> None:
    """Write rows of two classes."""
    path.write_text("a,b,label\n" + "".join(f"{i % 7}.5,{i * 3 % 11}.25,{'xy'[i % 2]}\n" for i in range(count)))


def contents(run: Path) -> dict[str, bytes]:
    """Return all files of a run, but for its lock."""
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file() and "lock" not in path.name}


def test_a_finished_run_without_checkpoints_is_left_alone(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deleting the checkpoints saves space; to begin again would destroy the run."""
    run = copytree(finished / "run", tmp_path / "run")
    for path in run.glob("checkpoint*"):
        path.unlink()
    before = contents(run)
    assert main(["train", "--resume", str(run), "--epochs", "9"]) == 2
    assert "is finished, and has no checkpoint to continue from" in capsys.readouterr().err
    assert contents(run) == before


def test_a_run_that_begins_again_has_the_same_data(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was killed before its first checkpoint does not train on other rows without a word."""
    folder = copytree(finished, tmp_path / "copy")
    for name in ("checkpoint.safetensors", "checkpoint.previous.safetensors", "model.safetensors", "summary.json"):
        (folder / "run" / name).unlink(missing_ok=True)
    for path in (folder / "run").glob("checkpoint*"):
        path.unlink()
    settings = folder / "run" / "config.toml"
    settings.write_text(settings.read_text().replace(str(finished), str(folder)))
    table(folder / "t.csv", 40)
    assert main(["train", "--resume", str(folder / "run")]) == 2
    assert "the data are not those with which" in capsys.readouterr().err
    table(folder / "t.csv", 60)
    assert main(["train", "--resume", str(folder / "run")]) == 0
    assert (folder / "run" / "model.safetensors").read_bytes() == (finished / "run" / "model.safetensors").read_bytes()


def test_a_refused_continuation_changes_nothing_that_counts(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A history that cannot be read is refused before the settings or the summary are touched."""
    run = copytree(finished / "run", tmp_path / "run")
    history = (run / "history.jsonl").read_bytes().splitlines(keepends=True)
    (run / "history.jsonl").write_bytes(b"".join([history[0], b"x" * (len(history[1]) - 1) + b"\n", *history[2:]]))
    before = contents(run)
    assert main(["train", "--resume", str(run), "--epochs", "5"]) == 2
    assert "line 2" in capsys.readouterr().err
    assert contents(run) == before


def test_no_records_of_steps_can_be_continued_and_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--log-every none`` is kept in the settings of the run, in a word that a file may contain as well."""
    monkeypatch.chdir(tmp_path)
    assert main(["train", "digits", "--epochs", "1", "--log-every", "none", *SHORT, "a"]) == 0
    assert main(["verify", "a"]) == 0
    assert main(["train", "--config", "a/config.toml", "--run", "b"]) == 0
    assert main(["diff", "a", "b"]) == 0
    assert main(["train", "--resume", "a", "--epochs", "2"]) == 0
    assert {record.kind for record in read_history(tmp_path / "a" / "history.jsonl")} == {"evaluation"}


def test_a_halved_training_depends_on_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often checkpoints are to be written, it returns to the end of the same epoch."""
    monkeypatch.chdir(tmp_path)
    words = ["train", "digits", "--hidden", "8", "--loss", "squared_error", "--activation", "identity", "--epochs", "4"]
    words += ["--lr", "6", "--on-divergence", "halve", "--run"]
    for name, seconds in (("a", "0.001"), ("b", "0.02"), ("c", "30")):
        assert main([*words, name, "--checkpoint-seconds", seconds]) == 0
    turns = [[r for r in read_history(Path(name) / "history.jsonl") if r.kind == "divergence"] for name in "abc"]
    assert turns[0]
    assert [[(r.epoch, r.step) for r in found] for found in turns] == [[(r.epoch, r.step) for r in turns[0]]] * 3
    assert len({Path(name, "model.safetensors").read_bytes() for name in "abc"}) == 1
    assert main(["verify", "a"]) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("lr = 0.001\nlearning-rate = 5.0\n", "'lr' and 'learning-rate', which are the same setting"),
        ("batch-size = 7\nbatch_size = 500\n", "'batch-size' and 'batch_size', which are the same setting"),
        ('preset = ["fast"]\n', "preset"),
        ("preset = {a = 1}\n", "preset"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One key in two spellings, and a preset that is no name."""
    (tmp_path / "c.toml").write_text(content)
    assert main(["train", "digits", "--config", str(tmp_path / "c.toml"), "--run", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_byte_order_mark_is_no_setting(tmp_path: Path) -> None:
    """Windows' editors write one."""
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbfepochs = 3\n")
    assert read_config(tmp_path / "c.toml") == {"epochs": 3}


def test_hidden_layers_are_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Two lists are not put together."""
    assert main(["train", "digits", "--hidden", "8", "--hidden", "4"]) == 2
    assert "--hidden is given twice; expected one list of widths" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sgd", "--epochs", "1", "--seed", "-1"], "--seed is -1; expected seeds from 0 to 2**32 - 1"),
        (["gd", "--seed", "4294967295", "--seeds", "2"], "--seed is 4294967295 with --seeds 2; expected"),
        (["gd", "--iterations", "0"], "--iterations is 0; expected a whole number of at least 1"),
        (["sgd", "--epochs", "-3"], "--epochs is -3; expected a whole number of at least 1"),
    ],
)
def test_a_reproduction_has_possible_seeds_and_lengths(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise nothing is trained."""
    assert main(["reproduce", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_run_that_diverged_is_not_to_be_continued_for_verification(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The advice is that of the divergence."""
    words = ["train", "digits", "--hidden", "none", "--loss", "squared_error", "--lr", "1e6", "--epochs", "3"]
    assert main([*words, "--run", str(tmp_path / "run")]) == 3
    assert [one.state for one in overview(tmp_path)] == ["diverged"]
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "has diverged: " in said
    assert "--resume" not in said


def test_the_standard_input_may_follow_a_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch takes no value, so the hyphen is the table."""
    table(tmp_path / "t.csv", 60)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO((tmp_path / "t.csv").read_bytes())))
    assert main(["train", "--drop-last", "-", "--epochs", "1", *SHORT, "run"]) == 0
