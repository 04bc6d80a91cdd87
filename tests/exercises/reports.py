"""Hand-made results, with one task of every kind, for the tests of what people see."""

from handgrad.exercises.calls import Crash
from handgrad.exercises.report.feedback import message, own_text
from handgrad.exercises.results import Checked, Fact, Finding, Language, Note, Picture, TaskResult


def facts(*quantities: str, **more: Fact) -> dict[str, Fact]:
    """Give all facts that a message may want, for some quantities."""
    sizes = {"n": 64, "k": 10, "d": 8, "h1": 5, "h2": 6}
    shapes = {"expected_shape": "(3, 4)", "found_shape": "(4, 3)", "where": "[0, 1]"}
    return {"quantities": quantities, "found": 0.25, "expected": 0.5, "rate": 0.1, **shapes, **sizes, **more}


def named(mistake: str, *quantities: str, equation: str = "") -> Finding:
    """Make a finding of the catalogue."""
    return Finding(quantities, mistake, facts(*quantities), equation=equation)


def unnamed(quantity: str, seen: str = "zero", **more: Fact) -> Finding:
    """Make a finding whose cause is not known: the quantity is zero everywhere, or something else was seen."""
    return Finding((quantity,), seen=(Note(seen, facts(quantity, **more)),))


SIGN = named("delta_sign", "delta_out", equation="(4.30), (4.31)")
DERIVATIVE = named("derivative_of_preactivation", "delta_h2", "delta_h1", equation="(4.26)")
REMARK = Finding((), "delta_zero_by_zero", facts("delta_out"), equation="(4.30)")
UNNAMED = unnamed("dW_i_h1", "shape")
SHAPES = Note("crash_broadcast", {"shapes": "(2,3) (4,)"})
PICTURE = Picture(
    Note("picture_backprop", {"quantity": "delta_h2"}), ((0.125, 0.2), (0.3, 0.4)), ((0.125, 0.25), (0.3, 0.45))
)
CRASH = Crash("ValueError", "operands could not be broadcast", 4, 3, "    return h * W")


def said(result: TaskResult, language: Language = "en") -> str:
    """Give all sentences about a task in a row."""
    return " ".join([own_text(result, language), *(message(finding, language) for finding in result.findings)]).strip()


def one(result: TaskResult, language: Language = "en", isolated: bool = True) -> Checked:
    """Make a report of a single task."""
    return Checked("anna", (result,), language, isolated, 1.25)


def everything(language: Language = "en", isolated: bool = True) -> Checked:
    """Make a report with a task of every status, and a wrong one with two findings, consequences and a picture."""
    backprop = TaskResult(
        "backprop",
        "wrong",
        (DERIVATIVE, UNNAMED),
        consequences=("dW_h1_h2", "db_h2", "db_h1"),
        picture=PICTURE,
        credit=6 / 9,
    )
    tasks = (
        TaskResult("delta_last_layer", "right", notes=(Note("right"),), credit=1.0),
        TaskResult("delta_last_layer_easy_approach", "wrong", (SIGN,)),
        TaskResult("del_sigmoid", "crashed", notes=(SHAPES,), crash=CRASH),
        backprop,
        TaskResult("gradient_step", "not_attempted", notes=(Note("not_attempted"),)),
        TaskResult("gradient_descent", "too_slow", notes=(Note("too_slow"),)),
        TaskResult("stochastic_gradient_descent", "right", notes=(Note("right"),), credit=1.0),
    )
    return Checked("anna", tasks, language, isolated, 1.25)
