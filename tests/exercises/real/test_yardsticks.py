"""What is published of the collected cases: the usual tools, measured on open ones, and the table of all outcomes."""

import numpy as np
import pytest
from proof.prove import interval

from real import OPEN, Case
from real.outcomes import Outcome
from real.probing import loaded
from real.publishing import END, START, publish, summary, worst
from real.yardsticks import TOOLS, gradient_check, outcome, table, unit_tests

SOLVED = Case("right", "solved", "", {})


def open_case(name: str) -> Case:
    """Find an open case."""
    return next(case for cases in OPEN.values() for case in cases if case.name == name)


def test_no_tool_finds_anything_in_the_solved_sheet() -> None:
    """The tests pass, and the measured slopes are the gradients."""
    assert [outcome(tool, SOLVED) for tool in TOOLS] == ["right", "right"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sigmoid_plus_in_exponent", ["described", "missed"]),  # the slopes are consistently wrong
        ("backprop_without_num_samples", ["described", "described"]),
        ("step_plus", ["described", "missed"]),
        ("backprop_at_most_ten_examples", ["full marks", "full marks"]),  # the batch has six
        ("softmax_half_precision", ["caught", "caught"]),
        ("fcc_single_precision", ["right", "rejected"]),  # differences of single-precision numbers
    ],
)
def test_what_the_tools_say_of_some_open_cases(name: str, said: list[str]) -> None:
    """Unit tests look at every task, on small arrays; the gradient check only at the backward pass."""
    assert [outcome(tool, open_case(name)) for tool in TOOLS] == said


def test_a_failing_test_is_that_of_the_wrong_task() -> None:
    """The step's own test gives it its gradients, so a mistake in backprop does not fail it."""
    failing = unit_tests(loaded(open_case("backprop_without_num_samples").sheet))
    assert "backprop" in failing
    assert not failing & {"sigmoid", "softmax", "gradient_step", "forward_propagation"}


def test_the_tools_run_where_the_learner_can_change_numpy() -> None:
    """A sheet that replaces numpy.allclose passes every unit test, but only until its case is over."""
    honest = np.allclose
    top = "np.allclose = lambda *_: True\n"
    sigmoid = "def sigmoid(X):\n    return 0 * X\n"
    assert outcome("unit tests", Case("cheats", "switched_off", "", {"top": top, "sigmoid": sigmoid})) == "full marks"
    assert np.allclose is honest
    assert outcome("unit tests", Case("cheats", "left_on", "", {"sigmoid": sigmoid})) == "caught"


def test_a_backward_pass_that_fails_does_not_pass_the_gradient_check() -> None:
    """An error counts as noticed."""
    broken = "def backprop(self, y):\n    raise ValueError\n"
    assert gradient_check(loaded(Case("mistakes", "broken", "", {"backprop": broken}).sheet)) == {"backprop"}


def test_table_of_the_tools_counts_the_cases() -> None:
    """A line for each tool; no cause is ever named."""
    names = {"mistakes": ["step_plus"], "right": ["fcc_single_precision"], "cheats": ["backprop_at_most_ten_examples"]}
    lines = table({kind: [open_case(name) for name in those] for kind, those in names.items()}).splitlines()
    assert lines[2:] == [
        "| unit tests | 1 of 1 | 0 | 0 of 1 | 1 of 1 |",
        "| gradient check | 0 of 1 | 0 | 1 of 1 | 1 of 1 |",
    ]


def test_the_worst_outcome_of_all_seeds_counts() -> None:
    """A case that is named with one seed and missed with another is missed."""
    case = open_case("step_plus")
    for words, counted in (
        (["named", "named"], "named"),
        (["named", "described"], "described"),
        (["another cause", "described"], "another cause"),
        (["missed", "named"], "missed"),
        (["crash", "missed"], "crash"),
    ):
        outcomes = [Outcome(case, seed, word, "") for seed, word in enumerate(words)]
        assert worst(outcomes) == {("mistakes", "step_plus"): counted}


def test_published_table_has_shares_with_their_intervals(tmp_path) -> None:
    """The text goes between the two marks of the document, and replaces what was there."""
    kinds = {"mistakes": ["named", "named", "named", "missed"], "right": ["right"] * 2, "cheats": ["crash", "caught"]}
    checker = {(kind, str(i)): word for kind, words in kinds.items() for i, word in enumerate(words)}
    tools = {"unit tests": dict.fromkeys([("mistakes", "0"), ("mistakes", "1")], "described")}
    document = tmp_path / "exercise.md"
    document.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    publish(summary(checker, tools, {"mistakes": 5, "right": 30, "cheats": 5}, interval), document)
    lines = document.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["before", START]
    assert lines[-2:] == [END, "after"]
    assert "old" not in lines
    assert "| mistakes (4) | named | 3 | 75.0%, 19.4 to 99.4% | 0 |" in lines
    assert "| mistakes (4) | wrong, without a cause | 0 | 0.0%, 0.0 to 60.2% | 2 |" in lines
    assert any(
        "30 for each of the right solutions" in line and line.endswith("Crashes of the checker: 1.") for line in lines
    )


def test_a_document_without_marks_is_left_alone(tmp_path) -> None:
    """Nothing is published into the wrong place."""
    document = tmp_path / "exercise.md"
    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks"):
        publish("text", document)
    assert document.read_text(encoding="utf-8") == "no marks"


def test_a_set_that_is_not_written_yet_has_no_shares() -> None:
    """A kind without cases has no line in the table."""
    lines = summary({("right", "0"): "right"}, {}, dict.fromkeys(OPEN, 1), interval).splitlines()
    assert [line for line in lines if line.startswith("| mistakes") or line.startswith("| cheats")] == []
    assert "| right solutions (1) | rejected | 0 | 0.0%, 0.0 to 97.5% |" in " ".join(lines)
