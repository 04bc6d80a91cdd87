"""Make ``src/handgrad/reproduction/bands.json``: the notebook's experiments over many initialisations.

    python tools/reproduction_bands.py [--raw FOLDER] [--workers 2]

It takes hours. Every finished training is kept in FOLDER as one small file, so that a stopped run goes on where it was.
MNIST is looked for as ``handgrad train --data mnist`` does.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from handgrad import load_data
from handgrad.reproduction.bands import Band
from handgrad.reproduction.experiments import EXPERIMENTS, run

# Experiment, seed, epochs: 30 trainings by SGD, 20 by full-batch gradient descent to iteration 200, 5 of them to 1000.
JOBS = [("sgd", seed, 10) for seed in range(30)] + [("gd", seed, 200 if seed >= 5 else 1000) for seed in range(20)]
TARGET = Path(__file__).parents[1] / "src" / "handgrad" / "reproduction" / "bands.json"
FIGURES = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")


def one(job: tuple[str, int, int, Path]) -> Path:
    """Run one training on one core and write its figures, unless they are there."""
    name, seed, epochs, raw = job
    path = raw / f"{name}-{seed}.json"
    if not path.exists():
        data = load_data("mnist")
        arrays = (data.X_train, data.y_train, data.X_test, data.y_test)
        records = run(EXPERIMENTS[name], arrays, seed, epochs, threads=1)
        found = {r.epoch: {f: r.figures[f] for f in FIGURES} for r in records if r.kind == "evaluation"}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.rename(path)
        print(f"{path.name} done", flush=True)
    return path


def main() -> None:
    """Run what is missing, then describe every figure's sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, default=Path("runs/bands"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.raw.mkdir(parents=True, exist_ok=True)
    values: dict[str, dict[int, dict[str, list[float]]]] = {
        name: defaultdict(lambda: defaultdict(list)) for name in EXPERIMENTS
    }
    with get_context("spawn").Pool(options.workers) as pool:
        for path in pool.imap(one, [(*job, options.raw) for job in JOBS], chunksize=1):
            for epoch, figures in json.loads(path.read_text()).items():
                for figure, value in figures.items():
                    values[path.name.split("-")[0]][int(epoch)][figure].append(value)
    bands = {
        name: {epoch: {f: asdict(Band.of(np.array(v))) for f, v in row.items()} for epoch, row in sorted(rows.items())}
        for name, rows in values.items()
    }
    TARGET.write_text(json.dumps(bands, indent=1) + "\n")
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
