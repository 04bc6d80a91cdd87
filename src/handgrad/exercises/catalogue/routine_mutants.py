"""The known mistakes of the training routines: each as the routine that makes it, run to see what it does.

``descend`` and ``descend_in_batches`` are the routines as the sheet asks for them. A mistake is one of them with a part
replaced, in each of the ways in which learners write the rest (:class:`Style`): what is evaluated and when, and whether
the incomplete last batch is taken. All run here, in the parent, on a :class:`Network`.

The file has over 300 lines because it is one table: the two routines, the ways to take a step wrong, the mistakes.
"""

# ruff: noqa: ARG001, ARG005 - what may replace a part takes all that any replacement needs

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

import numpy as np

from handgrad.exercises.calls import Event, Value
from handgrad.exercises.catalogue.traces import BY_CHANCE, Deviations, Probe, Trace, deviations, trace
from handgrad.exercises.tasks import PARAMETERS

RNG = np.random.Generator


@dataclass(frozen=True)
class Style:
    """What a learner is free to choose."""

    evaluate: tuple[str, ...] = ("test", "train")
    late: bool = False  # evaluates after an epoch, not before; prints after so many steps, not before
    incomplete: bool = False  # takes the incomplete last batch


STYLES = tuple(
    Style(*choice)
    for choice in product([("test", "train"), ("train", "test"), ("test",), ()], [False, True], [False, True])
)

PLAIN_STYLES = (Style(), Style(incomplete=True))  # where a step is right, nothing hangs on evaluations


@dataclass(frozen=True)
class Moment:
    """Where in a run a step stands: the first of all, the last of its epoch or of all; whether something is printed."""

    first: bool
    last: bool
    final: bool
    prints: bool


class Network:
    """Records what is done to it, as the one in the sandbox does, but quickly: each weight array is one number.

    Examples
    --------
    >>> net = Network()
    >>> net.backprop(np.array([1, 0]))
    >>> net.gradient_step(0.5)
    >>> net.finished()[-1]
    Event(method='end', value=None, step=1, rate=0.5)
    """

    def __init__(self) -> None:
        self.weights = dict.fromkeys(PARAMETERS, 0.0)
        self.gradient = 0.0
        self.total = 0  # for those who add up gradients
        self._events: list[Event] = []
        self._before = self.weights.copy()
        self._step = 0
        self._rate: float | None = None

    def forward_propagation(self, X: Any) -> None:
        """Record the rows."""
        self._record("forward_propagation", X)

    def backprop(self, y: Any) -> None:
        """Record the labels; the gradient is one."""
        self._record("backprop", y)
        self.gradient = 1.0

    def gradient_step(self, learning_rate: float) -> None:
        """Record the rate, and take the step."""
        self._record("gradient_step", learning_rate)
        self.move(learning_rate * self.gradient)

    def move(self, length: float, names: Iterable[str] = PARAMETERS) -> None:
        """Take a step that is written out in the routine."""
        for name in names:
            self.weights[name] -= length

    def finished(self) -> list[Event]:
        """Give all events."""
        self._record("end", None)
        return self._events

    def _record(self, method: Literal["forward_propagation", "backprop", "gradient_step", "end"], value: Value) -> None:
        """Note an event, and before it whether the weights have changed."""
        if self.weights != self._before:
            rates = {self._before[name] - weight for name, weight in self.weights.items()}
            self._step, self._rate = self._step + 1, rates.pop() if len(rates) == 1 else float("nan")
            self._before = self.weights.copy()
        self._events.append(Event(method, value, self._step, self._rate))


Work = Callable[[Network, Probe, Any, Any, float, Moment], None]
Change = dict[str, Any]


def evaluate(net: Network, probe: Probe, parts: Iterable[str]) -> None:
    """Look at some parts of the data."""
    for part in parts:
        net.forward_propagation(probe.testx if part == "test" else probe.trainx)


def train(net: Network, probe: Probe, X: Any, y: Any, rate: float, moment: Moment) -> None:
    """Take one step, as it should be."""
    net.forward_propagation(X)
    net.backprop(y)
    net.gradient_step(rate)


