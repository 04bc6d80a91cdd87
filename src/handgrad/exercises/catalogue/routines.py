"""Mistakes of the training routines: the reference's own source with an edit, run to see what it does.

An edit replaces lines of a routine, each named by its beginning; what replaces one is indented like it. Some names
stand for the own lines and conditions of a routine (see ``NAMES``), so that an edit can serve both routines. An edit is
made in each routine that has all the lines it names; ``only`` restricts it to one.

Learners are free in how they write the rest (:class:`Style`): what is evaluated and when, and whether the incomplete
last batch is taken. So each mistake is run in several styles, here, in the parent, on a :class:`Network`.

The file has over 300 lines because edits, styles and the network that records them are one mechanism.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import combinations, product
from types import CodeType
from typing import Any, Literal, NamedTuple

import numpy as np

from handgrad.exercises.calls import Event, Value
from handgrad.exercises.catalogue.deviations import (
    BY_CHANCE,
    FALLING,
    LOOKS,
    WITHOUT_FORWARD,
    Deviations,
    deviation,
    deviations,
    five_digits,
)
from handgrad.exercises.catalogue.mistakes import Mistake, with_code
from handgrad.exercises.catalogue.traces import Probe, Trace, trace
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import PARAMETERS, TASKS

# What the names in an edit stand for. OWN_RATE, OWN_FACTOR, OWN_SHARE, OWN_SIZE, OWN_COUNT, OWN_REPEATS and OWN_BATCHES
# are numbers that the learner wrote into the code.
NAMES: Mapping[str, Mapping[str, str]] = {
    "gradient_descent": {
        "FORWARD": "neural_net.forward_propagation(trainx)",
        "BACKPROP": "neural_net.backprop(trainy)",
        "STEP": "neural_net.gradient_step(learning_rate)",
        "EVALUATE": "history.append(",
        "PRINTS": "i % evaluate_every == 0",
        "FIRST": "i == 0",
        "LAST": "i == num_iterations - 1",
        "FINAL": "i == num_iterations - 1",
    },
    "stochastic_gradient_descent": {
        "FORWARD": "out = neural_net.forward_propagation(trainx[batch])",
        "BACKPROP": "neural_net.backprop(trainy[batch])",
        "STEP": "neural_net.gradient_step(learning_rate)",
        "EVALUATE": "evaluations.append(",
        "PRINTS": "j % log_every == 0",
        "FIRST": "epoch == 0 and j == 0",
        "LAST": "j == trainx.shape[0] // batch_size - 1",
        "FINAL": "epoch == epochs - 1 and j == trainx.shape[0] // batch_size - 1",
    },
}
OWN = ("OWN_RATE", "OWN_FACTOR", "OWN_SHARE", "OWN_SIZE", "OWN_COUNT", "OWN_REPEATS", "OWN_BATCHES")
Own = tuple[tuple[str, float], ...]
UNSURE = (*BY_CHANCE, FALLING)  # what a first probe need not show
EVALUATION = np.empty(0)  # stands for the data that a style evaluates


@dataclass(frozen=True)
class Style:
    """What a learner is free to choose."""

    evaluate: tuple[str, ...] = ("test", "train")
    late: bool = False  # evaluates after an epoch, not before; prints after some number of steps, not before
    incomplete: bool = False  # takes the incomplete last batch


STYLES = tuple(
    Style(*choice)
    for choice in product([("test", "train"), ("train", "test"), ("test",), ()], [False, True], [False, True])
)
PLAIN_STYLES = (Style(), Style(incomplete=True))  # where a step is right, nothing depends on evaluations


class Form(NamedTuple):
    """One way to make a mistake: the lines of the whole routine."""

    mistake: str
    body: str

    @property
    def own(self) -> str:
        """The number of the learner's own in it, or ""."""
        return next((name for name in OWN if name in self.body), "")


@cache
def forms(task: str) -> tuple[Form, ...]:
    """Write all mistakes of a routine, in all their ways.

    Examples
    --------
    >>> [form.body for form in forms("gradient_descent") if form.mistake == "learning_rate_negated"][0].splitlines()[6]
    '    neural_net.gradient_step(-learning_rate)'
    """
    return tuple(
        Form(name, body)
        for name, mistake in with_code(task).items()
        for edit in mistake.code
        for body in edited(task, edit, mistake)
    )


