"""Walks along the chain of backpropagation and compares each quantity with what it should be.

A quantity is right if its formula gives it from the submission's own earlier quantities. So a mistake is found where it
was made, and is distinguished from its consequences.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from handgrad.exercises.catalogue.comparing import EXACT, Array, outcome, same
from handgrad.exercises.catalogue.edits import formula, recognisers
from handgrad.exercises.catalogue.layers import ACTIVATIONS, LAYERS, Layer
from handgrad.exercises.judging.multiples import mistake_of, varies
from handgrad.exercises.tasks import BACKPROP, PARAMETERS

DELTAS = {layer.delta: layer for layer in LAYERS}
GRADIENTS = tuple(name for name in BACKPROP if name not in DELTAS)
OVERWRITTEN = "delta_overwritten_by_sum"  # what was computed before that happened was computed from the delta as it was


@dataclass(frozen=True)
class View:
    """One backward pass: what it started from, and what the submission has of the nine quantities afterwards.

    ``reached`` is False where it crashed on the way; ``tolerance`` is how exact its numbers must be; ``no_numbers`` are
    quantities under whose name it keeps something else.
    """

    state: dict[str, Any]
    own: dict[str, Array]
    reached: bool = True
    tolerance: float = EXACT
    no_numbers: Set[str] = frozenset()

    @cached_property
    def reference(self) -> dict[str, Array]:
        """The nine quantities as they should be."""
        state = dict(self.state)
        for name in BACKPROP:
            state[name] = np.asarray(outcome(formula(name), state))
        return {name: state[name] for name in BACKPROP}

    def right(self, name: str, found: Array | None) -> bool:
        """Tell whether a quantity is as it should be."""
        return same(found, self.reference[name], self.tolerance)


@dataclass(frozen=True)
class Verdict:
    """What was found of one quantity.

    Attributes
    ----------
    quantity : str
    state : {"right", "follows", "wrong", "absent", "unknown", "unreached"}
        follows: computed correctly from something wrong. absent: a delta that is neither kept nor determined by the
        gradients. unknown: cannot be compared, because the quantities that it is computed from have impossible shapes.
        unreached: the code crashed before.
    mistake : str or None
    number : float
        What the mistake's message says of it, if it says any.
    found, expected : ndarray or None
        From the pass ``view``.
    view : View or None
    agrees : bool
        False for what is right in the end, but does not follow from the quantities before it.
    telling : bool
        False if all entries are the same number, such as a stored 0 or 1, whatever the formula.
    """

    quantity: str
    state: Literal["right", "follows", "wrong", "absent", "unknown", "unreached"]
    mistake: str | None = None
    found: Array | None = None
    expected: Array | None = None
    view: View | None = None
    agrees: bool = True
    telling: bool = True
    number: float = 0.0


def gradients_right(views: Sequence[View]) -> bool:
    """Tell whether all that counts in the end is right, by whatever way it was computed."""
    return all(view.reached and view.right(name, view.own.get(name)) for view in views for name in GRADIENTS)


def walk(views: Sequence[View]) -> list[Verdict]:
    """Judge the nine quantities, in order.

    Deltas may hold the mean's 1/n already, if the gradients agree. Deltas that are not kept are read from the
    gradients of passes that have few enough examples to determine them. The most consistent of all readings is used.
    """
    readings = [_walk(views)]
    if readings[0][0].mistake in ("delta_already_averaged", "times_a_fixed_number"):
        readings.append(_walk(views, averaged=True))
    few = [view for view in views if _determines(view)]
    if few and any(verdict.state == "absent" for verdict in readings[0]):
        readings.append(_walk(few))
    if any(name not in view.own for view in views for name in DELTAS):
        readings.append(_walk(views, deltas_first=True))
    return min(readings, key=_misfits)


def _misfits(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Count what a reading leaves unexplained, and what it calls wrong."""
    wrong = [v for v in verdicts if v.state == "wrong" or not v.agrees]
    unexplained = sum(v.state in ("absent", "wrong") and not v.mistake for v in verdicts)
    return unexplained, len(wrong)