def descend(
    net: Network,
    probe: Probe,
    style: Style,
    rng: RNG,
    *,
    work: Work = train,
    epochs: Callable[[int], Iterable[int]] = range,
    rate: Callable[[Probe, int], float] = lambda probe, i: probe.rate,
    look: Callable[[Network, Probe, Iterable[str]], None] = evaluate,
) -> None:
    """Run ``gradient_descent``, whose epochs are its iterations, or what is left of it with some parts replaced."""
    for i in epochs(probe.epochs):
        prints = (i + style.late) % probe.log_every == 0
        if prints and not style.late:
            look(net, probe, style.evaluate)
        moment = Moment(i == 0, i == probe.epochs - 1, i == probe.epochs - 1, prints)
        work(net, probe, probe.trainx, probe.trainy, rate(probe, i), moment)
        if prints and style.late:
            look(net, probe, style.evaluate)
    look(net, probe, style.evaluate)


def descend_in_batches(
    net: Network,
    probe: Probe,
    style: Style,
    rng: RNG,
    *,
    work: Work = train,
    epochs: Callable[[int], Iterable[int]] = range,
    steps: Callable[[int, RNG], Iterable[int]] = lambda count, rng: range(count),
    order: Callable[[Any, int, RNG], Any] = lambda rows, epoch, rng: rng.permutation(rows),
    batch: Callable[[Any, int, int, RNG], Any] = lambda rows, j, size, rng: rows[j * size : (j + 1) * size],
    labels: Callable[[Any, int, int, RNG], Any] | None = None,
    size: int = 0,
    rate: Callable[[Probe, int], float] = lambda probe, i: probe.rate,
    look: Callable[[Network, Probe, Iterable[str]], None] = evaluate,
    test: bool = False,
) -> None:
    """Run ``stochastic_gradient_descent``, or what is left of it with some parts replaced."""
    X, y = (probe.testx, probe.testy) if test else (probe.trainx, probe.trainy)
    size = size or probe.batch_size
    count = len(X) // size + (style.incomplete and len(X) % size > 0)
    rows: Any = np.arange(len(X))
    i = 0
    for epoch in epochs(probe.epochs):
        if not style.late:
            look(net, probe, style.evaluate)
        rows = order(rows, epoch, rng)
        for j in steps(count, rng):
            seen = batch(rows, j, size, rng)
            whose = seen if labels is None else labels(rows, j, size, rng)
            last = j == count - 1
            prints = (j + style.late) % probe.log_every == 0
            moment = Moment(i == 0, last, last and epoch == probe.epochs - 1, prints)
            work(net, probe, X[seen], y[whose], rate(probe, i), moment)
            i += 1
        if style.late:
            look(net, probe, style.evaluate)
    look(net, probe, style.evaluate)


ROUTINES = {"gradient_descent": descend, "stochastic_gradient_descent": descend_in_batches}


def acts(what: str) -> Work:
    """Make a step that does these things in order.

    F: forward, T: forward on the test part, W: on the whole training part, B: backprop, L: with the test part's labels,
    S: step, I: one written out. What stands between < and > is done only when something is printed, between [ and ]
    only at the last step of an epoch, ( and ) at the very last, { and } at the very first.
    """

    def work(net: Network, probe: Probe, X: Any, y: Any, rate: float, moment: Moment) -> None:
        does: dict[str, Callable[[], None]] = {
            "F": lambda: net.forward_propagation(X),
            "T": lambda: net.forward_propagation(probe.testx),
            "W": lambda: net.forward_propagation(probe.trainx),
            "B": lambda: net.backprop(y),
            "L": lambda: net.backprop(probe.testy),
            "S": lambda: net.gradient_step(rate),
            "I": lambda: net.move(rate * net.gradient),
        }
        opens = {"<": moment.prints, "[": moment.last, "(": moment.final, "{": moment.first}
        doing = True
        for letter in what:
            if letter not in does:
                doing = opens.get(letter, True)
            elif doing:
                does[letter]()

    return work


def accumulates(*, forgets: bool, waits: str = "") -> Work:
    """Make a step along the sum of all gradients so far; at the end of an epoch it forgets them, or only then steps."""

    def work(net: Network, probe: Probe, X: Any, y: Any, rate: float, moment: Moment) -> None:
        net.forward_propagation(X)
        net.backprop(y)
        net.total += 1
        if {"": True, "epoch": moment.last, "end": moment.final}[waits]:
            net.move(rate * net.total)
        if forgets and moment.last:
            net.total = 0

    return work