def edited(task: str, edit: str | Mapping[str, str], mistake: Mistake) -> Iterator[str]:
    """Make an edit in a routine, if it is meant for it."""
    if isinstance(edit, str) or task not in mistake.tasks or edit.get("only", task) != task:
        return
    names = NAMES[task]
    lines = solution(task).splitlines()
    replacements = {names.get(key, key): text.strip() for key, text in edit.items() if key != "only"}
    if not all(any(line.lstrip().startswith(key) for line in lines) for key in replacements):
        return
    written = []
    for line in lines:
        code = line.lstrip()
        instead = next((new for old, new in replacements.items() if code.startswith(old)), code)
        instead = re.sub(r"( *)\b([A-Z]+)\b", lambda match: match[1] + names.get(match[2], match[2]), instead)
        written.append(textwrap.indent(instead, " " * (len(line) - len(code))))
    yield "\n".join(written)


@cache
def _compiled(task: str, body: str) -> CodeType:
    """Compile a routine, for all styles."""
    tree = ast.parse(f"def {task}({', '.join(TASKS[task].parameters)}):\n{textwrap.indent(body, '    ')}\n")
    return compile(ast.fix_missing_locations(_Styled().visit(tree)), f"<an edit of {task}>", "exec")


class _Styled(ast.NodeTransformer):
    """Lets LATE and INCOMPLETE say when a routine evaluates and prints, and how many batches it takes."""

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        moved = [statement for statement in node.body if not isinstance(statement, ast.For) and _evaluates(statement)]
        first = [_when("not LATE", statement) if statement in moved else statement for statement in node.body]
        node.body = first + [_when("LATE", statement) for statement in moved]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        match node:
            case ast.BinOp(left, ast.Mod(), ast.Name("evaluate_every" | "log_every")):
                node.left = ast.BinOp(left, ast.Add(), ast.Name("LATE", ast.Load()))
            case ast.BinOp(left, ast.FloorDiv(), ast.Name("batch_size")):
                more = ast.parse("INCOMPLETE * (batch_size - 1)", mode="eval").body
                node.left = ast.BinOp(left, ast.Add(), more)
        return node


def _when(condition: str, statement: ast.stmt) -> ast.If:
    return ast.If(ast.parse(condition, mode="eval").body, [statement], [])


def _evaluates(statement: ast.stmt) -> bool:
    """Tell whether a statement calls ``evaluate``."""
    return any(isinstance(node, ast.Name) and node.id == "evaluate" for node in ast.walk(statement))


class Network:
    """Records what is done to it, as the one in the sandbox does, but quickly: each weight array is one number.

    Examples
    --------
    >>> net = Network()
    >>> net.backprop(np.array([1, 0]))
    >>> net.gradient_step(0.5)
    >>> net.finished()[-1]
    Event(method='end', value=False, step=1, rate=0.5)
    """

    def __init__(self, original: Network | None = None) -> None:
        self._original, self._elsewhere = original, False
        for name in PARAMETERS:
            setattr(self, name, 0.0)
            setattr(self, f"d{name}", 0.0)
        self._events: list[Event] = []
        self._before = [0.0] * len(PARAMETERS)
        self._step = 0
        self._rate: float | None = None

    def another(self) -> Network:
        """Make a network that is trained instead of this one."""
        return Network(self)

    def forward_propagation(self, X: Any) -> None:
        """Record the rows."""
        self._record("forward_propagation", X)

    def backprop(self, y: Any) -> None:
        """Record the labels; every gradient is one."""
        self._record("backprop", y)
        if self._original is not None:
            self._original._elsewhere = True
        for name in PARAMETERS:
            setattr(self, f"d{name}", 1.0)

    def gradient_step(self, learning_rate: float) -> None:
        """Record the rate, and take the step."""
        self._record("gradient_step", learning_rate)
        for name in PARAMETERS:
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, f"d{name}"))

    def finished(self) -> list[Event]:
        """Give all events."""
        self._record("end", self._elsewhere)
        return self._events

    def _record(self, method: Literal["forward_propagation", "backprop", "gradient_step", "end"], value: Value) -> None:
        """Note an event, and before it whether the weights have changed."""
        weights = [getattr(self, name) for name in PARAMETERS]
        if weights != self._before:
            rates = {before - weight for before, weight in zip(self._before, weights, strict=True)}
            self._step, self._rate = self._step + 1, rates.pop() if len(rates) == 1 else float("nan")
            self._before = weights
        self._events.append(Event(method, value, self._step, self._rate))


