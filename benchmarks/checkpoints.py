"""Measure what checkpoints cost: the share of a training's time that is spent on writing them.

    python -m benchmarks.checkpoints [ROUNDS]

Each training runs with the default interval, in a process of its own, with enough epochs to last more than a minute on
two cores. The time within the saves is measured where it is spent, because the difference between two whole trainings
is lost in the noise of a machine. A second column gives the files' size, to which the cost is nearly proportional.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

TRAININGS = {
    "400-400, SGD": "--hidden 400,400 --epochs 60 --activation relu",
    "400-400, Adam, float64": "--hidden 400,400 --epochs 15 --activation relu --optimizer adam --dtype float64",
    "2000-2000, Adam": "--hidden 2000,2000 --epochs 3 --activation relu --optimizer adam --batch-size 256",
}


def main() -> None:
    """Train each network as often as asked, in turns, and print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in TRAININGS}
    for _ in range(rounds):
        for name, words in TRAININGS.items():
            done = subprocess.run(  # noqa: S603 - our own words
                [sys.executable, "-m", "benchmarks.checkpoints", "--one", *words.split()],
                stdout=subprocess.PIPE,
                check=True,
            )
            measured[name].append(json.loads(done.stdout))
    say = sys.stdout.write
    say("| training | size of a checkpoint | checkpoints | seconds | share in saves (median) | largest |\n")
    say("|---|---|---|---|---|---|\n")
    for name, found in measured.items():
        shares = [one["saving"] / one["seconds"] for one in found]
        size, count, seconds = (median(one[key] for one in found) for key in ("mebibytes", "count", "seconds"))
        say(
            f"| {name} | {size:.1f} MiB | {count:.0f} | {seconds:.0f} "
            f"| {100 * median(shares):.2f}% | {100 * max(shares):.2f}% |\n"
        )


def one(words: list[str]) -> None:
    """Train once, and print what the checkpoints took."""
    from handgrad.cli import main as handgrad
    from handgrad.runs.checkpoint import CHECKPOINT_FILE
    from handgrad.runs.session import Session

    spent: list[float] = []
    save = Session.save

    def timed(session: Session) -> None:
        began = perf_counter()
        save(session)
        spent.append(perf_counter() - began)

    Session.save = timed
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        out, sys.stdout = sys.stdout, sys.stderr
        code = handgrad(["train", "mnist", *words, "--run", str(run)])
        sys.stdout = out
        if code:
            sys.exit(code)
        summary = json.loads((run / "summary.json").read_text())
        size = (run / CHECKPOINT_FILE).stat().st_size / 2**20
    found = {"saving": sum(spent), "count": len(spent), "seconds": summary["train_seconds"], "mebibytes": size}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    one(sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
