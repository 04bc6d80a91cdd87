"""The tasks of the two sheets: their names, equations, and the quantities by which each is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Task:
    """One task of a sheet.

    Attributes
    ----------
    name : str
        The name of the function or method that the learner writes.
    sheet, number : int
        The sheet it stands on (3 or 4), and its number there.
    kind : {"function", "method", "routine"}
        A function of arrays; a method of the class ``fcc``; or a training routine, which is given a network.
    parameters : tuple of str
        Those of the signature, without ``self``; in ``handgrad.handout`` some have defaults.
    quantities : tuple of str
        What is compared, in the order in which it is computed: the first wrong one is named.
    equation : str
        The numbers of the sheet's equations, or "" where there is none.
    points : float
        By default; a rubric may say otherwise.
    """

    name: str
    sheet: int
    number: int
    kind: Literal["function", "method", "routine"]
    parameters: tuple[str, ...]
    quantities: tuple[str, ...]
    equation: str
    points: float = 1.0


BACKPROP = (
    "delta_out", "dW_h2_o", "db_out", "delta_h2", "dW_h1_h2", "db_h2", "delta_h1", "dW_i_h1", "db_h1",
)  # fmt: skip
PARAMETERS = ("W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out")
ROUTINE = ("neural_net", "trainx", "trainy", "testx", "testy", "learning_rate")

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("sigmoid", 3, 1, "function", ("X",), ("sigmoid",), ""),
        Task("softmax", 3, 2, "function", ("X",), ("softmax",), ""),
        Task("fcc_one_layer", 3, 3, "function", ("X", "W", "b", "activation"), ("fcc_one_layer",), "(3.4)"),
        Task("cross_entropy", 3, 4, "function", ("pred_logits", "y"), ("cross_entropy",), ""),
        Task("accuracy", 3, 5, "function", ("logits", "labels"), ("accuracy",), ""),
        Task("delta_last_layer", 4, 1, "function", ("h", "y"), ("delta_out",), "(4.30), (4.31)", 2.0),
        Task("delta_last_layer_easy_approach", 4, 1, "function", ("h", "y"), ("delta_out",), "(4.30), (4.31)"),
        Task("del_sigmoid", 4, 2, "function", ("h",), ("del_sigmoid",), ""),
        Task("backprop", 4, 3, "method", ("y",), BACKPROP, "(4.26), (4.27), (4.28)", 4.0),
        Task("gradient_step", 4, 4, "method", ("learning_rate",), PARAMETERS, "", 1.0),
        Task("gradient_descent", 4, 5, "routine", (*ROUTINE, "num_iterations", "evaluate_every"), ("steps",), "", 2.0),
        Task(
            "stochastic_gradient_descent", 4, 5, "routine", (*ROUTINE, "batch_size", "epochs", "log_every", "rng"),
            ("steps",), "", 3.0,
        ),
    )
}  # fmt: skip
