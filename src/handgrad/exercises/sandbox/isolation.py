"""Where a submission runs: behind two walls.

The outer wall is bubblewrap: namespaces without a network and without other processes, and a file system that consists
of what ``mounts`` lists. The inner wall is ``confine``, which the process applies to itself before it looks at the
submission. Both are tried before they are relied on.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgrad.errors import ExerciseError
from handgrad.exercises.sandbox.mounts import PYTHON, SCRATCH, STANDARD_LIBRARY, bubblewrap, packages, program, view

# For the environment: libraries reserve memory for each of their threads.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
RUN = "import sys; sys.path += sys.argv[1:3]; from box.child import main; main()"
# Both walls, and then a look at what must be hidden.
TRY = """
import sys; sys.path += sys.argv[1:3]
import json, os
from box.confine import confine
wanted = json.loads(sys.argv[3])
confine(**wanted["confine"])
import numpy
with open(os.path.join(os.environ["HOME"], "written"), "w") as file: file.write("x")
print("it sees handgrad" if os.path.exists(wanted["hidden"]) else "works")
"""


@dataclass(frozen=True)
class Limits:
    """The resources that a submission may use.

    Attributes
    ----------
    start, load : float
        Seconds for starting the process and for loading the cells, if nothing sleeps and the machine is not busy.
    total : float
        Seconds for all calls together, even if the machine is busy.
    memory : int
        Bytes of address space. NumPy alone reserves several hundred megabytes.
    threads : int
        At the same time. A submission cannot start processes.
    files, file_size, scratch, entries : int
        Open files; bytes of one file; bytes of all files together, and how many of them, with folders, there may be.
    """

    start: float = 20.0
    load: float = 10.0
    total: float = 45.0
    memory: int = 2 << 30
    threads: int = 16
    files: int = 64
    file_size: int = 8 << 20
    scratch: int = 32 << 20
    entries: int = 2000


@dataclass(frozen=True)
class Sandbox:
    """A way of running a submission; :func:`find_sandbox` gives the best one that works here.

    Attributes
    ----------
    isolated : bool
        Whether a verdict can be trusted. Without isolation, the code runs as the current user, with access to that
        user's files, which is acceptable for a self-check only. (Under root, as in a container, it runs as a user that
        owns nothing, provided that such a user can read Python and the packages.)
    """

    isolated: bool


def find_sandbox(allow_none: bool = False) -> Sandbox:
    """Find the best way of running a submission on this machine, by trying.

    Parameters
    ----------
    allow_none : bool, default False
        Whether to do without isolation where bubblewrap does not work.

    Raises
    ------
    ExerciseError
        If bubblewrap does not work and ``allow_none`` is False, or the system is neither Linux nor macOS.

    Examples
    --------
    >>> find_sandbox(allow_none=True).isolated in (True, False)
    True
    """
    reason = why_not()
    if reason is None:
        return Sandbox(isolated=True)
    if os.name != "posix":
        raise ExerciseError(f"the system is {sys.platform}", "Linux or macOS", "use handgrad in WSL")
    if allow_none:
        return Sandbox(isolated=False)
    raise ExerciseError(
        f"submissions cannot be isolated ({reason})",
        "Linux with bubblewrap",
        f"{how_to_isolate()}, or grade without isolation: --unsafe",
    )


def how_to_isolate() -> str:
    """Say what to do on this machine so that submissions can be isolated.

    Returns
    -------
    str
        An instruction without a capital letter or a full stop.
    """
    if sys.platform != "linux":
        return "use Linux, for instance in a virtual machine"
    if shutil.which("bwrap", path=environment("")["PATH"]) is None:
        return (
            "install bubblewrap: `sudo apt install bubblewrap` (Debian, Ubuntu), "
            "`sudo dnf install bubblewrap` (Fedora) or `sudo pacman -S bubblewrap` (Arch)"
        )
    return (
        "allow bubblewrap to make namespaces: in Docker, start the container with "
        "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`; on Ubuntu 24.04 or later, run "
        "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
    )


@functools.cache
def why_not() -> str | None:
    """Try to isolate a process.

    Returns
    -------
    str or None
        Why it does not work here, in the words of bubblewrap or the kernel; None if it works.
    """
    if sys.platform != "linux":
        return "bubblewrap needs Linux"
    if shutil.which("bwrap", path=environment("")["PATH"]) is None:
        return "bubblewrap is not installed: there is no program bwrap"
    sandbox = Sandbox(isolated=True)
    wanted = {"confine": confinement(sandbox, Limits()), "hidden": str(Path(__file__).parents[2])}
    with tempfile.TemporaryDirectory() as folder:
        words, home = command(sandbox, Path(folder), TRY)
        try:
            done = subprocess.run(  # noqa: S603 - made by command
                [*words, json.dumps(wanted)],
                env=environment(home), cwd="/", capture_output=True, text=True, timeout=20, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bwrap could not run Python: {error}"
    if done.stdout == "works\n":
        return None
    said = done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}"
    return f"bwrap could not run Python: {said.splitlines()[-1][:300]}"


def command(sandbox: Sandbox, folder: Path, code: str = RUN) -> tuple[list[str], str]:
    """Make the command that starts the isolated process.

    Parameters
    ----------
    sandbox : Sandbox
    folder : Path
        An empty folder that exists for as long as the process lives. It is used only without isolation.
    code : str
        What Python executes. Its arguments are the folders of its own program and of the packages.

    Returns
    -------
    command : list of str
    home : str
        The folder that the submission may write to, as the submission sees it.
    """
    python = [PYTHON, "-I", "-S", "-B", "-X", "utf8", "-c", code]
    if sandbox.isolated:
        return [*bubblewrap(view()), *python, "/box/program", "/box/packages"], SCRATCH
    box = folder / "box"
    (box / "scratch").mkdir(parents=True)
    folder.chmod(0o711)  # in case the process changes to another user
    (box / "scratch").chmod(0o777)
    for source, target in (*program(), *packages()):  # links, so that handgrad cannot be imported by accident
        link = folder / target[1:]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)
    return [*python, str(box / "program"), str(box / "packages")], str(box / "scratch")


def environment(home: str) -> dict[str, str]:
    """Make the environment of the process from scratch.

    Parameters
    ----------
    home : str
        As :func:`command` gave it.

    Returns
    -------
    dict
        Plots open no windows.
    """
    return {
        **ONE_THREAD,
        **dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), home),
        "MPLBACKEND": "Agg",
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    }


def confinement(sandbox: Sandbox, limits: Limits) -> dict[str, Any]:
    """Give the arguments of :func:`handgrad.exercises.sandbox.inside.confine.confine` for a sandbox."""
    folders = {str(Path(source).parent) for source, _ in packages()}
    return {
        "memory": limits.memory,
        "processes": limits.threads,
        "files": limits.files,
        "file_size": limits.file_size,
        "isolated": sandbox.isolated,
        "scratch": [SCRATCH, limits.scratch, limits.entries] if sandbox.isolated else None,
        "drop": os.geteuid() == 0
        and (sandbox.isolated or _open_to_all(STANDARD_LIBRARY, tempfile.gettempdir(), *folders)),
    }


def _open_to_all(*folders: str) -> bool:
    """Check whether other users can read folders."""
    paths = [Path(folder) for folder in folders]
    return all(path.stat().st_mode & 0o4 for path in paths) and all(
        parent.stat().st_mode & 0o1 for path in paths for parent in (path, *path.parents)
    )
