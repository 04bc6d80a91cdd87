"""What is measured: each contest's network, data and settings, and its contestants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

DIGITS = (784, 400, 400, 10)
TABLE = (20, 64, 64, 1)
CLASSIFIERS = ("handgrad", "torch", "torch-compile", "jax", "tensorflow", "sklearn")


@dataclass(frozen=True)
class Task:
    """One network, its data, and what a round of work is; the same for every contestant.

    Attributes
    ----------
    kind : {"epochs", "full batch", "predict"}
        A round is ``repeats`` epochs of mini-batches, ``repeats`` full-batch steps, or ``repeats`` calls of predict.
    sizes : tuple of int
        Units in each layer, input first, output last.
    data : {"digits", "dense", "table"}
        A name of ``data.PARTS``.
    examples : int
        How many of the first rows are trained on.
    rows : int
        Rows in one call of predict.
    afresh : bool
        Every round trains from new weights and is scored; otherwise training continues from round to round.
    """

    kind: Literal["epochs", "full batch", "predict"]
    sizes: tuple[int, ...] = DIGITS
    activation: Literal["sigmoid", "relu"] = "sigmoid"
    initialiser: str = "normal"
    loss: Literal["cross_entropy", "squared_error"] = "cross_entropy"
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    learning_rate: float = 0.1
    schedule: Literal["constant", "one_cycle"] = "constant"
    label_smoothing: float = 0.0
    batch_size: int = 64
    repeats: int = 1
    data: Literal["digits", "dense", "table"] = "digits"
    examples: int = 60_000
    rows: int = 0
    afresh: bool = False

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in an epoch; the incomplete last one is left out."""
        return self.examples // self.batch_size

    @property
    def divisor(self) -> int:
        """The number that a round's seconds are divided by before they are reported."""
        return 1 if self.kind == "epochs" else self.repeats


def task_from(content: dict[str, Any]) -> Task:
    """Make a task from its JSON form."""
    return Task(**{**content, "sizes": tuple(content["sizes"])})


@dataclass(frozen=True)
class Contest:
    """A task and its contestants.

    Attributes
    ----------
    name : str
    group : str
        What ``--only`` takes.
    title : str
    unit : str
        What the reported seconds are for.
    task : Task
    contestants : tuple of str
        Names of ``contestants.CONTESTANTS``, in the order of their turns.
    measure : {"seconds", "memory"}
    rounds : int, optional
        If it is not the run's number; 0 stops after the first, unmeasured round.
    restart : bool
        Start every contestant a second time, to see what the caches on disk save.
    target : float, optional
        The accuracy that every round should reach.
    """

    name: str
    group: str
    title: str
    unit: str
    task: Task
    contestants: tuple[str, ...] = CLASSIFIERS
    measure: Literal["seconds", "memory"] = "seconds"
    rounds: int | None = None
    restart: bool = False
    target: float | None = None


SGD = Task("epochs")
ADAM = Task("epochs", activation="relu", initialiser="he_normal", optimizer="adam", learning_rate=0.001, batch_size=256)
FULL_BATCH = Task("full batch", repeats=3)
# As ``handgrad train --preset fast``: chosen on 10,000 examples of the training part, before any test.
RECIPE = Task(
    "epochs",
    activation="relu",
    initialiser="he_normal",
    optimizer="adamw",
    learning_rate=0.01,
    schedule="one_cycle",
    label_smoothing=0.1,
    batch_size=256,
    repeats=2,
    afresh=True,
)
# From Glorot weights, which scikit-learn draws anyway: from others the scores would not be comparable.
REGRESSION = Task(
    "epochs",
    TABLE,
    "relu",
    "glorot_uniform",
    "squared_error",
    "adam",
    0.001,
    batch_size=32,
    data="table",
    examples=20_000,
)
PREDICTORS = ("handgrad", "torch", "jax", "tensorflow", "sklearn")
PEERS = ("handgrad", "torch", "torch-compile", "jax", "tensorflow", "sklearn")

