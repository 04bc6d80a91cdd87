"""The tasks that are functions: the arrays they are tried on, and what is said of what they give."""

import warnings
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from reports import said
from sampling import sampled

from handgrad import handout
from handgrad.exercises.calls import Answer, Crash, Ufunc
from handgrad.exercises.catalogue.comparing import outcome, same
from handgrad.exercises.catalogue.edits import recognisers
from handgrad.exercises.catalogue.subjects import SUBJECTS
from handgrad.exercises.judging.functions import calls_for, judge
from handgrad.exercises.report.feedback import Numbers, blocks, hint
from handgrad.exercises.sandbox.inside.protocol import plain
from handgrad.exercises.tasks import TASKS

TASKS_HERE = sorted(SUBJECTS)


def answers(plan, function):
    """Answer a plan's calls as a child process would, with a function that is known to do no harm."""
    given = []
    for call in plan.calls:
        arguments = [getattr(np, a.name) if isinstance(a, Ufunc) else np.copy(a) for a in call.arguments]
        try:
            with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
                result = function(*arguments)
        except Exception as error:
            crash = Crash(type(error).__name__, str(error), 1, 2, "")
            given.append(Answer(call.id, "crashed", crash=crash))
            continue
        values = {f"argument{i}": a for i, a in enumerate(arguments) if isinstance(a, np.ndarray)}
        array = plain(result)
        if array is not None:
            given.append(Answer(call.id, "ok", {**values, "return": array}))
        else:
            given.append(Answer(call.id, "ok", values, left_out={"return": type(result).__name__}))
    return given


def judged(task, function, seed=0):
    """Judge a function."""
    plan = calls_for(task, np.random.default_rng(seed))
    return judge(plan, answers(plan, function))


def distinguishes(subject, mistakes, cases):
    """Tell whether no two mistakes, and no mistake and the reference, give the same on all these arguments."""
    written = [("", subject.reference)]
    written += [(mistake, variant) for mistake, variants in mistakes.items() for variant in variants]

    @cache
    def value(form, case):  # most forms differ in the first case already
        return outcome(written[form][1], *cases[case])

    return not any(
        written[a][0] != written[b][0]
        and all(same(value(a, case), value(b, case), subject.tolerance) for case in range(len(cases)))
        for a, b in combinations(range(len(written)), 2)
    )


def draws(number: int, few: int) -> object:
    """Draw the arrays of a test a few times, and in the slow tests this often."""
    return pytest.mark.parametrize(
        "seeds", [range(few), pytest.param(range(few, number), marks=pytest.mark.slow)], ids=["few", "many"]
    )


def test_there_is_a_subject_for_every_task_that_is_a_function():
    """No function of the sheets is left unjudged."""
    assert set(SUBJECTS) == {name for name, task in TASKS.items() if task.kind == "function"}


@pytest.mark.parametrize("task", TASKS_HERE)
def test_the_reference_is_right(task):
    """The reference gets full marks, and no remark."""
    result = judged(task, getattr(handout, task))
    assert (result.status, result.credit, result.findings, result.picture) == ("right", 1.0, (), None)


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("seed", sampled(range(20), 20))
def test_a_plan_tells_all_mistakes_apart(task, seed):
    """On the arrays of a plan no two mistakes, and no mistake and the reference, give the same."""
    plan = calls_for(task, np.random.default_rng(seed))
    assert distinguishes(SUBJECTS[task], recognisers(task), plan.drawn.regular)


def test_mistakes_that_agree_on_all_arrays_are_noticed():
    """The comparison of mistakes would notice two that are the same."""
    doubled = {**recognisers("del_sigmoid"), "another": (lambda h: h + h * h,)}
    cases = calls_for("del_sigmoid", np.random.default_rng(0)).drawn.regular
    assert not distinguishes(SUBJECTS["del_sigmoid"], doubled, cases)


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("part", sampled(range(4), 4))
def test_every_mistake_in_every_form_is_named(task, part):
    """Each mutant of the table is reported by its own id, whether it gives a wrong result or crashes on some arrays."""
    for place, (name, variants) in enumerate(recognisers(task).items()):
        for i, variant in enumerate(variants):
            if (place + i) % 4 != part:
                continue
            result = judged(task, variant, seed=i)
            assert result.status in ("wrong", "crashed"), name
            assert [found.mistake for found in result.findings] == [name]
            assert result.credit == 0


