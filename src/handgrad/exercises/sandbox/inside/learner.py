"""The submission's code inside the isolated process: loaded into one module, and called.

Names that a submission might change, by accident or on purpose, are bound here before its first cell is loaded. This
only protects its other answers; nothing else in this process needs protection. The file is long, because what is bound
here must be bound together.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import random
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .attributes import put, separate
from .calling import TAKES_OTHERS, call
from .counting import counting
from .failures import DEFINES, crash, defined, word
from .protocol import MOST_BYTES, SLACK, plain
from .recorder import Log, Recording, fcc
from .standins import replace_displays, stand_ins
from .tables import is_nothing, tables

UFUNCS = {name: value for name, value in vars(np).items() if isinstance(value, np.ufunc)}
seed_numpy, seed_python = np.random.seed, random.seed
alarm, clock, processor = signal.setitimer, time.monotonic, time.process_time
# Seconds of computing for a statement that defines or imports nothing, for all of these, and the least that each one
# gets after that; and how often this is looked at.
PATIENCE, ALL, LITTLE, TICK = 3.0, 6.0, 0.1, 0.1

Arrays = list[NDArray[Any]]
Report = dict[str, Any]
Function = Callable[..., Any]
Handed = list[tuple[str, NDArray[Any], NDArray[Any]]]  # to which method; an array, and a copy from before


class MissingError(Exception):
    """The submission does not define a name."""


class Learner:
    """The code of a submission, and what failed while it was loaded."""

    def __init__(self) -> None:
        module = types.ModuleType("submission")
        sys.modules["submission"] = module
        self.names = vars(module)
        # A submission that changes a built-in function gets a copy to change.
        private = types.ModuleType("builtins")
        vars(private).update(vars(builtins))
        self.names["__builtins__"] = sys.modules["builtins"] = private
        sys.argv = ["submission.py"]  # a program that reads its arguments finds none
        replace_displays()
        self.flags = 0  # of every `from __future__ import` so far
        self.unloaded: dict[str, Report] = {}  # why a name is missing
        self.outside: set[str] = set()  # those that come from a file or package that is not here
        self.called: Any = None
        self.left = ALL

    def load(self, number: int, source: str) -> None:
        """Execute a cell statement by statement; if one fails, only the names that it defines are missing."""
        try:
            statements = ast.parse(source, f"<cell {number}>").body
        except BaseException as error:
            self.unloaded |= dict.fromkeys(DEFINES.findall(source), crash(error))
            return
        for statement in statements:
            try:
                self._execute(statement, f"<cell {number}>")
            except BaseException as error:
                self._retry(statement, f"<cell {number}>", error)

    def _retry(self, statement: ast.stmt, file: str, error: BaseException) -> None:
        """Define a function or class without evaluating its type hints, in case they fail, or else go without it."""
        if isinstance(error, NameError) and isinstance(statement, ast.FunctionDef | ast.ClassDef):
            try:
                self._execute(statement, file, __future__.annotations.compiler_flag)
            except BaseException:  # then the first error counts
                self._lose(statement, error)
        else:
            self._lose(statement, error)

    def _lose(self, statement: ast.stmt, error: BaseException) -> None:
        """Note why a statement's names are missing, and replace missing data by small stand-ins."""
        names = defined(statement)
        self.unloaded |= dict.fromkeys(names, self._cause(error) or crash(error))
        if isinstance(error, OSError | ImportError) or (isinstance(error, NameError) and error.name in self.outside):
            self.outside |= names
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                self.names.update(stand_ins(names))

    def _cause(self, error: BaseException) -> Report | None:
        """Find why the name that an error is about is missing, if something that failed earlier is to blame."""
        return self.unloaded.get(str(error.name)) if isinstance(error, NameError) else None

    def _execute(self, statement: ast.stmt, file: str, flags: int = 0) -> None:
        """Execute one statement."""
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                self.flags |= getattr(__future__, alias.name).compiler_flag
        code = compile(ast.Module([statement], []), file, "exec", self.flags | flags, dont_inherit=True)
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            exec(code, self.names)  # noqa: S102 - what the sandbox is for
            return
        functions = {name: self.names[name] for name in defined(statement) if callable(self.names.get(name))}
        begin, started = processor(), clock()
        signal.signal(signal.SIGALRM, _stop_after(max(min(PATIENCE, self.left), LITTLE)))
        alarm(signal.ITIMER_REAL, TICK, TICK)
        try:
            exec(code, self.names)  # noqa: S102
        finally:
            alarm(signal.ITIMER_REAL, 0)
            self.left -= max(processor() - begin, (clock() - started) / SLACK)
            for name, function in functions.items():  # its results may have been given its name
                if not callable(self.names.get(name)):
                    self.names[name] = function

    def answer(self, request: Report, given: Arrays) -> tuple[Report, Arrays]:
        """Carry out one call."""
        outcome = Outcome(given)
        seed_numpy(request["seed"])
        seed_python(request["seed"])
        self.called = None
        try:
            with self._canned(request, given):
                match request["kind"]:
                    case "network" if request["counted"]:
                        with counting() as calls:
                            self._network(request, outcome)
                        outcome.keep("calls", calls[0])
                    case "network":
                        self._network(request, outcome)
                    case "routine":
                        self._routine(request, outcome)
                    case _:
                        self._function(request, outcome)
            outcome.report["status"] = "ok"
        except MissingError as missing:
            name = str(missing)
            outcome.report |= {"status": "missing", "reason": name}
            if name in self.unloaded:
                outcome.report |= {"status": "crashed", "crash": self.unloaded[name]}
        except NotImplementedError as error:
            outcome.report |= {"status": "not_attempted", "crash": crash(error, self.called)}
        except BaseException as error:
            outcome.report |= {"status": "crashed", "crash": self._cause(error) or crash(error, self.called)}
        if outcome.log is not None:
            outcome.record(outcome.log)
        return outcome.report, outcome.arrays

    @contextlib.contextmanager
    def _canned(self, request: Report, given: Arrays) -> Iterator[None]:
        """Replace functions of the submission by ones that return given arrays."""
        before = {name: self.names[name] for name in request["canned"] if name in self.names}
        for name, indices in request["canned"].items():
            self.names[name] = canned([given[index] for index in indices])
        try:
            yield
        finally:
            for name in request["canned"]:
                self.names.pop(name, None)
            self.names.update(before)

    def _function(self, request: Report, outcome: Outcome) -> None:
        """Call a function; keep its result, and its arguments as they are afterwards."""
        arguments, keywords = self._arguments(request, outcome)
        self.called = self._find(request["name"])
        try:
            outcome.keep("return", call(self.called, arguments, keywords))
        finally:
            for index, argument in enumerate(arguments):
                if isinstance(argument, np.ndarray):
                    outcome.keep(f"argument{index}", argument)

    def _routine(self, request: Report, outcome: Outcome) -> None:
        """Call a routine with a network that records, of the submission's class or, if that fails, a plain one.

        The submission's own methods may do the work if ours are not enough, as they keep and return other things.
        Where every way fails, or no weight ever changes, the first one counts. What is measured meanwhile is recorded,
        and the tables that the routine returns are kept.
        """
        self.called = self._find(request["name"])
        own: Any = self.names.get("fcc")
        tried: list[tuple[Log, BaseException | None]] = []
        for kind, watched in ((own, False), (own, True), (fcc, False)):
            (weights, *data), keywords = self._arguments(request, outcome)
            seed_numpy(request["seed"])
            seed_python(request["seed"])
            recording: Recording | None = None
            with contextlib.suppress(Exception):
                recording = Recording(kind, weights, watched)
            if recording is None:  # no network can be made of it
                continue
            for name, [index] in request["canned"].items():
                self.names[name] = recording.log.measuring(name, outcome.given[index])
            error: BaseException | None = None
            try:
                with recording:
                    arguments = [recording.network, *data]
                    returned, otherwise = self._called_as_written(request["as_written"], arguments, keywords)
                recording.log.tables, recording.log.silent = tables(returned), is_nothing(returned)
                recording.log.otherwise = otherwise
                recording.log.arguments = data
            except BaseException as raised:
                error = raised
            tried.append((recording.log, error))
            if recording.log.too_much or (error is None and recording.log.step):
                break
        outcome.log, error = min(tried, key=lambda way: (way[1] is not None, not way[0].step))
        if error is not None:
            raise error
        if outcome.log.silent:
            outcome.keep("return", None)
        for index, table in enumerate(outcome.log.tables):
            outcome.keep(f"table{index}", table)
        if outcome.log.otherwise:
            outcome.keep("otherwise", True)
        before, _ = self._arguments(request, outcome)
        for index, (argument, as_given) in enumerate(zip(outcome.log.arguments, before[1:], strict=False), 1):
            if type(as_given) is np.ndarray and _changed(argument, as_given):
                outcome.keep(f"argument{index}", argument)

    def _called_as_written(self, exactly: bool, arguments: list[Any], keywords: dict[str, Any]) -> tuple[Any, bool]:
        """Call a routine, if need be in another way than it is written; say whether that was so."""
        if exactly:
            try:
                return self.called(*arguments, **keywords), False
            except TypeError as error:
                if not TAKES_OTHERS.search(str(error)):
                    raise
        return call(self.called, arguments, keywords), exactly

    def _network(self, request: Report, outcome: Outcome) -> None:
        """Carry out steps on an object of a class. After a step that fails, attributes are still read."""
        made: Any = None
        failed: BaseException | None = None
        given: dict[str, Any] = {}  # since the last call
        self.set = given
        returned: dict[str, Any] = {}  # by the methods
        handed: Handed = []
        for step in request["steps"]:
            try:
                if step["kind"] == "set" and failed is None:
                    [value], _ = self._arguments({"keywords": {}, **step}, outcome)
                    given[step["name"]] = value
                    put(made, step["name"], value)
                    continue
                separate(made, given)
                self.set = dict(given) or self.set
                given.clear()
                if step["kind"] in ("read", "peek"):
                    with contextlib.suppress(AttributeError if step["kind"] == "read" else Exception):
                        outcome.keep(step["label"] or step["name"], getattr(made, step["name"]))
                elif failed is None:
                    made, result = self._step(step, made, request, outcome, handed)
                    if step["label"]:
                        returned[step["label"]] = copied(result)
            except BaseException as error:
                failed = failed or error
        for label, result in returned.items():  # last, lest they take the room of the attributes
            outcome.keep(label, result)
        if failed is not None:
            raise failed

    def _step(self, step: Report, made: Any, request: Report, outcome: Outcome, handed: Handed) -> tuple[Any, Any]:
        """Construct the object, or call one of its methods; return the object, and what the method returned."""
        arguments, keywords = self._arguments({"keywords": request["keywords"], **step}, outcome)
        name = step["name"]
        if step["kind"] == "construct":
            self.called = self._find(request["name"])
            return call(self.called, arguments, keywords), None
        if not hasattr(made, name):
            raise MissingError(name)
        self.called = getattr(made, name)
        handed += [(name, array, array.copy()) for array in arguments if type(array) is np.ndarray]
        again = [array for method, array, _ in handed if method == step["again"]][-1:]
        for turn in range(step["times"]):
            if turn and step["again"] == "set":
                for attribute, value in self.set.items():
                    put(made, attribute, value)
            elif turn and again:
                stochastic_gradient_descent(getattr(made, step["again"]), again)
            result = stochastic_gradient_descent(self.called, arguments)
        for method in {method for method, *both in handed if _changed(*both)}:
            outcome.keep(f"{step['label']}:changed:{method}", True)
        handed[:] = [one for one in handed if not _changed(*one[1:])]
        return made, result

    def _arguments(self, request: Report, outcome: Outcome) -> tuple[list[Any], dict[str, Any]]:
        """Make the arguments and keywords that a request describes."""
        keywords = {name: self._argument(value, outcome) for name, value in request["keywords"].items()}
        return [self._argument(value, outcome) for value in request["arguments"]], keywords

    def _argument(self, value: Any, outcome: Outcome) -> Any:
        """Make one argument, as a copy that the submission may change."""
        match value:
            case {"array": index}:
                return outcome.given[index].copy()
            case {"name": name}:
                return self._find(name)
            case {"ufunc": name}:
                return UFUNCS[name]
            case {"random": seed}:
                return np.random.RandomState(seed)
            case {"network": weights}:
                return {name: outcome.given[index].copy() for name, index in weights.items()}
        return value

    def _find(self, name: str) -> Function:
        """Look up a function or class of the submission."""
        found: Any = self.names.get(name)
        if not callable(found):
            raise MissingError(name)
        function: Function = found
        return function


