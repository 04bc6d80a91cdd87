"""Walks along the chain of backpropagation and compares each quantity with what it should be.

A quantity is right if it follows by its formula from the submission's own quantities before it; so a mistake shows
where it was made, and what it spoils later is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from handgrad.exercises.catalogue.comparing import Array, matching, outcome, same
from handgrad.exercises.catalogue.edits import formula, recognisers
from handgrad.exercises.catalogue.layers import LAYERS
from handgrad.exercises.tasks import BACKPROP

DELTAS = {layer.delta: layer for layer in LAYERS}
GRADIENTS = tuple(name for name in BACKPROP if name not in DELTAS)


@dataclass(frozen=True)
class View:
    """One backward pass: what it started from, and what the submission has of the nine quantities afterwards.

    ``reached`` is False where it crashed on the way.
    """

    state: dict[str, Any]
    own: dict[str, Array]
    reached: bool = True

    @cached_property
    def reference(self) -> dict[str, Array]:
        """The nine quantities as they should be."""
        state = dict(self.state)
        for name in BACKPROP:
            state[name] = np.asarray(outcome(formula(name), state))
        return {name: state[name] for name in BACKPROP}


@dataclass(frozen=True)
class Verdict:
    """What was found of one quantity.

    Attributes
    ----------
    quantity : str
    state : {"right", "follows", "wrong", "absent", "unreached"}
        follows: computed as it should be, from something wrong. absent: a delta that it does not keep, which it need
        not. unreached: the code crashed before.
    mistake : str or None
    found, expected : ndarray or None
        From one pass, number ``view``.
    agrees : bool
        False for what is right in the end, but does not follow from the quantities before it.
    """

    quantity: str
    state: Literal["right", "follows", "wrong", "absent", "unreached"]
    mistake: str | None = None
    found: Array | None = None
    expected: Array | None = None
    view: int = 0
    agrees: bool = True


def gradients_right(views: Sequence[View]) -> bool:
    """Tell whether all that counts in the end is right, by whatever way it was computed."""
    return all(view.reached and same(view.own.get(name), view.reference[name]) for view in views for name in GRADIENTS)


def walk(views: Sequence[View]) -> list[Verdict]:
    """Judge the nine quantities, in order.

    Deltas may hold the mean's 1/n already, if the gradients agree; of the two readings the one is taken in which more
    fits together.
    """
    plain = _walk(views, averaged=False)
    first = plain[0]
    if first.state != "wrong" or first.mistake != "delta_already_averaged":
        return plain
    readings = (plain, _walk(views, averaged=True))
    return min(readings, key=lambda verdicts: sum(v.state == "wrong" or not v.agrees for v in verdicts))


def _walk(views: Sequence[View], averaged: bool) -> list[Verdict]:
    states = [dict(view.state) for view in views]
    verdicts = []
    for name in BACKPROP:
        found = [view.own.get(name) for view in views]
        transposed = name in DELTAS and _transposed(found, [view.reference[name] for view in views])
        if transposed and not _meant(name, views):
            verdicts.append(_not_transposed(name, views))
            for state, array, view in zip(states, found, views, strict=True):
                state[name] = view.reference[name] if array is None else array
            continue
        if transposed:
            found = [None if array is None else array.T for array in found]
        if averaged and name in DELTAS:
            found = [
                None if array is None else array * view.state["n"] for array, view in zip(found, views, strict=True)
            ]
        verdict = _judged(name, views, states, found)
        verdicts.append(verdict)
        if name in DELTAS:
            computed = _guessed(name, views, states) if verdict.state == "absent" else formula(name)
            for state, array, view in zip(states, found, views, strict=True):
                expected = outcome(computed, state)
                state[name] = next(a for a in (array, expected, view.reference[name]) if a is not None)
            if computed is not formula(name):
                verdicts[-1] = _of_guess(name, states)
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
        return Verdict(name, "wrong", "gradient_not_set", expected=views[0].reference[name])
    computable = [i for i in seen if expected[i] is not None]
    if all(same(found[i], views[i].reference[name]) for i in seen):
        return Verdict(name, "right", agrees=all(same(found[i], expected[i]) for i in computable))
    wrong = [i for i in computable if not same(found[i], expected[i]) and not same(found[i], views[i].reference[name])]
    if not wrong:
        return Verdict(name, "follows")
    mistake = matching(recognisers(name), [(states[i],) for i in computable], [found[i] for i in computable])
    shown = wrong[0]
    return Verdict(name, "wrong", mistake, found[shown], expected[shown], shown)


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
    return Verdict(name, "wrong", "delta_not_transposed", views[shown].own[name], views[shown].reference[name], shown)


def _guessed(name: str, views: Sequence[View], states: Sequence[dict[str, Any]]) -> Any:
    """Find how a delta was computed that is not there: by a mistake, if that alone explains its two gradients."""
    layer = DELTAS[name]

    def explains(variant: Any, gradient: str) -> bool:
        found = [view.own.get(gradient) for view in views]
        values = [
            outcome(formula(gradient), {**state, name: delta})
            if (delta := outcome(variant, state)) is not None else None
            for state in states
        ]  # fmt: skip
        return all(f is not None and same(f, value) for f, value in zip(found, values, strict=True))

    gradients = (layer.dW, layer.db)
    if not any(explains(formula(name), gradient) for gradient in gradients):
        for variants in recognisers(name).values():
            for variant in variants:
                if all(explains(variant, gradient) for gradient in gradients):
                    return variant
    return formula(name)


def _of_guess(name: str, states: Sequence[dict[str, Any]]) -> Verdict:
    """Say that a delta which is not there was computed wrongly."""
    found = [state[name] for state in states]
    mistake = matching(recognisers(name), [(state,) for state in states], found)
    return Verdict(name, "wrong", mistake, found[0], outcome(formula(name), states[0]))