@pytest.mark.parametrize("task", TASKS_HERE)
def test_float32_is_right(task):
    """Who computes in float32, and avoids large exponentials, is right."""

    def in_single(*arguments):
        single = [a.astype(np.float32) if getattr(a, "dtype", None) == np.float64 else a for a in arguments]
        return np.asarray(getattr(handout, task)(*single)).astype(np.float32)

    assert judged(task, in_single).status == "right"


def test_probes_differ_in_size_and_are_new_each_time():
    """There are oblong, square and large arrays and single rows, in sizes that are hardly constants, always new."""
    for task in TASKS_HERE:
        plan, other = (calls_for(task, np.random.default_rng(seed)) for seed in (1, 2))
        shapes = [case[0].shape for case in plan.drawn.regular if case[0].ndim > 1]
        assert {np.sign(n - k) for n, k in shapes} == {-1, 0, 1}
        assert any(n == 1 for n, _ in shapes)
        assert any(n > 64 and k > 28 for n, k in shapes)
        assert not {size for shape in shapes[:4] for size in shape} & {2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 20, 28, 32, 64}
        assert not np.array_equal(plan.drawn.regular[0][0], other.drawn.regular[0][0])


def test_a_scalar_may_come_as_an_array_of_one():
    """A loss or accuracy in an array of one entry is the same number."""
    assert judged("cross_entropy", lambda p, y: np.array([[handout.cross_entropy(p, y)]])).status == "right"


def test_the_sheets_softmax_that_overflows_is_right_with_a_remark():
    """The notebook's own softmax, which adds the maximum, costs nothing, but is remarked on."""

    def notebook(X):
        e = np.exp(X + X.max())
        return e / np.sum(e, axis=1).reshape((X.shape[0], 1))

    result = judged("softmax", notebook)
    assert (result.status, result.credit) == ("right", 1.0)
    assert [found.mistake for found in result.findings] == ["softmax_overflows"]
    assert "no longer returns probabilities" in said(result)


def test_a_softmax_that_overflows_in_float32_only_is_named():
    """Where float64 still works, float32 that does not is a mistake."""

    def single(X):
        e = np.exp(X.astype(np.float32))
        return e / e.sum(axis=1, keepdims=True)

    result = judged("softmax", single)
    assert (result.status, result.findings[0].mistake) == ("wrong", "float32_overflow")


def test_infinite_loss_is_right_but_zero_times_infinity_is_remarked_on():
    """A literal cross-entropy is right; one that turns 0 times log 0 into NaN gets a remark."""
    assert judged("cross_entropy", lambda p, y: np.mean(-np.log(p[np.arange(len(y)), y]))).findings == ()
    result = judged("cross_entropy", lambda p, y: -np.sum(np.eye(p.shape[1])[y] * np.log(p)) / len(y))
    assert (result.status, result.findings[0].mistake) == ("right", "cross_entropy_zero_times_infinity")


@pytest.mark.parametrize("smallest", [1e-300, 1e-15, 1e-12])
def test_a_small_constant_before_the_logarithm_is_right(smallest):
    """Clipping that changes no probability a network would give is right without a remark."""
    result = judged("cross_entropy", lambda p, y: -np.mean(np.log(np.maximum(p[np.arange(len(y)), y], smallest))))
    assert (result.status, result.findings) == ("right", ())


def test_writing_into_an_argument_is_remarked_on():
    """A right result counts, and the changed argument is mentioned."""

    def in_place(h, y):
        h[np.arange(len(y)), y] -= 1
        return h.T

    result = judged("delta_last_layer_easy_approach", in_place)
    assert (result.status, result.findings[0].mistake) == ("right", "argument_changed")


def test_labels_as_floats_are_recognised_from_the_crash():
    """The error about indices that are no integers names the mistake, and keeps the line."""
    result = judged("delta_last_layer", lambda h, y: h[np.arange(len(y)), y.astype(float)])
    assert (result.status, result.findings[0].mistake, result.crash.line) == ("crashed", "labels_as_floats", 2)


def test_a_function_that_returns_nothing_is_named():
    """Who only prints, or forgets the return, is told so."""
    result = judged("softmax", lambda X: None)  # noqa: ARG005
    assert (result.status, result.findings[0].mistake) == ("wrong", "nothing_returned")


