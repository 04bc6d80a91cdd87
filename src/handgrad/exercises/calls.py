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
class Random:
    """In place of a value: a new ``numpy.random.RandomState`` with this seed."""

    seed: int


@dataclass(frozen=True)
class Ufunc:
    """In place of a value: NumPy's elementwise function of this name (``Ufunc("tanh")``)."""

    name: str


@dataclass(frozen=True)
class Network:
    """In place of a value: a network that records what is done to it, with these weights (``tasks.PARAMETERS``).

    It is an object of the learner's class ``fcc`` with all that they gave it, but for three methods.
    ``forward_propagation`` keeps ``X`` and ``out`` and returns ``out``: probabilities that mean nothing, but are others
    for other weights or rows.
    ``backprop`` sets every gradient (``dW_i_h1``, ...) to a new array of ones, until then they are zeros;
    ``gradient_step`` subtracts the rate times the gradients. Whatever the order and the numbers of rows, none of them
    raises. Each call is an :class:`Event`. If the routine fails on it or takes no step, it is tried on one with the
    learner's own methods, and on one of a plain class.
    """

    weights: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Step:
    """One thing done with an object of the learner's class ``fcc``.

    Attributes
    ----------
    kind : {"construct", "set", "call", "read", "peek"}
        construct: make the object, ``arguments`` are its sizes. set: give attribute ``name`` the value
        ``arguments[0]``. call: call method ``name``. read: copy attribute ``name`` into the answer, as ``label``.
        peek: the same, but a property that cannot be computed yet is simply not there.
    name, arguments, label
        ``label`` is ``name`` where it is left empty; a call with a label keeps what the method returns and, as
        "LABEL:changed:METHOD", that it wrote into an array that was given to that method, now or before.
    times : int
        How often to call the method, one time after the other.
    again : str
        The method, of one array, that is called before each further time, with the array that it was given last; or
        "set": then the attributes that were set last are set once more.
    """

    kind: Literal["construct", "set", "call", "read", "peek"]
    name: str = ""
    arguments: tuple[Value, ...] = ()
    label: str = ""
    times: int = 1
    again: str = ""


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
        of which is a :class:`Network`; the answer holds the events and, as "table0", ..., the lists of rows that it
        returns, if they name their columns as the sheet's do (``inside.tables``); "return" is left out if it is None.
        "argument1", ... are those arrays that are not what they were before the call.
    name : str
    arguments : tuple
        Positional.
    keywords : dict
        Given by name, or by position where the function has other names for them; those that say how often to print,
        and ``rng``, only where the function takes them.
    steps : tuple of Step
    canned : dict
        Names of functions of the learner's module that are replaced during this call: each call of such a function
        gives the next of these arrays, whatever its arguments, the last one again when there are no more. In a routine
        it gives the next number of a single array, and each call is an :class:`Event`.
    seconds : float
        If it computes for longer, it is too slow.
    as_written : bool
        Try arguments and keywords exactly as they are first, and have the answer tell, as "otherwise", that the
        function does not take them so.
    counted : bool
        Whether the answer has, as "calls", how many calls of functions the whole call made, ours included.
    """

    id: str
    kind: Literal["function", "network", "routine"]
    name: str
    arguments: tuple[Value | Name | Ufunc | Network | Random, ...] = ()
    keywords: dict[str, Value | Name | Random] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    canned: dict[str, tuple[NDArray[Any], ...]] = field(default_factory=dict)
    seconds: float = 2.0
    as_written: bool = False
    counted: bool = False


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
    """Something a routine did to its :class:`Network`: the method, a copy of its argument, and what the weights did.

    A call of ``cross_entropy`` or ``accuracy`` is one, too. If it is known which forward pass gave the outputs that are
    measured, an event "outputs" comes before it, with the ``step`` of that forward pass as its value.

    Attributes
    ----------
    method : {"forward_propagation", "backprop", "gradient_step", "outputs", "cross_entropy", "accuracy", "end"}
        end: the routine has returned; always the last event.
    value : ndarray, float or None
        Rows of X, or y, or the rate; at the end, whether another network was trained as well. None for a measurement
        whose labels are not to be seen.
    step : int
        How often the weights had changed before it, by whatever way: they are compared at each event with those after
        the last one. ``gradient_step``, too, counts as a change only if it changes them.
    rate : float or None
        How far the last of these changes went, in units of minus the gradient: positive is downhill. NaN if
        the entries moved differently, None if there was no change yet.
    """

    method: Literal["forward_propagation", "backprop", "gradient_step", "outputs", "cross_entropy", "accuracy", "end"]
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
        By label, of booleans, integers or floats; attributes that are not there, and what is no array or number, are
        left out.
    events : tuple of Event
    crash : Crash or None
    reason : str
    left_out : dict of str to str
        By label, the name of the type of what is no array or number ("NoneType", "list"), or of too large an array.
    """

    id: str
    status: Literal["ok", "missing", "not_attempted", "crashed", "too_slow", "killed"]
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    crash: Crash | None = None
    reason: str = ""
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """A call, what a submission answered, and what the solved sheet answers."""

    call: Call
    found: Answer
    expected: Answer
