"""The sandbox: that it is tried before it is used, what is seen in it, what is taken away from the process."""

import ast
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sandboxes import need_isolation

import handgrad
from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Answer, Call
from handgrad.exercises.sandbox import inside, isolation, mounts
from handgrad.exercises.sandbox.inside import confine
from handgrad.exercises.sandbox.isolation import Limits, Sandbox, find_sandbox, how_to_isolate, why_not
from handgrad.exercises.sandbox.runner import run_calls
from handgrad.exercises.submission.reading import Cell


@pytest.fixture
def sandbox() -> Sandbox:
    """Give the sandbox that isolates."""
    return need_isolation()


def ask(sandbox: Sandbox, source: str, **options: Limits) -> Answer:
    """Call a submission's function ``f``."""
    return run_calls([Cell(0, source)], [Call("a", "function", "f")], sandbox, **options)[0]


def text(answer: Answer) -> str:
    """Read a text that crossed as an array of bytes."""
    assert answer.status == "ok", answer
    return answer.values["return"].tobytes().decode()


def test_a_working_bubblewrap_is_found(sandbox: Sandbox) -> None:
    """Where bubblewrap works, submissions are isolated."""
    assert find_sandbox() == sandbox
    assert find_sandbox().isolated


def test_without_isolation_nothing_runs_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what was tried and what the kernel said; a self-check goes on without."""
    monkeypatch.setattr(isolation, "why_not", lambda: "bwrap: Creating new namespace failed")
    with pytest.raises(ExerciseError, match=r"bwrap: Creating new namespace failed.*Linux with bubblewrap.*--unsafe"):
        find_sandbox()
    assert find_sandbox(allow_none=True) == Sandbox(isolated=False)


def test_a_missing_bubblewrap_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no bwrap, the advice is how to install it with apt, dnf and pacman."""
    monkeypatch.setattr(isolation, "environment", lambda _: {"PATH": str(tmp_path)})
    assert "no program bwrap" in str(why_not.__wrapped__())
    assert all(f"sudo {way} bubblewrap" in how_to_isolate() for way in ("apt install", "dnf install", "pacman -S"))


def test_a_bubblewrap_that_may_not_isolate_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where bwrap is installed and the kernel refuses, the reason is what bwrap said, and the advice is about that."""
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    refusing.chmod(0o755)
    real = isolation.environment
    monkeypatch.setattr(isolation, "environment", lambda home: {**real(home), "PATH": str(tmp_path)})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_not.__wrapped__() == "bwrap could not run Python: bwrap: setting up uid map: Permission denied"
    assert "Docker" in how_to_isolate()
    assert "apparmor_restrict_unprivileged_userns" in how_to_isolate()


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_no_isolation(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    """On macOS and Windows, the reason is the system and the advice is Linux."""
    monkeypatch.setattr(isolation.sys, "platform", system)
    assert why_not.__wrapped__() == "bubblewrap needs Linux"
    assert how_to_isolate().startswith("use Linux")


@pytest.mark.usefixtures("sandbox")
def test_a_sandbox_that_is_installed_but_does_not_work_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried, and what it said is the reason; so is a sandbox in which handgrad can be seen."""
    monkeypatch.setattr(isolation, "bubblewrap", lambda *_: ["bwrap", "--no-such-option"])
    assert "no-such-option" in str(why_not.__wrapped__())
    monkeypatch.setattr(isolation, "command", lambda _, folder, code: (
        [sys.executable, "-c", code, str(folder), str(folder)], str(folder)
    ))  # fmt: skip
    assert "No module named 'box'" in str(why_not.__wrapped__())
    monkeypatch.undo()
    monkeypatch.setattr(isolation, "bubblewrap", lambda view: mounts.bubblewrap(
        mounts.View((*view.binds, *((path, path) for path in handgrad.__path__)), view.masks, view.links)
    ))  # fmt: skip
    assert why_not.__wrapped__() == "bwrap could not run Python: it sees handgrad"


def test_little_can_be_seen(sandbox: Sandbox) -> None:
    """The root holds what Python needs and nothing else; there are no processes, no users and no settings."""
    source = (
        "import os, numpy as np\ndef f():\n    seen = [f'{d}/{n}' for d, ds, fs in os.walk('/') for n in fs]\n"
        "    return np.frombuffer('\\n'.join(seen).encode()[:3_500_000], np.uint8)\n"
    )
    seen = text(ask(sandbox, source)).splitlines()
    assert any(path.endswith("/numpy/__init__.py") for path in seen)
    allowed = [where for _, where in mounts.view().binds] + ["/dev/"]
    assert [path for path in seen if not path.startswith(tuple(allowed))] == []
    assert [path for path in seen if "handgrad" in path or "handout" in path or path.endswith(".pth")] == []
    assert {path for path in seen if path.startswith("/dev/")} == set(mounts.DEVICES)
    assert sorted(path for path in seen if path.startswith("/box/program/")) == [
        f"/box/program/box/{path.name}" for path in sorted(Path(inside.__file__).parent.glob("*.py"))
    ]
    assert not {"/etc/passwd", "/proc/self/status"} & set(seen)


