"""Arrays in pickles, read without unpickling: a pickled object array of four, or nested tuples and dicts of them.

A pickle is a program for a stack machine, and most of its instructions build objects by calling whatever the file
names. This module is a smaller machine. It knows only the instructions that write tuples, lists, numbers, text and
bytes; for a call it merely writes down which of five known names was to be called with what. Nothing is imported,
called or constructed because a file says so. What was written down is then compared, piece by piece, with how NumPy
writes an array, and the bytes are read with :func:`numpy.frombuffer`.

The file is long because the machine and all that it accepts are to be judged together.
"""

from __future__ import annotations

import math
import pickletools
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import FormatError
from handgrad.files import damaged

MAX_INSTRUCTIONS = 10_000  # an array of four arrays takes about 150
_LONGEST_LINE = 4096

# The names in NumPy's own pickles; NumPy 1 says numpy.core where NumPy 2 says numpy._core.
KNOWN = {
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "numpy.core.multiarray _reconstruct": "_reconstruct",
    "numpy._core.multiarray _reconstruct": "_reconstruct",
    "numpy.core.numeric _frombuffer": "_frombuffer",
    "numpy._core.numeric _frombuffer": "_frombuffer",
    "_codecs encode": "encode",
}

CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("BINSTRING", "SHORT_BINSTRING"),  # what Python 2 wrote; their bytes arrive as Latin 1
}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class Name:
    """One of the known names, which cannot be called."""

    name: str


@dataclass(eq=False)
class Call:
    """A call that was recorded, not made."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = None


class Machine:
    """The stack machine: one method for each kind of instruction.

    Parameters
    ----------
    path : pathlib.Path
        For messages.

    Examples
    --------
    >>> import pickle
    >>> machine = Machine(Path("toy"))
    >>> machine.run(pickle.dumps(("text", [1, b"bytes"])))
    ('text', [1, b'bytes'])
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, source: Any) -> Any:
        """Follow the instructions of a pickle, given as bytes or as a stream, and return the result."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in a text that Python does not know
                for count, (opcode, argument, _) in enumerate(pickletools.genops(source)):
                    if count > MAX_INSTRUCTIONS:
                        raise _unlike(
                            self.path, f"has more than {MAX_INSTRUCTIONS:,} parts, such as lists of numbers or texts"
                        )
                    if opcode.name == "STOP":
                        break
                    self.follow(opcode.name, argument)
            (result,) = self.stack
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            raise damaged(self.path, f"its pickle is broken ({type(error).__name__})") from error
        return result

    def follow(self, opcode: str, argument: Any) -> None:
        """Follow one instruction."""
        if opcode in LITERALS:
            self.stack.append(argument)
        elif opcode in CONSTANTS:
            self.stack.append(CONSTANTS[opcode])
        elif opcode in TUPLES:
            self.stack.append(self.pop(TUPLES[opcode]))
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif opcode not in ("PROTO", "FRAME"):
            self.build(opcode, argument)

    def build(self, opcode: str, argument: Any) -> None:
        """Follow an instruction that combines values, or refuse it."""
        if opcode == "MARK":
            self.marks.append(len(self.stack))
        elif opcode == "TUPLE":
            self.stack.append(self.pop_to_mark())
        elif opcode == "EMPTY_LIST":
            self.stack.append([])
        elif opcode == "EMPTY_DICT":
            self.stack.append({})
        elif opcode in ("APPEND", "APPENDS"):
            items = self.pop(1) if opcode == "APPEND" else self.pop_to_mark()
            self.top(list).extend(items)
        elif opcode in ("SETITEM", "SETITEMS"):
            items = self.pop(2) if opcode == "SETITEM" else self.pop_to_mark()
            keys = [
                _bytes(key, self.path).decode("latin1") if isinstance(key, bytes | Call) else key for key in items[::2]
            ]
            if not all(isinstance(key, str | int) for key in keys):
                raise _unlike(self.path, "has keys that are neither texts nor numbers")
            self.top(dict).update(zip(keys, items[1::2], strict=True))
        elif opcode in ("GLOBAL", "STACK_GLOBAL"):
            self.stack.append(self.name(argument if opcode == "GLOBAL" else self.pop(2)))
        elif opcode == "REDUCE":
            function, arguments = self.pop(2)
            if not (isinstance(function, Name) and isinstance(arguments, tuple)):
                raise damaged(self.path, "its pickle calls something that is not a function")
            self.stack.append(Call(function.name, arguments))
        elif opcode == "BUILD":
            (state,) = self.pop(1)
            call = self.top(Call)
            if call.state is not None:
                raise damaged(self.path, "its pickle sets a state twice")
            call.state = state
        else:
            raise _refused(self.path, f"the instruction {opcode}")

    def name(self, wanted: Any) -> Name:
        """Accept a name that NumPy's pickles use; refuse any other."""
        text = " ".join(wanted) if isinstance(wanted, tuple) and all(isinstance(w, str) for w in wanted) else wanted
        if not isinstance(text, str) or text not in KNOWN:
            what = ascii(text.replace(" ", ".")[:80]) if isinstance(text, str) else "something without a name"
            raise _refused(self.path, f"a call of {what}")
        return Name(KNOWN[text])

    def pop(self, count: int) -> tuple[Any, ...]:
        """Pop the last values from the stack, none of them below a mark."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise IndexError
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        return items

    def pop_to_mark(self) -> tuple[Any, ...]:
        """Pop everything above the last mark from the stack."""
        start = self.marks.pop()
        items = tuple(self.stack[start:])
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        """Return the last value on the stack, which must be of this type."""
        if not isinstance(self.stack[-1], kind):
            raise damaged(self.path, "its pickle changes something immutable")
        return self.stack[-1]


class _Clamped:
    """A stream for pickletools that never reads more bytes than are left, whatever a length field says."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.left = stream, size

    def read(self, size: int) -> bytes:
        return self._count(self.stream.read(min(size, self.left)))

    def readline(self) -> bytes:
        return self._count(self.stream.readline(min(_LONGEST_LINE, self.left)))

    def _count(self, content: bytes) -> bytes:
        self.left -= len(content)
        return content


