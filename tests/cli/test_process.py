"""What surrounds a command: pipes that close, streams that are missing, and machines that are too small."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sampling import sampled

from handgrad.cli import main
from handgrad.cli.process import guarded

QUICK = "train --epochs 3 --hidden 8 --run run"
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the shell and /dev/full are Linux's")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder in which a network has been trained."""
    folder = tmp_path_factory.mktemp("trained")
    assert main([*QUICK.split()[:-1], str(folder / "run")]) == 0
    return folder


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which HANDGRAD stands for the command; the exit code is that of handgrad itself."""
    line = command.replace("HANDGRAD", f"{sys.executable} -m handgrad") + "; exit ${PIPESTATUS[0]}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@ON_LINUX
@pytest.mark.parametrize("rest", sampled(["| head -1", "| true", ">&-", ">&- 2>&-"], 3))
def test_a_training_goes_on_when_nobody_reads(rest: str, tmp_path: Path) -> None:
    """A reader that goes and a stream that is closed cost nothing: the model is there, and nothing is complained of."""
    done = shell(f"HANDGRAD {QUICK} {rest}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run/model.safetensors").is_file()
    assert json.loads((tmp_path / "run/summary.json").read_text())["epochs"] == 3


@ON_LINUX
@pytest.mark.parametrize("rest", sampled(["| head -1", "| true"], 2))
def test_predictions_that_nobody_reads_end_without_a_word(rest: str, trained: Path) -> None:
    """``predict | head`` shows the first lines, and that is all."""
    np.save(trained / "rows.npy", np.full((3000, 64), 9.0))
    done = shell(f"HANDGRAD predict run rows.npy {rest}", trained)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == ("head" in rest)


@ON_LINUX
def test_a_picture_from_the_standard_input_is_called_one(trained: Path) -> None:
    """Only tables are read from there; the message says what to do with a picture."""
    Image.new("L", (40, 40), "white").save(trained / "white.png")
    done = shell("HANDGRAD predict run - < white.png", trained)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "- is a picture" in done.stderr
    assert "Save it in a file" in done.stderr


@ON_LINUX
def test_what_has_no_room_is_said_once_and_costs_no_training(tmp_path: Path) -> None:
    """As on a full disk: the training goes on to its end, each file is named once, and the exit code is 1."""
    unmeasured = "unset COVERAGE_PROCESS_START COVERAGE_PROCESS_CONFIG"  # whose own file has no room either
    done = shell(f"{unmeasured}; ulimit -f 2; HANDGRAD train --hidden 8 --epochs 9 --log-every 1 --run run", tmp_path)
    assert done.returncode == 1
    *warnings, last = done.stderr.splitlines()
    named = re.fullmatch(
        r"handgrad: could not be written: (.+?)\. Remove .+ `handgrad train --resume run`, which trains again, .+\.",
        last,
    )
    assert named is not None
    names = named[1].split(", ")
    assert {"history.jsonl", "model.safetensors", "curves.png"} <= set(names)
    assert sorted(re.findall(r"warning: (\S+) could not be written: ", done.stderr)) == sorted(names)
    assert len(warnings) == len(names)
    assert "test accuracy" in done.stdout
    first, *_ = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert json.loads(first)["step"] == 0
    assert not list((tmp_path / "run").glob(".*.part"))


def started(arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start a command that takes signals as one in a terminal does."""

    def as_in_a_terminal() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "handgrad", *arguments.split()],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=as_in_a_terminal,
    )


@ON_LINUX
@pytest.mark.parametrize("library", ["numpy", "numba"])
def test_ctrl_c_during_the_imports_is_one_line(library: str, tmp_path: Path) -> None:
    """Before a network exists there is nothing to keep."""
    with started(QUICK.replace("3", "300000"), tmp_path) as process:
        deadline = time.monotonic() + 60
        while f"/{library}/" not in Path(f"/proc/{process.pid}/maps").read_text():  # its first compiled module
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    # If text was being executed, as for a dataclass, Python ends itself with the signal; to a shell it is the same.
    assert process.returncode in (130, -signal.SIGINT)
    assert re.fullmatch(r"handgrad: stopped.*\n", errors)


@ON_LINUX
def test_ctrl_c_while_pictures_are_drawn_costs_only_pictures(tmp_path: Path) -> None:
    """The run is whole before they are drawn, and can be used."""
    with started(QUICK, tmp_path) as process:
        while not (tmp_path / "run" / "summary.json").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "handgrad: stopped; only pictures are missing; `handgrad train --resume run` draws them\n"
    assert not (tmp_path / "run" / "confusion.png").exists()
    assert main(["evaluate", str(tmp_path / "run")]) == 0


@ON_LINUX
@pytest.mark.parametrize("asked", [[signal.SIGTERM], [signal.SIGHUP, signal.SIGHUP]], ids=["terminate", "hang up"])
def test_a_training_that_is_asked_to_end_keeps_its_weights(asked: list[signal.Signals], tmp_path: Path) -> None:
    """A cluster sends SIGTERM; a terminal that closes, SIGHUP, often twice. Both are like Ctrl-C."""
    with started("train --hidden 8 --epochs 300000 --engine numpy --run run", tmp_path) as process:
        history = tmp_path / "run" / "history.jsonl"
        while not history.exists() or history.read_text().count("\n") < 3:
            assert process.poll() is None
            time.sleep(0.01)
        for number in asked:
            process.send_signal(number)
            time.sleep(0.01)  # two that are pending at once arrive as one
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + asked[0]
    assert re.fullmatch(
        r"handgrad: stopped; the weights after step .+ are kept in run; continue with `handgrad train --resume run`\n",
        errors,
    )
    assert main(["evaluate", str(tmp_path / "run")]) == 0