def test_a_file_of_the_folder_inside_needs_no_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder is what is shown: a new module in it is seen, and nothing else of it."""
    for name in ("child.py", "new.py", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(mounts, "INSIDE", tmp_path)
    assert [where for _, where in mounts.program()] == ["/box/program/box/child.py", "/box/program/box/new.py"]


def test_what_a_submission_can_see_imports_numpy_and_the_standard_library_only() -> None:
    """Every import in the folder ``inside`` is a neighbour's, the standard library's or NumPy's."""
    for path in Path(inside.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str() as module, level=0):
                    names = [module]
                case ast.ImportFrom(level=level):
                    assert level == 1, f"{path.name} reaches out of its folder"
                    names = []
                case ast.Import(names=imported):
                    names = [alias.name for alias in imported]
                case _:
                    continue
            assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, "numpy"}, path.name


def test_the_process_is_nobody_and_alone(sandbox: Sandbox) -> None:
    """It has another user's number, an environment and an empty folder of its own, and few processes came before it."""
    source = (
        "import os, numpy as np\ndef f():\n    own = set(os.environ) - {'LD_LIBRARY_PATH', 'PWD', 'OLDPWD'}\n"
        "    found = [sorted(own), os.getcwd(), os.getpid() < 1000, os.getuid(), os.listdir('.')]\n"
        "    return np.frombuffer(repr(found).encode(), np.uint8)\n"
    )
    names, folder, few, user, files = ast.literal_eval(text(ask(sandbox, source)))
    assert names == sorted(isolation.environment(""))
    assert (folder, few, files) == ("/box/scratch", True, [])
    assert user != 0 or os.geteuid() != 0


def test_the_limits_hold(sandbox: Sandbox) -> None:
    """Memory, threads, open files, a file's size, all files' size and number: each is bounded by what was asked for."""
    limits = Limits(memory=1 << 29, threads=5, files=32, file_size=1 << 20, scratch=4 << 20, entries=50)
    source = """
import numpy as np, os, threading

def most(work):
    done = 0
    try:
        while done < 1000:
            work(done)
            done += 1
    except (OSError, RuntimeError, MemoryError):
        pass
    return done

def write(number):
    with open(f"file{number}", "wb") as file:
        file.write(bytes(1 << 20))

def f():
    held, stop = [], threading.Event()
    files = most(lambda _: held.append(os.dup(0)))
    [os.close(number) for number in held]
    memory = most(lambda _: held.append(np.ones(4 << 20)))  # 32 MiB each
    held.clear()
    threads = most(lambda _: threading.Thread(target=stop.wait, daemon=True).start())
    stop.set()
    scratch = most(write)
    try:
        with open("large", "wb") as file:
            file.write(bytes((1 << 20) + 1))
            large = 1
    except OSError:
        large = 0
    for name in os.listdir():
        os.remove(name)
    return np.array([files, memory, threads, scratch, large, most(lambda number: os.mkdir(f"folder{number}"))])
"""
    found = run_calls([Cell(0, source)], [Call("a", "function", "f", seconds=10)], sandbox, limits)[0]
    files, memory, threads, scratch, large, entries = found.values["return"]
    assert 16 < files < 32
    assert 4 < memory < 16
    assert 1 <= threads < 5
    assert scratch == 4
    assert large == 0
    assert 40 < entries < 50


