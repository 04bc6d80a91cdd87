"""The contests' data: written to disk once by the parent, and read from there by every contestant's process.

So no contestant pays for reading files in another's way, and none imports a library that is not its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.contests import Task

Arrays = dict[str, NDArray[Any]]  # X_train, y_train, X_test, y_test
SEED = 20_240_601
CHUNK = 1024  # rows read at a time, so that no second copy of all data is ever in memory
INK = 0.19  # the share of MNIST's pixels that are not zero
OWN = 0.1  # how distinct a generated class is: a linear model is right about eight times in ten


@dataclass
class Data:
    """A contestant's training rows and their targets."""

    X: NDArray[Any]
    y: NDArray[Any]


def mnist() -> Arrays | None:
    """Return MNIST if it is on this machine; nothing is downloaded."""
    from handgrad.data import list_data, load_data

    if next(entry.place for entry in list_data() if entry.name == "mnist") == "not downloaded":
        return None
    found = load_data("mnist")
    return {"X_train": found.X_train, "y_train": found.y_train, "X_test": found.X_test, "y_test": found.y_test}


def like_mnist(n: int = 60_000, m: int = 10_000) -> Arrays:
    """Draw rows of MNIST's shape and sparsity: each class has pixels where ink is slightly more likely.

    Only slightly, so that scores stay below 100% and show whether a network learns.
    """
    rng = np.random.default_rng(SEED)
    common, own = rng.beta(INK, 1 - INK, 784), rng.beta(INK, 1 - INK, (10, 784))
    likely = ((1 - OWN) * common + OWN * own).astype(np.float32)
    arrays = {}
    for part, rows in (("train", n), ("test", m)):
        y = rng.integers(0, 10, rows)
        X = rng.random((rows, 784), np.float32)
        X *= rng.random((rows, 784), np.float32) < likely[y]
        arrays |= {f"X_{part}": X, f"y_{part}": y}
    return arrays


def dense(n: int = 60_000, m: int = 10_000) -> Arrays:
    """Draw standard normal rows around ten centres, far enough apart for the network of contest a to learn."""
    rng = np.random.default_rng(SEED + 1)
    centres = 0.25 * rng.standard_normal((10, 784), np.float32)
    arrays = {}
    for part, rows in (("train", n), ("test", m)):
        y = rng.integers(0, 10, rows)
        arrays |= {f"X_{part}": rng.standard_normal((rows, 784), np.float32) + centres[y], f"y_{part}": y}
    return arrays


def table(n: int = 20_000, m: int = 4_000) -> Arrays:
    """Draw twenty standard normal columns, and a smooth target of mean 0 and deviation about 1."""
    rng = np.random.default_rng(SEED + 2)
    arrays = {}
    for part, rows in (("train", n), ("test", m)):
        X = rng.standard_normal((rows, 20), np.float32)
        y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] * X[:, 2] + 0.3 * X[:, 3] + 0.1 * rng.standard_normal(rows)
        arrays |= {f"X_{part}": X, f"y_{part}": y.astype(np.float32)}
    return arrays


PARTS: dict[str, Callable[..., Arrays]] = {"digits": like_mnist, "dense": dense, "table": table}


def write(folder: Path, name: str, arrays: Arrays) -> None:
    """Write arrays as raw numbers, X in float32, with their shapes beside them."""
    shapes = {}
    for key, array in arrays.items():
        kind = "float32" if array.dtype.kind == "f" else "int64"
        np.ascontiguousarray(array, kind).tofile(folder / f"{name}.{key}")
        shapes[key] = (kind, array.shape)
    (folder / f"{name}.json").write_text(json.dumps(shapes))


def read(folder: Path, task: Task, part: Literal["train", "test"], dtype: type = np.float32) -> Data:
    """Read a task's training or test set, with X in the dtype that the contestant computes in."""
    shapes = json.loads((folder / f"{task.data}.json").read_text())

    def array(key: str, most: int | None = None) -> NDArray[Any]:
        kind, shape = shapes[key]
        shape = [min(most or shape[0], shape[0]), *shape[1:]]
        wanted = dtype if kind == "float32" else kind
        result = np.empty(shape, wanted)
        width = int(np.prod(shape[1:]))
        with (folder / f"{task.data}.{key}").open("rb") as file:
            for start in range(0, shape[0], CHUNK):
                part = result[start : start + CHUNK]
                part[...] = np.fromfile(file, kind, len(part) * width).reshape(part.shape)
        return result

    most = task.examples if part == "train" else None
    return Data(array(f"X_{part}", most), array(f"y_{part}", most))


def first_weights(task: Task, seed: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Draw the weights and biases from which every contestant starts, ``W`` of shape (d_in, d_out)."""
    from handgrad.network.initialisers import INITIALISERS

    rng = np.random.default_rng([SEED, seed])
    return [INITIALISERS[task.initialiser](rng, *sizes) for sizes in zip(task.sizes, task.sizes[1:], strict=False)]


def order_of(task: Task, number: int) -> NDArray[np.int64] | None:
    """Draw the order of a round's examples, the same for every contestant; None if a step takes all of them."""
    if task.kind != "epochs":
        return None
    rng = np.random.default_rng([SEED, 1, number + 1])
    used = task.steps_per_epoch * task.batch_size
    return np.concatenate([rng.permutation(task.examples)[:used] for _ in range(task.repeats)])


def rates_of(task: Task) -> list[float]:
    """List the learning rate of each step of a round."""
    from handgrad.training.schedules import SCHEDULES

    steps = task.repeats * (task.steps_per_epoch if task.kind == "epochs" else 1)
    return [SCHEDULES[task.schedule](step, steps, task.learning_rate) for step in range(steps)]