def _walk(views: Sequence[View], averaged: bool = False, deltas_first: bool = False) -> list[Verdict]:
    """Judge the quantities by one reading: deltas hold 1/n, or those not kept are to blame rather than gradients."""
    states, before = ([dict(view.state) for view in views] for _ in range(2))
    verdicts: list[Verdict] = []
    for name in BACKPROP:
        found: Sequence[Array | None] = [view.own.get(name) for view in views]
        transposed = name in DELTAS and _transposed(found, [view.reference[name] for view in views])
        if transposed and not _meant(name, views):
            verdicts.append(_not_transposed(name, views))
            for state, old, array, view in zip(states, before, found, views, strict=True):
                state[name] = old[name] = view.reference[name] if array is None else array
            continue
        if transposed:
            found = [None if array is None else array.T for array in found]
        if averaged and name in DELTAS:
            found = [
                None if array is None else array * view.state["n"] for array, view in zip(found, views, strict=True)
            ]
        verdict, basis = _judged(name, views, states, found), states
        if verdict.state == "wrong" and any(one.mistake == OVERWRITTEN for one in verdicts):
            earlier = _judged(name, views, before, found)
            if earlier.state == "follows" or earlier.mistake == OVERWRITTEN:
                verdict, basis = earlier, before
        if verdict.state == "absent":
            verdict, found = _read_off(name, views, states, deltas_first)
        elif verdict.state == "unreached" and name in DELTAS:
            verdict, found = _read_in_some(name, views, states)
        verdicts.append(verdict)
        expected = [outcome(formula(name), state) for state in basis]
        for state, old, array, right, view in zip(states, before, found, expected, views, strict=True):
            state[name] = next(a for a in (array, right, view.reference[name]) if a is not None)
            old[name] = state[name] if right is None or verdict.mistake != OVERWRITTEN else right
    return verdicts


def _judged(
    name: str, views: Sequence[View], states: Sequence[dict[str, Any]], found: Sequence[Array | None]
) -> Verdict:
    """Compare one quantity in all passes in which it is there."""
    seen = [i for i, array in enumerate(found) if array is not None]
    expected = [outcome(formula(name), state) for state in states]
    if not seen:
        if not all(view.reached for view in views) and (name in DELTAS or not any(view.reached for view in views)):
            return Verdict(name, "unreached")
        if name in DELTAS:
            return Verdict(name, "absent")
        if any(name in view.no_numbers for view in views):
            return Verdict(name, "wrong", None, np.array(None), views[0].reference[name], views[0])
        return Verdict(name, "wrong", "gradient_not_set", expected=views[0].reference[name], view=views[0])
    computable = [i for i in seen if expected[i] is not None]
    telling = any(varies(found[i]) for i in seen)
    follows = {i: same(found[i], expected[i], views[i].tolerance) for i in computable}
    if all(views[i].right(name, found[i]) for i in seen):
        return Verdict(name, "right", agrees=all(follows.values()), telling=telling)
    wrong = [i for i in computable if not follows[i] and not views[i].right(name, found[i])]
    if computable and not wrong:
        return Verdict(name, "follows", telling=telling)
    if not all(_fits(expected[i], views[i].reference[name]) for i in seen):
        return Verdict(name, "unknown")
    mistake, number = mistake_of(
        name, [states[i] for i in computable], [found[i] for i in computable], [expected[i] for i in computable]
    )
    if mistake is None and _not_always(views, [i for i in computable if follows[i]], wrong):
        mistake = "depends_on_earlier_calls"
    shown = wrong[0]
    return Verdict(name, "wrong", mistake, found[shown], expected[shown], views[shown], number=number)


def _not_always(views: Sequence[View], right: Sequence[int], wrong: Sequence[int]) -> bool:
    """Tell whether one call gave the right result and another one, for the same batch and weights, a wrong one."""
    return any(
        all(np.array_equal(views[i].state[name], views[j].state[name]) for name in ("y", *ACTIVATIONS, *PARAMETERS))
        for i in right
        for j in wrong
    )


def _fits(expected: Array | None, right: Array) -> bool:
    """Tell whether what follows from the quantities before has the shape that it should have."""
    return expected is not None and expected.shape == right.shape


def _transposed(found: Sequence[Array | None], reference: Sequence[Array]) -> bool:
    """Tell whether a delta is kept with examples down and units across, by the passes in which that shows."""
    oblong = [
        f.shape == r.T.shape for f, r in zip(found, reference, strict=True) if f is not None and len(set(r.shape)) > 1
    ]
    return bool(oblong) and all(oblong)