@pytest.mark.usefixtures("sandbox")
def test_a_killed_checker_leaves_no_process_behind(tmp_path: Path) -> None:
    """When the checker itself is killed while a submission hangs, the sandbox dies with it."""
    code = (
        "from handgrad.exercises.calls import Call\nfrom handgrad.exercises.sandbox.isolation import Sandbox\n"
        "from handgrad.exercises.sandbox.runner import run_calls\n"
        "from handgrad.exercises.submission.reading import Cell\n"
        "source = 'import os\\ndef f():\\n    open(\"/dev/null\")\\n    while True: pass\\n'\n"
        "run_calls([Cell(0, source)], [Call('a', 'function', 'f', seconds=60)], Sandbox(isolated=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}) as checker:
        deadline = time.monotonic() + 20
        while not (below := descendants(checker.pid)) or not any("box.child" in line for line in below.values()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        below = descendants(checker.pid)
        checker.kill()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{number}").exists() for number in below) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [line for number, line in below.items() if Path(f"/proc/{number}").exists()] == []


def descendants(process: int) -> dict[int, str]:
    """Find all processes below one, with their command lines."""
    parents, found = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            found[int(path.name)] = (path / "cmdline").read_text()
        except OSError:
            continue

    def below(number: int) -> bool:
        parent = parents.get(number, 0)
        return parent == process or (parent > 1 and below(parent))

    return {number: line for number, line in found.items() if below(number)}


@pytest.mark.usefixtures("sandbox")
def test_it_works_for_an_ordinary_user() -> None:
    """Without any rights on the machine, as most teachers are."""
    code = (
        "import os\nfrom handgrad.exercises.calls import Call\n"
        "from handgrad.exercises.sandbox.isolation import Sandbox, why_not\n"
        "from handgrad.exercises.sandbox.runner import run_calls\n"
        "from handgrad.exercises.submission.reading import Cell\n"
        "assert os.getuid() == 1234\nsandbox = Sandbox(isolated=True)\nassert why_not() is None\n"
        "[answer] = run_calls([Cell(0, 'f = lambda: 5')], [Call('a', 'function', 'f')], sandbox)\n"
        "assert answer.values['return'] == 5\nprint('as it should be')\n"
    )
    # A user namespace in which this user has another number, and so no rights: files can be read as before.
    words = ["unshare", "--user", "--map-user=1234", "--map-group=1234", sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "as it should be\n"), done.stderr


def test_without_isolation_handgrad_is_at_least_not_imported_by_accident() -> None:
    """In the self-check, too, a sheet that imports handgrad fails, so that it does not work for its learner only."""
    answer = ask(Sandbox(isolated=False), "import handgrad\ndef f():\n    return handgrad")
    assert (answer.status, answer.crash.type) == ("crashed", "ModuleNotFoundError")
    assert ask(Sandbox(isolated=False), "import scipy\ndef f():\n    return 1").status == "ok"


def test_a_machine_without_its_list_of_system_calls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a wall is none: the process says so before anything of itself is changed."""
    monkeypatch.setattr(confine.platform, "machine", lambda: "pdp11")
    with pytest.raises(OSError, match="no list of system calls for pdp11"):
        confine._filter_system_calls(None)


@pytest.mark.parametrize("machine", sorted(confine.MACHINES))
def test_the_filter_refuses_what_is_listed_and_nothing_else(machine: str) -> None:
    """Its program, followed instruction by instruction, for every system call there is."""
    program = [struct.unpack("=HBBI", line) for line in confine._program(machine, 77)]
    refuse, unknown = confine.FAIL | 1, confine.FAIL | 38

    def decide(call: int, argument: int = 0, second: int = 0, architecture: int = confine.MACHINES[machine]) -> int:
        data = struct.pack("=IIQQQ", call, architecture, 0, argument, second)
        accumulator, place = 0, 0
        while True:
            code, if_true, if_false, value = program[place]
            place += 1
            if code == 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            elif code == 0x06:
                return value
            else:
                holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
                place += if_true if holds else if_false

    special = {*confine.KILL_ITSELF[machine], confine.PRLIMIT[machine], confine.CLONE[machine], confine.CLONE3}
    special.add(confine.FCNTL[machine])
    for call in range(500):
        if call not in special:
            assert decide(call) == (refuse if call in confine.REFUSED[machine].values() else confine.ALLOW)
    for call in confine.KILL_ITSELF[machine]:
        assert [decide(call, process) for process in (77, 1, 0, 2**32 - 1)] == [confine.ALLOW, refuse, refuse, refuse]
    assert [decide(confine.PRLIMIT[machine], p) for p in (77, 0, 1)] == [confine.ALLOW, confine.ALLOW, refuse]
    assert [decide(confine.CLONE[machine], flags) for flags in (0x3D0F00, 17)] == [confine.ALLOW, refuse]
    assert decide(confine.CLONE3) == unknown
    for command in range(2000):
        wanted = refuse if command in confine.COMMANDS.values() else confine.ALLOW
        assert decide(confine.FCNTL[machine], 5, command) == wanted
    assert decide(1, architecture=0x40000003) == confine.KILL
    if machine == "x86_64":
        assert decide(0x40000000 + 57) == unknown


def test_a_start_loads_little(sandbox: Sandbox) -> None:
    """Of the packages only NumPy is there before the first cell, so that starting takes well under a second."""
    source = "import sys, numpy as np\ndef f():\n    return np.frombuffer(repr(sorted(sys.modules)).encode(), np.uint8)"
    loaded = {name.partition(".")[0] for name in ast.literal_eval(text(ask(sandbox, source)))}
    assert {"box", "numpy", "submission"} <= loaded
    assert not loaded & {"asyncio", "handgrad", "matplotlib", "multiprocessing", "scipy", "sklearn", "unittest"}


def test_root_gives_up_its_rights_without_isolation_too_where_that_is_possible(tmp_path: Path) -> None:
    """Another user must be able to read what Python needs: every folder on the way is looked at."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path in (tmp_path, tmp_path / "a"):
        path.chmod(0o755)
    base = isolation._open_to_all(str(tmp_path))
    assert isolation._open_to_all(str(tmp_path / "a" / "b")) == base
    (tmp_path / "a").chmod(0o700)
    assert not isolation._open_to_all(str(tmp_path / "a" / "b"))
    assert isolation._open_to_all("/")


def test_packages_are_found_without_importing_them() -> None:
    """NumPy with its shared libraries, where wheels have them, and what matplotlib needs; never handgrad."""
    shown = {where: what for what, where in mounts.packages()}
    assert shown["/box/packages/numpy"] == str(Path(np.__file__).parent)
    assert {"/box/packages/matplotlib", "/box/packages/cycler", "/box/packages/sklearn"} <= set(shown)
    assert not [where for where in shown if "handgrad" in where]
    assert [what for what in shown.values() if not os.path.lexists(what)] == []