def play(
    task: str, probe: Probe, style: Style, body: str = "", seed: int = 0, own: Own = (), before: Sequence[Probe] = ()
) -> tuple[Event, ...]:
    """Run one routine, the reference or one with other lines, and give the events.

    Parameters
    ----------
    task : {"gradient_descent", "stochastic_gradient_descent"}
    probe : Probe
    style : Style
    body : str, optional
        Of a :class:`Form`.
    seed : int
    own : pairs of str and float, optional
        The learner's own numbers that stand in ``body``.
    before : sequence of Probe, optional
        Those of earlier calls, which count if ``KEPT``, a list that outlives the call, stands in ``body``.
    """
    probes = (*before, probe) if "KEPT" in body else (probe,)
    recorded = _recorded(task, probes, body or solution(task), style.late, style.incomplete, seed, own)
    shown = [probe.testx if part == "test" else probe.trainx for part in style.evaluate]
    return tuple(
        each
        for event in recorded
        for each in ([replace(event, value=X) for X in shown] if event.value is EVALUATION else [event])
    )


@lru_cache(maxsize=16)  # the styles of one form that differ only in what is evaluated have one run
def _recorded(
    task: str, probes: tuple[Probe, ...], body: str, late: bool, incomplete: bool, seed: int, own: Own
) -> tuple[Event, ...]:
    """Run one routine on each probe, and give the last one's events; an evaluation is a forward pass of EVALUATION."""
    namespace: dict[str, Any] = {
        "np": np, "out": None, "KEPT": [],
        **dict.fromkeys(("cross_entropy", "accuracy", "Batch"), _nothing),
        "LATE": late, "INCOMPLETE": incomplete, **dict(own),
    }  # fmt: skip
    exec(_compiled(task, body), namespace)  # noqa: S102 - all ours
    for probe in probes:
        net = Network()
        namespace["evaluate"] = lambda *_, net=net: net.forward_propagation(EVALUATION)
        data = (probe.trainx, probe.trainy, probe.testx, probe.testy, probe.rate)
        settings: tuple[Any, ...] = (probe.epochs, probe.log_every)
        if probe.batch_size:
            settings = (probe.batch_size, *settings, np.random.RandomState([seed, probe.seed]))
        namespace[task](net, *data, *settings)
    return tuple(net.finished())


def _nothing(*_: object) -> None:
    """Stand for what computes no event."""


def run(task: str, probe: Probe, style: Style, body: str = "", own: Own = (), before: Sequence[Probe] = ()) -> Trace:
    """Run one routine, and give what is to be seen of it."""
    return trace(play(task, probe, style, body, own=own, before=before), probe)


def own_numbers(task: str, runs: Sequence[tuple[Trace, Probe]]) -> Iterator[tuple[str, float]]:
    """Give the numbers that a learner may have written into the code.

    They are a rate, a factor of it, such a factor divided by the batch size, a batch size, a count of epochs, one of
    the batches of an epoch, and one of the steps for each batch.
    """
    updates = [(update, probe) for run, probe in runs for update in run.updates]
    rates = Counter(update.rate for update, _ in updates if np.isfinite(update.rate)).most_common(1)
    sizes = Counter(len(update.rows) for update, probe in updates if update.rows and len(update.rows) < probe.n)
    yield from (("OWN_RATE", rate) for rate, _ in rates)
    factors = Counter(five_digits(update.rate / probe.rate) for update, probe in updates).most_common(1)
    yield from (("OWN_FACTOR", factor) for factor, _ in factors if 0 < factor != 1)
    if task == "stochastic_gradient_descent":
        shares = {float(f"{update.rate / probe.rate / probe.batch_size:.8g}") for update, probe in updates}
        yield from (("OWN_SHARE", share) for share in shares if len(shares) == 1 and 0 < share != 1)
        yield from (("OWN_SIZE", size) for size, _ in sizes.most_common(3) if size > 1)
        shorter = {
            len(run.updates) / probe.epochs for run, probe in runs if len(run.updates) < probe.epochs * probe.per_epoch
        }
        yield from (("OWN_BATCHES", int(count)) for count in shorter if len(shorter) == 1 and 1 < count == int(count))
    counts = [{len(run.updates) / steps for steps in probe.steps_per_epoch} for run, probe in runs]
    yield from (("OWN_COUNT", int(count)) for count in set.intersection(*counts) if count > 1 and count % 1 == 0)
    repeats = [{count / probe.epochs for count in of} for of, (_, probe) in zip(counts, runs, strict=True)]
    yield from (("OWN_REPEATS", int(count)) for count in set.intersection(*repeats) if count > 1 and count % 1 == 0)