def updates_only(*names: str) -> Work:
    """Make a step that leaves the other weights as they are."""

    def work(net: Network, probe: Probe, X: Any, y: Any, rate: float, moment: Moment) -> None:
        net.forward_propagation(X)
        net.backprop(y)
        net.move(rate, names)

    return work


def works(*whats: str) -> list[Change]:
    """Make a change for each way to take a step."""
    return [{"work": acts(what)} for what in whats]


def at(rows: Any, j: int, size: int) -> Any:
    """Take the rows of batch j."""
    return rows[j * size : (j + 1) * size]


BOTH: dict[str, list[Change]] = {
    "never_steps": works("", "F", "FB"),
    "forgets_backprop": works("FS"),
    "forgets_forward": works("BS", "{F}BS", "{W}BS", "{T}BS"),
    "evaluation_overwrites_forward": works("FTBS", "F<T>BS", "TBS", "FWTBS", "F<WT>BS"),
    "trains_on_test_data": works("TLS"),
    "labels_of_test_data": works("FLS"),
    "steps_only_when_printing": works("F<BS>", "FB<S>", "<FBS>"),
    "step_before_backprop": works("SFB", "FSB", "IFB", "FIB"),
    "steps_only_at_the_end": works("FB(S)"),
    "only_one_step": [*works("F(BS)"), {"epochs": lambda count: [0], "work": acts("{FBS")}],
    "several_steps_for_one_batch": works("FBSS", "FBSBS", "FBSFBS"),
    "gradients_accumulated": [
        {"work": accumulates(forgets=False)},
        {"work": accumulates(forgets=False, waits="end")},
    ],
    "updates_only_some_parameters": [
        {"work": updates_only(*(name for name in PARAMETERS if name.startswith(start)))} for start in ("W", "b")
    ],
    "learning_rate_decays": [{"rate": lambda probe, i: probe.rate * 0.9**i}],
    "learning_rate_negated": [{"rate": lambda probe, i: -probe.rate}],
    "evaluates_on_training_data": [{"look": lambda net, probe, parts: evaluate(net, probe, ["train"])}],
}