def test_an_unknown_crash_is_put_in_plain_words():
    """A crash that is no known mistake has no finding, but a sentence and the place."""
    result = judged("sigmoid", lambda X: undefined_name)  # noqa: F821, ARG005
    assert (result.status, result.findings, result.credit) == ("crashed", (), 0.0)
    assert "'undefined_name' is not defined here" in said(result)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda X: handout.sigmoid(X) * X.mean(), "one factor throughout, but this factor is different in"),
        (lambda X: np.full(X.shape, np.float16(60000)), "is wrong in"),
        (lambda X: handout.sigmoid(X) * len(X) / 100, "that is n/100, where n is the number of examples"),
        (lambda X: handout.sigmoid(X) / len(X) ** 2, "that is 1/n², where n is the number of examples"),
        (lambda X: handout.sigmoid(X) * (1 + 2e-5), "only nearly right"),
        (lambda X: handout.sigmoid(X) * (len(X) != 1), "zero everywhere. It is wrong in 1 of 8 trials"),
        (lambda X: handout.sigmoid(X) * X.shape[1], "that is k, where k is the number of classes"),
        (lambda X: handout.sigmoid(X).T, "rows and columns are exchanged"),
        (lambda X: handout.sigmoid(X)[..., None], "differ only in axes of length one"),
        (lambda X: handout.sigmoid(X)[:, 1:], "has the shape ("),
        (lambda X: np.full(X.shape, np.nan), "not finite numbers, but NaN or infinity"),
        (lambda X: np.zeros(X.shape), "zero everywhere"),
        (lambda X: np.where(np.arange(len(X))[:, None] == 1, 2, handout.sigmoid(X)), "rows are wrong (counted from 0"),
        (lambda X: np.where(np.arange(X.shape[1]) == 2, 2, handout.sigmoid(X)), "columns are wrong (counted from"),
        (lambda X: handout.sigmoid(X) ** 3, "is wrong in"),
        (lambda X: "0.5", "is not a number, an array of numbers"),  # noqa: ARG005
    ],
)  # fmt: skip
def test_what_is_not_recognised_is_described(function, expected):
    """Shape, sign, factor, offset, place: the report says how the result is wrong, and that the cause is unknown."""
    result = judged("sigmoid", function)
    assert (result.status, result.findings[0].mistake) == ("wrong", None)
    assert expected in said(result)
    assert hint(result.findings[0], "en")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.builds(object)
    | arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=5, min_side=0)),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("task", sampled(TASKS_HERE, 2))
@given(value=ANYTHING)
@settings(max_examples=20, deadline=None)
def test_whatever_a_function_returns_there_is_a_verdict_in_both_languages(task, value):
    """None, text, dictionaries, ragged lists, arrays of any shape and type, huge numbers and NaN are wrong results."""
    result = judged(task, lambda *_: value)
    assert result.status == "wrong"
    assert said(result, "en")
    assert said(result, "de")


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("kind", [np.ndarray.tolist, lambda a: a.view(np.matrix), lambda a: tuple(map(tuple, a))])
def test_rows_in_a_list_a_tuple_or_a_matrix_are_right(task, kind):
    """The numbers count, not what holds them, as in the self-test of the sheet."""

    def held(*arguments):
        result = getattr(handout, task)(*arguments)
        return kind(result) if isinstance(result, np.ndarray) else [result]

    assert judged(task, held).status == "right"


@pytest.mark.parametrize("seed", sampled(range(30), 30))
@pytest.mark.parametrize(
    ("task", "function", "expected"),
    [
        ("cross_entropy", lambda p, y: handout.cross_entropy(p, y) * len(y) ** 2 / 64, "·n², where n is the number"),
        ("cross_entropy", lambda p, _: np.mean(p**3), "where it should be"),
        ("cross_entropy", lambda p, _: np.mean(p**3), "that differ only in y it was the same, which is not right"),
        ("accuracy", lambda _, y: np.mean(y**2), "that differ only in logits it was the same"),
        ("accuracy", lambda *_: 0.5, "is 0.5 in every trial, whatever it is given"),
        ("accuracy", lambda h, y: np.mean(h.argmax(axis=1)[:10] == y[:10]), "It is wrong in"),
    ],
)  # fmt: skip
def test_a_single_wrong_number_is_described_by_several_trials(task, function, expected, seed):
    """A factor, an offset or an argument that is ignored is said only if it explains every trial."""
    result = judged(task, function, seed)
    assert (result.status, result.findings[0].mistake) == ("wrong", None)
    assert expected in said(result)


