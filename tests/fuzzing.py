"""Ways to damage files, and a search for damaged files that handgrad's readers do not refuse as they should.

``python tests/fuzzing.py 600`` reads damaged files for ten minutes, in a process that may take 2 GB and must be done
with each within ten seconds. It prints the faults, which are errors other than our own, and keeps their files.
"""

from __future__ import annotations

import faulthandler
import random
import re
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from samples import Kind, kinds, surroundings

from handgrad.errors import HandgradError

MEMORY = 2 * 10**9  # bytes that the readers of damaged files may take
SECONDS = 10  # that reading one of them may take
# One change: which way of damaging, where in the file, and a number that says how.
Change = tuple[str, int, int]


def _at(content: bytes, place: int) -> int:
    return place % (len(content) + 1)


def _put(content: bytes, place: int, new: bytes, instead_of: int = 0) -> bytes:
    at = _at(content, place)
    return content[:at] + new + content[at + instead_of :]


EXTREMES = [
    struct.pack(code, value)
    for code in ("<H", ">H", "<I", ">I", "<Q", ">Q")
    for size in (struct.calcsize(code),)
    for value in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)
]
WORDS = [
    *(b"", b"0", b"-1", b"nan", b"inf", b"1e999", b"-1e-999", b"9" * 20, b"9" * 5000, b"1" + b"0" * 308, b"0x10"),
    *(b'"', b"'", b"\0", b"\n", b"\r", b",", b";", b"\t", b" ", b"\\", b"%", b"@", b"#", b"-", b"?", b"NA"),
    *(b"{", b"}", b"[" * 2000, b"{" * 2000, b"null", b"true", b"[]", b"{}", b'"a"'),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", "é\u2028\u202e\U0010ffff".encode()),
    *(b"\x1b[31m", b"1_0", b"1:1", b"99999999:1", b"a" * 10_000, b"a." * 300, b"../../a"),
]  # fmt: skip


def _number_replaced(content: bytes, place: int, value: int) -> bytes:
    """Write another word in place of a number in a text."""
    found = list(re.finditer(rb"-?\d[\d.]*", content))
    if not found:
        return _put(content, place, WORDS[value % len(WORDS)])
    one = found[place % len(found)]
    return content[: one.start()] + WORDS[value % len(WORDS)] + content[one.end() :]


WAYS: dict[str, Callable[[bytes, int, int], bytes]] = {
    "bit": lambda content, place, value: (
        _put(content, place, bytes([content[_at(content, place)] ^ 1 << value % 8]), 1)
        if _at(content, place) < len(content)
        else content
    ),
    "byte": lambda content, place, value: _put(content, place, bytes([value % 256]), 1),
    "extreme": lambda content, place, value: _put(
        content, place, EXTREMES[value % len(EXTREMES)], len(EXTREMES[value % len(EXTREMES)])
    ),
    "number": _number_replaced,
    "word": lambda content, place, value: _put(content, place, WORDS[value % len(WORDS)], value % 3),
    "cut": lambda content, place, _: content[: _at(content, place)],
    "left out": lambda content, place, value: _put(content, place, b"", value % 64),
    "doubled": lambda content, place, value: _put(
        content, place, content[_at(content, place) :][: value % 256] * (1 + value % 5)
    ),
    "moved": lambda content, place, value: _put(content, value, content[_at(content, place) :][: 1 + value % 32]),
    "noise": lambda content, place, value: _put(content, place, random.Random(value).randbytes(value % 40)),  # noqa: S311
}


def damaged(content: bytes, changes: Sequence[Change]) -> bytes:
    """Change a file in several ways, one after the other."""
    for way, place, value in changes:
        content = WAYS[way](content, place, value)
    return content


def drawn(rng: random.Random) -> list[Change]:
    """Draw up to four changes."""
    return [(rng.choice(list(WAYS)), rng.getrandbits(24), rng.getrandbits(24)) for _ in range(rng.randint(1, 4))]


def fault(kind: Kind, path: Path) -> str | None:
    """Read a file; return an error that is not our own, in short, or ours if its message is long."""
    try:
        kind.read(path)
    except HandgradError as error:
        return f"a message of {len(str(error)):,} characters" if len(str(error)) > 3500 else None
    except Exception as error:
        ours = [one for one in traceback.extract_tb(error.__traceback__) if "/handgrad/" in one.filename]
        where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
        return f"{type(error).__name__}{where}: {str(error)[:100]}"
    return None


def search(seconds: float, seed: int, say: Callable[[str], None]) -> list[str]:
    """Read damaged files of all kinds in turn for some time; return the faults, each once."""
    import resource  # which Windows does not have

    folder, kept = Path(tempfile.mkdtemp(prefix="fuzzing-")), Path(tempfile.mkdtemp(prefix="faults-"))
    surroundings(folder)
    rng, count, slowest, faults = random.Random(seed), 0, (0.0, ""), list[str]()  # noqa: S311
    every, end = kinds(), time.monotonic() + seconds
    for kind in every.values():  # so that everything is imported
        kind.read(kind.write(folder, kind.content))
    while time.monotonic() < end:
        for name, kind in every.items():
            path = kind.write(folder, damaged(kind.content, drawn(rng)))
            shutil.copy(path, kept / "latest")  # which is the culprit if the process is killed
            began = time.process_time()  # whatever else the machine does
            faulthandler.dump_traceback_later(12 * SECONDS, exit=True)
            found = fault(kind, path)
            faulthandler.cancel_dump_traceback_later()
            took = time.process_time() - began
            count, slowest = count + 1, max(slowest, (took, name))
            found = f"{took:.0f} s" if took > SECONDS else found
            if found and (line := f"{name}: {found}") not in faults:
                faults.append(line)
                shutil.copy(path, kept / f"{len(faults)}-{path.name}")
                say(f"{line} ({kept / f'{len(faults)}-{path.name}'})")
            kind.write(folder, kind.content)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(
        f"{count:,} damaged files of {len(every)} kinds: {len(faults)} faults; "
        f"at most {slowest[0]:.1f} s ({slowest[1]}) and {peak} MB"
    )
    shutil.rmtree(folder)
    return faults


if __name__ == "__main__":
    import resource

    warnings.simplefilter("error")
    faulthandler.enable()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sys.exit(bool(search(float(sys.argv[1]), first, partial(print, flush=True))))