def _changed(array: NDArray[Any], before: NDArray[Any]) -> bool:
    """Tell whether an array is not as it was."""
    return (array.shape, array.dtype, array.tobytes()) != (before.shape, before.dtype, before.tobytes())


def stochastic_gradient_descent(method: Function, arguments: list[Any]) -> Any:
    """Call a method from where a training would: one that looks who is calling must not tell a trial from it."""

    def gradient_descent() -> Any:
        return method(*arguments)

    return gradient_descent()


class Outcome:
    """The answer to a call: its header, and the arrays that the header refers to."""

    def __init__(self, given: Arrays) -> None:
        self.given = given
        self.report: Report = {"values": {}, "left_out": {}, "events": []}
        self.arrays: Arrays = []
        self.log: Log | None = None

    def keep(self, label: str, value: object) -> None:
        """Keep a copy of a value, or the name of its type if the value cannot be sent or is too large."""
        array = plain(value)
        if array is None or sum(kept.nbytes for kept in self.arrays) + array.nbytes > MOST_BYTES // 2:
            self.report["left_out"][label] = word(type(value).__name__)
        else:
            self.report["values"][label] = self._refer(array)

    def record(self, log: Log) -> None:
        """Record what a routine did to its network."""
        if log.too_much:  # even where the routine caught what was raised
            self.report |= {"status": "too_slow", "reason": "the routine did not come to an end"}
            return
        for method, value, step, rate in (*log.events, ("end", plain(log.elsewhere), log.step, log.rate)):
            self.report["events"].append([method, None if value is None else self._refer(value), step, rate])

    def _refer(self, array: NDArray[Any]) -> dict[str, int]:
        """Add an array to the answer."""
        self.arrays.append(array)
        return {"array": len(self.arrays) - 1}


def _stop_after(seconds: float) -> Callable[..., None]:
    """Make the handler of an alarm that stops a statement which computes, or which sleeps, for too long."""
    computed, waited = processor() + seconds, clock() + seconds * SLACK

    def stop(*_: object) -> None:
        if processor() > computed or clock() > waited:
            raise TimeoutError(f"over {PATIENCE:g} s")

    return stop


def copied(value: Any) -> Any:
    """Copy numbers that may change later; anything else stays what it is."""
    array = plain(value)
    return value if array is None else array


def canned(values: Arrays) -> Function:
    """Make a function that returns the arrays in turn, and then the last one again and again."""
    left = list(values)

    def function(*_: object, **__: object) -> Any:
        # Indexed, so that an array without dimensions becomes a number, which can be rounded and printed.
        return (left.pop(0) if len(left) > 1 else left[0]).copy()[()]

    return function