@pytest.mark.parametrize("size", [2, 32, 64, 100, 50_000])
def test_a_fixed_number_of_examples_is_named_with_the_number(size):
    """A batch size in somebody's code, or the length of a pair, is no mean in any trial, and the number is said."""
    result = judged("cross_entropy", lambda p, y: handout.cross_entropy(p, y) * len(y) / size)
    assert (result.findings[0].mistake, result.findings[0].facts["number"]) == (
        "divided_by_fixed_number",
        pytest.approx(size),
    )
    assert f"divided by {size}" in said(result).replace(",", "")


@pytest.mark.parametrize("seed", sampled(range(30), 15))
@pytest.mark.parametrize("factor", [0.25, 3, 4, 7, 10, 100])
def test_a_fixed_factor_is_never_taken_for_a_size(seed, factor):
    """Whatever sizes the trials have, a number in somebody's code is said to be the same in all of them."""
    result = judged("del_sigmoid", lambda h: factor * handout.del_sigmoid(h), seed)
    assert (result.findings[0].mistake, result.findings[0].seen) == ("result_times_a_number", ())
    assert result.findings[0].facts["number"] == pytest.approx(factor)


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("number", [-1, 0.5, 2])
def test_a_number_that_is_multiplied_or_added_is_named_for_every_function(task, number):
    """The number is said, also of single results, and of an accuracy that is zero in one trial."""
    reference = SUBJECTS[task].reference
    for mistake, wrong in (
        ("result_times_a_number", lambda *arguments: number * reference(*arguments)),
        ("result_plus_a_number", lambda *arguments: reference(*arguments) + number),
    ):
        (found,) = judged(task, wrong).findings
        if found.mistake in recognisers(task):  # the catalogue may say it more exactly, as of a one-hot of other values
            assert number == -1 or task.startswith("delta_last")
        else:
            assert (found.mistake, found.facts["number"]) == (mistake, pytest.approx(number))


@pytest.mark.parametrize(
    ("task", "wrong", "mistake", "expected"),
    [
        ("del_sigmoid", lambda h: 4 * h * (1 + h), "derivative_plus", "everything is multiplied by 4."),
        ("del_sigmoid", lambda h: -h * (1 + h) / len(h), "derivative_plus", "that is -1/n, where n is the number of"),
        (
            "delta_last_layer",
            lambda h, y: h - 2 * np.eye(h.shape[1])[y],
            "one_hot_other_values",
            "Besides, rows and columns are exchanged.",
        ),
        (
            "cross_entropy",
            lambda p, y: 3 * np.mean(p[np.arange(len(y)), y]),
            "cross_entropy_without_log",
            "everything is multiplied by -3.",
        ),
    ],
)
@draws(10, few=3)
def test_what_was_done_to_a_known_mistake_besides_is_said(task, wrong, mistake, expected, seeds):
    """A number, a size or a transposition that hides a mistake of the catalogue is said after it."""
    for seed in seeds:
        result = judged(task, wrong, seed)
        assert [found.mistake for found in result.findings] == [mistake]
        assert expected in said(result)
        assert "?" not in said(result).partition("Besides")[0]


def _resized(X, W, b, activation):
    bias = np.pad(b, (0, max(0, len(W) - len(b))))[: len(W)]
    return np.array([activation(np.dot(x + bias, W)) for x in X])


def _at_the_decision(h, y):
    columns = []
    for p, label in zip(h, y, strict=True):
        J = np.diag(p) - np.outer(p, p)
        columns.append(J[label] * -1 / np.sort(p)[-1])
    return np.stack(columns, axis=1)


def _of_the_whole(h, y):
    J = np.eye(h.shape[1])[y] - h
    return -(J * h[np.arange(len(y)), y][:, None] / np.max(h)).T


def _search(start, update):
    """Search each row by hand: from a number, and with or without remembering the largest entry so far."""

    def accuracy(logits, labels):
        hits = 0
        for row, label in zip(logits, labels, strict=True):
            best, index = start, 0
            for j, entry in enumerate(row):
                if entry >= best:
                    best, index = (entry if update else best), j
            hits += index == label
        return hits / len(labels)

    return accuracy


