"""The calls that backprop is tried with, and their answers, grouped by the kind of call.

The method is run on networks whose layers differ in size, so that a transposition or a wrong axis shows, and on some
whose layers are equal, so that a product with the wrong factor does not only crash; several times on one object; and
with inputs of another scale. Who is right in all that is tried further: on one object in many calls and with many
examples; with labels and weights of another kind, and outputs of a network that has learnt; on the same examples after
the weights have changed; and on a network as large as the sheet's. The method is also run from the reference's forward
values, which shows what it deserves itself if the forward pass is wrong or missing, and with correct helper functions,
for the case that one of those is to blame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer, Call, Random, Ufunc
from handgrad.exercises.catalogue.comparing import Array
from handgrad.exercises.judging.networks import (
    Probe,
    confident,
    draw,
    example,
    learning,
    level,
    nudged,
    relabelled,
    scaled,
    steeper,
)
from handgrad.exercises.judging.passes import canned, large_pass, passes, start, unset_pass
from handgrad.exercises.judging.plan import Plan

# Of layers and batches. None is a likely factor of a mistake, or the sum, product or quotient of two others.
SIZES = (7, 11, 13, 17, 23, 27)
SHEET = (784, 400, 400, 10)
HISTORY = (4, 3, 3, 150, 4, 1, 2, 70, 4, 1500, 6, 1, 5, 5, 33)  # numbers of examples in calls with one object
ALONE = 5  # the place of the single example that comes as often as the batches of a whole training
OFTEN = (700, 1000)
ASTRONOMIC = 1e250  # inputs for which even a step into the complex plane is not small
PATIENCE = 4.0  # seconds for the large network; slower methods, such as loops over single numbers, are not tried on it
WIDE = (700, 450, 350, 10)  # with a single example, loops over single numbers take about a second
TALL = (1, 2500, 1, 2)  # with some examples, a fraction of it
COUNTED = (1, 1000, 1, 2)  # with a single example, whoever computes by whole arrays makes fewer calls than it has units
ENDURANCE = 6.0  # seconds for those two, in which nobody can make a forward pass for each weight, or for each bias
STEPPING = 6  # the place of the one that takes steps itself, and how large they are
STEP = 0.05
STARTS = 12  # networks to compare; enough to show a generator with only a few seeds
SEEDS = (1, *range(1, STARTS + 2))  # of their generators, and of the last one's


@dataclass(frozen=True)
class Trials:
    """What backprop is tried on: networks, those for what is right so far, and that of the picture.

    The last one of ``further`` is as large as the sheet's, the one before has too many weights to make a
    pass for each of them, and the one before that too many biases. Before these come the one in which calls are
    counted, one with inputs so large that single precision cannot hold them, and one that takes steps by itself.
    """

    probes: tuple[Probe, ...]
    further: tuple[Probe, ...]
    example: Probe

    @property
    def large(self) -> Probe:
        """The network of the sheet's size."""
        return self.further[-1]


