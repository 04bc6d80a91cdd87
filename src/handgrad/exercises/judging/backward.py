"""Judges backprop, quantity by quantity.

The file is long, because a wrong method is judged in several ways, and the best of them counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from handgrad.exercises.calls import Answer, Crash
from handgrad.exercises.catalogue.comparing import EXACT, TOLERANCE, Array, outcome, same
from handgrad.exercises.catalogue.edits import formula
from handgrad.exercises.catalogue.layers import ACTIVATIONS, EQUATIONS, LAYERS
from handgrad.exercises.judging import crashes, diagnosis, forward, trials
from handgrad.exercises.judging.chain import GRADIENTS, Verdict, View, gradients_right, walk
from handgrad.exercises.judging.differences import measured
from handgrad.exercises.judging.networks import Probe
from handgrad.exercises.judging.passes import done, read, rough
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.judging.trials import COUNTED, Answers, Trials, helpers_of, sorted_by_kind
from handgrad.exercises.results import Finding, Note, Picture, TaskResult
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

_LARGE = 1e3  # inputs, for which no change of a weight is small
ROUNDING = 1e-12  # relative; what is computed by the equations is not as far off
_ONE_THING_LESS = 1 - 1 / len(BACKPROP)


@dataclass(frozen=True)
class Seen:
    """What was found of a wrong method.

    Attributes
    ----------
    views : sequence of View
        Its passes.
    crash : Crash or None
    moved : tuple of str
        Parameters that it changed.
    before : tuple of Finding
        What is wrong with the constructor and the forward pass.
    measured : collection of str
        Quantities that it measured by differences of the loss.
    """

    views: Sequence[View]
    crash: Crash | None
    moved: tuple[str, ...]
    before: tuple[Finding, ...]
    measured: Collection[str]


def calls_for(task: str, rng: np.random.Generator) -> Plan[Trials]:
    """Draw networks and batches; see :func:`trials.calls_for`.

    Examples
    --------
    >>> [call.id for call in calls_for("backprop", np.random.default_rng(0)).calls][:3]
    ['backprop:0', 'backprop:1', 'backprop:2']
    """
    return trials.calls_for(task, rng)


def judge(plan: Plan[Trials], answers: Sequence[Answer]) -> TaskResult:
    """Say whether backprop is right, and if not, which quantity goes wrong first, and why; remark on a right one."""
    drawn, asked = plan.drawn, sorted_by_kind(plan.drawn, answers)
    reaches = any(answer.status == "ok" or done(answer, "0:forward") for answer in asked.full)
    # If a wrong forward pass or a helper that is still to be written stops it, the method is judged by itself.
    stopped = not reaches or all(answer.status == "not_attempted" for answer in asked.full)
    works = gradients_right(_views(drawn.probes, asked.full))
    by_itself = stopped or (not works and forward.starts_wrong(drawn.probes, asked.full))
    judged = _alone(drawn.probes, asked) if by_itself else asked.full
    needs_more = by_itself and not stopped and bool(crashes.first(judged)) and not crashes.first(asked.full)
    if needs_more:  # it uses other values that its own forward pass keeps
        judged = asked.full
    early = diagnosis.unanswered(plan.task, judged)
    in_time = _views(drawn.probes, judged) if early and early.status == "too_slow" else []
    if early and gradients_right(in_time):  # else what was answered in time may tell why
        return early
    views, crash, touched = _views(drawn.probes, judged, needs_more), crashes.first(judged), _touched(judged)
    by_differences = _measured(views)
    before = forward.findings(drawn, asked, works)
    spoilt = _spoilt((*asked.full, *asked.further)) if works else ()
    if not (by_itself or crash or before or touched or spoilt) and gradients_right(views):
        tolerance = max(view.tolerance for view in views)
        if any(rough(views[0].own[name], views[0].reference[name]) for name in GRADIENTS):
            tolerance = TOLERANCE  # in single precision, although the results are float64
        for probe, answer in _further(drawn, asked, exact=tolerance == EXACT):
            if early := diagnosis.unanswered(plan.task, [answer]):
                return early
            views = [replace(view, tolerance=tolerance) for view in _views([probe], [answer])]
            crash, touched = crashes.first([answer]), _touched([answer])
            if crash or not gradients_right(views):
                before = forward.findings(drawn, asked, works=False, further=(probe, answer))
                views = _views([probe], [answer], kept=bool(before))
                break
            if touched:
                break
    moved = tuple(name for name in PARAMETERS if name in touched)
    if not gradients_right(views) or crash or moved or by_differences:
        return _wrong(plan.task, drawn, asked, Seen(views, crash, moved, before, by_differences))
    if spoilt:
        return TaskResult(plan.task, "wrong", spoilt, credit=_ONE_THING_LESS)
    if before:
        return TaskResult(plan.task, "wrong", before, (Note("network_wrong"),), credit=_ONE_THING_LESS)
    if own := forward.crash(drawn, asked):
        said = (Note("network_wrong"), crashes.crashed(own))
        return TaskResult(plan.task, "crashed", (), said, crash=own, credit=_ONE_THING_LESS)
    changed = tuple(name for name in ACTIVATIONS if name in touched)
    remarks = forward.remarks(drawn, asked, changed)
    return TaskResult(plan.task, "right", remarks, (Note("right_by_itself" if by_itself else "right"),), credit=1.0)


def fails(plan: Plan[Trials], index: int, answer: Answer) -> bool:
    """Tell whether a gradient is wrong, or the method crashed, in one of the first calls."""
    if index >= len(plan.drawn.probes):
        return False
    views = _views([plan.drawn.probes[index]], [answer])
    return answer.status != "ok" or not views or not gradients_right(views)


def _wrong(task: str, drawn: Trials, asked: Answers, seen: Seen) -> TaskResult:
    """Say which quantity of a wrong method goes wrong first, and why, and what the method deserves all the same."""
    verdicts = [
        replace(verdict, state="wrong", mistake="gradient_by_differences")
        if verdict.quantity in seen.measured
        else verdict
        for verdict in walk(seen.views)
    ]
    findings = _findings(seen.views, verdicts)
    if seen.crash and not findings and (mistake := crashes.by_crash(seen.crash)):
        findings = [_finding(mistake, [verdicts[0]], seen.views)]
    if seen.moved and all(found.mistake != "updated_weights_used" for found in findings):
        findings.append(diagnosis.named("weights_changed_in_backprop", (), {"quantities": seen.moved}))
    findings = [*seen.before, *findings]
    credit = _share(verdicts, seen.views)
    finished = [view for view in seen.views if view.reached]
    if seen.crash and finished:  # on equal layers, say, where what comes after the crash is to be seen, too
        credit = max(credit, min(_share(walk(finished), finished), _ONE_THING_LESS))
    notes = [crashes.crashed(seen.crash)] if seen.crash else []
    consequences = tuple(verdict.quantity for verdict in verdicts if verdict.state == "follows")
    if consequences and seen.crash:  # else the chain shows them
        notes.append(Note("consequences", {"quantities": consequences}))
    helpers = _wrong_helpers(drawn.probes[0], asked.helpers, seen.crash)
    if helpers and _calls_them(drawn.probes[0], asked, seen.views[0]):
        helped = _views(drawn.probes, _with_correct_helpers(drawn.probes, asked))
        credit = max(credit, _share(walk(helped), helped) if helped else 0.0)
        if helped and gradients_right(helped):
            notes.insert(0, Note("follows", {"helpers": helpers}))
            credit, findings = 1.0, [found for found in findings if found.mistake]  # the cause of others is known
    if seen.moved or seen.before:
        credit = min(credit, _ONE_THING_LESS)
    if seen.measured and not any(name.startswith("delta") for view in seen.views for name in view.own):
        credit = 0.0  # not one of the equations is used
    return TaskResult(
        task,
        "crashed" if seen.crash else "wrong",
        tuple(findings),
        tuple(notes),
        consequences,
        _unseen(verdicts, findings, seen.views),
        seen.crash,
        _picture(_views([drawn.example], [asked.pictured]), findings),
        credit,
    )


def _alone(probes: Sequence[Probe], asked: Answers) -> Sequence[Answer]:
    """Choose the answers that judge the method by itself; correct helpers replace its own only if some do not run."""
    if all(answer.status in ("ok", "missing") for answer in asked.helpers):
        return asked.given
    return _with_correct_helpers(probes, asked)


def _with_correct_helpers(probes: Sequence[Probe], asked: Answers) -> Sequence[Answer]:
    """Choose the orientation for which the method was written, if it is right."""
    kinds = asked.canned, asked.turned
    return next((kind for kind in kinds if (views := _views(probes, kind)) and gradients_right(views)), kinds[0])


def _wrong_helpers(probe: Probe, answers: Sequence[Answer], crash: Crash | None = None) -> tuple[str, ...]:
    """Name those that do not give the right result."""
    wrong = (
        name
        for (name, _, expected), answer in zip(helpers_of(probe), answers, strict=True)
        if (crash is not None and crash.type == "NameError" and f"'{name}'" in crash.message)
        or (answer.status != "missing" and not same(answer.values.get("return"), expected))
    )
    return tuple(dict.fromkeys(wrong))


def _calls_them(probe: Probe, asked: Answers, view: View) -> bool:
    """Tell whether the submission's own helpers, correct or not, give its deltas from the right arguments.

    Otherwise correct helpers in their place would hide that the method passes wrong arguments.
    """
    right = [expected for _, _, expected in helpers_of(probe)]
    own = [answer.values.get("return") if answer.status == "ok" else None for answer in asked.helpers]
    for last, h2, h1 in product((own[0], own[1], right[0]), (own[2], right[2]), (own[3], right[3])):
        state = {**view.state, "delta_out": last}
        for layer, above, derivative in zip(LAYERS[1:], LAYERS, (h2, h1), strict=False):
            state[layer.delta] = outcome(
                lambda W, delta, factor: np.matmul(W, delta) * factor.T,
                state[above.weights],
                state[above.delta],
                np.array(None) if derivative is None else derivative,
            )
        if all(_is(view, layer.delta, layer.dW, state) for layer in LAYERS):
            return True
    return False


def _is(view: View, delta: str, gradient: str, state: dict[str, Array]) -> bool:
    """Tell whether a delta, or the gradient made of it where it is not kept, is that of a state."""
    kept = view.own.get(delta)
    if kept is None:
        return same(view.own.get(gradient), None if state[delta] is None else outcome(formula(gradient), state))
    read = (kept, state["n"] * kept)  # which may hold the mean's 1/n
    return any(same(array, state[delta]) or same(array.T, state[delta]) for array in read)


def _views(probes: Sequence[Probe], answers: Sequence[Answer], kept: bool = False) -> list[View]:
    """Read the passes of the answers to the first of these probes."""
    return [view for pair in zip(probes, answers, strict=False) for view in _read(*pair, kept)]


def _read(probe: Probe, answer: Answer, kept: bool = False) -> list[View]:
    return list(read(probe, answer, kept)) if answer.status in ("ok", "crashed") else []


def _further(drawn: Trials, asked: Answers, exact: bool) -> Iterator[tuple[Probe, Answer]]:
    """List what else must be right of a method that has been right so far."""
    *usual, stepping, astronomic, counted, tall, wide, large = zip(drawn.further, asked.further, strict=True)
    yield from usual
    if not (tall[1].status == "too_slow" and _calls(counted[1]) < sum(COUNTED)):  # nobody measures with so few calls
        yield wide
        if tall[1].status in ("ok", "too_slow"):  # whole Jacobians of so many units may need too much memory
            yield tall
    if stepping[1].status == "ok":  # the step is a task of its own
        yield stepping
    if exact and astronomic[1].status == "ok":
        yield astronomic
    if large[1].status in ("ok", "crashed"):  # loops over single numbers may be too slow
        yield large


def _calls(answer: Answer) -> float:
    """Read how many calls of functions an answer took."""
    return float(answer.values.get("calls", np.array(np.inf))) if answer.status == "ok" else np.inf


def _touched(answers: Sequence[Answer]) -> set[str]:
    """Name the forward values and parameters that backprop changed, in any of its calls."""
    return {
        label.rpartition(":")[2]
        for answer in answers
        for label, before in answer.values.items()
        if (after := answer.values.get(label.replace(":before:", ":"))) is not None
        and label.rpartition(":")[2] in (*ACTIVATIONS, *PARAMETERS)
        and not same(after, before)
    }


def _spoilt(answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """Report a method that changes the examples or the labels of whoever calls it."""
    labels = {label.partition(":")[2] for answer in answers for label in answer.values if ":changed:" in label}
    if "forward:changed:forward_propagation" in labels:
        return (diagnosis.named("forward_overwrites_inputs", (), {"quantities": ("X",)}, "(3.4)"),)
    given = {"y": "backprop:changed:backprop", "X": "backprop:changed:forward_propagation"}
    changed = [argument for argument, label in given.items() if label in labels]
    return tuple(diagnosis.named("data_changed_in_backprop", (), {"quantities": (one,)}) for one in changed[:1])


def _measured(views: Sequence[View]) -> set[str]:
    """Name the quantities that were measured from differences of the loss, by the passes with inputs of usual size."""
    usual = [view for view in views if view.tolerance == EXACT and np.abs(view.state["X"]).max() < _LARGE]
    found = {name: [(view.own[name], view) for view in usual if name in view.own] for name in BACKPROP}
    return {name for name, of in found.items() if any(map(measured, (_with_sizes(of), _with_sizes(_off(name, of)))))}


def _with_sizes(results: Sequence[tuple[Array, View]]) -> list[tuple[Array, int]]:
    return [(array, view.state["n"]) for array, view in results]


def _off(name: str, results: Sequence[tuple[Array, View]]) -> list[tuple[Array, View]]:
    """Keep of results of the right shape the entries that are a little off: these alone may have been measured."""
    pairs = [(array, view.reference[name], view) for array, view in results]
    return [
        (array[np.abs(array - right) > ROUNDING * np.abs(right).max()], view)
        for array, right, view in pairs
        if array.shape == right.shape and array.dtype == np.float64
    ]


def _findings(views: Sequence[View], verdicts: Sequence[Verdict]) -> list[Finding]:
    """Make one finding of each recognised mistake, however many quantities have it, and one of each other quantity."""
    wrong = [verdict for verdict in verdicts if verdict.state == "wrong"]
    absent = [verdict.quantity for verdict in verdicts if verdict.state == "absent"]
    findings: list[Finding] = []
    lost = False  # a delta that is not there has an unknown mistake: what comes after it is beyond judging
    for verdict in wrong:
        if verdict.mistake:
            alike = [other for other in wrong if other.mistake == verdict.mistake]
            if alike[0] is verdict:
                findings.append(_finding(verdict.mistake, alike, views))
        elif not lost:
            findings.append(_finding(None, [verdict], views))
            lost = BACKPROP[BACKPROP.index(verdict.quantity) // 3 * 3] in absent
    return findings


def _sizes(view: View) -> dict[str, int]:
    X, h1, h2, out = (view.state[name] for name in ACTIVATIONS)
    return {"n": len(X), "k": out.shape[1], "d": X.shape[1], "h1": h1.shape[1], "h2": h2.shape[1]}


def _finding(mistake: str | None, alike: Sequence[Verdict], views: Sequence[View]) -> Finding:
    """Report the quantities that have a mistake, or the one whose mistake is not known."""
    first, names = alike[0], [verdict.quantity for verdict in alike]
    view = first.view or views[0]
    expected = view.reference[first.quantity] if first.expected is None else first.expected
    equations = ", ".join(dict.fromkeys(EQUATIONS[name] for name in names))
    told = diagnosis.finding(mistake, names, first.found, expected, _sizes(view), equations)
    return replace(told, facts={**told.facts, "number": first.number}) if first.number else told


def _unseen(verdicts: Sequence[Verdict], findings: Sequence[Finding], views: Sequence[View]) -> tuple[str, ...]:
    """List the quantities that are neither known to be right nor explained by a finding."""
    explained = {quantity for found in findings for quantity in found.quantities}
    known = explained | {
        v.quantity for v in verdicts if v.state == "follows" or (v.state == "right" and _whole(v, views))
    }
    return tuple(verdict.quantity for verdict in verdicts if verdict.quantity not in known)


def _whole(verdict: Verdict, views: Sequence[View]) -> bool:
    """Tell whether every pass got as far as this quantity."""
    return all(view.reached or verdict.quantity in view.own for view in views)


def _share(verdicts: Sequence[Verdict], views: Sequence[View]) -> float:
    """Give the share of the quantities that are computed as they should be, before any crash."""
    earned = [v for v in verdicts if v.state in ("right", "follows") and v.telling and _whole(v, views)]
    return len(earned) / len(verdicts)


def _picture(views: Sequence[View], findings: Sequence[Finding]) -> Picture | None:
    """Show the first wrong quantity of the small network."""
    first = next((name for found in findings for name in found.quantities), None)
    for verdict in walk(views) if views else ():
        found, expected = verdict.found, verdict.expected
        numbers = found is not None and found.dtype != object
        if verdict.quantity == first and verdict.state == "wrong" and numbers and expected is not None:
            return diagnosis.picture(Note("picture_backprop", {"quantity": first}), expected, found)
    return None
