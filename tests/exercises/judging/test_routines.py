"""The training routines are judged by what they do, and their mistakes are recognised."""

import inspect
import random
import re
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from textwrap import dedent, indent
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from routine_sources import (
    CHANGED_OUTPUTS,
    FALSE_HISTORY,
    HARD_CODED,
    HEEDING,
    HONEST_HISTORY,
    LOGS_EVERYTHING,
    MOMENTUM,
    PAIR,
    UNNAMED,
    WRONG,
    gd,
    measuring,
    returning,
    sgd,
)
from sampling import sampled

from handgrad.exercises.calls import Answer, Event
from handgrad.exercises.catalogue.batches import shuffling
from handgrad.exercises.catalogue.deviations import LOOKS, deviations
from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.catalogue.routines import STYLES, Form, Network, Style, forms, play, recognise, run
from handgrad.exercises.catalogue.traces import Probe, Trace, Update, trace
from handgrad.exercises.judging.plan import Plan, in_order
from handgrad.exercises.judging.routines import calls_for, judge
from handgrad.exercises.report.feedback import explanation, hint, summary
from handgrad.exercises.results import Note, TaskResult
from handgrad.exercises.sandbox.inside import recorder
from handgrad.exercises.sandbox.inside.tables import tables
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell
from handgrad.exercises.tasks import TASKS
from handgrad.exercises.words.wording import texts

GD, SGD = "gradient_descent", "stochastic_gradient_descent"
MISTAKES = {task: {form.mistake for form in forms(task)} for task in (GD, SGD)}
OWN = (
    ("OWN_RATE", 0.1), ("OWN_FACTOR", 0.5), ("OWN_SHARE", 0.25), ("OWN_SIZE", 3), ("OWN_COUNT", 20),
    ("OWN_REPEATS", 3), ("OWN_BATCHES", 2),
)  # fmt: skip
VARIANTS = Path(__file__).parents[1] / "proof" / "variants"
CORRECT = [
    (file.name, task)
    for file in sorted(VARIANTS.iterdir(), key=lambda file: file.name)
    for task in (GD, SGD)
    if file.name.endswith(".py") and f"\ndef {task}(" in file.read_text(encoding="utf-8")
]

each_task = pytest.mark.parametrize("task", [GD, SGD])


def plan_for(task: str, seed: int = 0) -> Plan[Any]:
    """Draw a plan."""
    return calls_for(task, np.random.default_rng(seed))


def performed(source: str, plan: Plan[Any]) -> list[Answer]:
    """Answer a plan's calls in this process, with the network of the sandbox; the sources are our own."""
    module = ModuleType("submission")
    exec(compile(source, "submission", "exec"), vars(module))  # noqa: S102
    routine = getattr(module, plan.task)
    answers = {}
    for _, i in in_order({plan.task: plan}):
        if i >= len(plan.drawn):  # without the further ones
            continue
        call, probe = plan.calls[i], plan.drawn[i]
        np.random.seed(i)  # noqa: NPY002 - as the sandbox does: learners shuffle by the global state
        random.seed(i)
        recording = recorder.Recording(recorder.fcc, probe.weights)
        keywords = {**call.keywords, "rng": np.random.RandomState(i)}
        taken = {name: keywords[name] for name in inspect.signature(routine).parameters if name in keywords}
        for name, values in probe.measurements.items():
            setattr(module, name, recording.log.measuring(name, values))
        data = [array.copy() for array in (probe.trainx, probe.trainy, probe.testx, probe.testy)]
        with recording:
            returned = routine(recording.network, *data, **taken)
        log = recording.log
        events = [Event(*event) for event in (*log.events, ("end", log.elsewhere, log.step, log.rate))]
        values = {f"table{index}": table for index, table in enumerate(tables(returned))}
        answers[i] = Answer(call.id, "ok", values, tuple(events))
    return [answers[i] for i in sorted(answers)]


def played(plan: Plan[Any], style: Style, form: Form) -> list[Answer]:
    """Answer a plan's calls by a mistake of the catalogue."""
    events = [play(plan.task, probe, style, form.body, seed=1, own=OWN) for probe in plan.drawn]
    return [Answer(call.id, "ok", events=e) for call, e in zip(plan.calls, events, strict=False)]


def isolated(source: str, plan: Plan[Any]) -> list[Answer]:
    """Answer a plan's calls as a check does."""
    order = [i for _, i in in_order({plan.task: plan})]
    answers = run_calls([Cell(0, source)], [plan.calls[i] for i in order], find_sandbox(allow_none=True))
    return [answers[order.index(i)] for i in range(len(order))]


