"""Hand-made results, with one task of every kind, for the tests of what people see."""

from handgrad.exercises.calls import Crash
from handgrad.exercises.results import Checked, Finding, Language, Picture, TaskResult

SIGN = Finding(
    ("delta_out",), "delta_sign", "Your delta_out is exactly -1 times the right one.", "Which way round?",
    "The error is probability minus target.", "(4.30), (4.31)",
)  # fmt: skip
DERIVATIVE = Finding(
    ("delta_h2", "delta_h1"), "derivative_of_preactivation", "Your delta_h2 takes the derivative at the wrong place.",
    "Which argument does del_sigmoid want?", "In (4.26) the factor is h(1 - h).", "(4.26)",
)  # fmt: skip
UNNAMED = Finding(("dW_i_h1",), None, "Your dW_i_h1 has shape (4, 3) where (3, 4) is wanted.", "Compare shapes.")
PICTURE = Picture("delta_h2 by hand", (("0.10", "0.20"), ("0.30", "0.40")), (("0.10", "0.25"), ("0.30", "0.45")))
CRASH = Crash("ValueError", "operands could not be broadcast", 4, 3, "    return h * W")


def one(result: TaskResult, language: Language = "en", isolated: bool = True) -> Checked:
    """Make a report of a single task."""
    return Checked("anna", (result,), language, isolated, 1.25)


def everything(language: Language = "en", isolated: bool = True) -> Checked:
    """Make a report with a task of every status, and a wrong one with two findings, consequences and a picture."""
    backprop = TaskResult(
        "backprop", "wrong", "", (DERIVATIVE, UNNAMED), ("dW_h1_h2", "db_h2", "db_h1"), picture=PICTURE, credit=6 / 9
    )
    tasks = (
        TaskResult("delta_last_layer", "right", "Right.", credit=1.0),
        TaskResult("delta_last_layer_easy_approach", "wrong", SIGN.message, (SIGN,)),
        TaskResult("del_sigmoid", "crashed", "Two shapes do not fit.", crash=CRASH),
        backprop,
        TaskResult("gradient_step", "not_attempted", "The blank is still there."),
        TaskResult("gradient_descent", "too_slow", "It had not returned after 2 s."),
        TaskResult("stochastic_gradient_descent", "right", "Right.", credit=1.0),
    )
    return Checked("anna", tasks, language, isolated, 1.25)