ONLY: dict[str, dict[str, list[Change]]] = {
    "gradient_descent": {
        "one_iteration_too_few_or_too_many": [
            {"epochs": lambda count: range(1, count)},
            {"epochs": lambda count: range(count + 1)},
        ],
        "learning_rate_divided": [{"rate": lambda probe, i: probe.rate / probe.n}],
    },
    "stochastic_gradient_descent": {
        "trains_on_test_data": [{"test": True}],
        "evaluation_overwrites_forward": works("FWBS", "F<W>BS", "WBS", "FTWBS", "F<TW>BS"),
        "gradients_accumulated": [
            {"work": accumulates(forgets=True)},
            {"work": accumulates(forgets=True, waits="epoch")},
        ],
        "learning_rate_divided": [
            {"rate": lambda probe, i: probe.rate / probe.batch_size},
            {"rate": lambda probe, i: probe.rate / probe.n},
        ],
        "steps_once_an_epoch": [*works("FB[S]", "F[BS]"), {"steps": lambda count, rng: [0]}],
        "one_epoch_too_few_or_too_many": [
            {"epochs": lambda count: range(1, count)},
            {"epochs": lambda count: range(count + 1)},
        ],
        "stops_after_the_first_epoch": [{"epochs": lambda count: [0]}],
        "reuses_first_batch": [{"batch": lambda rows, j, size, rng: at(rows, 0, size)}],
        "full_batch": [
            {"batch": lambda rows, j, size, rng: rows},
            {"batch": lambda rows, j, size, rng: rows, "steps": lambda count, rng: [0]},
        ],
        "does_not_shuffle": [{"order": lambda rows, epoch, rng: rows}],
        "shuffles_only_once": [{"order": lambda rows, epoch, rng: rows if epoch else rng.permutation(rows)}],
        "shuffles_after_the_first_epoch": [
            {"order": lambda rows, epoch, rng: rng.permutation(rows) if epoch else rows}
        ],
        "shuffles_whole_batches": [
            {"order": lambda rows, epoch, rng: rows, "steps": lambda count, rng: rng.permutation(count)}
        ],
        "shuffles_for_every_batch": [{"batch": lambda rows, j, size, rng: rng.permutation(rows)[:size]}],
        "draws_with_replacement": [{"batch": lambda rows, j, size, rng: rng.integers(len(rows), size=size)}],
        "labels_not_shuffled": [{"labels": lambda rows, j, size, rng: at(np.arange(len(rows)), j, size)}],
        "labels_shuffled_separately": [{"labels": lambda rows, j, size, rng: at(rng.permutation(rows), j, size)}],
        "labels_of_another_batch": [
            {"labels": lambda rows, j, size, rng: at(rows, max(j - 1, 0), size)},
            {"labels": lambda rows, j, size, rng: at(rows, j + 1, size)},
            {"labels": lambda rows, j, size, rng: at(rows, (j + 1) % (len(rows) // size), size)},
            {"labels": lambda rows, j, size, rng: at(rows, 0, size)},
        ],
        "batches_overlap": [
            {"batch": lambda rows, j, size, rng: rows[j : j + size]},
            {"batch": lambda rows, j, size, rng: rows[j : (j + 1) * size]},
            {"batch": lambda rows, j, size, rng: rows[: (j + 1) * size]},
        ],
        "leaves_out_a_batch": [
            {"steps": lambda count, rng: range(1, count)},
            {"steps": lambda count, rng: range(count - 1)},
        ],
        "empty_last_batch": [{"steps": lambda count, rng: range(count + 1)}],
        "batch_one_too_short_or_too_long": [
            {"batch": lambda rows, j, size, rng: rows[j * size : (j + 1) * size - 1]},
            {"batch": lambda rows, j, size, rng: rows[j * size : (j + 1) * size + 1]},
            {"batch": lambda rows, j, size, rng: rows[j * size + 1 : (j + 1) * size + 1]},
        ],
    },
}


def own_numbers(task: str, runs: Sequence[tuple[Trace, Probe]]) -> Iterator[tuple[str, Change]]:
    """Give the mistakes that hold a number of the learner's own: a rate, or a batch size, written into the code."""
    updates = [(update, probe) for run, probe in runs for update in run.updates]
    rates = Counter(update.rate for update, _ in updates if np.isfinite(update.rate)).most_common(1)
    sizes = Counter(len(update.rows) for update, probe in updates if update.rows and len(update.rows) < probe.n)
    if rates:
        yield "learning_rate_ignored", {"rate": lambda probe, i: rates[0][0]}
    if task == "stochastic_gradient_descent":
        yield from (("batch_size_ignored", {"size": size}) for size, _ in sizes.most_common(3))


def play(task: str, probe: Probe, style: Style, change: Change, seed: int = 0) -> tuple[Event, ...]:
    """Run one routine, and give the events."""
    net = Network()
    ROUTINES[task](net, probe, style, np.random.default_rng(seed), **change)
    return tuple(net.finished())


def run(task: str, probe: Probe, style: Style, change: Change) -> Trace:
    """Run one routine, and give what is to be seen of it."""
    return trace(play(task, probe, style, change), probe)


def changes(task: str, runs: Sequence[tuple[Trace, Probe]] = ()) -> Iterator[tuple[str, Change]]:
    """Give every mistake of a task, in all its forms; those with a number of the learner's own need their runs."""
    for table in (BOTH, ONLY[task]):
        for mistake, forms in table.items():
            for change in forms:
                yield mistake, change
    yield from own_numbers(task, runs)


def may_be_part(mutant: Deviations, found: Deviations) -> bool:
    """Tell whether a mistake, by its run on one probe, may be among those found."""
    return all(
        fact in found and (value == found[fact] or value in BY_CHANCE or found[fact] in BY_CHANCE)
        for fact, value in mutant.items()
    )


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
    first = deviations(traces[:1], probes[:1])
    parts: list[tuple[str, Deviations]] = []  # what could be all of it, or one of two mistakes
    for mistake, change in changes(task, list(zip(traces, probes, strict=True))):
        for style in STYLES if "work" in change else PLAIN_STYLES:
            start = run(task, probes[0], style, change)
            if not may_be_part(deviations([start], probes[:1]), first):
                continue
            made = deviations([start, *(run(task, probe, style, change) for probe in probes[1:])], probes)
            if made and made.items() <= found.items() and (mistake, made) not in parts:
                parts.append((mistake, made))
    single = {(mistake,) for mistake, made in parts if made == found}
    pairs = {
        (one, two)
        for (one, made), (two, made_too) in combinations(parts, 2)
        if one != two and not made.keys() & made_too.keys() and made | made_too == found
    }
    fitting = single or pairs
    return fitting.pop() if len(fitting) == 1 else ()