@pytest.mark.parametrize(
    ("task", "wrong", "mistake"),
    [
        ("accuracy", _search(0.0, update=True), "accuracy_search_starts_too_high"),
        ("accuracy", _search(0.0, update=False), "accuracy_search_forgets_the_largest"),
        ("accuracy", lambda logits, y: np.mean(np.argmax(logits**2, axis=1) == y), "accuracy_by_magnitude"),
        ("softmax", lambda X: X * (X > 0), "softmax_is_another_activation"),
        ("cross_entropy", lambda h, y: np.sum(h - np.eye(h.shape[1])[y]) / len(y), "cross_entropy_is_its_derivative"),
        ("del_sigmoid", lambda h: (h >= 0) * 1.0, "derivative_constant"),
        ("del_sigmoid", lambda h: np.maximum(np.sign(h), 0.01), "derivative_is_relu"),
        ("del_sigmoid", lambda h: np.clip(h > 0, 0.1, 1), "derivative_is_relu"),
        ("del_sigmoid", lambda h: 1.0 * (np.log(np.maximum(h, 1e-9)) > np.log(0.5)), "derivative_is_relu"),
        ("fcc_one_layer", _resized, "layer_bias_on_inputs"),
        ("fcc_one_layer", lambda X, W, b, f: f(np.dot(X, W) + W.sum(axis=0) * b[0]), "layer_bias_on_inputs"),
        ("delta_last_layer", _at_the_decision, "delta_logarithm_of_another_class"),
        ("delta_last_layer", _of_the_whole, "delta_logarithm_of_another_class"),
    ],
)
def test_a_slip_in_another_hand_is_named(task, wrong, mistake):
    """What a function computes decides, not how it is written."""
    assert [found.mistake for found in judged(task, wrong).findings] == [mistake]


def test_what_is_too_slow_for_large_arrays_is_judged_by_the_others():
    """A known mistake is named although one call took too long; without one, only that is said."""
    plan = calls_for("del_sigmoid", np.random.default_rng(0))
    for wrong, mistakes in ((lambda h: h * (1 + h), ["derivative_plus"]), (lambda h: h**5, [])):
        given = answers(plan, wrong)
        given[4] = Answer(given[4].id, "too_slow")
        result = judge(plan, given)
        assert [found.mistake for found in result.findings] == mistakes
        assert "This took too long" in said(result)


def test_a_known_mistake_is_named_though_it_is_written_so_that_an_extreme_overflows():
    """1/h is infinite for an activation of 0, and the slope NaN: the other arrays tell."""

    def negated(h):
        with np.errstate(all="ignore"):
            e = 1 / h - 1
            return -e / (1 + e) ** 2

    assert [found.mistake for found in judged("del_sigmoid", negated).findings] == ["derivative_sign"]


@pytest.mark.parametrize("largest", [np.max, lambda X, **axes: np.max(np.abs(X), **axes)])
def test_a_shift_that_is_too_large_for_negative_logits_is_remarked_on(largest):
    """The largest magnitude is no shift for a row of negative logits, as the largest of all rows is none for each."""

    def shifted(X):
        with np.errstate(all="ignore"):
            e = np.exp(X - np.maximum(largest(X, axis=1, keepdims=True), 0))
            return e / e.sum(axis=1, keepdims=True)

    result = judged("softmax", shifted)
    assert (result.status, [found.mistake for found in result.findings]) == ("right", ["softmax_underflows"])


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("decimals", [2, 5, 8])
@draws(10, few=3)
def test_rounded_results_are_wrong_and_named(task, decimals, seeds):
    """Not even eight digits are the accuracy that float64 allows."""
    for seed in seeds:
        result = judged(task, lambda *given: np.round(getattr(handout, task)(*given), decimals), seed)
        assert (result.status, result.findings[0].mistake) == ("wrong", "results_rounded")


