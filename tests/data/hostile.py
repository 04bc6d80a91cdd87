"""Pickles that would do harm if they were unpickled: calls in every way that a pickle can make them, and bombs."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

CANARY = "canary"  # the file that most of them would write

# What is called, and with which texts.
CALLS = (
    ("os", "system", f"touch {CANARY}"),
    ("posix", "system", f"touch {CANARY}"),
    ("os", "popen", f"touch {CANARY}"),
    ("os", "mkdir", CANARY),
    ("os", "execlp", "touch", "touch", CANARY),
    ("os", "putenv", "LD_PRELOAD", CANARY),
    ("subprocess", "check_output", "touch"),
    ("subprocess", "getoutput", f"touch {CANARY}"),
    ("builtins", "eval", f"open('{CANARY}', 'w')"),
    ("builtins", "exec", f"open('{CANARY}', 'w')"),
    ("__builtin__", "execfile", CANARY),
    ("builtins", "open", CANARY, "w"),
    ("builtins", "__import__", "antigravity"),
    ("builtins", "getattr", "os", "system"),
    ("builtins", "breakpoint"),
    ("builtins", "input"),
    ("io", "open", CANARY, "w"),
    ("_io", "FileIO", CANARY, "w"),
    ("pathlib", "Path.touch", CANARY),
    ("shutil", "rmtree", "."),
    ("socket", "create_connection", "127.0.0.1"),
    ("urllib.request", "urlopen", "http://127.0.0.1:9/"),
    ("webbrowser", "open", "http://127.0.0.1:9/"),
    ("runpy", "run_path", CANARY),
    ("code", "interact"),
    ("pty", "spawn", "sh"),
    ("importlib", "import_module", "antigravity"),
    ("timeit", "timeit", f"open('{CANARY}', 'w')"),
    ("cProfile", "run", f"open('{CANARY}', 'w')"),
    ("pickle", "loads", "cos\nsystem\n."),
    ("marshal", "loads", "x"),
    ("ctypes", "CDLL", CANARY),
    ("codecs", "open", CANARY, "w"),
    ("_codecs", "lookup", "rot13"),
    ("_codecs", "register", "x"),
    ("_codecs", "decode", "x", "zlib"),
    ("copyreg", "add_extension", "os", "system", "1"),
    ("numpy", "load", CANARY),
    ("numpy", "fromfile", CANARY),
    ("numpy", "ndarray.tofile", CANARY),
    ("numpy", "memmap", CANARY),
    ("numpy.testing", "runstring", f"open('{CANARY}', 'w')"),
    ("numpy.f2py", "compile", "x"),
    ("numpy.core.multiarray", "fromfile", CANARY),
    ("numpy.core.multiarray", "_reconstruct.__class__", "x"),
    ("numpy", "ndarray.__class__", "x"),
    ("handgrad.cli", "main", "train"),
    ("", ""),
    (".", "."),
    ("os\x00", "system", "true"),
    ("\uff4f\uff53", "system", "true"),
)


def text(content: str) -> bytes:
    """Write the instruction that holds a text."""
    return b"X" + struct.pack("<I", len(content.encode())) + content.encode()


def name(module: str, attribute: str) -> bytes:
    """Write the instructions that name a function, whatever its name."""
    return text(module) + text(attribute) + b"\x93"


def _in_every_way(module: str, attribute: str, *arguments: str) -> Iterator[bytes]:
    """Call a function by REDUCE, through a name in a line, INST, OBJ, NEWOBJ and NEWOBJ_EX, and from BUILD."""
    texts, line = b"".join(map(text, arguments)), f"{module}\n{attribute}\n".encode()
    start = b"\x80\x04"
    yield start + name(module, attribute) + b"(" + texts + b"tR."
    yield b"\x80\x02c" + line + b"(" + texts + b"tR."
    yield b"(" + texts + b"i" + line + b"."
    yield start + b"(" + name(module, attribute) + texts + b"o."
    yield start + name(module, attribute) + b"(" + texts + b"t\x81."
    yield start + name(module, attribute) + b"(" + texts + b"t}\x92."
    array = name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray") + b"K\0\x85C\1b\x87R"
    yield start + array + b"(K\1K\1\x85" + name(module, attribute) + b"(" + texts + b"tR\x89]tb."


def _bombs() -> Iterator[bytes]:
    """Lengths, depths and repetitions beyond all measure, and instructions that need what is not there."""
    yield b"\x80\x02" + b"(" * 9_000 + b"."
    yield b"\x80\x02)" + b"\x85" * 3_000_000 + b"."
    yield b"\x80\x04" + b"]\x94" * 4_000 + b"a" * 3_999 + b"."
    yield b"\x80\x04]\x94" + b"(h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0e" * 900 + b"."  # a billion laughs
    yield b"\x80\x04)" + b"\x94h\0h\0\x86" * 1_000 + b"."
    yield b"\x80\x02" + b"N" + b"2" * 1_000_000 + b"."
    yield b"\x80\x04N" + b"r\xff\xff\xff\xff" + b"."
    yield b"\x80\x04j\xff\xff\xff\xff."
    for code in b"T\x8d\x8eBX\x96\x8b\x95":
        for length in (2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1):
            yield b"\x80\x04" + bytes([code]) + struct.pack("<Q", length) + b"x."
            yield b"\x80\x04" + bytes([code]) + struct.pack("<I", length & (2**32 - 1)) + b"x."
    yield b"\x80\x04\x8b" + struct.pack("<I", 10**6) + b"\xff" * 10**6 + b"."
    yield b"I" + b"9" * 1_000_000 + b"\n."
    yield b"L" + b"9" * 1_000_000 + b"L\n."
    yield b"F1e999999999\n."
    yield b"V" + b"\\U00110000" + b"\n."
    yield b"S'\\x'\n."
    yield b"S'\\_'\n."
    yield b"P0\n."  # persistent ids
    yield b"\x80\x02NQ."
    yield b"\x80\x02\x82\1."  # the registry of extensions
    yield b"\x80\x02\x83\1\0."
    yield b"\x80\x02\x84\1\0\0\0."
    yield b"\x80\x05\x97."  # buffers that nobody has given
    yield b"\x80\x05N\x98."
    yield b"\x80\xff."
    yield b"\x80\x04" + name("numpy", "ndarray") + name("numpy", "dtype") + b"\x85R" + b"}b."
    yield b"\x80\x04}\x94(" + text("a") + b"h\0u."  # a dict within itself
    yield b"\x80\x04]\x94h\0a."
    yield b"\x80\x04}]Ns."  # a key that cannot be hashed
    yield b"\x80\x04\x8f(Ne."
    for first in range(256):
        yield bytes([first])


class _Caller:
    """Pickles as a call."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"open('{CANARY}', 'w')",)


def _hidden() -> Iterator[bytes]:
    """Hide calls within honest arrays of objects, in every protocol."""
    for protocol in range(6):
        for array in (
            np.array([_Caller(), 1, 2, 3], object),
            np.array([np.eye(2), np.arange(2), np.eye(2), _Caller()], object),
        ):
            yield pickle.dumps(array, protocol)
        yield pickle.dumps({"x": np.eye(2), "y": _Caller()}, protocol)
        yield pickle.dumps((np.eye(2), [[_Caller()]]), protocol)


def hostile_pickles() -> list[bytes]:
    """Return all of them."""
    found = [content for call in CALLS for content in _in_every_way(*call)]
    return [*found, *_bombs(), *_hidden()]
