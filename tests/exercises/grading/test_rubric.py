import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.errors import DataError, ExerciseError
from handgrad.exercises.grading.rubric import Rubric, default_rubric, default_rubric_text, read_rubric
from handgrad.exercises.results import Finding, Status, TaskResult
from handgrad.exercises.tasks import TASKS


def wrong(credit: float, *mistakes: str | None) -> TaskResult:
    """Make a wrong backprop with these mistakes."""
    findings = tuple(Finding(("delta_out",), mistake) for mistake in mistakes or (None,))
    return TaskResult("backprop", "wrong", findings, credit=credit)


def written(folder: Path, text: str) -> Path:
    """Write a rubric."""
    path = folder / "rubric.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("sheet", [3, 4])
def test_default_counts_the_sheet(sheet: int) -> None:
    """The default rubric of a sheet counts each of its tasks with the points of TASKS, and no others."""
    expected = {name: task.points for name, task in TASKS.items() if task.sheet == sheet}
    assert dict(default_rubric(sheet).points) == expected
    assert default_rubric(sheet).maximum == sum(expected.values())


@pytest.mark.parametrize("sheet", [3, 4])
def test_text_to_start_from_is_the_default(sheet: int, tmp_path: Path) -> None:
    """The text to start from reads as the default rubric; its example of a deduction, uncommented, is accepted."""
    text = default_rubric_text(sheet)
    assert read_rubric(written(tmp_path, text)) == default_rubric(sheet)
    *_, example = text.splitlines()
    name, _, value = example.removeprefix("# ").partition(" = ")
    rubric = read_rubric(written(tmp_path, text.replace(example, f"{name} = {value}")))
    assert rubric.deductions == {name: 0.5}


def test_right_task_gets_all_points() -> None:
    """A right task gets its points, whatever its credit says and however they round."""
    assert Rubric({"backprop": 1.1}, rounding=0.5).score(TaskResult("backprop", "right")) == 1.1


@pytest.mark.parametrize("status", ["not_attempted", "crashed", "too_slow"])
def test_task_without_credit_gets_none(status: Status) -> None:
    """What was not attempted, crashed or too slow gets the points of its credit, which is nothing."""
    assert default_rubric().score(TaskResult("backprop", status)) == 0


def test_credit_counts_with_its_weight() -> None:
    """A task's points are points times credit times the weight of partial credit."""
    assert Rubric({"backprop": 4.0}).score(wrong(0.5)) == 2
    assert Rubric({"backprop": 4.0}, partial_credit=0.5).score(wrong(0.5)) == 1
    assert Rubric({"backprop": 4.0}, partial_credit=0.0).score(wrong(0.9)) == 0


@pytest.mark.parametrize(
    ("rounding", "credit", "points"),
    [(0.5, 0.0625, 0.5), (0.5, 0.0624, 0.0), (0.25, 7 / 9, 3.0), (1, 0.375, 2), (0, 1 / 3, 1.3333), (0.1, 0.2125, 0.9)],
)
def test_points_are_rounded_half_up(rounding: float, credit: float, points: float) -> None:
    """Points are rounded to the nearest multiple, a half upwards, as on paper and not as in binary."""
    assert Rubric({"backprop": 4.0}, rounding=rounding).score(wrong(credit)) == points


@given(
    points=st.sampled_from([0.5, 1.0, 1.1, 2.0, 4.0, 10.0]),
    rounding=st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 3.0]),
    credit=st.floats(0, 1),
)
def test_wrong_task_never_gets_all(points: float, rounding: float, credit: float) -> None:
    """Rounding never gives all points to a task that is not right, nor less than none."""
    got = Rubric({"backprop": points}, rounding=rounding).score(wrong(credit))
    assert got >= 0
    assert got < points or (rounding == 0 and credit > 0.9999)


def test_hostile_rubrics_are_refused_soon(tmp_path: Path) -> None:
    """Names of very many parts, nesting and long numbers took a minute and gigabytes, or ended in a traceback."""
    path, began = tmp_path / "rubric.toml", time.process_time()
    for text in (".".join("a" * 49_000) + " = 1", "a = " + "[" * 49_000, "rounding = " + "9" * 90_000):
        path.write_text(text)
        with pytest.raises(ExerciseError, match="is not valid TOML"):
            read_rubric(path)
    assert time.process_time() - began < 5


def test_named_mistake_costs_its_price() -> None:
    """Where every finding has a price, the task loses the sum of them instead of its credit, at most all."""
    rubric = Rubric({"backprop": 4.0}, deductions={"delta_sign": 0.5, "gradient_transposed": 3.75})
    assert rubric.score(wrong(0.0, "delta_sign")) == 3.5
    assert rubric.score(wrong(0.0, "delta_sign", "delta_sign")) == 3.5
    assert rubric.score(wrong(0.0, "delta_sign", "gradient_transposed")) == 0


def test_other_mistakes_leave_the_credit() -> None:
    """Where one of the findings has no price, or no name, the credit counts."""
    rubric = Rubric({"backprop": 4.0}, deductions={"delta_sign": 0.5})
    assert rubric.score(wrong(0.25, "delta_sign", "gradient_transposed")) == 1
    assert rubric.score(wrong(0.25, "delta_sign", None)) == 1


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("point = 3", "'point'"),
        ("[points]\nbackprob = 4", "backprop"),
        ("[points]\nbackprop = 4\n[deductions]\ngradient_without_meen = 1", "gradient_without_mean"),
        ("[points]\nbackprop = '4'", "'4'"),
        ("[points]\nbackprop = true", "True"),
        ("[points]\nbackprop = -1", "-1"),
        ("[points]\nbackprop = nan", "nan"),
        ("[points]\nbackprop = inf", "inf"),
        ("[points]\nbackprop = 0", "0 points for backprop"),
        ("points = 3", "a table"),
        ("partial_credit = 1.5\n[points]\nbackprop = 4", "1.5"),
        ("rounding = -0.5\n[points]\nbackprop = 4", "-0.5"),
        ("rounding = 0.5", "no task has points"),
        ("", "no task has points"),
        ("[points\n", "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("# " + "x" * 200_000, "100,000 bytes"),
    ],
)
def test_wrong_rubric_is_refused(text: str, piece: str, tmp_path: Path, refused) -> None:
    """A rubric with an unknown key, task or mistake, or an impossible number, is refused with what is at fault."""
    with refused(ExerciseError, piece):
        read_rubric(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path, refused) -> None:
    """A file that is not UTF-8 is no rubric."""
    path = tmp_path / "rubric.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with refused(ExerciseError, "not valid TOML"):
        read_rubric(path)


def test_missing_rubric_is_refused(tmp_path: Path, refused) -> None:
    """A rubric that is not there is refused."""
    with refused(DataError, "there is no file"):
        read_rubric(tmp_path / "rubric.toml")