@dataclass(frozen=True)
class Answers:
    """The answers, by what was asked.

    Attributes
    ----------
    full : sequence of Answer
        Of every network, with the submission's own forward pass.
    pictured : Answer
    given, canned, turned : sequence of Answer
        Of the first two networks, from the reference's forward values: with the submission's own helpers, with correct
        ones, and with correct ones for transposed values.
    helpers, forward_helpers : sequence of Answer
        Of the functions that the method may call; ``forward_helpers``, of those that the forward pass may call.
    started : sequence of Answer
        Of new networks, made with different random generators, but the first two with equal ones; the last network is
        of the sheet's size.
    unset : Answer
        Of the first network's forward pass with the weights that it was made with.
    further : sequence of Answer
    """

    full: Sequence[Answer]
    pictured: Answer
    given: Sequence[Answer]
    canned: Sequence[Answer]
    turned: Sequence[Answer]
    helpers: Sequence[Answer]
    forward_helpers: Sequence[Answer]
    started: Sequence[Answer]
    unset: Answer
    further: Sequence[Answer]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Trials]:
    """Draw networks and batches for backprop.

    Examples
    --------
    >>> [call.id for call in calls_for("backprop", np.random.default_rng(0)).calls][:3]
    ['backprop:0', 'backprop:1', 'backprop:2']
    """
    d, h1, h2, k, n, m = (int(size) for size in rng.permutation(SIZES))
    probes = (
        _repeating(draw(rng, (d, h1, h2, k), n, m, m, 1)),  # one object must not keep anything
        draw(rng, (n, k, d, h2), h1),
        scaled(draw(rng, (6, 5, 7, 4), 3)),
        draw(rng, (4, 4, 4, 4), 6),
        draw(rng, (5, 5, 5, 5), 5),
        draw(rng, (n, d, m, 37), 5),
    )
    further = (
        _often(_of_one_class(_repeating(draw(rng, (5, 4, 6, 3), *HISTORY))), int(rng.integers(*OFTEN))),
        relabelled(draw(rng, (60, 50, 40, 10), 11)),
        steeper(relabelled(draw(rng, (6, 8, 7, 5), 9))),
        confident(draw(rng, (9, 10, 8, 5), 22)),
        learning(rng, draw(rng, (5, 6, 4, 3), 6, 310, 1, 1)),
        nudged(rng, draw(rng, (5, 4, 6, 3), 6)),
        draw(rng, (4, 6, 5, 3), 7, 7, 7),
        scaled(draw(rng, (6, 5, 7, 4), 3), ASTRONOMIC),
        level(draw(rng, COUNTED, 1)),
        level(draw(rng, TALL, 40)),
        draw(rng, WIDE, 1),
        draw(rng, SHEET, 40),  # with fewer examples, gradients of a low rank would pass for whole ones
    )
    trials = Trials(probes, further, example())
    calls = [
        Call(f"{task}:{i}", "network", "fcc", probe.sizes, steps=passes(probe))
        for i, probe in enumerate((*probes, trials.example))
    ]
    for kind in ("given", "canned", "turned"):
        calls += [
            Call(
                f"{task}:{kind}:{i}",
                "network",
                "fcc",
                steps=passes(probe, forward=False),
                canned={} if kind == "given" else canned(probe, kind == "turned"),
            )
            for i, probe in enumerate(probes[:2])
        ]
    calls += [
        Call(f"{task}:helper:{i}", "function", name, arguments)
        for i, (name, arguments, _) in enumerate(helpers_of(probes[0]))
    ]
    calls += [
        Call(f"{task}:helper:{name}", "function", name, arguments) for name, arguments, _ in forward_helpers(probes[0])
    ]
    calls += [
        Call(
            f"{task}:start:{i}", "network", "fcc", keywords={"rng": Random(seed)}, steps=start(probe), seconds=PATIENCE
        )
        for i, (seed, probe) in enumerate(zip(SEEDS, (*[probes[0]] * (STARTS + 1), trials.large), strict=True))
    ]
    calls.append(Call(f"{task}:unset", "network", "fcc", steps=unset_pass(probes[0])))
    calls += [
        Call(
            f"{task}:further:{i}",
            "network",
            "fcc",
            steps=large_pass(probe)
            if probe.sizes in (COUNTED, TALL, WIDE, SHEET)
            else passes(probe, rate=STEP if i == STEPPING else 0.0),
            seconds=ENDURANCE if probe.sizes in (TALL, WIDE) else PATIENCE,
            counted=probe.sizes == COUNTED,
        )
        for i, probe in enumerate(further)
    ]
    return Plan(task, tuple(calls), trials)


def _repeating(probe: Probe) -> Probe:
    """Repeat the first batch twice at the end: a buffer may be cleared when the number of examples changes."""
    return replace(probe, batches=(*probe.batches, probe.batches[0], probe.batches[0]))


def _often(probe: Probe, times: int) -> Probe:
    """Show the batch of a single example again and again."""
    batches = [replace(batch, times=times) if i == ALONE else batch for i, batch in enumerate(probe.batches)]
    return replace(probe, batches=tuple(batches))


def _of_one_class(probe: Probe) -> Probe:
    """Give all examples of the third batch the same label."""
    first, second, third, *rest = probe.batches
    return replace(probe, batches=(first, second, replace(third, y=np.ones_like(third.y)), *rest))


def sorted_by_kind(trials: Trials, answers: Sequence[Answer]) -> Answers:
    """Sort the answers by what was asked."""
    left = iter(answers)

    def several(count: int) -> list[Answer]:
        return list(islice(left, count))

    return Answers(
        several(len(trials.probes)),
        next(left),
        several(2),
        several(2),
        several(2),
        several(len(helpers_of(trials.probes[0]))),
        several(len(forward_helpers(trials.probes[0]))),
        several(len(SEEDS)),
        next(left),
        several(len(trials.further)),
    )


def helpers_of(probe: Probe) -> list[tuple[str, tuple[Array, ...], Array]]:
    """List the functions that backprop may call, with arguments and the right results."""
    batch = probe.batches[0]
    out, h1, h2 = (batch.forward[name] for name in ("out", "h1", "h2"))
    delta = handout.delta_last_layer_easy_approach(out, batch.y)
    return [
        ("delta_last_layer", (out, batch.y), delta),
        ("delta_last_layer_easy_approach", (out, batch.y), delta),
        ("del_sigmoid", (h2,), handout.del_sigmoid(h2)),
        ("del_sigmoid", (h1,), handout.del_sigmoid(h1)),
    ]


def forward_helpers(probe: Probe) -> list[tuple[str, tuple[Array | Ufunc, ...], Array]]:
    """List the functions that the forward pass may call, with arguments and the right results."""
    X, W, b = probe.batches[0].forward["X"], probe.weights["W_i_h1"], probe.weights["b_h1"]
    sums = np.matmul(X, W) + b
    return [
        ("sigmoid", (sums,), handout.sigmoid(sums)),
        ("softmax", (sums,), handout.softmax(sums)),
        ("fcc_one_layer", (X, W, b, Ufunc("tanh")), np.tanh(sums)),
    ]