def _softmax_to_the_base(e):
    def softmax(X):
        powers = e ** (X - X.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return softmax


@pytest.mark.parametrize(
    ("task", "function", "coarse"),
    [
        ("softmax", _softmax_to_the_base(2.71828), True),
        ("softmax", _softmax_to_the_base(2.7182818), False),
        ("softmax", _softmax_to_the_base(float(np.float32(np.e))), False),
        ("sigmoid", lambda X: 1 / (1 + 2.71828**-X), True),
        ("sigmoid", lambda X: 1 / (1 + 2.718**-X), True),
        ("sigmoid", lambda X: 1 / (1 + 2.71828183**-X), False),
        ("sigmoid", lambda X: np.float64(1 / (1 + np.exp(-np.float32(X)))), False),
        ("cross_entropy", lambda h, y: -np.mean(np.log2(h[np.arange(len(y)), y])) * 0.693147, True),
        ("cross_entropy", lambda h, y: -np.mean(np.log2(h[np.arange(len(y)), y])) * 0.69314718, False),
        ("cross_entropy", lambda h, y: -np.mean(np.log(h[np.arange(len(y)), y] + 1e-7)), False),
    ],
)
def test_a_constant_with_few_digits_is_named(task, function, coarse):
    """As many as single precision has are enough."""
    for seed in range(5):
        result = judged(task, function, seed)
        named = [found.mistake for found in result.findings] if result.status == "wrong" else []
        assert named == ["constant_with_few_digits"] * coarse


@pytest.mark.parametrize("row", [0, -1])
def test_the_sum_of_one_row_is_named_when_each_row_is_shifted_by_its_own_maximum(row):
    """The shift does not hide that one sum serves for all rows."""

    def softmax(X):
        powers = np.exp(X - X.max(axis=1, keepdims=True))
        return powers / powers[row].sum()

    assert [found.mistake for found in judged("softmax", softmax).findings] == ["softmax_sum_of_one_row"]


@pytest.mark.parametrize("block", [4, 10])
@draws(10, few=1)
def test_an_accuracy_of_the_last_block_is_not_a_fraction_cut_off(block, seeds):
    """The accuracy of each block overwrites the one before; that of the last may be 0 or 1, but not in all draws."""

    def last_block(logits, labels):
        first = (len(labels) - 1) // block * block
        return np.mean(np.argmax(logits[first:], axis=1) == labels[first:])

    for seed in seeds:
        assert [found.mistake for found in judged("accuracy", last_block, seed).findings] == [
            "overwritten_instead_of_added"
        ]


@pytest.mark.parametrize(("power", "guard", "status"), [(1.00001, 0, "wrong"), (1, 1e-7, "right"), (1, 0, "right")])
def test_small_probabilities_excuse_a_guard_alone(power, guard, status):
    """A guard against 0 / 0 changes rows with a small probability of the true class; other formulas change all."""

    def delta(h, y):
        m = np.arange(len(y))
        h = h**power / (h**power).sum(axis=1, keepdims=True)
        jacobian = -h[m, y][:, None] * h
        jacobian[m, y] += h[m, y]
        return (-jacobian / (h[m, y][:, None] + guard)).T

    for seed in range(5):
        result = judged("delta_last_layer", delta, seed)
        assert result.status == status
        assert status == "right" or [found.mistake for found in result.findings] == [None]


def test_a_sigmoid_of_straight_pieces_is_another_function():
    """Whatever the pieces are."""

    def pieces(X):
        x = np.abs(X)
        return 0.5 + np.sign(X) * np.where(x < 1.5, 0.21 * x, np.where(x < 3, 0.09 * x + 0.18, 0.45))

    assert [found.mistake for found in judged("sigmoid", pieces).findings] == ["sigmoid_is_another_activation"]


@pytest.mark.parametrize("task", ["softmax", "cross_entropy", "delta_last_layer", "del_sigmoid"])
def test_float32_is_said(task):
    """A result in single precision is right, with a remark."""
    result = judged(task, lambda *given: np.float32(getattr(handout, task)(*given)))
    assert (result.status, [found.mistake for found in result.findings]) == ("right", ["single_precision"])


@pytest.mark.parametrize("seed", sampled(range(30), 30))
@pytest.mark.parametrize("task", ["softmax", "fcc_one_layer", "delta_last_layer", "cross_entropy"])
@pytest.mark.parametrize("spoilt", [lambda X: len(X) == 1, lambda X: X.shape[1] > 12, lambda X: len(X) > 64])
def test_what_is_wrong_for_some_sizes_only_is_wrong(task, spoilt, seed):
    """A single row, many classes and many rows are among the trials, whatever was drawn."""

    def sometimes(*given):
        result = getattr(handout, task)(*given)
        return result * 0 if spoilt(given[0]) else result

    assert judged(task, sometimes, seed).status == "wrong"


def test_what_is_wrong_only_for_arrays_without_columns_is_wrong_but_may_be_refused():
    """Such an array is tried where numbers are computed one by one; what is returned must be right."""
    assert judged("del_sigmoid", lambda h: h * (1 - h) if h.ndim == 2 else np.full(h.shape, 0.25)).status == "wrong"
    assert judged("del_sigmoid", lambda h: h[:, :] * (1 - h)).status == "right"
    assert judged("sigmoid", lambda X: handout.sigmoid(np.atleast_2d(X))).status == "right"


@pytest.mark.parametrize(("change", "central"), [(1e-3, True), (1e-5, True), (1e-6, False), (1e-8, False)])
def test_an_error_that_was_measured_from_the_loss_is_no_derivation(change, central):
    """However near the quotient comes; a formula with a guard, or in single precision, is right."""

    def quotients(h, y):
        def loss(j, step):
            return -np.log(handout.softmax(np.log(h) + step * np.eye(h.shape[1])[j])[range(len(y)), y])

        down = change if central else 0.0
        return np.array([(loss(j, change) - loss(j, -down)) / (change + down) for j in range(h.shape[1])])

    easy = handout.delta_last_layer_easy_approach
    for seed in range(3):
        assert judged("delta_last_layer", quotients, seed).findings[0].mistake == "delta_by_differences"
        assert judged("delta_last_layer", lambda h, y: easy(np.clip(h, change / 1e3, 1), y), seed).status == "right"
        assert judged("delta_last_layer", lambda h, y: easy(np.float64(np.float32(h)), y), seed).status == "right"


def test_what_is_remembered_by_shape_or_labels_is_wrong():
    """Two trials have the same shape, and two the same labels, with other numbers."""
    for task, key in (("softmax", lambda X: X.shape), ("cross_entropy", lambda _, y: y.tobytes())):
        kept = {}

        def remembering(*given, task=task, key=key, kept=kept):
            return kept.setdefault(key(*given), getattr(handout, task)(*given))

        assert judged(task, remembering).status == "wrong"


@pytest.mark.parametrize("small", [1e-7, 1e-8, 1e-12])
@draws(30, few=5)
def test_what_guards_against_log_0_or_0_by_0_is_right(small, seeds):
    """A small number added to a probability is no mistake, whatever was drawn."""
    for seed in seeds:
        assert judged("cross_entropy", lambda p, y: handout.cross_entropy(p + small, y), seed).status == "right"
        result = judged(
            "delta_last_layer",
            lambda h, y: handout.delta_last_layer(h, y) * (h[range(len(y)), y] / (h[range(len(y)), y] + small)),
            seed,
        )
        assert result.status == "right"


def test_text_in_place_of_a_single_number_is_described():
    """Where a single number is expected, text is a wrong result, and not a failure of the check."""
    result = judged("accuracy", lambda logits, labels: "0.5")  # noqa: ARG005
    assert [note.id for note in result.findings[0].seen] == ["no_numbers"]


def test_the_picture_shows_a_small_example_side_by_side():
    """Two worked rows, expected and found."""
    result = judged("del_sigmoid", lambda h: h * (1 + h))
    np.testing.assert_allclose(result.picture.expected, [[0.25, 0.1875], [0.16, 0]])
    np.testing.assert_allclose(result.picture.found, [[0.75, 1.3125], [0.24, 2]])


def test_german_has_decimal_commas():
    """Numbers are written as in the language around them."""
    result = judged("del_sigmoid", lambda h: h * (1 + h))
    [numbers] = [block for block in blocks(result, "de") if isinstance(block, Numbers)]
    assert numbers.expected[0] == ("0,25", "0,1875")
    assert said(result, "de").startswith("del_sigmoid ist mit h(1 + h) berechnet")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("missing", "not_attempted"), ("not_attempted", "not_attempted"), ("too_slow", "too_slow"), ("killed", "crashed")],
)
def test_what_gave_no_answer_is_said(status, verdict):
    """Without answers the status says why, and there is no credit."""
    plan = calls_for("sigmoid", np.random.default_rng(0))
    result = judge(plan, [Answer(call.id, status, reason="memory") for call in plan.calls])
    assert (result.status, result.credit) == (verdict, 0.0)
    assert said(result)


def test_results_that_are_all_too_large_by_a_tiny_share_are_wrong():
    """Rounding is irregular, and a guard against a quotient by zero does not change all results alike."""
    plan = calls_for("del_sigmoid", np.random.default_rng(0))
    for share, verdict in ((1e-7, "wrong"), (-3e-7, "wrong"), (1e-15, "right")):
        answers = [
            Answer(call.id, "ok", {"return": (1 + share) * handout.del_sigmoid(call.arguments[0])})
            for call in plan.calls
        ]
        assert judge(plan, answers).status == verdict
