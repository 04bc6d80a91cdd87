"""Mistakes of functions and quantities: the reference's own source with an edit, compiled into what it would compute.

The body of a function is replaced as a whole. Of forward_propagation, backprop and gradient_step the line of one
quantity is replaced. An edit for a *kind* of quantities (``h``, ``delta``, ``dW``, ``db``; ``P`` for every parameter,
``W`` for the weights) is made in every layer: in its lines, ``self.delta``, ``self.dW``, ``self.db``, ``self.W``,
``self.b`` and ``self.h`` are those of the layer, ``below`` is the activation that its weights multiply, ``activation``
is its function, and ``above_...`` belongs to the layer above; ``self.P`` is a parameter and ``self.dP`` its gradient.
``any_h``, ``any_W``, ``any_b``, ``any_dP`` and ``earlier_delta`` stand for each quantity of that kind that would be
wrong there.

A quantity is computed from a *state*: a mapping with the activations (X, h1, h2, out), the labels y, n, the parameters,
and the deltas before it; for the step the gradients and the rate. When a submission is judged, these are its own, so
that a mistake is found where it was made. ``state["previous"]`` has the gradients of the pass before, which are in
``self`` when a pass begins; ``sum_...`` are those that a step may have added up. ``state["after"]`` has the parameters
as they were left, here as ``after_...``; ``state["first"]`` has those of the object's first pass, and their number of
examples ``n``, here as ``first_...``.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

from handgrad import handout
from handgrad.exercises.catalogue.comparing import Variants
from handgrad.exercises.catalogue.layers import ACTIVATIONS, GRADIENTS, LAYERS
from handgrad.exercises.catalogue.mistakes import Code, Mistake, with_code
from handgrad.exercises.sheet.solutions import solution
from handgrad.exercises.tasks import BACKPROP, PARAMETERS, TASKS

State = Mapping[str, Any]
Formula = Callable[[State], Any]

KINDS: Mapping[str, tuple[str, ...]] = {
    "h": ACTIVATIONS[1:], "delta": BACKPROP[3::3], "dW": BACKPROP[1::3], "db": BACKPROP[2::3],
    "P": PARAMETERS, "W": PARAMETERS[::2],
}  # fmt: skip
# What the reference's lines call, for mistakes that both the function and its use in backprop may have.
HELPERS = {"delta_out": "delta_last_layer_easy_approach", **dict.fromkeys(KINDS["delta"], "del_sigmoid")}


@cache
def recognisers(of: str) -> Mapping[str, Variants]:
    """Compile the mistakes of a function, a quantity or a parameter.

    Parameters
    ----------
    of : str
        A task that is a function, or a name of ``BACKPROP``, ``PARAMETERS`` or ``ACTIVATIONS``.

    Returns
    -------
    mapping of id to callables
        Those of a function take its arguments, the others a state.

    Examples
    --------
    >>> recognisers("del_sigmoid")["derivative_plus"][0](np.array([0.5, 1.0]))
    array([0.75, 2.  ])
    """
    task = of if of in TASKS else "gradient_step" if of in PARAMETERS else "backprop"
    compiled: dict[str, Variants] = {}
    for name, mistake in with_code(task).items():
        if of in TASKS:
            variants = [function(of, body) for entry in mistake.code for body in bodies(entry, of, mistake)]
        else:
            variants = [formula(of, lines) for entry in mistake.code for lines in lines_for(entry, of, mistake)]
        if variants:
            compiled[name] = tuple(variants)
    return compiled


@cache
def numbered(task: str) -> Mapping[str, Variants]:
    """Compile the mistakes of a function that contain an unknown number; they take it after the function's arguments.

    Examples
    --------
    >>> numbered("sigmoid")["sigmoid_scaled_argument"][0](np.zeros(2), 3.0)
    array([0.5, 0.5])
    """
    forms = {
        name: [body for entry in mistake.numbered for body in bodies(entry, task, mistake)]
        for name, mistake in with_code(task).items()
    }
    return {name: tuple(function(task, body, "number") for body in of) for name, of in forms.items() if of}


def bodies(entry: Code, task: str, mistake: Mistake) -> Iterator[str]:
    """Give the body of a function that an entry has for a task."""
    if isinstance(entry, str):
        if TASKS[task].kind == "function" and task in mistake.tasks:
            yield textwrap.dedent(entry).strip()
    elif task in entry:
        yield textwrap.dedent(entry[task]).strip()


def lines_for(entry: Code, quantity: str, mistake: Mistake) -> Iterator[str]:
    """Give the lines that an entry has for a quantity or parameter, in each form that differs from the reference's."""
    if isinstance(entry, str):
        helper = HELPERS.get(quantity)
        if helper in mistake.tasks:
            body = textwrap.indent(textwrap.dedent(entry).strip(), "    ")
            arguments = ", ".join(TASKS[helper].parameters)
            yield f"def mistaken({arguments}):\n{body}\n{reference(quantity).replace(helper, 'mistaken')}"
        return
    for key, lines in entry.items():
        if quantity in KINDS.get(key, key.split(", ")):
            yield from _placed(textwrap.dedent(lines).strip(), quantity)