def task_of(source: str) -> str:
    """Say which routine a source defines."""
    return SGD if f"def {SGD}" in source else GD


def named(result: TaskResult) -> list[str | None]:
    """List the mistakes of a result."""
    return [found.mistake for found in result.findings]


@pytest.mark.parametrize(
    ("mistake", "source"), sampled(WRONG, 12, [f"{task_of(s)}-{m}-{i}" for i, (m, s) in enumerate(WRONG)])
)
def test_learners_mistake_is_named(mistake: str, source: str) -> None:
    """A routine with a mistake, written as a learner would, is wrong, and the mistake is named, and nothing else."""
    plan = plan_for(task_of(source), len(source))
    result = judge(plan, performed(source, plan))
    assert (result.status, named(result)) == ("wrong", [mistake])
    assert result.credit < 1
    assert summary(result, "en").startswith(catalogue()[mistake].words["en"].message)


@pytest.mark.parametrize(("name", "task"), sampled(CORRECT, 9))
def test_correct_routine_is_right(name: str, task: str) -> None:
    """Every routine in the collection of correct solutions is right, whatever its style, for several draws."""
    source = (VARIANTS / name).read_text(encoding="utf-8")
    for seed in range(3):
        plan = plan_for(task, seed)
        result = judge(plan, performed(source, plan))
        remarks = [one for one in named(result) if one not in ("incomplete_batch_used", "order_ignores_rng")]
        assert (result.status, remarks, result.credit) == ("right", [], 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("mistake", "source"), WRONG[38:], ids=range(38, len(WRONG)))
def test_learners_mistake_is_named_in_every_draw(mistake: str, source: str, seed: int) -> None:
    """The verdict does not hang on the data and settings drawn."""
    plan = plan_for(task_of(source), seed)
    assert named(judge(plan, performed(source, plan))) == [mistake]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), CORRECT, ids=lambda part: part)
def test_correct_routine_is_right_in_every_draw(name: str, task: str) -> None:
    """No draw makes a right routine wrong."""
    source = (VARIANTS / name).read_text(encoding="utf-8")
    for seed in range(3, 33):
        plan = plan_for(task, seed)
        assert judge(plan, performed(source, plan)).status == "right", seed


@pytest.mark.parametrize(
    "source", sampled([WRONG[1][1], WRONG[10][1], (VARIANTS / "own_notebook.py").read_text(encoding="utf-8")], 2)
)
def test_sandbox_records_what_is_recorded_here(source: str) -> None:
    """A routine gives the same verdict and, without chance, the same events in the sandbox as in this process."""
    for task in (GD, SGD):
        if f"def {task}" not in source:
            continue
        plan = plan_for(task)
        there, here = isolated(source, plan), performed(source, plan)
        verdicts = [judge(plan, answers) for answers in (there, here)]
        assert verdicts[0].status == verdicts[1].status
        # What is returned is not kept here, nor is anything called twice, so there is no remark on it.
        not_here = ("no_history_returned", "order_ignores_rng")
        assert [name for name in named(verdicts[0]) if name not in not_here] == named(verdicts[1])
        for a, b in zip(there, here, strict=False):
            assert [(e.method, e.step) for e in a.events] == [(e.method, e.step) for e in b.events]
            if task == GD:
                assert all(np.array_equal(e.value, f.value) for e, f in zip(a.events[:-1], b.events[:-1], strict=True))


def test_quick_network_records_what_the_sandboxs_does() -> None:
    """The network for mutants and the one in the sandbox note the same events, whatever is done and in which order."""
    probe = plan_for(GD).drawn[0]
    quick, recording = Network(), recorder.Recording(recorder.fcc, probe.weights)
    with recording:
        for net in (quick, recording.network):
            net.gradient_step(0.5)
            net.forward_propagation(probe.trainx)
            net.backprop(probe.trainy)
            net.backprop(probe.testy)
            net.gradient_step(0.25)
            net.gradient_step(0.125)
            net.forward_propagation(probe.testx[:0])
            for name in probe.weights:
                setattr(net, name, getattr(net, name) - 0.5)
            net.gradient_step(-2.0)
            net.b_out -= 1.0
    expected = [*recording.log.events, ("end", False, recording.log.step, recording.log.rate)]
    for event, (method, value, step, rate) in zip(quick.finished(), expected, strict=True):
        assert (event.method, event.step) == (method, step)
        assert event.rate == pytest.approx(rate, nan_ok=True)
        assert np.array_equal(event.value, value) if value is not None else event.value is None