def read_object(stream: BinaryIO, most: int, path: Path) -> Any:
    """Read what a pickle contains, with a :class:`Call` in place of each array.

    Parameters
    ----------
    stream : binary stream
        At the start of the pickle.
    most : int
        The number of bytes that are read at most.
    path : pathlib.Path
        For messages.
    """
    return Machine(path).run(_Clamped(stream, most))


def read_boxed(stream: BinaryIO, size: int, path: Path) -> Any:
    """Read the single object in an array without dimensions, as :func:`read_object` does."""
    shape, _, _, items = _array_state(read_object(stream, size, path), path)
    if shape != () or not isinstance(items, list) or len(items) != 1:
        raise _unlike(path)
    return items[0]


def read_object_array(stream: BinaryIO, size: int, path: Path) -> list[NDArray[Any]]:
    """Read the arrays in a one-dimensional object array, as ``np.save`` pickles it in protocols 2 to 5.

    Parameters
    ----------
    stream : binary stream
        At the start of the pickle.
    size : int
        How many bytes are left in it.
    path : pathlib.Path
        For messages.

    Returns
    -------
    list of arrays
        Of booleans, integers or floating-point numbers; read-only.

    Raises
    ------
    FormatError
        If the pickle asks for anything else than such arrays.
    """
    source = _Clamped(stream, size)
    outer = Machine(path).run(source)
    if source.left:
        raise damaged(path, f"{source.left} bytes follow its pickle")
    shape, dtype, _, items = _array_state(outer, path)
    if not (isinstance(dtype, Call) and dtype.name == "dtype" and dtype.arguments[:1] in (("O8",), ("O4",), ("O",))):
        raise _unlike(path)
    if not isinstance(items, list) or shape != (len(items),):
        raise _unlike(path)
    return [to_array(item, path) for item in items]


