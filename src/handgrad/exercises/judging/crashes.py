"""Recognises what a crash of the learner's code means; how it shows is the table below."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handgrad.exercises.calls import Answer, Crash
from handgrad.exercises.results import Note


def first(answers: Sequence[Answer]) -> Crash | None:
    """Find the first crash, if there is one."""
    return next((answer.crash for answer in answers if answer.crash), None)


def crashed(crash: Crash) -> Note:
    """Return what is to be said of Python's error.

    Examples
    --------
    >>> crashed(Crash("NameError", "name 'detla' is not defined", 3, 7, "return detla"))
    Note(id='crash_name', facts={'name': 'detla'})
    """
    for key, (kinds, pattern) in _CRASHES.items():
        if crash.type in kinds.split() and (match := re.search(pattern, crash.message)):
            facts = {name: text.strip() for name, text in match.groupdict().items()}
            sizes = [text for name, text in facts.items() if name in ("a", "b", "shapes", "size")]
            if key in _SIZES and (number := _fixed_size(crash.source, " ".join(sizes))):
                return Note("crash_fixed_size", {"number": number})
            return Note(f"crash_{key}", facts)
    return Note("crash_other", {"type": crash.type, "message": crash.message[:300]})


_SIZES = (
    "aligned",
    "aligned_dot",
    "in_place",
    "broadcast",
    "assign",
    "assign_indexed",
    "index_arrays",
    "reshape",
    "bounds",
)


def _fixed_size(source: str, sizes: str) -> str | None:
    """Find one of the sizes that stands in a line of code as a number; a single digit could be anything.

    Examples
    --------
    >>> _fixed_size("return h - np.eye(10)[y]", "(7,16) (7,10)"), _fixed_size("return h + 1e-10", "(7,16) (7,10)")
    ('10', None)
    """
    code = re.sub(r"""(["']).*?\1""", "", source).partition("#")[0]
    written = re.findall(r"(?<![\w.])(?<![eE][-+])\d{2,}(?![\w.])", code)
    return next((number for number in written if number in re.findall(r"\d+", sizes)), None)


_KEPT = r"d?[Wb]_(?:i_h1|h1_h2|h2_o|h1|h2|out)|delta_(?:out|h2|h1)|h1|h2|out"  # the arrays of the network

# By key of the words: the exception's type, and a pattern of its message. The first that fits is taken.
_CRASHES: dict[str, tuple[str, str]] = {
    "float_labels": ("IndexError", "arrays used as indices must be of integer"),
    "quit": ("NameError SystemExit", r"name '(?:quit|exit)' is not defined|^-?\d*$|^None$"),
    "numpy": ("NameError", "name 'np' is not defined"),
    "python2": ("NameError", "name '(?P<name>xrange|raw_input|unicode|long)' is not defined"),
    "given": ("NameError", "name '(?P<name>evaluate|Evaluation|Batch|PARAMETERS)' is not defined"),
    "name": ("NameError UnboundLocalError", "name '(?P<name>[^']*)' is not defined"),
    "unbound_attribute": ("UnboundLocalError", rf"local variable '(?P<name>{_KEPT})'"),
    "unbound": ("UnboundLocalError", "local variable '(?P<name>[^']*)'"),
    "attribute": ("AttributeError", "'fcc' object has no attribute '(?P<name>[^']*)'"),
    "none_attribute": ("AttributeError", "'NoneType' object has no attribute '(?P<name>[^']*)'"),
    "numpy_attribute": ("AttributeError", r"module 'numpy' has no attribute '(?P<name>\w+)'"),
    "other_attribute": ("AttributeError", "has no attribute '(?P<name>[^']*)'"),
    "none": ("TypeError", "NoneType"),
    "aligned": ("ValueError", r"size (?P<a>\d+) is different from (?P<b>\d+)"),
    "aligned_dot": ("ValueError", r"shapes (?P<a>\(.*?\)) and (?P<b>\(.*?\)) not aligned"),
    "in_place": (
        "ValueError",
        "non-broadcastable output operand with shape (?P<a>.*?) doesn't match the broadcast shape (?P<b>.*)",
    ),
    "broadcast": ("ValueError", r"could not be broadcast together with (?:remapped )?shapes (?P<shapes>.*)"),
    "assign": ("ValueError", r"could not broadcast input array from shape (?P<a>\(.*?\)) into shape (?P<b>\(.*?\))"),
    "assign_indexed": (
        "ValueError",
        r"value array of shape (?P<a>\(.*?\)) could not be broadcast to indexing result of shape (?P<b>\(.*?\))",
    ),
    "index_arrays": ("IndexError", "indexing arrays could not be broadcast together with shapes (?P<shapes>.*)"),
    "reshape": ("ValueError", r"cannot reshape array of size (?P<a>\d+) into shape (?P<b>.*)"),
    "truth": ("ValueError", "truth value of an array"),
    "sequence": ("ValueError TypeError", "setting an array element with a sequence|can be converted to Python scalars"),
    "bounds": (
        "IndexError",
        r"index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)",
    ),
    "dimensions": (
        "IndexError",
        r"too many indices for array: array is (?P<found>\d+)-dimensional, but (?P<used>\d+) were indexed",
    ),
    "axis": ("AxisError", r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<found>\d+)"),
    "scalar_index": ("TypeError IndexError", "only integer scalar arrays|only integers, slices"),
    "own_function": ("TypeError", r"invalid keyword argument for (?P<name>max|min|sum|round)\(\)"),
    "function_itself": ("TypeError", r"operand type.*'(?:builtin_function_or_method|function|method)'"),
    "self": ("TypeError", r"takes (?P<takes>\d+) positional arguments? but (?P<given>\d+) (?:was|were) given"),
    "arguments": ("TypeError", r"missing \d+ required positional arguments?: (?P<names>.*)"),
    "callable": ("TypeError", "'(?P<kind>[^']*)' object is not callable"),
    "subscript": ("TypeError", "'(?P<kind>[^']*)' object is not subscriptable"),
    "unhashable": ("TypeError", "unhashable type: '(?P<kind>[^']*)'"),
    "operand": ("TypeError", r"unsupported operand type\(s\) for (?P<operator>\S+): '(?P<a>.*?)' and '(?P<b>.*?)'"),
    "cast": ("UFuncTypeError UFuncOutputCastingError _UFuncOutputCastingError", "Cannot cast ufunc"),
    "math": ("TypeError OverflowError ValueError", "math range error|math domain error|must be real number"),
    "zero": ("ZeroDivisionError", ""),
    "recursion": ("RecursionError", ""),
    "memory": ("MemoryError", ""),
    "import": ("ModuleNotFoundError ImportError", "(?P<message>.*)"),
    "process": ("PermissionError BlockingIOError OSError", r"^\[Errno (?:1|11|24)\] [^:]*$"),
    "network": ("URLError gaierror", ""),
    "input": ("EOFError", "reading a line"),
    "tabs": ("TabError", ""),
    "character": ("SyntaxError", r"invalid character '(?P<character>.)'"),
    "invisible": ("SyntaxError", r"invalid non-printable character (?P<code>U\+\w+)"),
    "null": ("SyntaxError ValueError", "null bytes"),
    "f_string": ("SyntaxError", r"(?P<message>f-string: (?:unmatched|expecting).*)"),
    "print": ("SyntaxError", "Missing parentheses in call to 'print'"),
    "syntax": ("SyntaxError IndentationError TabError", "(?P<message>.*)"),
    "too_long": ("TimeoutError", r"over (?P<seconds>[\d.]+) s"),
    "file": ("FileNotFoundError PermissionError OSError", "(?P<message>.*)"),
    "assertion": ("AssertionError", "(?P<message>.*)"),
}


def by_crash(crash: Crash) -> str | None:
    """Name the mistake of the catalogue that shows by this error alone."""
    return "labels_as_floats" if crashed(crash).id == "crash_float_labels" else None