def candidates(task: str, runs: Sequence[tuple[Trace, Probe]]) -> Iterator[tuple[Form, Own]]:
    """Give every form of every mistake, with each number of the learner's own that it may have."""
    own = list(own_numbers(task, runs))
    for form in forms(task):
        if not form.own:
            yield form, ()
        yield from ((form, ((name, number),)) for name, number in own if name == form.own)


@cache
def styles_for(task: str, body: str) -> tuple[Style, ...]:
    """Choose the styles to run a form in: all of them, unless it calls the network as the reference does."""
    calls = re.compile(r"^( *).*neural_net\.(\w+)\(", flags=re.MULTILINE)
    return PLAIN_STYLES if calls.findall(body) == calls.findall(solution(task)) else STYLES


def may_be_part(
    runs: Sequence[Trace], probes: Sequence[Probe], found: Deviations, facts: Iterable[str] = LOOKS
) -> bool:
    """Tell whether a mistake, by its runs on the first probes, may be among those found."""
    for fact in facts:
        made = deviation(fact, runs, probes)
        if made is None:
            continue
        if fact not in found:
            return False
        if made not in UNSURE and found[fact] not in UNSURE and made != found[fact][: len(runs)]:
            return False
    return True


def recognise(task: str, probes: Sequence[Probe], traces: Sequence[Trace]) -> tuple[str, ...]:
    """Name the mistake, or the two at different facts, that deviate just as these runs do.

    Parameters
    ----------
    task : {"gradient_descent", "stochastic_gradient_descent"}
    probes : sequence of Probe
    traces : sequence of Trace
        Of the learner's runs, with some deviation.

    Returns
    -------
    tuple of str
        Ids; empty if nothing fits, or if more than one thing does.
    """
    found = deviations(traces, probes)
    if "record" in found:  # no form returns any
        return ()
    later = deviations(traces[1:], probes[1:])
    parts: list[tuple[str, Deviations]] = []  # what could be all of it, or one of two mistakes
    for form, own in candidates(task, list(zip(traces, probes, strict=True))):
        # What a list holds that outlives the calls is not known when the first one is made, last of all.
        tried, seen = (probes[1:], later) if "KEPT" in form.body else (probes, found)
        if not tried:
            continue
        hopeless: set[tuple[bool, bool]] = set()  # where even the facts that no evaluation changes do not fit
        for style in styles_for(task, form.body):
            if (style.late, style.incomplete) in hopeless:
                continue
            runs = [run(task, tried[0], style, form.body, own)]
            if not may_be_part(runs, tried[:1], seen, WITHOUT_FORWARD):
                hopeless.add((style.late, style.incomplete))
                continue
            if not may_be_part(runs, tried[:1], seen):
                continue
            for i, probe in enumerate(tried[1:], 1):
                runs.append(run(task, probe, style, form.body, own, tried[:i]))
                if not may_be_part(runs, tried[: len(runs)], seen):
                    break
            else:
                made = deviations(runs, tried)
                part = (form.mistake, {fact: found[fact] for fact in made})
                if made and made.items() <= seen.items() and part not in parts:
                    parts.append(part)
    single = {(mistake,) for mistake, made in parts if made == found}
    pairs = {
        (one, two)
        for (one, made), (two, made_too) in combinations(parts, 2)
        if one != two and not made.keys() & made_too.keys() and made | made_too == found
    }
    fitting = single or pairs
    return fitting.pop() if len(fitting) == 1 else ()