def _array_state(call: Any, path: Path) -> tuple[Any, Any, Any, Any]:
    """Take apart ``_reconstruct(ndarray, (0,), b"b")`` with the state (1, shape, dtype, in Fortran order, content)."""
    if not isinstance(call, Call) or call.name != "_reconstruct" or len(call.arguments) != 3:
        raise _unlike(path)
    if call.arguments[0] != Name("ndarray") or not isinstance(call.state, tuple) or len(call.state) != 5:
        raise _unlike(path)
    return call.state[1:]


def to_array(call: Any, path: Path) -> NDArray[Any]:
    """Read one array: its recorded description, then its bytes."""
    if isinstance(call, Call) and call.name == "_frombuffer" and len(call.arguments) == 4:
        content, dtype, shape, order = call.arguments
        fortran = {"C": False, "F": True}.get(order) if isinstance(order, str) else None
    else:
        shape, dtype, fortran, content = _array_state(call, path)
    if not isinstance(fortran, bool | int) or not isinstance(shape, tuple) or not 1 <= len(shape) <= 3:
        raise _unlike(path)
    if not all(isinstance(length, int) and 0 <= length < 2**40 for length in shape):
        raise _unlike(path)
    kind, numbers = _dtype(dtype, path), _bytes(content, path)
    if math.prod(shape) * kind.itemsize != len(numbers):
        raise damaged(path, f"an array of shape {shape} and dtype {kind} with {len(numbers)} bytes")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if fortran else "C")


def _dtype(call: Any, path: Path) -> np.dtype[Any]:
    """Read ``dtype("f8", False, True)`` with the state (3, "<", None, None, None, -1, -1, 0)."""
    if not isinstance(call, Call) or call.name != "dtype" or not isinstance(call.state, tuple) or not call.arguments:
        raise _unlike(path)
    code, (version, order, *rest) = call.arguments[0], call.state[:8] if len(call.state) >= 8 else (None, None)
    if isinstance(code, str) and code[:1] in ("O", "U", "S", "M", "m", "V", "c"):
        raise FormatError(
            f"{path}: an array of dtype {code[:10]!a}",
            "arrays of real numbers",
            "convert it with .astype and save it again",
        )
    plain = isinstance(code, str) and re.fullmatch(r"b1|[iu][1248]|f[248]", code)
    if not plain or version not in (3, 4) or order not in ("<", ">", "|", "=") or rest != [None, None, None, -1, -1, 0]:
        raise _unlike(path)
    return np.dtype(f"{order}{code}")


def _bytes(content: Any, path: Path) -> bytes | bytearray:
    """Read bytes, or, in protocol 2, text to be encoded in Latin 1."""
    if isinstance(content, Call) and content.name == "encode" and len(content.arguments) == 2:
        text, encoding = content.arguments
        content = text if encoding == "latin1" else None
    if isinstance(content, str):  # encoded above, or Python 2's bytes
        try:
            return content.encode("latin1")
        except UnicodeEncodeError as error:
            raise damaged(path, "its bytes are written as text outside Latin 1") from error
    if not isinstance(content, bytes | bytearray):
        raise _unlike(path)
    return content


def _refused(path: Path, what: str) -> FormatError:
    return FormatError(
        f"{path}: its pickle asks for {what} (nothing was executed)",
        "a pickle of plain NumPy arrays",
        "do not load this file with other programs unless you trust it, and use the data in .npz format instead",
    )


def _unlike(path: Path, what: str = "does not contain numeric arrays") -> FormatError:
    return FormatError(
        f"{path}: its pickle {what}",
        "numeric arrays, as np.save or pickle write them",
        "write the arrays again with np.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)",
    )
