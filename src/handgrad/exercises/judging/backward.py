"""Judges backprop, quantity by quantity.

The method is run on networks whose layers differ in size, so that a transposition or a wrong axis shows, and on some
whose layers are equal, so that a product with the wrong factor does not only crash. Once more it starts from the
reference's forward values, with correct helper functions: that tells what the method alone deserves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad import handout
from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.catalogue.comparing import Array, same
from handgrad.exercises.catalogue.layers import ACTIVATIONS, EQUATIONS
from handgrad.exercises.judging import crashes, diagnosis
from handgrad.exercises.judging.chain import DELTAS, Verdict, View, gradients_right, walk
from handgrad.exercises.judging.passes import Probe, canned, done, draw, example, passes, read
from handgrad.exercises.judging.plan import Plan
from handgrad.exercises.results import Finding, Note, Picture, TaskResult
from handgrad.exercises.tasks import BACKPROP, PARAMETERS


def calls_for(task: str, rng: np.random.Generator) -> Plan[tuple[Probe, ...]]:
    """Draw networks and batches for backprop; the last one is the worked example.

    Examples
    --------
    >>> [call.id for call in calls_for("backprop", np.random.default_rng(0)).calls][:3]
    ['backprop:0', 'backprop:1', 'backprop:2']
    """
    d, h1, h2, k, n, m = (int(size) for size in rng.permutation(np.arange(3, 9)))
    probes = (
        draw(rng, (d, h1, h2, k), n, m),  # twice on one object: nothing may be left over
        draw(rng, (n, k, d, h2), h1),
        draw(rng, (4, 4, 4, 4), 6),
        draw(rng, (5, 5, 5, 5), 5),
        example(),
    )
    calls = [Call(f"{task}:{i}", "network", "fcc", probe.sizes, steps=passes(probe)) for i, probe in enumerate(probes)]
    calls += [
        Call(
            f"{task}:given:{i}:{turned}",
            "network",
            "fcc",
            steps=passes(probe, forward=False),
            canned=canned(probe, turned),
        )
        for turned in (False, True)
        for i, probe in enumerate(probes[:2])
    ]
    calls += [Call(f"{task}:helper:{name}", "function", name, given) for name, given, _ in _helpers(probes[0])]
    return Plan(task, tuple(calls), probes)


def judge(plan: Plan[tuple[Probe, ...]], answers: Sequence[Answer]) -> TaskResult:
    """Say whether backprop is right, and if not, which quantity goes wrong first, and why; remark on a right one."""
    probes = plan.drawn
    *full, pictured = answers[: len(probes)]
    given, called = answers[len(probes) : len(probes) + 4], answers[len(probes) + 4 :]
    # With correct helpers: in the orientation for which the method was written, if it is right.
    kinds = given[:2], given[2:]
    alone = next((kind for kind in kinds if (views := _views(probes, kind)) and gradients_right(views)), kinds[0])
    reaches = any(answer.status == "ok" or done(answer, "0:forward") for answer in full)
    # Where the forward pass, or a helper that is still to be written, stops it, the method is judged by itself.
    by_itself = not reaches or all(answer.status == "not_attempted" for answer in full)
    judged = alone if by_itself else full
    if early := diagnosis.unanswered(plan.task, judged):
        return early
    views = _views(probes, judged)
    crash = crashes.first(judged)
    touched = _touched(judged)
    moved = [name for name in PARAMETERS if name in touched]
    if gradients_right(views) and not crash and not moved:
        changed = tuple(name for name in ACTIVATIONS if name in touched)
        remarks = (diagnosis.named("forward_values_changed", (), {"quantities": changed}),) if changed else ()
        return TaskResult(plan.task, "right", remarks, (Note("right_by_itself" if by_itself else "right"),), credit=1.0)

    verdicts = walk(views)
    findings = _findings(views, verdicts)
    if crash and not findings and (mistake := crashes.by_crash(crash)):
        findings = [_finding(mistake, [verdicts[0]], views)]
    if moved and all(found.mistake != "updated_weights_used" for found in findings):
        findings.append(diagnosis.named("weights_changed_in_backprop", (), {"quantities": tuple(moved)}))
    credit = _share(verdicts, views)
    notes = [crashes.crashed(crash)] if crash else []
    consequences = tuple(verdict.quantity for verdict in verdicts if verdict.state == "follows")
    if consequences and crash:  # else the chain shows them
        notes.append(Note("consequences", {"quantities": consequences}))
    helpers = _wrong_helpers(probes[0], called)
    helped = _views(probes, alone)
    if helpers and helped:
        credit = max(credit, _share(walk(helped), helped))
        if gradients_right(helped):
            notes.insert(0, Note("follows", {"helpers": helpers}))
    if moved:  # one thing more that it must not do
        credit = min(credit, 1 - 1 / len(BACKPROP))
    return TaskResult(
        plan.task,
        "crashed" if crash else "wrong",
        tuple(findings),
        tuple(notes),
        consequences,
        _unseen(verdicts, findings, views),
        crash,
        _picture(_views(probes[-1:], [pictured]), findings),
        credit,
    )


def _helpers(probe: Probe) -> list[tuple[str, tuple[Array, ...], Array]]:
    """List the functions that backprop may call, with arguments and what is right for them."""
    batch = probe.batches[0]
    out, h2 = batch.forward["out"], batch.forward["h2"]
    delta = handout.delta_last_layer_easy_approach(out, batch.y)
    return [
        ("delta_last_layer", (out, batch.y), delta),
        ("delta_last_layer_easy_approach", (out, batch.y), delta),
        ("del_sigmoid", (h2,), handout.del_sigmoid(h2)),
    ]


def _wrong_helpers(probe: Probe, answers: Sequence[Answer]) -> tuple[str, ...]:
    """Name those that do not give the right result."""
    return tuple(
        name
        for (name, _, expected), answer in zip(_helpers(probe), answers, strict=True)
        if answer.status != "missing" and not same(answer.values.get("return"), expected)
    )


def _views(probes: Sequence[Probe], answers: Sequence[Answer]) -> list[View]:
    """Read the passes of the answers to the first of these probes."""
    pairs = zip(probes, answers, strict=False)
    return [view for probe, answer in pairs if answer.status in ("ok", "crashed") for view in read(probe, answer)]


def _touched(answers: Sequence[Answer]) -> set[str]:
    """Name the forward values and parameters that backprop changed."""
    changed = set()
    for answer in answers:
        for name in (*ACTIVATIONS, *PARAMETERS):
            before, after = answer.values.get(f"0:before:{name}"), answer.values.get(f"0:{name}")
            if before is not None and after is not None and not same(after, before):
                changed.add(name)
    return changed


def _findings(views: Sequence[View], verdicts: Sequence[Verdict]) -> list[Finding]:
    """Make one finding of each recognised mistake, however many quantities have it, and one of each other quantity."""
    wrong = [verdict for verdict in verdicts if verdict.state == "wrong"]
    findings: list[Finding] = []
    lost = False  # a delta that is not there has an unknown mistake: what comes after it is beyond judging
    for verdict in wrong:
        if verdict.mistake:
            alike = [other for other in wrong if other.mistake == verdict.mistake]
            if alike[0] is verdict:
                findings.append(_finding(verdict.mistake, alike, views))
        elif not lost:
            findings.append(_finding(None, [verdict], views))
            lost = verdict.quantity not in DELTAS and not _delta_of(verdict, views)
    return findings


def _delta_of(verdict: Verdict, views: Sequence[View]) -> bool:
    """Tell whether the submission keeps the delta that a gradient is made of."""
    delta = BACKPROP[BACKPROP.index(verdict.quantity) // 3 * 3]
    return any(delta in view.own for view in views)


def _sizes(view: View) -> dict[str, int]:
    X, h1, h2, out = (view.state[name] for name in ACTIVATIONS)
    return {"n": len(X), "k": out.shape[1], "d": X.shape[1], "h1": h1.shape[1], "h2": h2.shape[1]}


def _finding(mistake: str | None, alike: Sequence[Verdict], views: Sequence[View]) -> Finding:
    """Report the quantities that have a mistake, or the one whose mistake is not known."""
    first, names = alike[0], [verdict.quantity for verdict in alike]
    expected = views[first.view].reference[first.quantity] if first.expected is None else first.expected
    equations = ", ".join(dict.fromkeys(EQUATIONS[name] for name in names))
    return diagnosis.finding(mistake, names, first.found, expected, _sizes(views[first.view]), equations)


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
    counted = [verdict for verdict in verdicts if verdict.state != "absent"]
    reached = [verdict for verdict in counted if _whole(verdict, views)]
    return sum(verdict.state in ("right", "follows") for verdict in reached) / len(counted)


def _picture(views: Sequence[View], findings: Sequence[Finding]) -> Picture | None:
    """Show the first wrong quantity of the small network."""
    first = next((name for found in findings for name in found.quantities), None)
    for verdict in walk(views) if views else ():
        found, expected = verdict.found, verdict.expected
        if verdict.quantity == first and verdict.state == "wrong" and found is not None and expected is not None:
            return diagnosis.picture(Note("picture_backprop", {"quantity": first}), expected, found)
    return None
