"""The command line as a user meets it: arguments, output, an exit code and files.

Where nothing depends on it, the command runs in this process. The file is long because it runs every command, and each
of the mistakes that a user can make with it.
"""

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from handgrad.cli import main
from handgrad.data import convert, load_data
from handgrad.model import load_model
from handgrad.reporting.records import read_history
from handgrad.runs.config import TrainConfig

PROGRAM = str(Path(sys.executable).with_name("handgrad"))
QUICK = ["--hidden", "32", "--epochs", "20"]
RUN_FILES = {
    "config.toml",
    "history.jsonl",
    "summary.json",
    "model.safetensors",
    "training_rows.npy",
    "environment.json",
    "checkpoint.safetensors",
    ".lock",
    "curves.png",
    "first_layer.png",
    "confusion.png",
}


def environment(folder: Path) -> dict[str, str]:
    """Return the tests' environment without a user's data, on one thread."""
    kept = {name: value for name, value in os.environ.items() if name not in ("HANDGRAD_DATA", "COLUMNS")}
    return {**kept, "HANDGRAD_CACHE": str(folder / "no-cache"), "OPENBLAS_NUM_THREADS": "1"}


def handgrad(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    return subprocess.run(
        [PROGRAM, *words],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command in a folder as ``handgrad`` does, but in this process."""

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(folder)
        monkeypatch.delenv("HANDGRAD_DATA", raising=False)
        monkeypatch.delenv("COLUMNS", raising=False)
        monkeypatch.setenv("HANDGRAD_CACHE", str(folder / "no-cache"))
        capfd.readouterr()
        code = main(list(words))
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    return run


def tree(folder: Path) -> set[str]:
    """List all that is in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@dataclass(frozen=True)
class Trained:
    """A folder in which ``handgrad train`` has been run once, the run, and what was printed."""

    folder: Path
    run: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train once for all tests."""
    folder = tmp_path_factory.mktemp("trained")
    done = handgrad(folder, "train", *QUICK)
    return Trained(folder, folder / "runs" / "digits-1", done)


# train


def test_training_reaches_95_percent_on_digits(trained: Trained) -> None:
    """Training on the digits ends with exit code 0, no word on stderr and at least 95% on the test set."""
    assert (trained.done.returncode, trained.done.stderr) == (0, "")
    assert json.loads((trained.run / "summary.json").read_text())["test_accuracy"] >= 0.95


def test_a_run_folder_has_all_its_files(trained: Trained) -> None:
    """The run folder is the first of its data set, and holds its files and no other."""
    names = {*RUN_FILES, "checkpoint-earlier.safetensors"}
    assert tree(trained.folder) == {"runs", "runs/digits-1", *(f"runs/digits-1/{name}" for name in names)}
    for name in RUN_FILES:
        if name.endswith(".png"):
            with Image.open(trained.run / name) as picture:
                assert min(picture.size) >= 200


def test_the_summary_tells_of_the_run(trained: Trained) -> None:
    """The summary has the data, network, seed, length, times and final figures, and they are the history's last."""
    summary = json.loads((trained.run / "summary.json").read_text())
    figures = {f"{part}_{figure}" for part in ("train", "test") for figure in ("loss", "accuracy")}
    described = {"dataset", "layer_sizes", "parameters", "seed", "engine", "epochs", "steps", "version"}
    of_classes = {"largest_class", "largest_class_share", "test_recall"}
    assert set(summary) == described | figures | of_classes | {"seconds", "train_seconds", "warnings"}
    counts = np.bincount(load_data("digits").y_test)
    assert (summary["largest_class"], summary["largest_class_share"]) == (str(counts.argmax()), counts.max() / 359)
    assert np.average(list(summary["test_recall"].values()), weights=counts) == pytest.approx(summary["test_accuracy"])
    assert (summary["dataset"], summary["layer_sizes"], summary["epochs"]) == ("digits", [64, 32, 10], 20)
    assert summary["parameters"] == 64 * 32 + 32 + 32 * 10 + 10
    assert summary["steps"] == 20 * 45
    assert 0 < summary["train_seconds"] < summary["seconds"]
    last = read_history(trained.run / "history.jsonl")[-1]
    assert last.figures == {name: summary[name] for name in figures}


def test_a_pipe_gets_plain_lines(trained: Trained) -> None:
    """Without a terminal each epoch is one line without control characters, and the summary follows."""
    lines = trained.done.stdout.splitlines()
    assert re.search(r"[^\x20-\x7e\n]", trained.done.stdout) is None
    assert [line.split()[0] for line in lines[2:23]] == [str(epoch) for epoch in range(21)]
    summary = json.loads((trained.run / "summary.json").read_text())
    assert any(line.split() == ["test", "accuracy", f"{summary['test_accuracy']:.2%}"] for line in lines[23:])
    assert "runs/digits-1" in lines[-1]


def test_a_run_can_be_repeated_from_its_configuration(trained: Trained, tmp_path: Path, here: Command) -> None:
    """Training again with the settings that a run wrote down gives the same network, bit by bit."""
    done = here(tmp_path, "train", "--config", str(trained.run / "config.toml"), "--run", "again")
    assert done.returncode == 0, done.stderr
    first, again = (load_model(run / "model.safetensors") for run in (trained.run, tmp_path / "again"))
    np.testing.assert_array_equal(again.parameters.vector, first.parameters.vector)


def test_the_history_is_whole(trained: Trained) -> None:
    """The history has an evaluation for every epoch, and the losses of batches, by step."""
    records = read_history(trained.run / "history.jsonl")
    assert [record.epoch for record in records if record.kind == "evaluation"] == list(range(21))
    steps = [record.step for record in records]
    assert steps == sorted(steps)
    assert any(record.kind == "batch" for record in records)


def write_rows(path: Path, first: int, count: int) -> None:
    """Write rows of two numbers and the class that their sum decides, as CSV."""
    rows = ((0.6181 * i % 1, 0.7549 * i % 1) for i in range(first, first + count))
    lines = (f"{a:.4f},{b:.4f},{'high' if a + b > 1 else 'low'}" for a, b in rows)
    path.write_text("\n".join(["a,b,kind", *lines]) + "\n")


@pytest.fixture(scope="module")
def with_sets(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train once on a table with a test file and a validation set for all tests."""
    folder = tmp_path_factory.mktemp("sets")
    write_rows(folder / "train.csv", 1, 100)
    write_rows(folder / "test.csv", 101, 40)
    done = handgrad(folder, "train", "train.csv", "--test", "test.csv", "--validation", "0.2", *QUICK)
    return Trained(folder, folder / "runs" / "train-1", done)


def test_a_test_file_and_a_validation_set_are_reported(with_sets: Trained, here: Command) -> None:
    """Both sets have columns, figures in the history and the summary, and lines at the end, beside the training set."""
    assert with_sets.done.returncode == 0, with_sets.done.stderr
    heading, *lines = with_sets.done.stdout.splitlines()[1:]
    assert re.findall(r"\w+ loss", heading) == ["train loss", "validation loss", "test loss"]
    summary = json.loads((with_sets.run / "summary.json").read_text())
    last = read_history(with_sets.run / "history.jsonl")[-1].figures
    for part in ("train", "validation", "test"):
        assert last[f"{part}_accuracy"] == summary[f"{part}_accuracy"]
        assert any(line.split() == [part, "accuracy", f"{summary[f'{part}_accuracy']:.2%}"] for line in lines)
    found = here(with_sets.folder, "evaluate", "runs/train-1")
    assert (found.returncode, found.stderr) == (0, "")
    assert re.search(rf"test accuracy +{summary['test_accuracy']:.2%}", found.stdout)
    assert re.search(r"examples +40\b", found.stdout)


def test_relative_paths_of_a_run_count_from_where_it_began(with_sets: Trained, tmp_path: Path, here: Command) -> None:
    """A run can be evaluated and repeated from any folder, also after all of it has been moved."""
    moved = shutil.copytree(with_sets.folder, tmp_path / "moved")
    (tmp_path / "test.csv").write_text("a table of the same name\n")
    summary = json.loads((with_sets.run / "summary.json").read_text())
    found = here(tmp_path, "evaluate", str(moved / "runs" / "train-1"))
    assert (found.returncode, found.stderr) == (0, "")
    assert f"{summary['test_accuracy']:.2%}" in found.stdout
    config = moved / "runs" / "train-1" / "config.toml"
    again = here(tmp_path, "train", "--config", str(config), "--run", "again")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "again" / "summary.json").read_text())["test_loss"] == summary["test_loss"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names of any bytes")
def test_a_file_name_that_is_not_text_is_kept(with_sets: Trained, tmp_path: Path) -> None:
    """A name in Latin-1 is escaped in the run's files, and evaluating the run finds the file again."""
    name = os.fsdecode(b"caf\xe9.csv")
    shutil.copy(with_sets.folder / "train.csv", tmp_path / name)
    done = handgrad(tmp_path, "train", name, "--run", "run", "--epochs", "1", "--hidden", "4")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "run").iterdir()} == RUN_FILES
    assert handgrad(tmp_path, "evaluate", "run").returncode == 0


def test_rows_of_a_test_file_that_are_trained_on_are_warned_of(with_sets: Trained, here: Command) -> None:
    """A test file and a validation file that share rows with the training set are each named with their number."""
    words = ["--test", "train.csv", "--validation", "test.csv", "--epochs", "1", "--run", "shared"]
    done = here(with_sets.folder, "train", "train.csv", *words)
    assert "warning: 100 of the 100 test rows are also in the training set\n" in done.stderr
    assert "validation rows" not in done.stderr


def test_evaluate_reads_the_standard_input(with_sets: Trained, here: Command) -> None:
    """``evaluate --data -`` reads a table from a pipe, and gives the figures of the file; ``train -`` trains on one."""
    command = [PROGRAM, "evaluate", "runs/train-1", "--data", "-"]
    with (with_sets.folder / "test.csv").open() as table:
        done = subprocess.run(
            command, cwd=with_sets.folder, stdin=table, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
    summary = json.loads((with_sets.run / "summary.json").read_text())
    assert re.search(rf"accuracy +{summary['test_accuracy']:.2%}", done.stdout)
    assert re.search(r"examples +40\b", done.stdout)
    words = [PROGRAM, "train", "--epochs", "1", "-", "--hidden", "4", "--run", "piped"]
    with (with_sets.folder / "train.csv").open() as table:
        subprocess.run(words, cwd=with_sets.folder, stdin=table, capture_output=True, timeout=60, check=True)
    told = here(with_sets.folder, "evaluate", "piped")
    assert told.returncode == 2
    assert "came from the standard input" in told.stderr


def test_rare_classes_can_be_weighted(tmp_path: Path, here: Command) -> None:
    """With a class of 4% that overlaps the other, balanced weights find it; a file gives weights of one's own."""
    rng = np.random.default_rng(0)
    x, rare = rng.standard_normal(500), np.arange(500) < 20
    rows = zip(np.where(rare, x + 2, x), rng.standard_normal(500), rare, strict=True)
    lines = (f"{a:.3f},{b:.3f},{'rare' if is_rare else 'common'}" for a, b, is_rare in rows)
    (tmp_path / "table.csv").write_text("\n".join(["a,b,kind", *lines]) + "\n")
    (tmp_path / "weights.csv").write_text("class,weight\nrare,0\ncommon,1\n")
    (tmp_path / "wrong.csv").write_text("rare,2\ncomon,1\n")
    words = ["train", "table.csv", "--hidden", "8", "--activation", "tanh", "--epochs", "30", "--class-weight"]
    recall = {}
    for asked in ("balanced", "weights.csv"):
        done = here(tmp_path, *words, asked, "--run", asked.partition(".")[0])
        assert done.returncode == 0, done.stderr
        recall[asked] = json.loads((tmp_path / asked.partition(".")[0] / "summary.json").read_text())["test_recall"]
    assert recall["balanced"]["rare"] >= 0.75
    assert recall["balanced"]["common"] >= 0.75
    assert recall["weights.csv"] == {"common": 1.0, "rare": 0.0}
    assert re.search(r"largest class +96.00% \(common\)\n +recall +50.00% .* 0.00% \(rare\)", done.stdout)
    assert "an average recall of 50.0% over the classes is no better than guessing" in done.stderr
    told = here(tmp_path, "evaluate", "balanced")
    assert re.search(
        r"true class +common +rare +recall\ncommon +\d+ +\d+ +[\d.]+%\nrare +\d +\d +[\d.]+%\n", told.stdout
    )
    wrong = here(tmp_path, *words, "wrong.csv")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert (
        "wrong.csv, line 2: 'comon' is not a class of the training set; expected one of common, rare." in wrong.stderr
    )


# evaluate and predict


def test_evaluate_finds_the_figures_of_the_training(trained: Trained, here: Command) -> None:
    """Evaluating a run, or its model file, prints the summary's test accuracy and loss."""
    summary = json.loads((trained.run / "summary.json").read_text())
    for target in ("runs/digits-1", "runs/digits-1/model.safetensors"):
        done = here(trained.folder, "evaluate", target)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"{summary['test_accuracy']:.2%}" in done.stdout
        assert f"{summary['test_loss']:.4f}" in done.stdout
        assert "359" in done.stdout


def test_predict_reads_pictures_and_rows(trained: Trained, tmp_path: Path) -> None:
    """Digits as PNG pictures and as raw rows of a .npy file are given the classes that the network gives them."""
    raw = load_digits().data[:6]
    np.save(tmp_path / "rows.npy", raw)
    pictures = []
    for number, row in enumerate(raw):
        pictures.append(tmp_path / f"{number}.png")
        Image.fromarray(np.rint(row.reshape(8, 8) * 255 / 16).astype(np.uint8)).save(pictures[-1])
    model = load_model(trained.run / "model.safetensors")
    classes = model.network.predict(model.parameters, (raw / 16).astype(np.float32)).argmax(axis=1)
    done = handgrad(trained.folder, "predict", "runs/digits-1", str(tmp_path / "rows.npy"), *map(str, pictures))
    assert (done.returncode, done.stderr) == (0, "")
    found = re.findall(r"^(.+\.(?:png|npy(?:\[\d+\]))): (\d)$", done.stdout, re.MULTILINE)
    labels = [f"{tmp_path / 'rows.npy'}[{row}]" for row in range(6)] + [str(picture) for picture in pictures]
    assert found == list(zip(labels, [*map(str, classes)] * 2, strict=True))
    assert len(re.findall(r"\d+\.\d\d%$", done.stdout, re.MULTILINE)) == 12 * 10


def test_predict_shows_what_the_network_sees(trained: Trained, tmp_path: Path, here: Command) -> None:
    """``--show`` prints what the network sees and saves it beside the picture; a blank one among others is reported."""
    Image.fromarray(np.rint(load_digits().images[1] * 255 / 16).astype(np.uint8)).save(tmp_path / "a.png")
    Image.new("L", (30, 30), 255).save(tmp_path / "blank.png")
    done = here(trained.folder, "predict", "runs/digits-1", "--show", str(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(r"handgrad: \S+blank.png is blank or equally bright everywhere; expected .+\n", done.stderr)
    assert done.stdout.count(f"seen by the network: {tmp_path / 'a.seen.png'}") == 1
    assert len(done.stdout.partition("seen by")[0].splitlines()) == 8
    alone = here(trained.folder, "predict", "runs/digits-1", str(tmp_path / "blank.png"))
    assert (alone.returncode, alone.stdout) == (2, "")


# data


def test_data_list_names_the_sets_and_where_they_lie(tmp_path: Path, here: Command) -> None:
    """The list has the four named sets; those that are not on the machine are marked as not downloaded."""
    done = here(tmp_path, "data", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^(\S+)", done.stdout, re.MULTILINE) == ["digits", "mnist", "fashion-mnist", "kmnist"]
    assert done.stdout.count("not downloaded") == 3


@pytest.mark.parametrize("name", ["copy.npz", "copy"])
def test_data_convert_and_info_go_round(name: str, tmp_path: Path, here: Command) -> None:
    """A set converted to .npz or to a folder of IDX files is loaded and described as the set itself."""
    done = here(tmp_path, "data", "convert", "digits", name)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, name, "")
    ours, theirs = load_data(tmp_path / name), load_data("digits")
    for part in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
    info = here(tmp_path, "data", "info", name)
    assert info.returncode == 0
    assert re.search(r"training examples +1,438\b", info.stdout)
    assert re.search(r"features +64, as images of 8x8", info.stdout)


# What a user can correct: exit code 2


class Hostile:
    """An object whose pickle would make a folder when it is loaded carelessly."""

    def __reduce__(self) -> tuple:
        """Ask the reader to call os.mkdir."""
        return os.mkdir, ("pwned",)


def spoil(folder: Path) -> None:
    """Make the files that the commands below stumble over."""
    (folder / "empty").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "thesis.txt").write_text("years of work")
    (folder / "text.npy").write_text("not an array")
    (folder / "broken.toml").write_text("epochs = ")
    boxed = np.empty(4, object)
    boxed[:] = [Hostile()] * 4
    with (folder / "hostile.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (4,)})
        pickle.dump(boxed, file)
    convert(load_data("digits"), folder / "truncated")
    images = folder / "truncated" / "train-images-idx3-ubyte.gz"
    images.write_bytes(images.read_bytes()[:-2000])
    np.save(folder / "narrow.npy", np.zeros((2, 7)))
    X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    np.savez(folder / "other.npz", X_train=X, y_train=y, X_test=X, y_test=y, minimum=0.0, maximum=9.0)


WRONG = {
    "unknown data": (["train", "--data", "nonsense"], "nonsense"),
    "misspelt data": (["train", "--data", "mnits"], "'mnist'"),
    "empty folder": (["train", "--data", "empty"], "empty"),
    "truncated IDX files": (["train", "--data", "truncated"], "train-images-idx3-ubyte.gz"),
    "text named .npy": (["train", "--data", "text.npy"], "text.npy"),
    "hostile pickle": (["train", "--data", "hostile.npy"], "hostile.npy"),
    "unknown flag": (["train", "--epoch", "3"], "--epochs"),
    "unknown command": (["trian"], "trian"),
    "value out of range": (["train", "--epochs", "0"], "epochs is 0"),
    "value of the wrong kind": (["train", "--epochs", "many"], "--epochs"),
    "a part of an epoch": (["train", "--epochs", "1.5"], "--epochs"),
    "unknown choice": (["train", "--optimizer", "newton"], "adamw"),
    "a layer of no units": (["train", "--hidden", "0"], "--hidden is 0"),
    "no batch in an epoch": (["train", "--batch-size", "9999", "--drop-last"], "--batch-size is 9999"),
    "smoothing of numbers": (
        ["train", "--loss", "squared_error", "--label-smoothing", "0.1"],
        "--label-smoothing is 0.1",
    ),
    "existing run folder": (["train", "--run", "full"], "full is not empty"),
    "missing configuration": (["train", "--config", "no.toml"], "no.toml"),
    "broken configuration": (["train", "--config", "broken.toml"], "broken.toml"),
    "unknown run to evaluate": (["evaluate", "runs/nothing"], "runs/nothing"),
    "unknown run to predict with": (["predict", "nothing", "text.npy"], "nothing"),
    "other data": (["evaluate", "{run}", "--data", "other.npz"], "64 features"),
    "no image": (["predict", "{run}"], "nothing to predict"),
    "missing image": (["predict", "{run}", "narrow.png"], "narrow.png"),
    "a text for an image": (["predict", "{run}", "broken.toml"], "broken.toml"),
    "rows too short": (["predict", "{run}", "narrow.npy"], "64"),
    "unknown ending": (["data", "convert", "digits", "digits.txt"], ".npz"),
    "existing target": (["data", "convert", "digits", "other.npz"], "other.npz"),
    "unknown set to fetch": (["data", "fetch", "nonsense"], "nonsense"),
    "unknown data to describe": (["data", "info", "nonsense"], "nonsense"),
    "epochs of full-batch descent": (["reproduce", "gd", "--epochs", "2"], "--iterations"),
    "no seeds": (["reproduce", "sgd", "--seeds", "0"], "seeds is 0"),
    "two data files": (["train", "text.npy", "--data", "digits"], "--data digits"),
    "two files": (
        ["train", "train.csv", "test.csv"],
        "does not accept test.csv; expected one file or set. Write --test",
    ),
    "two runs": (["evaluate", "runs/a", "runs/b"], "does not accept runs/b"),
    "evaluate": (
        ["evaluate", "runs/a", "t.csv"],
        "does not accept t.csv; expected one run. Write --data t.csv if those",
    ),
    "a misspelt flag": (["train", "--epoch"], "--epochs"),
    "a share above one": (["train", "--validation", "10"], "validation is 10"),
    "an unknown test file": (["train", "--test", "nothing.csv"], "nothing.csv"),
    "a test file of other features": (["train", "--test", "other.npz"], "64 features"),
    "a reproduction without MNIST": (["reproduce", "sgd", "--data", "digits"], "784"),
}


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all kinds of wrong files, which no command below may change."""
    folder = tmp_path_factory.mktemp("spoilt")
    spoil(folder)
    return folder


@pytest.mark.parametrize(("words", "piece"), WRONG.values(), ids=list(WRONG))
def test_what_a_user_can_mend_ends_in_one_message(
    words: list[str],
    piece: str,
    spoilt: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A mistake ends with exit code 2 and one line on stderr that names it; nothing else is printed or written."""
    before = tree(spoilt)
    monkeypatch.chdir(spoilt)
    monkeypatch.delenv("HANDGRAD_DATA", raising=False)
    monkeypatch.setenv("HANDGRAD_CACHE", str(spoilt / "no-cache"))
    assert main([word.format(run=trained.run) for word in words]) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"handgrad: .+\n", printed.err), printed.err
    assert piece in printed.err
    assert tree(spoilt) == before


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on the size of files is one of Unix")
def test_a_picture_that_cannot_be_drawn_costs_nothing_else(tmp_path: Path, here: Command) -> None:
    """If there is room for the run but not for its pictures, a line names each; the run can be used, exit code 1."""
    command = f"ulimit -f 30; exec {PROGRAM} train --hidden 8 --epochs 2 --run run"  # blocks of 1,024 bytes
    limited = {name: value for name, value in environment(tmp_path).items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=limited,  # coverage's own file would not fit, either
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert re.search(r"^warning: curves\.png could not be written: .+", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert here(tmp_path, "evaluate", "run").returncode == 0


def test_a_training_that_diverges_says_so(tmp_path: Path, here: Command) -> None:
    """A learning rate that is far too high ends in a message with its value, and without a model file."""
    done = here(tmp_path, "train", *QUICK, "--lr", "1e37", "--loss", "squared_error", "--run", "run")
    assert done.returncode == 3
    assert re.fullmatch(r"handgrad: .+\n", done.stderr), done.stderr
    assert "learning rate" in done.stderr
    assert "1e+37" in done.stderr
    assert not (tmp_path / "run" / "model.safetensors").exists()


# Help


HELP = {
    "": ["train", "reproduce", "evaluate", "predict", "data", "--version"],
    "train": ["--lr", *(f"--{name.replace('_', '-')}" for part in vars(TrainConfig()).values() for name in vars(part))],
    "reproduce": ["gd", "sgd", "--data", "--iterations", "--epochs", "--seed", "--seeds", "--threads"],
    "evaluate": ["RUN", "--data"],
    "predict": ["RUN", "INPUTS"],
    "data": ["list", "info", "fetch", "convert"],
    "data list": ["named data sets"],
    "data info": ["DATA"],
    "data fetch": ["NAME", "mnist"],
    "data convert": ["DATA", "OUT", ".npz"],
}


@pytest.mark.parametrize("command", HELP)
def test_help_names_everything(command: str, tmp_path: Path, here: Command) -> None:
    """``--help`` of every command ends with exit code 0 and names each of its flags, arguments or commands."""
    done = here(tmp_path, *command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    missing = [name for name in HELP[command] if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", done.stdout)]
    assert missing == []


@pytest.mark.parametrize("words", [[], ["data"]], ids=["handgrad", "handgrad data"])
def test_no_command_shows_the_help(words: list[str], tmp_path: Path, here: Command) -> None:
    """Without a command the help is shown."""
    done = here(tmp_path, *words)
    assert done.returncode == 0
    assert done.stdout == here(tmp_path, *words, "--help").stdout


# Starting and stopping


def test_import_is_silent_and_loads_no_numpy(tmp_path: Path) -> None:
    """``import handgrad`` prints nothing and loads none of the libraries; ``handgrad --version`` no slow one."""
    look = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    programs = [f"import handgrad; {look}", f"from handgrad.cli import main; main(['--version']); {look}"]
    loaded = []
    for program in programs:
        command = [sys.executable, "-W", "error", "-c", program]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        *printed, last = done.stdout.splitlines()
        loaded.append((printed, done.stderr, set(json.loads(last))))
    assert loaded[0][:2] == ([], "")
    assert not loaded[0][2] & {"numpy", "cyclopts", "rich", "matplotlib", "sklearn"}
    assert not loaded[1][2] & {"matplotlib", "sklearn", "scipy", "pandas", "PIL", "torch"}


def heed_ctrl_c() -> None:
    """Let a child be interrupted also where this process, as one in the background, ignores the signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_stops_at_once_and_leaves_whole_lines(tmp_path: Path) -> None:
    """Ctrl-C ends a training with exit code 130 and a line; the history is whole, the weights of then are kept."""
    command = [PROGRAM, "train", "--hidden", "16", "--epochs", "1000000", "--log-every", "1", "--run", "run"]
    history = tmp_path / "run" / "history.jsonl"
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=heed_ctrl_c,
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not (history.exists() and history.stat().st_size > 100_000):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, errors = process.communicate(timeout=20)
            took = time.monotonic() - began
        finally:
            process.kill()
    why = "" if find_spec("numba") else "using the NumPy engine because numba cannot be imported\n"
    assert process.returncode == 130
    assert re.fullmatch(
        why + r"(compiling .*\n)?handgrad: stopped; the weights after step [\d,]+ of .+ are kept in run; continue .+\n",
        errors,
    ), errors
    assert took < 10
    content = history.read_text()
    assert content.endswith("\n")
    assert len(read_history(history)) == content.count("\n")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["stopped"]
    assert f"after step {summary['steps']:,} of" in errors
    told = handgrad(tmp_path, "evaluate", "run")
    assert told.returncode == 0
    assert f"{summary['test_accuracy']:.2%}" in told.stdout
    assert f"{summary['test_loss']:.4f}" in told.stdout