@each_task
def test_every_mistake_is_in_the_catalogue(task: str) -> None:
    """The mistakes that are looked for are those of the catalogue, with this task among theirs."""
    assert {mistake for mistake, entry in catalogue().items() if task in entry.tasks and entry.code} == MISTAKES[task]


def distinct(plan: Plan[Any], styles: Any) -> dict[frozenset[Any], set[str]]:
    """Run every mistake in every form, twice with other random numbers, and collect what deviates."""
    seen: dict[frozenset[Any], set[str]] = {}
    for mistake, body in forms(plan.task):
        for style in styles:
            traces = [run(plan.task, probe, style, body, OWN) for probe in plan.drawn]
            made = deviations(traces, plan.drawn)
            again = [trace(play(plan.task, probe, style, body, seed=9, own=OWN), probe) for probe in plan.drawn]
            assert made == deviations(again, plan.drawn), (mistake, style)
            assert made, (mistake, style)
            seen.setdefault(frozenset(made.items()), set()).add(mistake)
    return seen


@pytest.mark.parametrize("task", sampled([GD, SGD], 2))
def test_no_two_mistakes_look_alike(task: str) -> None:
    """What a mistake does differs from what is right and from every other mistake, and does not hang on chance."""
    seen = distinct(plan_for(task), STYLES[:1])
    assert [mistakes for mistakes in seen.values() if len(mistakes) > 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@each_task
def test_no_two_mistakes_look_alike_in_any_style(task: str, seed: int) -> None:
    """The same for every style and many draws."""
    seen = distinct(plan_for(task, seed), STYLES)
    assert [mistakes for mistakes in seen.values() if len(mistakes) > 1] == []


@each_task
def test_the_right_routine_has_no_deviation_in_any_style(task: str) -> None:
    """What is evaluated, when, and whether the incomplete batch is taken, is free."""
    for seed in range(5):
        plan = plan_for(task, seed)
        for style in STYLES:
            assert deviations([run(task, probe, style) for probe in plan.drawn], plan.drawn) == {}


@pytest.mark.slow
@each_task
def test_every_mutant_is_named(task: str) -> None:
    """Each mistake, run as the catalogue has it, is recognised as itself."""
    plan = plan_for(task, 3)
    named_right: dict[str, list[bool]] = {mistake: [] for mistake in MISTAKES[task]}
    for form in forms(task):
        for style in STYLES[:2]:
            result = judge(plan, played(plan, style, form))
            named_right[form.mistake].append(named(result) == [form.mistake])
    assert all(all(outcomes) and outcomes for outcomes in named_right.values())


def test_two_mistakes_are_both_named() -> None:
    """Two mistakes that show in different facts are recognised one by one."""
    plan = plan_for(SGD)
    for source, mistakes in (
        (PAIR, ["does_not_shuffle", "learning_rate_negated"]),
        (HARD_CODED, ["batch_size_ignored", "learning_rate_ignored"]),
    ):
        assert sorted(map(str, named(judge(plan, performed(source, plan))))) == mistakes


def test_unknown_mistake_is_described() -> None:
    """A routine that nobody thought of is wrong without a name, and the report says what was seen of it."""
    plan = plan_for(GD)
    result = judge(plan, performed(MOMENTUM, plan))
    assert named(result) == [None]
    assert f"learning_rate={plan.drawn[0].rate:.4g}, the first weight updates" in summary(result, "en")
    assert "haben die ersten Gewichtsänderungen" in summary(result, "de")
    assert hint(result.findings[0], "en")
    assert explanation(result.findings[0], "en")
    assert result.findings[0].quantities == ("steps",)


@pytest.mark.parametrize(("said", "source"), sampled(UNNAMED.items(), 2, list(UNNAMED)))
@pytest.mark.parametrize("seed", sampled(range(5), 5))
def test_what_is_right_in_short_trials_alone_is_wrong(said: str, source: str, seed: int) -> None:
    """Training that stops early, and orders that are no shuffling, are seen, and given no wrong name."""
    plan = plan_for(task_of(source), seed)
    result = judge(plan, performed(source, plan))
    assert (result.status, named(result)) == ("wrong", [None])
    assert said in summary(result, "en")


@pytest.mark.parametrize("history", sampled(HONEST_HISTORY, 3))
def test_what_is_returned_is_free(history: str) -> None:
    """A routine may return nothing, something else, or rounded numbers."""
    plan = plan_for(GD)
    assert judge(plan, performed(returning(history), plan)).status == "right"


@pytest.mark.parametrize(("history", "said"), sampled(FALSE_HISTORY.items(), 2, list(FALSE_HISTORY.values())))
def test_a_returned_history_must_have_been_measured(history: str, said: str) -> None:
    """Named losses and accuracies that were not measured, not then, or not on those examples, cost a quarter."""
    plan = plan_for(GD)
    result = judge(plan, performed(returning(history), plan))
    names = {"record_lost": "history_overwritten", "record_other_rows": "history_of_the_other_set"}
    names |= {"record_again": "history_of_the_start", "record_misplaced": "history_misnumbered"}
    name = None if "test_loss" in history else names.get(said)
    assert (result.status, named(result), result.credit) == ("wrong", [name], 0.75)
    found = result.findings[0].seen[0].facts["found"]
    assert isinstance(found, Note)
    assert found.id.startswith(said)
    assert summary(result, "de").strip()


@pytest.mark.parametrize(("outputs", "changes"), sampled(CHANGED_OUTPUTS.items(), 3))
def test_what_is_measured_must_be_the_outputs(outputs: str, changes: bool) -> None:
    """They may be rounded, clipped and put together from pieces, but not improved."""
    plan = plan_for(GD)
    result = judge(plan, performed(measuring(outputs), plan))
    assert result.status == ("wrong" if changes else "right")
    if changes:
        assert result.findings[0].seen[0].facts["found"] == Note("record_other_outputs")


@pytest.mark.parametrize("rows", ["[b]", ""])
def test_what_is_logged_of_a_batch_was_measured_on_it(rows: str) -> None:
    """A number of the whole training set says nothing of a mini-batch."""
    source = LOGS_EVERYTHING.replace("SHOWN_X", f"trainx{rows}").replace("SHOWN_Y", f"trainy{rows}")
    plan = plan_for(task_of(source))
    assert judge(plan, performed(source, plan)).status == ("right" if rows else "wrong")


# What is done with the loss of each mini-batch, and when it is entered.
AVERAGED = {
    "sum since the last row, as in a tutorial": """
        total += loss
        if j % log_every == log_every - 1:
            log(total / log_every)
            total = 0.0
    """,
    "sum since the last row, entered first": """
        total += loss
        if j % log_every == 0:
            log(total / log_every)
            total = 0.0
    """,
    "count begins anew, sum does not": """
        total += loss
        if j % log_every == 0:
            log(total / (j + 1))
    """,
    "sum begins anew, count does not": """
        total = loss if j == 0 else total + loss
        count += 1
        if j % log_every == 0:
            log(total / count)
    """,
    "both begin anew": """
        total = loss if j == 0 else total + loss
        if j % log_every == 0:
            log(total / (j + 1))
    """,
    "neither begins anew": """
        losses.append(loss)
        if j % log_every == 0:
            log(np.mean(losses))
    """,
    "by examples": """
        total += loss * len(b)
        count += len(b)
        if j % log_every == 0:
            log(total / count)
    """,
    "only what is entered is measured": """
        if j % log_every == 0:
            MEASURE
            total += loss
            log(total / (epoch * steps + j + 1))
    """,
    "the last few": """
        losses.append(loss)
        if j % log_every == 0:
            log(np.mean(losses[-5:]))
    """,
    "forgets little by little": """
        total = 0.9 * total + 0.1 * loss
        if j % log_every == 0:
            log(total)
    """,
    "the plain sum": """
        total += loss
        if j % log_every == 0:
            log(total)
    """,
}


def logging(lines: str, incomplete: bool) -> str:
    """Write stochastic_gradient_descent with these lines in its inner loop."""
    source = sgd("""
        from collections import namedtuple
        Batch = namedtuple("Batch", "epoch step train_loss train_accuracy")
        batches, losses, total, count = [], [], 0.0, 0
        rng = np.random.RandomState() if rng is None else rng
        steps = STEPS
        for epoch in range(epochs):
            p = rng.permutation(len(trainx))
            for j in range(steps):
                b = p[j * batch_size:(j + 1) * batch_size]
                out = neural_net.forward_propagation(trainx[b])
                log = lambda number: batches.append(Batch(epoch, j, number, right))
                HERE
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        return [], batches
    """)
    count = "-(-len(trainx) // batch_size)" if incomplete else "len(trainx) // batch_size"
    if "MEASURE" not in lines:
        lines = "MEASURE\n" + dedent(lines)
    source = source.replace("STEPS", count).replace("            HERE\n", indent(dedent(lines), 12 * " "))
    return source.replace("MEASURE", "loss, right = cross_entropy(out, trainy[b]), accuracy(out, trainy[b])")


def test_measurements_times_a_number_are_no_averages() -> None:
    """What is divided by the size of the batch alone is a sum of one measurement, for which there is a plainer name."""
    plan = plan_for(SGD, 1)
    lines = "        if j % log_every == 0:\n            MEASURE\n            log(loss / batch_size)\n"
    assert named(judge(plan, performed(logging(lines, False), plan))) == ["history_scaled"]


@pytest.mark.parametrize("incomplete", [False, True])
@pytest.mark.parametrize("lines", sampled(AVERAGED.values(), 6, list(AVERAGED)))
def test_sums_and_averages_in_a_history_are_named(lines: str, incomplete: bool) -> None:
    """However they are made, also of measurements that are in no row; the same lines with the loss itself are right."""
    plan = plan_for(SGD, 1)
    result = judge(plan, performed(logging(lines, incomplete), plan))
    assert named(result) == ["history_running_mean"]
    entered = re.sub(r"log\(.*\)", "log(loss)", lines)
    assert judge(plan, performed(logging(entered, incomplete), plan)).status == "right"


COLUMNS = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")
SWAPPED = ["".join(order) for order in permutations("0123") if any((i - int(j)) % 2 for i, j in enumerate(order))]


def recording(before: str, lines: str, entered: Sequence[str] = COLUMNS) -> str:
    """Write gradient_descent with these lines before its loop, and before each row."""
    source = gd("""
        from collections import namedtuple
        Evaluation = namedtuple("Evaluation", "done test_loss test_accuracy train_loss train_accuracy")
        history = []
        BEFORE
        for i in range(num_iterations + 1):
            if i % evaluate_every == 0 or i == num_iterations:
                LINES
                history.append(Evaluation(i, ENTERED))
            if i < num_iterations:
                neural_net.forward_propagation(trainx)
                neural_net.backprop(trainy)
                neural_net.gradient_step(learning_rate)
        return history
    """)
    for name, text in {"BEFORE": before, "LINES": lines, "ENTERED": ", ".join(entered)}.items():
        source = source.replace(name, text)
    return source


def outputs_of(part: str) -> str:
    """Write a forward pass for an evaluation."""
    return f"{part} = neural_net.forward_propagation({part}x); "


def results_of(part: str) -> str:
    """Write the measurements of an evaluation."""
    return f"{part}_loss, {part}_accuracy = cross_entropy({part}, {part}y), accuracy({part}, {part}y); "


@pytest.mark.parametrize("order", sampled(SWAPPED, 10))
def test_exchanged_columns_are_named_in_whatever_order(order: str) -> None:
    """Losses in the place of accuracies have one name, however the columns were mixed up."""
    lines = "".join(outputs_of(part) + results_of(part) for part in ("test", "train"))
    plan = plan_for(GD)
    for entered, name in ((COLUMNS, []), ([COLUMNS[int(i)] for i in order], ["history_measures_swapped"])):
        assert named(judge(plan, performed(recording("", lines, entered), plan))) == name


@pytest.mark.parametrize("parts", [("test",), ("train",), ("test", "train")])
@pytest.mark.parametrize("measured_again", [False, True])
def test_results_of_the_beginning_are_named(parts: tuple[str, ...], measured_again: bool) -> None:
    """One set's or both, whether old outputs are measured again and again, or their results entered again."""
    before = "".join(outputs_of(part) + ("" if measured_again else results_of(part)) for part in parts)
    lines = "".join(
        ("" if part in parts else outputs_of(part)) + (results_of(part) if measured_again or part not in parts else "")
        for part in ("test", "train")
    )
    plan = plan_for(GD)
    result = judge(plan, performed(recording(before, lines), plan))
    assert named(result) == ["history_of_the_start"]
    found = result.findings[0].seen[0].facts["found"]
    assert isinstance(found, Note)
    assert (found.id == "record_stale") == (measured_again and len(parts) == 2)


@pytest.mark.parametrize("source", sampled(HEEDING.values(), 2, list(HEEDING)))
def test_training_that_heeds_its_losses_is_wrong(source: str) -> None:
    """Neither steps nor rates may depend on a loss, nor on how large the rate is."""
    plan = plan_for(task_of(source))
    assert judge(plan, performed(source, plan)).status == "wrong"


def test_picture_shows_what_each_step_was_made_from() -> None:
    """For a wrong routine, the first steps of a small trial stand beside those of a right one."""
    plan = plan_for(SGD)
    source = next(source for mistake, source in WRONG if mistake == "labels_not_shuffled")
    picture = judge(plan, performed(source, plan)).picture
    assert picture is not None
    assert all(rows == labels for rows, labels, _ in picture.expected[1:])
    assert picture.found[1][1] == " ".join(map(str, range(plan.drawn[0].batch_size)))


@pytest.mark.parametrize(
    ("mistake", "credit"),
    sampled(
        [
            ("never_steps", 0.0),
            ("does_not_shuffle", 0.75),
            ("labels_not_shuffled", 0.5),
            ("learning_rate_negated", 0.75),
        ],
        2,
    ),
)
def test_credit_is_partial(mistake: str, credit: float) -> None:
    """Nothing that never steps earns points, wrong gradients half of them, and one other fact costs a quarter."""
    source = next(source for named, source in WRONG if named == mistake)
    plan = plan_for(task_of(source))
    assert judge(plan, performed(source, plan)).credit == credit


@each_task
def test_routine_that_is_not_attempted(task: str) -> None:
    """The sheet's blank is not attempted, and earns nothing."""
    plan = plan_for(task)
    source = (
        f"def {task}(neural_net, trainx, trainy, testx, testy, learning_rate=0.1):\n    raise NotImplementedError\n"
    )
    result = judge(plan, isolated(source, plan))
    assert (result.status, result.credit, result.findings) == ("not_attempted", 0.0, ())


def test_crash_is_reported_with_the_learners_line() -> None:
    """A routine that raises is crashed, with its own line."""
    plan = plan_for(GD)
    result = judge(plan, isolated(gd("neural_net.forward_propagation(trianx)"), plan))
    assert result.status == "crashed"
    assert result.crash is not None
    assert result.crash.source == "neural_net.forward_propagation(trianx)"
    assert "trianx" in summary(result, "en")


def test_a_routine_that_ends_in_one_run_only_is_judged_by_it_or_too_slow() -> None:
    """Whatever the one run shows; all others took too long."""
    plan = plan_for(SGD)
    for source in (sgd("neural_net.forward_propagation(trainx)"), sgd("pass")):
        answers = isolated(source, plan)
        late = [replace(answer, status="too_slow", events=()) for answer in answers]
        assert judge(plan, [late[0], answers[1], *late[2:]]).status in ("too_slow", "wrong")


@pytest.mark.slow
def test_endless_loop_is_stopped() -> None:
    """A while loop whose counter never moves is no verdict of wrong, but too slow or stopped."""
    plan = plan_for(GD)
    source = gd("i = 0\nwhile i < num_iterations:\n    neural_net.forward_propagation(trainx)")
    result = judge(plan, isolated(source, plan))
    assert result.status in ("too_slow", "crashed")
    assert result.credit == 0.0


def test_own_losses_may_be_missing() -> None:
    """A right routine is right although the submission's cross_entropy is not written yet."""
    source = sgd("""
    rng = np.random.RandomState() if rng is None else rng
    for e in range(epochs):
        print(round(cross_entropy(neural_net.forward_propagation(testx), testy), 3))
        for b in np.array_split(rng.permutation(len(trainx)), len(trainx) // batch_size):
            neural_net.forward_propagation(trainx[b])
            neural_net.backprop(trainy[b])
            neural_net.gradient_step(learning_rate)
    """)
    source += "\ndef cross_entropy(pred_logits, y):\n    raise NotImplementedError\n"
    plan = plan_for(SGD)
    assert judge(plan, isolated(source, plan)).status == "right"


@each_task
def test_data_are_drawn_anew_with_distinct_rows_and_labels(task: str) -> None:
    """No two rows and no two labels of a trial are equal, and two plans have other data."""
    plan, other = plan_for(task, 1), plan_for(task, 2)
    for probe in plan.drawn:
        assert len(np.unique(np.concatenate([probe.trainx, probe.testx]), axis=0)) == probe.n + len(probe.testx)
        assert len(np.unique(np.concatenate([probe.trainy, probe.testy]))) == probe.n + len(probe.testy)
    assert not np.array_equal(plan.drawn[0].trainx, other.drawn[0].trainx)
    assert set(plan.calls[0].keywords) | {"neural_net", "trainx", "trainy", "testx", "testy"} >= set(
        TASKS[task].parameters
    )


def test_labels_that_chance_leaves_in_order_do_not_hide_a_mistake() -> None:
    """With this draw, the four labels of one batch happen to follow each other in the training set."""
    form = next(one for one in forms(SGD) if one.mistake == "forgets_forward" and "if epoch == 0" in one.body)
    plan = plan_for(SGD, 30)
    traces = [trace(play(SGD, probe, Style(), form.body, seed=7), probe) for probe in plan.drawn]
    assert recognise(SGD, plan.drawn, traces) == ("forgets_forward",)


STAYING = {
    "the first batch": "rng.shuffle(order[batch_size:])",
    "a few rows of it": "rng.shuffle(order[3:])",
    "the last batch": "rng.shuffle(order[: batch_size * (len(order) // batch_size - 1)])",
}
TRAINED = """
import numpy as np
def stochastic_gradient_descent(net, trainx, trainy, testx, testy, learning_rate, batch_size, epochs, log_every, rng):
    order = rng.permutation(len(trainx))
    for epoch in range(epochs):
        net.forward_propagation(testx)
        SHUFFLE
        for j in range(len(order) // batch_size):
            batch = order[j * batch_size : (j + 1) * batch_size]
            net.forward_propagation(trainx[batch])
            net.backprop(trainy[batch])
            net.gradient_step(learning_rate)
"""


@pytest.mark.parametrize("shuffle", sampled(STAYING.values(), 2, list(STAYING)))
def test_rows_that_stay_in_their_batch_are_seen(shuffle: str) -> None:
    """Whoever shuffles all but some rows does not shuffle."""
    plan = plan_for(SGD)
    result = judge(plan, performed(TRAINED.replace("SHUFFLE", shuffle), plan))
    assert (result.status, [note.id for found in result.findings for note in found.seen]) == (
        "wrong",
        ["routine_shuffling"],
    )


RESULTS = {
    "hardest last": "order = order[np.argsort(net.forward_propagation(trainx)[:, 0][rng.permutation(order)])]",
    "easiest row in front": "rng.shuffle(order); i = int(np.argmax(net.forward_propagation(trainx)[order, 0])); "
    "order[[0, i]] = order[[i, 0]]",
}


@pytest.mark.parametrize("shuffle", RESULTS.values(), ids=RESULTS)
def test_order_by_outputs_is_seen(shuffle: str) -> None:
    """The same random numbers give another order to a network with other weights."""
    plan = plan_for(SGD)
    result = judge(plan, isolated(TRAINED.replace("SHUFFLE", shuffle), plan))
    assert (result.status, named(result)) == ("wrong", ["training_led_by_results"])


@pytest.mark.parametrize(
    "shuffle", sampled(["rng.shuffle(order)", "np.random.shuffle(order)", "order = rng.permutation(order)"], 2)
)
def test_order_by_chance_alone_is_right(shuffle: str) -> None:
    """From whichever generator an order comes, the runs for results do not blame it."""
    plan = plan_for(SGD)
    assert judge(plan, isolated(TRAINED.replace("SHUFFLE", shuffle), plan)).status == "right"


def test_updates_that_depend_on_a_loss_that_stands_still_are_seen() -> None:
    """Only where the loss does not change does this routine leave out its updates."""
    source = """
def gradient_descent(net, trainx, trainy, testx, testy, learning_rate, num_iterations, evaluate_every):
    losses = []
    for i in range(num_iterations):
        losses.append(cross_entropy(net.forward_propagation(trainx), trainy))
        if len(losses) < 2 or losses[-1] != losses[-2]:
            net.backprop(trainy)
            net.gradient_step(learning_rate)
"""
    plan = plan_for(GD)
    result = judge(plan, isolated(source + "def cross_entropy(h, y):\n    return 0\n", plan))
    assert (result.status, named(result)) == ("wrong", ["training_led_by_results"])
    assert result.findings[0].seen[0].facts["updates"] == 1


@pytest.mark.parametrize(("history", "status"), [("history", "right"), ("rows_while_moving", "wrong")])
def test_rows_that_are_copied_once_the_weights_hardly_move_are_seen(history: str, status: str) -> None:
    """A small change of the weights is a change: what is recorded after it has to be measured."""
    source = """
from collections import namedtuple
import numpy as np
Row = namedtuple("Row", "done test_loss test_accuracy")
def gradient_descent(net, trainx, trainy, testx, testy, learning_rate, num_iterations, evaluate_every):
    history, rows_while_moving, still = [], [], False
    for i in range(num_iterations + 1):
        if i % evaluate_every == 0 or i == num_iterations:
            p = net.forward_propagation(testx)
            history.append(Row(i, cross_entropy(p, testy), accuracy(p, testy)))
            rows_while_moving.append(rows_while_moving[-1]._replace(done=i) if still else history[-1])
        if i < num_iterations:
            before = net.b_h1.copy()
            net.forward_propagation(trainx)
            net.backprop(trainy)
            net.gradient_step(learning_rate)
            still = np.abs(net.b_h1 - before).max() < 0.01
    return RETURNED
def cross_entropy(h, y):
    return 0
def accuracy(h, y):
    return 0
"""
    plan = plan_for(GD)
    result = judge(plan, isolated(source.replace("RETURNED", history), plan))
    assert (result.status, named(result)) == (status, [None] * (status == "wrong"))


@pytest.mark.parametrize(("loss", "mistakes"), [("0.0", ["history_left_at_zero"]), ("-np.log(p[0, 0])", [])])
def test_a_loss_that_is_always_zero_was_never_measured(loss: str, mistakes: list[str]) -> None:
    """A loss may be measured by another function than cross_entropy, but then it is not 0 every time."""
    source = f"""
from collections import namedtuple
import numpy as np
Row = namedtuple("Row", "done test_loss train_loss")
def gradient_descent(net, trainx, trainy, testx, testy, learning_rate, num_iterations, evaluate_every):
    history = []
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            test_loss = cross_entropy(net.forward_propagation(testx), testy)
            p = net.forward_propagation(trainx)
            history.append(Row(i, test_loss, {loss}))
        net.forward_propagation(trainx)
        net.backprop(trainy)
        net.gradient_step(learning_rate)
    return history
"""
    plan = plan_for(GD)
    result = judge(plan, performed(source, plan))
    assert result.status == ("wrong" if mistakes else "right")
    assert result.status == "right" or named(result) == mistakes


RECORDS = [
    "invented",
    "other_rows",
    "other_labels",
    "other_outputs",
    "some_rows",
    "late",
    "mixed",
    "again",
    "order",
    "lost",
    "zeros",
    "stale",
    "misplaced",
]


def test_facts_have_words_and_hints() -> None:
    """Every fact that may be wrong has a sentence and a hint."""
    for language in ("en", "de"):
        words = texts("feedback", language)
        assert words.keys() >= {f"record_{found}" for found in RECORDS}
        assert words.keys() >= {f"routine_{fact}" for fact in LOOKS} | {f"routine_{fact}_hint" for fact in LOOKS}


def test_one_array_that_is_appended_again_and_again_is_a_table_of_its_last_numbers():
    """Its numbers have no names, but as many as a row of the sheet, in its order; other arrays are none."""
    row = np.arange(5.0)
    [table] = tables([row] * 3)
    assert table[:, :5].tolist() == [[1, 2, 3, 4, 0]] * 3
    assert [tables(rows) for rows in ([row, row.copy(), row], [row] * 2, [np.arange(4.0)] * 3)] == [[], [], []]


def test_a_float_of_a_class_of_the_learners_own_is_read_as_the_number_it_is():
    """Whatever its operators pretend."""

    class Agreeable(float):
        def __eq__(self, other: object) -> bool:
            return True

        def __sub__(self, other: object) -> float:
            return 0.0

        __hash__ = float.__hash__

    Row = namedtuple("Row", "done test_loss test_accuracy train_loss train_accuracy")
    [table] = tables([Row(done, *map(Agreeable, (0.5, 0.25, 0.75, 1.0))) for done in range(2)])
    assert table[:, :5].tolist() == [[0.5, 0.25, 0.75, 1.0, 0.0], [0.5, 0.25, 0.75, 1.0, 1.0]]


@pytest.mark.parametrize(
    "repeat", [lambda batches: batches[::-1], lambda batches: [b[::-1] for b in batches[2:] + batches[:2]]]
)
def test_an_epoch_with_the_batches_of_an_earlier_one_is_told_but_not_of_few_batches(repeat):
    """In another order, or with their rows in another; with few batches, chance may do that."""
    for n, said in ((28, "batches again"), (8, None)):
        X, y = np.arange(2.0 * n)[:, None], np.arange(2 * n)
        probe = Probe(X[:n], y[:n], X[n:], y[n:], {}, 0.5, 4, 9, 4)
        rng = np.random.RandomState(0)
        epochs = [[tuple(batch) for batch in rng.permutation(n).reshape(-1, 4).tolist()] for _ in range(3)]
        updates = [Update(rows, rows, 0, 1, 0.5) for epoch in (*epochs, repeat(epochs[1])) for rows in epoch]
        assert shuffling(Trace(tuple(updates), 0, False, ()), probe) == said


def test_labels_that_occur_more_than_once_are_compared_with_those_of_their_rows():
    """A single wrong label in a rare class is noticed."""
    X, y = np.arange(8.0)[:, None], np.array([0, 1, 0, 1, 2, 0, 1, 2])
    probe = Probe(X[:5], y[:5], X[5:], y[5:], {}, 0.5, 1, 1, still=True)
    assert probe.labelled(y[[4, 0, 2]], (4, 0, 2)) == (4, 0, 2)
    assert probe.labelled(np.array([1, 0, 0]), (4, 0, 2)) != (4, 0, 2)