@ON_LINUX
def test_letters_that_the_terminal_lacks_are_replaced(tmp_path: Path) -> None:
    """Without UTF-8 a file with such a name trains; the run has the class as it is written, in UTF-8."""
    lines = [f"{i % 7},{i % 5},{'Färber' if i % 2 else 'Rot'}" for i in range(60)]
    (tmp_path / "Maße.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell("HANDGRAD train Maße.csv --hidden 8 --epochs 2 --run run", tmp_path, **plain)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    shown = shell("HANDGRAD evaluate run", tmp_path, **plain)
    assert shown.returncode == 0
    assert "F?rber" in shown.stdout
    assert "Färber" in shell("HANDGRAD evaluate run", tmp_path, PYTHONUTF8="1").stdout


@ON_LINUX
def test_huge_losses_are_written_and_drawn_in_few_characters(tmp_path: Path) -> None:
    """With all pictures, and without a word of the libraries; an evaluation writes them so, too."""
    huge = "HANDGRAD train --hidden none --dtype float64 --engine numpy --lr 1e300 --epochs 1 --run run"
    done = shell(f"{huge} && HANDGRAD evaluate run", tmp_path)
    assert done.returncode == 0
    assert re.search(r"train loss +\d\.\d{3}e\+\d{3}\n", done.stdout)
    assert re.search(r"test loss +\d\.\d{3}e\+\d{3}\n +examples", done.stdout)
    assert all(line.startswith("warning: the training loss rose") for line in done.stderr.splitlines())
    assert (tmp_path / "run" / "curves.png").is_file()


def without_memory() -> int:
    """Fail with words that have control characters, such as the name of a folder may have."""
    raise MemoryError("a\x1b[2J\nb")


def test_the_last_words_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in them, a terminal obeys none of it."""
    assert guarded(without_memory) == 2
    assert capsys.readouterr().err.startswith("handgrad: there is not enough memory (a\\x1b[2J\\nb).")


@ON_LINUX
def test_output_that_is_lost_is_said_in_one_line(tmp_path: Path) -> None:
    """On a full disk the training is done all the same; the exit code says that something was lost."""
    done = shell(f"HANDGRAD {QUICK} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["handgrad: the output could not be written (No space left on device)"]
    assert (tmp_path / "run/summary.json").is_file()


def test_a_network_that_cannot_fit_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is allocated, with the memory that it would need; no run is left."""
    assert main(["train", "--hidden", "2000000,2000000", "--run", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "GiB" in said
    assert "use fewer hidden units" in said.lower()
    assert not (tmp_path / "run").exists()


@ON_LINUX
def test_a_limit_of_memory_is_heeded(tmp_path: Path) -> None:
    """Under a limit the message is the same, in one line."""
    done = shell("ulimit -v 3000000; HANDGRAD train --hidden 20000,20000", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "2.9 GiB" in done.stderr


def test_no_more_threads_than_cores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They would only wait for each other; the note says how many there are."""
    assert main([*QUICK.split()[:-2], "--run", str(tmp_path / "run"), "--threads", "4096"]) == 0
    assert "instead of 4096" in capsys.readouterr().err


@ON_LINUX
def test_without_compilation_the_numpy_engine_serves(tmp_path: Path) -> None:
    """NUMBA_DISABLE_JIT=1 costs speed, and nothing else."""
    done = shell(f"HANDGRAD {QUICK}", tmp_path, NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "run/summary.json").read_text())["engine"] == "numpy"


@pytest.mark.parametrize(("flags", "said"), [("--lr 1e-9", "no better than always guessing"), ("--lr 30", "rose from")])
def test_a_training_of_no_use_is_warned_of(
    flags: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the end, on stderr, if the network guesses or has become worse."""
    rows = np.random.default_rng(0).random((200, 2))
    lines = [f"{a},{b},{'yes' if a > 0.3 else 'no'}" for a, b in rows]
    (tmp_path / "t.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n")
    command = f"train --data {tmp_path / 't.csv'} --hidden 8 --epochs 2 --run {tmp_path / 'run'} {flags}"
    assert main(command.split()) == 0
    assert said in capsys.readouterr().err


def test_many_classes_make_no_huge_picture(tmp_path: Path) -> None:
    """Above some hundred classes there is no picture of the confusion matrix."""
    lines = [f"{i},{i % 7},c{i % 300}" for i in range(900)]
    (tmp_path / "t.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n")
    command = f"train --data {tmp_path / 't.csv'} --hidden 4 --epochs 1 --run {tmp_path / 'run'}"
    assert main(command.split()) == 0
    assert not (tmp_path / "run/confusion.png").exists()
    assert (tmp_path / "run/summary.json").is_file()
