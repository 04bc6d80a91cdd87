"""What is asked of a learner's code, and what comes back: plain arrays and numbers, nothing that could be executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Value = NDArray[Any] | float | int | None


@dataclass(frozen=True)
class Name:
    """In place of a value: a function of the learner's module, of this name (``Name("sigmoid")``)."""

    name: str


@dataclass(frozen=True)
class Network:
    """In place of a value: a network that only records what is done to it, with these weights (``tasks.PARAMETERS``).

    ``forward_propagation`` gives equal probabilities for all classes; ``backprop`` sets every gradient to an array of
    ones; ``gradient_step`` subtracts the rate times the gradients. Each call is an :class:`Event`.
    """

    weights: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Step:
    """One thing done with an object of the learner's class ``fcc``.

    Attributes
    ----------
    kind : {"construct", "set", "call", "read"}
        construct: make the object, ``arguments`` are its sizes. set: give attribute ``name`` the value
        ``arguments[0]``. call: call method ``name``. read: copy attribute ``name`` into the answer, as ``label``.
    name, arguments, label
        ``label`` is ``name`` where it is left empty; a call with a label keeps what the method returns.
    """

    kind: Literal["construct", "set", "call", "read"]
    name: str = ""
    arguments: tuple[Value, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes
    ----------
    id : str
        The asker's own, to find the answer by.
    kind : {"function", "network", "routine"}
        function: call ``name`` with ``arguments``; the answer holds "return", and "argument0", ... as they are after
        the call. network: do the ``steps`` with the class ``name``. routine: call ``name`` with ``arguments``, one
        of which is a :class:`Network`; the answer holds the events, and "return" if that is an array or a number.
    name : str
    arguments : tuple
        Positional.
    keywords : dict
        Given only where the function takes a parameter of that name.
    steps : tuple of Step
    canned : dict
        Names of functions of the learner's module that are replaced during this call: each call of such a function
        gives the next of these arrays, whatever its arguments, the last one again when there are no more.
    seconds : float
        After that long it is too slow.
    """

    id: str
    kind: Literal["function", "network", "routine"]
    name: str
    arguments: tuple[Value | Name | Network, ...] = ()
    keywords: dict[str, Value | Name] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    canned: dict[str, tuple[NDArray[Any], ...]] = field(default_factory=dict)
    seconds: float = 2.0


@dataclass(frozen=True)
class Crash:
    """Where the learner's code raised: the innermost line of their own, found by the parent in their source.

    ``cell`` counts code cells from 1, and is 0 for a plain module; ``line`` counts within the cell, from 1.
    """

    type: str
    message: str
    cell: int
    line: int
    source: str


@dataclass(frozen=True)
class Event:
    """Something a routine did to its :class:`Network`: the method, its array (rows of X, or y) or rate, the weights.

    ``step`` is how often the weights had changed before it, by whatever way, and ``rate`` the length of the last
    change in units of the gradient that ``backprop`` had set.
    """

    method: Literal["forward_propagation", "backprop", "gradient_step"]
    value: Value
    step: int = 0
    rate: float | None = None


@dataclass(frozen=True)
class Answer:
    """What became of a :class:`Call`.

    Attributes
    ----------
    id : str
    status : {"ok", "missing", "not_attempted", "crashed", "too_slow", "killed"}
        missing: the submission has no such name. not_attempted: it raised NotImplementedError. killed: its process
        ended, or broke a limit (``reason`` says which).
    values : dict of str to ndarray
        By label; attributes that are not there, and what is no array or number, are left out.
    events : tuple of Event
    crash : Crash or None
    reason : str
    """

    id: str
    status: Literal["ok", "missing", "not_attempted", "crashed", "too_slow", "killed"]
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    crash: Crash | None = None
    reason: str = ""