def _meant(name: str, views: Sequence[View]) -> bool:
    """Tell whether the code deals with a delta of that orientation: it does not crash, or not before its gradients."""
    layer = DELTAS[name]
    return all(
        view.reached or any(same(view.own.get(gradient), view.reference[gradient]) for gradient in (layer.dW, layer.db))
        for view in views
    )


def _not_transposed(name: str, views: Sequence[View]) -> Verdict:
    shown = next(i for i, view in enumerate(views) if view.own.get(name) is not None)
    return Verdict(
        name, "wrong", "delta_not_transposed", views[shown].own[name], views[shown].reference[name], views[shown]
    )


def _determines(view: View) -> bool:
    """Tell whether a pass has so few examples that each dW, the product of delta and activations, determines delta."""
    return all(view.state["n"] <= view.state[layer.below].shape[1] for layer in LAYERS)


def _read_in_some(
    name: str, views: Sequence[View], states: Sequence[dict[str, Any]]
) -> tuple[Verdict, Sequence[Array | None]]:
    """Judge a delta that is not kept where only passes on equal layers came to their end; name a mistake or nothing."""
    reached = [i for i, view in enumerate(views) if view.reached]
    deltas: list[Array | None] = [None] * len(views)
    if not reached:
        return Verdict(name, "unreached"), deltas
    verdict, found = _read_off(name, [views[i] for i in reached], [states[i] for i in reached], deltas_first=True)
    if not verdict.mistake:
        return Verdict(name, "unreached"), deltas
    for i, array in zip(reached, found, strict=True):
        deltas[i] = array
    return verdict, deltas


def _read_off(
    name: str, views: Sequence[View], states: Sequence[dict[str, Any]], deltas_first: bool
) -> tuple[Verdict, Sequence[Array | None]]:
    """Judge a delta that is not kept by the two gradients computed from it, and infer its values."""
    layer = DELTAS[name]
    gradients = (layer.dW, layer.db)
    own = {gradient: [view.own.get(gradient) for view in views] for gradient in gradients}

    def explain(deltas: Sequence[Array | None], gradient: str) -> bool:
        values = [
            None if delta is None else outcome(formula(gradient), {**state, name: delta})
            for state, delta in zip(states, deltas, strict=True)
        ]
        return all(f is not None and same(f, value) for f, value in zip(own[gradient], values, strict=True))

    expected = [outcome(formula(name), state) for state in states]
    as_expected = [{**state, name: delta} for state, delta in zip(states, expected, strict=True)]

    def accounted(gradient: str) -> bool:
        right = [outcome(formula(gradient), state) for state in as_expected]
        return mistake_of(gradient, as_expected, own[gradient], right)[0] is not None

    telling = any(varies(array) for arrays in own.values() for array in arrays)  # a stored 0 is made of nothing
    right = all(same(array, view.reference[name]) for array, view in zip(expected, views, strict=True))
    as_it_should = Verdict(name, "right" if right else "follows"), expected
    named = all(map(accounted, gradients))
    if any(explain(expected, gradient) for gradient in gradients) or (named and telling and not deltas_first):
        return as_it_should

    def wrong(mistake: str | None, deltas: Sequence[Array | None]) -> tuple[Verdict, Sequence[Array | None]]:
        shown = next(i for i, delta in enumerate(deltas) if not same(delta, expected[i]))
        return Verdict(name, "wrong", mistake, deltas[shown], expected[shown], views[shown]), deltas

    for mistake, variants in recognisers(name).items():
        for variant in variants:
            deltas = [outcome(variant, state) for state in states]
            if telling and any(map(varies, deltas)) and all(explain(deltas, gradient) for gradient in gradients):
                return wrong(mistake, deltas)
    if named and telling:
        return as_it_should
    if all(map(_determines, views)) and not named:
        deltas = [_solved(view, layer) for view in views]
        if all(explain(deltas, gradient) for gradient in gradients):
            return wrong(None, deltas)
    return Verdict(name, "absent"), expected


def _solved(view: View, layer: Layer) -> Array | None:
    """Solve n dW = (delta below)^T for delta."""
    gradient, below = view.own.get(layer.dW), view.state[layer.below]
    if gradient is None or gradient.shape != view.reference[layer.dW].shape or not np.isfinite(gradient).all():
        return None
    return np.asarray(view.state["n"] * np.matmul(gradient.T, np.linalg.pinv(below)))