CONTESTS: tuple[Contest, ...] = (
    Contest(
        "a",
        "a",
        "SGD, sigmoid, 784-400-400-10, batch 64",
        "an epoch",
        SGD,
        ("handgrad", "handgrad-numpy", "notebook", "torch", "torch-compile", "jax", "tensorflow", "sklearn", "floor"),
        restart=True,
    ),
    Contest("b", "b", "Adam, ReLU, 784-400-400-10, batch 256", "an epoch", ADAM),
    Contest(
        "c",
        "c",
        "Full-batch gradient descent, 784-400-400-10",
        "a step",
        FULL_BATCH,
        ("handgrad", "handgrad-numpy", "notebook", "torch", "jax", "tensorflow"),
    ),
    Contest(
        "d-many",
        "d",
        "Predict 10,000 rows, 784-400-400-10",
        "a call",
        Task("predict", repeats=5, rows=10_000, examples=512),
        PREDICTORS,
    ),
    Contest(
        "d-one",
        "d",
        "Predict one row, 784-400-400-10",
        "a call",
        Task("predict", repeats=2000, rows=1, examples=512),
        PREDICTORS,
    ),
    Contest(
        "e",
        "e",
        "To 98.0%: two epochs of AdamW, batch 256",
        "a training",
        RECIPE,
        ("handgrad", "torch", "torch-compile", "jax", "tensorflow"),
        rounds=30,
        target=0.98,
    ),
    Contest(
        "f",
        "f",
        "SGD, sigmoid, the same, inputs without zeros",
        "an epoch",
        replace(SGD, data="dense"),
        ("handgrad", "handgrad-numpy", "notebook", "torch", "torch-compile", "jax", "tensorflow", "sklearn"),
    ),
    Contest(
        "g-narrow",
        "g",
        "SGD, sigmoid, 784-32-10, batch 64",
        "an epoch",
        replace(SGD, sizes=(784, 32, 10)),
        PEERS,
    ),
    Contest(
        "g-wide",
        "g",
        "SGD, ReLU, 784-1024-1024-1024-10, batch 64",
        "a quarter of an epoch",
        replace(SGD, sizes=(784, 1024, 1024, 1024, 10), activation="relu", initialiser="he_normal", examples=15_000),
        PEERS,
    ),
    Contest("g-table", "g", "Regression, Adam, ReLU, 20-64-64-1, batch 32", "an epoch", REGRESSION, PEERS),
    Contest(
        "memory",
        "memory",
        "Peak memory of three full-batch steps, 784-400-400-10",
        "a process",
        FULL_BATCH,
        ("handgrad", "notebook", "torch", "jax", "tensorflow"),
        measure="memory",
        rounds=0,
        restart=True,
    ),
)
GROUPS = tuple(dict.fromkeys(contest.group for contest in CONTESTS))


def shrunk(contest: Contest, examples: int = 6_400, rounds: int = 2) -> Contest:
    """Return the contest with a fraction of its work, to see whether everything runs.

    Memory and the accuracy of the recipe still use all examples. Contestants that are slow to start are left out:
    TensorFlow takes ten seconds, torch.compile half a minute per network.
    """
    slow = ("torch-compile", "tensorflow", *(("notebook", "jax") if contest.measure == "memory" else ()))
    contest = replace(contest, contestants=tuple(name for name in contest.contestants if name not in slow))
    contest = replace(contest, restart=False)
    if contest.measure == "memory":
        return contest
    task, rounds_or_none = contest.task, min(contest.rounds, rounds) if contest.rounds else contest.rounds
    if task.kind == "predict":
        task = replace(task, repeats=max(1, task.repeats // 5))
    elif not task.afresh:
        task = replace(task, examples=min(task.examples, examples))
    return replace(contest, task=task, rounds=rounds_or_none)
