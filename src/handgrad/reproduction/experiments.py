"""The exercise notebook's two training runs: their settings, and the figures that it printed.

The notebook's random state is unknown, so its exact digits cannot be reproduced, only the bands in ``bands.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import ShapeError
from handgrad.network.mlp import MLP
from handgrad.training.examples import Examples
from handgrad.training.loop import Record, train
from handgrad.training.settings import TrainingSettings
from handgrad.training.state import TrainingState

Figure = Literal["test_loss", "test_accuracy", "train_loss", "train_accuracy"]

NETWORK = MLP((784, 400, 400, 10), activation="sigmoid", loss="cross_entropy")


@dataclass(frozen=True)
class Experiment:
    """One of the notebook's two training runs.

    Attributes
    ----------
    settings : TrainingSettings
        The notebook's settings.
    figures : tuple of str
        The figures that it printed.
    printed : dict
        From the epoch of an evaluation to the values of those figures. An epoch of full-batch gradient descent is one
        iteration.
    """

    settings: TrainingSettings
    figures: tuple[Figure, ...]
    printed: dict[int, tuple[float, ...]]


EXPERIMENTS: dict[str, Experiment] = {
    "gd": Experiment(
        TrainingSettings("sgd", 0.1, epochs=1000, full_batch=True, evaluate_every=100),
        ("test_loss", "test_accuracy", "train_loss", "train_accuracy"),
        {
            0: (19.479279548133853, 0.1353, 19.653523403657122, 0.13226666666666667),
            100: (2.282769668031916, 0.5941, 2.4319569058890083, 0.57965),
            200: (1.573850466163723, 0.7007, 1.6520382064719452, 0.6910666666666667),
            300: (1.296911010188398, 0.7445, 1.3371711957554957, 0.7404666666666667),
            400: (1.142345153274019, 0.7731, 1.1521656169086645, 0.7698666666666667),
            500: (1.0402612586580389, 0.7876, 1.0261024142379838, 0.7897),
            600: (0.9656370013641344, 0.8009, 0.9324061314836917, 0.8044166666666667),
        },
    ),
    "sgd": Experiment(
        TrainingSettings("sgd", 0.1, epochs=10, batch_size=64, drop_last=True, log_every=100),
        ("test_loss", "test_accuracy"),
        {
            0: (20.258685506517264, 0.0926),
            1: (0.829246421718839, 0.8072),
            2: (0.6006060028525041, 0.8547),
        },
    ),
}


def run(
    experiment: Experiment,
    data: tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]],
    seed: int,
    epochs: int,
    threads: int | None = None,
) -> Iterator[Record]:
    """Train the notebook's network with the notebook's settings, in float32.

    Parameters
    ----------
    experiment : Experiment
    data : tuple of ndarrays
        X_train (n, 784) in 0..1, y_train (n,), X_test, y_test.
    seed : int
        Weights, biases and orders of the examples are those of the notebook after ``np.random.seed(seed)``.
    epochs : int
        At least 1; for full-batch gradient descent, the number of iterations.
    threads : int, optional

    Raises
    ------
    ShapeError
        If the examples do not have 784 pixels.

    Examples
    --------
    >>> X, y = np.zeros((10, 784), np.float32), np.arange(10)
    >>> records = list(run(EXPERIMENTS["gd"], (X, y, X, y), seed=0, epochs=2))
    >>> [record.epoch for record in records], records[1].figures["train_loss"] < records[0].figures["train_loss"]
    ([0, 2], True)
    """
    X, y, X_test, y_test = data
    if X.shape[1] != NETWORK.layer_sizes[0]:
        raise ShapeError(
            f"examples with {X.shape[1]} features", "784, as in MNIST", "pass MNIST's files with --data FOLDER"
        )
    rng = np.random.RandomState(seed)
    parameters = NETWORK.initialise(rng, "normal", np.float32)
    settings = replace(experiment.settings, epochs=epochs, threads=threads)
    orders = None if settings.full_batch else list(_shuffles(len(X), rng, epochs))
    state, tests = TrainingState.start(parameters, settings), {"test": Examples(X_test, y_test)}
    return train(NETWORK, state, Examples(X, y), tests, settings=settings, orders=orders)


def _shuffles(n: int, rng: np.random.RandomState, epochs: int) -> Iterator[NDArray[np.int64]]:
    """Shuffle the same permutation again for each epoch, as the notebook does."""
    permutation = np.arange(n)
    for _ in range(epochs):
        rng.shuffle(permutation)
        yield permutation.copy()
