"""Change the code at random places, one at a time, and list the changes that no test notices.

    pip install cosmic-ray && python tools/mutants.py network [COUNT [SEED]]

cosmic-ray makes the changes (mutants) in a copy of the repository. A room has thousands, so a sample is drawn: first
places, all with the same probability, then one change of each. Annotations, which nothing evaluates, are left out.
What remains is printed as a patch: either a test is missing, or the change means the same.
"""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = {  # those that are meant to notice, the quickest first
    "network": "tests/network",
    "training": "tests/training",
    "model": "tests/model tests/runs/test_checkpoint.py",
    "runs": "tests/runs tests/cli/test_program.py tests/cli/test_process.py",
    "data": "tests/data",
}
SETTINGS = """\
[cosmic-ray]
module-path = "src/handgrad/{room}"
timeout = 600.0
excluded-modules = []
test-command = "{python} -m pytest -x -q -n 0 -p no:cacheprovider --doctest-modules src/handgrad/{room} {tests}"

[cosmic-ray.distributor]
name = "local"
"""
Span = tuple[tuple[int, int], tuple[int, int]]


def main(room: str, count: int = 100, seed: int = 0) -> None:
    """Sample the mutants of a room, let its tests run with each, and print what survives."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in run(root, "git", "ls-files").splitlines():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
        (copy / "room.toml").write_text(SETTINGS.format(room=room, python=sys.executable, tests=TESTS[room]))
        run(copy, "cosmic-ray", "init", "room.toml", "mutants.sqlite")
        places, mutants = keep_sample(copy, count, seed)
        run(copy, "cosmic-ray", "exec", "room.toml", "mutants.sqlite")
        done = [json.loads(line) for line in run(copy, "cosmic-ray", "dump", "mutants.sqlite").splitlines()]
    survivors = [result["diff"] for _, result in done if result["test_outcome"] == "survived"]
    sys.stdout.write("\n".join([*survivors, ""]))
    share = 1 - len(survivors) / len(done)
    sys.stdout.write(
        f"{room}: {len(done) - len(survivors)} of {len(done)} mutants were noticed ({share:.1%}); "
        f"there are {mutants:,} at {places:,} places\n"
    )


def keep_sample(copy: Path, count: int, seed: int) -> tuple[int, int]:
    """Delete all mutants but a sample; return how many places and mutants there were."""
    with sqlite3.connect(copy / "mutants.sqlite") as database:
        at = defaultdict[tuple[str, int, int], list[str]](list)
        found = database.execute(
            "SELECT module_path, start_pos_row, start_pos_col, job_id FROM mutation_specs "
            "ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence"
        )
        unread: dict[str, list[Span]] = {}
        for path, row, column, job in found:
            spans = unread.setdefault(path, list(annotations((copy / path).read_text(encoding="utf-8"))))
            if not any(start <= (row, column) < end for start, end in spans):
                at[path, row, column].append(job)
        rng = random.Random(seed)  # noqa: S311 - a sample
        chosen = {rng.choice(at[place]) for place in rng.sample(list(at), min(count, len(at)))}
        others = [(job,) for (job,) in database.execute("SELECT job_id FROM work_items") if job not in chosen]
        for table in ("mutation_specs", "work_items"):
            database.executemany(f"DELETE FROM {table} WHERE job_id = ?", others)  # noqa: S608 - our own names
    return len(at), sum(map(len, at.values()))


def annotations(source: str) -> Iterator[Span]:
    """Yield where annotations begin and end, in lines from 1 and columns from 0."""
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            part = getattr(node, name, None)
            if isinstance(part, ast.expr) and part.end_lineno is not None and part.end_col_offset is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def run(folder: Path, *command: str) -> str:
    """Run a command with the copy's code, and return what it prints."""
    environment = {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
