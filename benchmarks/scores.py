"""The estimators beside scikit-learn's, with the same parameters: mean scores on held-out examples, and fit times.

    python -m benchmarks.scores [--seeds 10]

For each data set and seed, both are fitted to the same standardised three quarters of the examples, one after the
other, in turns, on one thread, and scored on the rest. Times are medians of processor seconds.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn import datasets, neural_network
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import handgrad

ENOUGH = 0.005  # by which the mean score may be lower


def _moons() -> Any:
    return datasets.make_moons(1000, noise=0.25, random_state=0)


def _friedman() -> Any:
    return datasets.make_friedman1(1000, noise=1.0, random_state=0)


def _of(load: Callable[..., Any]) -> Callable[[], Any]:
    return lambda: load(return_X_y=True)


# Name, data, whether they are classes, and the parameters that differ from the defaults.
DATA: tuple[tuple[str, Callable[[], Any], bool, dict[str, Any]], ...] = (
    ("iris", _of(datasets.load_iris), True, {}),
    ("wine", _of(datasets.load_wine), True, {}),
    ("breast_cancer", _of(datasets.load_breast_cancer), True, {}),
    ("digits", _of(datasets.load_digits), True, {}),
    ("moons", _moons, True, {"early_stopping": True, "solver": "sgd", "learning_rate_init": 0.1}),
    ("diabetes", _of(datasets.load_diabetes), False, {"solver": "lbfgs", "alpha": 10.0}),
    ("linnerud", _of(datasets.load_linnerud), False, {"hidden_layer_sizes": (10,), "solver": "lbfgs", "alpha": 10.0}),
    ("friedman", _friedman, False, {"learning_rate_init": 0.01}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code is 1 if a mean score is lower by more than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scores", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args(arguments).seeds
    table = Table("data", "score", "scikit-learn's", "difference", "fit", "scikit-learn's", title=f"{seeds} seeds")
    lower = False
    for name, load, classes, options in DATA:
        X, y = load()
        scores, seconds = compared(X, y, classes, options, seeds)
        ours, theirs = (mean(found) for found in scores)
        lower = lower or ours < theirs - ENOUGH
        fits = [f"{1e3 * median(found):.0f} ms" for found in seconds]
        table.add_row(name, f"{ours:.4f}", f"{theirs:.4f}", f"{ours - theirs:+.4f}", *fits)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return int(lower)


def compared(
    X: Any, y: Any, classes: bool, options: dict[str, Any], seeds: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Fit and score both estimators with each seed; return scores and seconds, ours first."""
    kind = "MLPClassifier" if classes else "MLPRegressor"
    scores: list[list[float]] = [[], []]
    seconds: list[list[float]] = [[], []]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(seeds):
            parts = train_test_split(X, y, random_state=seed, stratify=y if classes else None)
            scaler = StandardScaler().fit(parts[0])
            X_train, X_test = scaler.transform(parts[0]), scaler.transform(parts[1])
            y_train, y_test = parts[2:]
            if not classes:
                low, wide = np.mean(y_train, axis=0), np.std(y_train, axis=0)
                y_train, y_test = (y_train - low) / wide, (y_test - low) / wide
            for place, library in enumerate((handgrad, neural_network)):
                began = process_time()
                model = getattr(library, kind)(random_state=seed, **options).fit(X_train, y_train)
                seconds[place].append(process_time() - began)
                scores[place].append(float(model.score(X_test, y_test)))
    return scores, seconds


if __name__ == "__main__":
    sys.exit(main())
