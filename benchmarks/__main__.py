"""Measure handgrad beside its peers.

    python -m benchmarks [--quick] [--only a,d,memory] [--rounds 5] [--threads N] [--out FILE.json]

Run it from the root of the repository, with handgrad installed, on an otherwise idle machine. Peers that are not
installed are left out (``pip install '.[bench]'`` installs them). MNIST is read from where ``handgrad`` finds it and is
never downloaded; without it, rows of the same shape and sparsity are generated. ``python -m benchmarks.report
FILE.json`` turns the result into the table and the picture of the documentation.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import data, machine
from benchmarks.contests import CONTESTS, GROUPS, Contest, shrunk
from benchmarks.harness import PAUSE, Setup, run_contest
from benchmarks.tables import contest_table, notes
from handgrad.files import written

RESULTS = Path(__file__).parent / "results"
LATEST, PARTIAL = RESULTS / "latest.json", RESULTS / "partial.json"

NO_MNIST = " (there is no MNIST in $HANDGRAD_DATA or the cache: scores, and the 98% of contest e, mean nothing here)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line requests."""
    options = parse(arguments)
    contests = [contest for contest in CONTESTS if contest.group in options.only or contest.name in options.only]
    if options.quick:
        contests = [shrunk(contest) for contest in contests]
    out = options.out or (PARTIAL if options.quick or len(contests) < len(CONTESTS) else LATEST)
    out.parent.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    rounds = options.rounds or (2 if options.quick else 5)
    run(contests, out, options.threads or machine.cores(), rounds, options.quick, console)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything, to see whether it runs")
    parser.add_argument("--only", type=_names, default=list(GROUPS), help=f"of {', '.join(GROUPS)}")
    parser.add_argument(
        "--rounds", type=_positive, help="default: 5; contest e has 30 trainings (with --quick: 2 and 2)"
    )
    parser.add_argument("--threads", type=_positive, help="default: as many as there are cores")
    parser.add_argument("--out", type=Path, help=f"default: {LATEST.name}, or {PARTIAL.name} with --quick or --only")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    """Read a list of contests."""
    known = {*GROUPS, *(contest.name for contest in CONTESTS)}
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"no contest {', '.join(unknown)}: there are {', '.join(sorted(known))}")
    return names


def _positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def run(
    contests: Sequence[Contest],
    out: Path,
    threads: int,
    rounds: int,
    quick: bool,
    console: Console,
    arrays: dict[str, data.Arrays] | None = None,
    pause: float = PAUSE,
    empty_caches: bool = True,
) -> dict[str, Any]:
    """Run contests one after the other and print their tables; after each, everything known so far is written.

    ``arrays`` replaces the data, by name; for tests.
    """
    report: dict[str, Any] = {
        "format": 1,
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "quick": quick,
        "threads": threads,
        "rounds": rounds,
        "machine": machine.describe(),
        "load": {"before": machine.load(), "after": None},
        "versions": {},
        "data": {},
        "contests": [],
    }
    progress = Console(stderr=True, highlight=False)
    if (load := report["load"]["before"]) and load[0] > 0.5:
        console.print(f"Load average {load[0]}: other processes are running, which will distort the figures.")
    with tempfile.TemporaryDirectory(prefix="handgrad-benchmarks-", ignore_cleanup_errors=True) as folder:
        setup = Setup(Path(folder), threads, rounds, pause, empty_caches=empty_caches)
        report["data"] = write_data(Path(folder), {contest.task.data for contest in contests}, arrays)
        for name, source in report["data"].items():
            console.print(f"{name}: {source}" + (NO_MNIST if (name, source) == ("digits", "generated") else ""))
        for contest in contests:
            with console.status("") as status:
                found = run_contest(contest, setup, status.update if console.is_terminal else progress.print)
            report["contests"].append(found)
            for result in found["results"]:
                report["versions"] |= result.get("versions", {})
            report["load"]["after"] = machine.load()
            with written(out) as file:
                file.write((json.dumps(report, indent=1) + "\n").encode())
            console.print(contest_table(found, report["data"][contest.task.data]))
            for note in notes(found):
                console.print(note)
            console.print()
    console.print(f"written: {out}")
    return report


def write_data(folder: Path, names: Iterable[str], arrays: dict[str, data.Arrays] | None) -> dict[str, str]:
    """Write the data that the contests need into a folder, and return the source of each."""
    sources = {}
    for name in sorted(names):
        given, source = (arrays or {}).get(name), "given"
        if given is None:
            given = data.mnist() if name == "digits" else None
            source = "mnist" if given is not None else "generated"
        data.write(folder, name, data.PARTS[name]() if given is None else given)
        sources[name] = source
    return sources


if __name__ == "__main__":
    sys.exit(main())