def _placed(lines: str, quantity: str) -> Iterator[str]:
    """Write lines for one quantity: with its layer's names, and with each that ``any_...`` stands for."""
    names, choices = _names(quantity)
    chosen = [name for name in choices if re.search(rf"\b{name}\b", lines)]
    for choice in choices[chosen[0]] if chosen else ("",):
        written = _renamed(lines, {**names, **dict.fromkeys(chosen, choice)})
        if ast.unparse(ast.parse(written)) != ast.unparse(ast.parse(reference(quantity))):
            yield written


def _renamed(lines: str, names: Mapping[str, str]) -> str:
    """Rename attributes, also where their name is a string, and a layer's function."""
    places = r'(?<=self\.)\w+|(?<=")\w+(?=")|\bactivation\b'
    return re.sub(places, lambda match: names.get(match[0], match[0]), lines)


def _names(quantity: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Say what the names in an edit stand for: the one quantity, or each of several."""
    if quantity in PARAMETERS:
        alike = tuple(gradient for name, gradient in GRADIENTS.items() if name[0] == quantity[0])
        return {"P": quantity, "dP": GRADIENTS[quantity], "sum_P": f"sum_{quantity}"}, {"any_dP": alike}
    i, layer = next((i, one) for i, one in enumerate(LAYERS) if quantity in (one.delta, one.dW, one.db, one.activation))
    above = LAYERS[i - 1]
    names = {
        "delta": layer.delta, "dW": layer.dW, "db": layer.db, "W": layer.weights, "b": layer.bias,
        "h": layer.activation, "below": layer.below, "above_W": above.weights, "above_delta": above.delta,
        "above_h": above.activation, "above_dW": above.dW, "after_above_W": f"after_{above.weights}",
        "activation": "softmax" if layer.activation == "out" else "sigmoid",
    }  # fmt: skip
    earlier = tuple(layer.delta for layer in LAYERS[:i])
    return names, {"any_h": ACTIVATIONS, "any_W": PARAMETERS[::2], "any_b": PARAMETERS[1::2], "earlier_delta": earlier}


@cache
def reference(quantity: str) -> str:
    """Give the line of the reference that computes a quantity.

    Examples
    --------
    >>> reference("db_h2")
    'self.db_h2 = np.mean(self.delta_h2, axis=1)'
    """
    given = "forward_propagation" if quantity in ACTIVATIONS else "backprop"
    body = solution("gradient_step" if quantity in PARAMETERS else given)
    (line,) = re.findall(rf"^self\.{quantity} -?= .*$", body, flags=re.MULTILINE)
    return str(line).partition("  #")[0].replace("(X,", "(self.X,")


def function(task: str, body: str, *further: str) -> Callable[..., Any]:
    """Compile a function with the arguments of a task, and further ones, in the reference's module."""
    return _compiled(task, ", ".join((*TASKS[task].parameters, *further)), body)


@cache
def formula(quantity: str, lines: str = "") -> Formula:
    """Compile how a quantity follows from a state: by these lines, or as in the reference.

    Examples
    --------
    >>> formula("b_out")({"b_out": np.ones(2), "db_out": np.array([1.0, 3.0]), "rate": 0.5, "n": 1})
    array([ 0.5, -0.5])
    """
    compute = _compiled("method", "self, y, n, learning_rate", lines or reference(quantity))
    used = {quantity, *_used(compute.__code__)}  # a line may leave it as it is

    def computed(state: State) -> Any:
        previous = state.get("previous", {})
        values = {
            "X": np.empty((state["n"], 0)),  # of a step only the number of examples is known
            **previous,
            **{f"sum_{name[1:]}": array for name, array in previous.items()},
            **{f"after_{name}": array for name, array in state.get("after", {}).items()},
            **{f"first_{name}": array for name, array in state.get("first", {}).items()},
            **state,
        }
        net = SimpleNamespace(**{name: np.copy(values[name]) for name in used if name in values})
        compute(net, state.get("y"), state["n"], state.get("rate"))
        return getattr(net, quantity)

    return computed


def _compiled(name: str, parameters: str, body: str) -> Callable[..., Any]:
    """Compile a body into a function that sees what the reference's own functions see."""
    namespace = dict(vars(handout))
    source = f"def {name}({parameters}):\n{textwrap.indent(body, '    ')}\n"
    exec(compile(source, f"<an edit of {name}>", "exec"), namespace)  # noqa: S102 - the catalogue is ours
    return namespace[name]  # type: ignore[no-any-return]


def _used(code: CodeType) -> frozenset[str]:
    """Name the attributes that code may read."""
    return frozenset((*code.co_names, *(value for value in code.co_consts if isinstance(value, str))))
