"""Submissions that try to get out, to read what is hidden, to harm, or to be marked right for nothing: none gains.

Each file in ``escapes`` is one of them; its docstring says what it tries. ``del_sigmoid`` is the task it wants credit
for, and ``leak`` gives what it could read. Another cell has an honest ``sigmoid``, which must still be judged right.
"""

import ast
import contextlib
import ctypes
import hashlib
import http.server
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sampling import sampled
from sandboxes import need_isolation

import handgrad
from handgrad import handout
from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.sandbox.isolation import Limits, Sandbox
from handgrad.exercises.sandbox.mounts import program
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell

ESCAPES = sorted((Path(__file__).parent / "escapes").glob("*.py"))
HONEST = "import numpy as np\n\ndef sigmoid(X):\n    return 1 / (1 + np.exp(-X))\n"
# Those that lose their own honest function: they end every process before it is loaded, or break what would call it.
WHOLLY_LOST = {
    "answers_in_advance": "killed",
    "endless_loop_while_loading": "too_slow",
    "exits_while_loading": "killed",
    "patched_json": "killed",
    "patched_program": "killed",
}
# Those that spoil the arrays of later calls; what spoils a whole process is over with the next one.
SPOILT = {"goes_on_after_the_call"}
LIMITS = Limits(load=3.0, scratch=16 << 20, file_size=4 << 20, memory=1 << 30)
SHORT = 1.0  # seconds for a call
LONG = 15.0  # seconds for all of one submission, on a busy machine
PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="module")
def secret() -> Iterator[str]:
    """Give a secret word that the checker's environment holds."""
    word = secrets.token_hex(16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDGRAD_SECRET", word)
        yield word


@pytest.fixture(scope="module")
def network(secret: str) -> Iterator[tuple[int, str, list[str]]]:
    """Serve the secret on a port of this machine and on a local socket, and note who asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.wfile.write(secret.encode())

    name = f"handgrad-{secrets.token_hex(4)}"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(f"\0{name}")
        local.listen()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, name, asked
        local.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            local.accept()
            asked.append(name)
        server.shutdown()
        assert asked == []


@pytest.fixture(scope="module")
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """Run another process of ours, which nobody may touch; and adopt whatever process is left behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def host(tmp_path: Path, secret: str) -> Path:
    """Make a folder of the checker's own, with a secret and a report."""
    (tmp_path / "canary.txt").write_text(secret)
    (tmp_path / "report.json").write_text('{"credit": 0}')
    return tmp_path


def snapshot(host: Path) -> dict[str, str]:
    """Take down every file of a folder, of the reference and of the isolated program, with a hash of what it holds."""
    files = [*host.rglob("*"), Path(handout.__file__), *(Path(source) for source, _ in program())]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def listing() -> list[str]:
    """List what lies beside NumPy, the standard library and the root: a submission might leave something there."""
    folders = (
        Path(np.__file__).parent,
        Path(np.__file__).parents[1],
        Path(os.__file__).parent,
        Path("/"),
        Path("/dev"),
    )
    return [f"{path} {path.lstat().st_mode} {path.lstat().st_uid}" for folder in folders for path in folder.iterdir()]


def children() -> set[int]:
    """Find the living processes whose parent is this one."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(path.parent.name))
    return found


def right(answer: Answer, X: np.ndarray, function: str) -> bool:
    """Judge an answer as a checker would."""
    found = answer.values.get("return")
    wanted = getattr(handout, function)(X)
    return answer.status == "ok" and found is not None and found.shape == X.shape and np.allclose(found, wanted)


@pytest.mark.parametrize("escape", sampled(ESCAPES, 6, [path.stem for path in ESCAPES]))
def test_nothing_is_gained(
    escape: Path,
    host: Path,
    secret: str,
    network: tuple[int, str, list[str]],
    bystander: "subprocess.Popen[bytes]",
) -> None:
    """No credit, nothing read, nothing written, nobody harmed, nothing left; and what is honest is still right."""
    port, local, _ = network
    targets = {
        "CANARY": str(host / "canary.txt"),
        "REPORT": str(host / "report.json"),
        "REFERENCE": handout.__file__,
        "PACKAGES": str(Path(np.__file__).parents[1]),
        "SOURCES": str(Path(handgrad.__file__).parents[1]),
        "CHECKER": os.getpid(),
        "BYSTANDER": bystander.pid,
        "PORT": port,
        "SOCKET": local,
    }
    source = escape.read_text()
    assert ast.get_docstring(ast.parse(source))
    cells = [
        Cell(1, "\n".join(f"{name} = {value!r}" for name, value in targets.items())), Cell(2, source), Cell(3, HONEST)
    ]  # fmt: skip
    rng = np.random.default_rng()
    X = rng.normal(size=(5, 4, 3))
    asked = [("sigmoid", X[0]), ("del_sigmoid", X[1]), ("leak", X[2]), ("del_sigmoid", X[3]), ("sigmoid", X[4])]
    calls = [
        Call(f"{name} {number}", "function", name, (array,), seconds=SHORT)
        for number, (name, array) in enumerate(asked)
    ]
    others = children()  # those of earlier tests, such as the tracker of a pool of processes
    untouched, before, began = snapshot(host), listing(), time.monotonic()

    answers = run_calls(cells, calls, need_isolation(), LIMITS)

    assert time.monotonic() - began < LONG
    assert [answer.id for answer in answers] == [call.id for call in calls]
    for answer, (name, array) in zip(answers, asked, strict=True):
        if name == "del_sigmoid":
            assert not right(answer, array, name), "credit for nothing"
        if name == "leak":
            gained = b"".join(value.tobytes() for value in answer.values.values()) + repr(answer.crash).encode()
            for hidden in (secret.encode(), b"The exercise's own network", b"handgrad-0.", b"gained"):
                assert hidden not in gained, "it read what is hidden"
        if name == "sigmoid":
            if escape.stem in WHOLLY_LOST:
                assert answer.status == WHOLLY_LOST[escape.stem]
            else:
                assert right(answer, array, name) or (escape.stem in SPOILT and answer is not answers[0]), (
                    "honest, and wrong"
                )
    assert snapshot(host) == untouched
    assert listing() == before
    assert bystander.poll() is None
    deadline = time.monotonic() + 2.0  # a namespace takes a moment to die
    while not children() <= others and time.monotonic() < deadline:
        time.sleep(0.01)
    assert children() <= others, "it left a process behind"


def test_there_are_at_least_a_hundred_and_twenty() -> None:
    """Each has an idea of its own."""
    assert len(ESCAPES) >= 120


def test_without_isolation_the_reference_is_read() -> None:
    """The attempts are real ones: in the self-check, which runs unisolated, the same file gives away the reference."""
    source = (Path(__file__).parent / "escapes" / "reads_the_reference.py").read_text()
    cells = [Cell(1, f"REFERENCE = {handout.__file__!r}"), Cell(2, source)]
    [answer] = run_calls(cells, [Call("leak", "function", "leak", (np.zeros(1),))], Sandbox(isolated=False))
    assert b"The exercise's own network" in answer.values["return"].tobytes()
