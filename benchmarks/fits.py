"""Contest i: many small fits, by the estimators, scikit-learn's and skorch's.

    python -m benchmarks.fits [--rounds 5] [--only iris,grid] [--threads 1]

Every contestant has a process of its own, and they take turns, task by task. The first round is not counted: in it,
libraries load what they need. "fresh" is a process that only imports the estimator and fits it to iris; "grid" is a
search of 50 fits in two processes. What is not installed is left out (``pip install skorch torch==2.13.0``). Times are
medians of wall-clock seconds, so run it on an otherwise idle machine; ``handgrad compile`` comes first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn import datasets
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parents[1]
CONTESTANTS = ("handgrad", "sklearn", "skorch")
FRESH = {
    "handgrad": "from handgrad import MLPClassifier",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
}
FIT = "from sklearn.datasets import load_iris; MLPClassifier(random_state=0).fit(*load_iris(return_X_y=True))"
EPOCHS = {"iris": 200, "breast_cancer": 200, "digits": 50, "diabetes": 200}
TASKS = (*EPOCHS, "grid", "stream", "one", "fresh")
WHAT = {"grid": "50 fits", "stream": "200 calls of partial_fit", "one": "a prediction of one row", "fresh": "a process"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contest, or one contestant's process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fits", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(TASKS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.contestant:
        serve(options.contestant)
        return 0
    limits = {f"{name}_NUM_THREADS": str(options.threads) for name in ("OMP", "OPENBLAS", "MKL")}
    processes = {name: started(name, os.environ | limits) for name in CONTESTANTS}
    table = Table("task", *processes, "sklearn / handgrad", title=f"Contest i, {options.rounds} rounds, medians")
    for task in options.only:
        seconds: dict[str, list[float]] = {name: [] for name in processes}
        for turn in range(options.rounds + 1):
            for name, process in processes.items():
                taken = asked(process, task)
                if turn and taken is not None:
                    seconds[name].append(taken)
        medians = {name: median(found) for name, found in seconds.items() if found}
        figures = [f"{1e3 * medians[name]:.3g} ms" if name in medians else "" for name in processes]
        ratio = f"{medians['sklearn'] / medians['handgrad']:.2f}"
        table.add_row(f"{task}: {WHAT.get(task, f'a fit of {EPOCHS.get(task)} epochs')}", *figures, ratio)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    return 0


def started(name: str, environment: dict[str, str]) -> Any:
    """Start a contestant's process."""
    command = [sys.executable, "-m", "benchmarks.fits", "--contestant", name]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def asked(process: Any, task: str) -> float | None:
    """Let a contestant do a task; None if it cannot."""
    print(task, file=process.stdin, flush=True)
    taken: float | None = json.loads(process.stdout.readline())
    return taken


def serve(name: str) -> None:
    """Do the tasks that are named on standard input, and print how long each takes."""
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        build = {"handgrad": _handgrad, "sklearn": _sklearn, "skorch": _skorch}[name]()
    except ImportError:
        build = None
    ready: dict[str, Callable[[], Any]] = {}
    for line in sys.stdin:
        task = line.strip()
        if build is None or (task == "fresh" and name not in FRESH) or (task == "stream" and name == "skorch"):
            _answer("null")
            continue
        if task not in ready:
            ready[task] = prepared(name, task, build)
        began = perf_counter()
        count = ready[task]() or 1
        _answer(json.dumps((perf_counter() - began) / count))


def _answer(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def prepared(name: str, task: str, build: Callable[..., Any]) -> Callable[[], Any]:
    """Return what a task does; a number that it returns divides the seconds."""
    if task == "fresh":
        program = f"{FRESH[name]}; {FIT}"
        return lambda: subprocess.run([sys.executable, "-c", program], check=True).returncode  # noqa: S603
    X, y = data(task if task in EPOCHS else "breast_cancer" if task == "grid" else "digits")
    classes = 0 if task == "diabetes" else len(np.unique(y))
    if task == "grid":
        grid = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}
        return lambda: GridSearchCV(build(X, classes, 200), grid, cv=10, n_jobs=2, refit=False).fit(X, y) and 0
    if task == "stream":

        def stream() -> None:
            model = build(X, classes, 1)
            for begin in range(0, 1600, 8):
                model.partial_fit(X[begin : begin + 50], y[begin : begin + 50], classes=np.arange(10))

        return stream
    if task == "one":
        model, row = build(X, classes, 1).fit(X, y), X[:1]

        def predict() -> int:
            for _ in range(1000):
                model.predict(row)
            return 1000

        return predict
    return lambda: build(X, classes, EPOCHS[task]).fit(X, y) and 0


def data(name: str) -> tuple[Any, Any]:
    """Load standardised examples."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std() if name == "diabetes" else y


def _of(library: Any) -> Callable[..., Any]:
    def build(X: Any, classes: int, epochs: int) -> Any:  # noqa: ARG001 - as for the others
        kind = library.MLPClassifier if classes else library.MLPRegressor
        return kind(max_iter=epochs, n_iter_no_change=10**6, random_state=0)

    return build


def _handgrad() -> Callable[..., Any]:
    import handgrad

    return _of(handgrad)


def _sklearn() -> Callable[..., Any]:
    from sklearn import neural_network

    return _of(neural_network)


def _skorch() -> Callable[..., Any]:
    import skorch
    import torch
    from sklearn.base import BaseEstimator

    class Wrapped(BaseEstimator):  # type: ignore[misc]
        """Scikit-learn's defaults in PyTorch: Adam, ReLU, batches of 200, 100 units."""

        def __init__(self, inputs: int, classes: int, epochs: int, alpha: float = 1e-4) -> None:
            self.inputs, self.classes, self.epochs, self.alpha = inputs, classes, epochs, alpha

        def fit(self, X: Any, y: Any) -> Any:
            layers = torch.nn.Sequential(
                torch.nn.Linear(self.inputs, 100), torch.nn.ReLU(), torch.nn.Linear(100, max(self.classes, 1))
            ).double()
            kind = skorch.NeuralNetClassifier if self.classes else skorch.NeuralNetRegressor
            loss = torch.nn.CrossEntropyLoss if self.classes else torch.nn.MSELoss
            self.net_ = kind(
                layers,
                criterion=loss,
                optimizer=torch.optim.Adam,
                lr=0.001,
                max_epochs=self.epochs,
                batch_size=200,
                train_split=None,
                verbose=0,
                iterator_train__shuffle=True,
                optimizer__weight_decay=self.alpha / 200,
            ).fit(X, y if self.classes else y[:, None])
            return self

        def predict(self, X: Any) -> Any:
            return self.net_.predict(X)

        def score(self, X: Any, y: Any) -> float:
            return float(self.net_.score(X, y))

    def build(X: Any, classes: int, epochs: int) -> Any:
        return Wrapped(X.shape[1], classes, epochs)

    return build


if __name__ == "__main__":
    sys.exit(main())
