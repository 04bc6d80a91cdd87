"""What the isolated process sees of the machine, as a list of mounts and as a command line of bubblewrap.

Read-only: Python, its standard library, the packages in ``PACKAGES``, shared libraries, and the files of ``inside``.
Folders of other packages among these are covered by empty ones: handgrad may be one of them, and with it the reference
solution. There is no /proc, so that other processes cannot be seen.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# What a sheet may import, if it is installed, with its dependencies.
PACKAGES = ("numpy", "scipy", "matplotlib", "scikit-learn", "tqdm")
INSIDE = Path(__file__).with_name("inside")  # all of handgrad that a submission can see
SCRATCH = "/box/scratch"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
PYTHON = os.path.realpath(getattr(sys, "_base_executable", sys.executable))  # not the link in a virtual environment
PREFIX = os.path.realpath(sys.base_prefix)
STANDARD_LIBRARY = os.path.realpath(sysconfig.get_path("stdlib"))


@dataclass(frozen=True)
class View:
    """A file system.

    Attributes
    ----------
    binds : tuple of (str, str)
        Sources shown read-only, and their targets.
    masks : tuple of str
        Folders that are covered by empty ones.
    links : tuple of (str, str)
        The texts of symbolic links, and where they are.
    """

    binds: tuple[tuple[str, str], ...]
    masks: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


@functools.cache
def view() -> View:
    """Describe what a submission sees on this machine.

    Examples
    --------
    >>> any(where == "/box/packages/numpy" for _, where in view().binds)
    True
    """
    libraries = _libraries()
    shown = [*libraries, STANDARD_LIBRARY, PYTHON, "/etc/ld.so.cache", "/etc/alternatives"]
    shown = [path for path in dict.fromkeys(shown) if Path(path).exists()]
    shown = [path for path in shown if not any(path.startswith(f"{other}/") for other in shown)]  # contained in another
    masks = {
        str(folder / name)
        for shared in (*libraries, STANDARD_LIBRARY)
        for folder in (Path(shared), *Path(shared).glob("python*"))
        for name in ("site-packages", "dist-packages")
        if (folder / name).is_dir()
    }
    links = [(str(path.readlink()), str(path)) for path in (Path("/lib"), Path("/lib64")) if path.is_symlink()]
    return View(
        (*((path, path) for path in shown), *program(), *packages()),
        tuple(sorted(masks)),
        (*links, (SCRATCH, "/dev/shm")),  # noqa: S108 - the sandbox's own
    )


def _libraries() -> list[str]:
    """Find the folders of shared libraries: those of the machine, and those of a separate Python installation."""
    name = sysconfig.get_config_var("MULTIARCH") or "-"
    folders = [Path(f"/usr/lib/{name}"), Path(f"/lib/{name}")]  # Debian's
    if not any(folder.is_dir() for folder in folders):
        folders = [Path("/usr/lib"), Path("/lib")]
    folders += [Path("/usr/lib64"), Path("/lib64")]
    if PREFIX != "/usr":
        folders.append(Path(PREFIX, "lib"))
    return list(dict.fromkeys(str(folder.resolve()) for folder in folders if folder.is_dir()))


def program() -> tuple[tuple[str, str], ...]:
    """List the files of the isolated program, which is the package ``box`` in the sandbox.

    Returns
    -------
    tuple of (str, str)
        The path of each file, and its path in the sandbox.
    """
    return tuple((str(path), f"/box/program/box/{path.name}") for path in sorted(INSIDE.glob("*.py")))


@functools.cache
def packages() -> tuple[tuple[str, str], ...]:
    """Find the packages and their dependencies, without importing them.

    Returns
    -------
    tuple of (str, str)
        The path of each folder or module, and its path in the sandbox.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    names = list(PACKAGES)
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        # Packages of some systems do not list their files.
        tops = {file.parts[0] for file in distribution.files or ()} or {name.replace("-", "_")}
        for top in tops - {"..", "__pycache__"}:
            path = str(distribution.locate_file(top))
            if not top.endswith((".dist-info", ".egg-info", ".pth")) and Path(path).exists():
                found[f"/box/packages/{top}"] = path
        needed = [requirement for requirement in distribution.requires or () if "extra ==" not in requirement]
        names += [match[0] for requirement in needed if (match := re.match(r"[\w.-]+", requirement))]
    return tuple((source, target) for target, source in sorted(found.items()))


def bubblewrap(view: View) -> list[str]:
    """Write the command line of bubblewrap, up to the command to run.

    The process may mount a file system on ``SCRATCH``, the only folder that can be written to; then it gives that right
    up (``confine``).
    """
    words = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--hostname", "box", "--die-with-parent", "--new-session"]
    words += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"]
    if os.geteuid() == 0:
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]  # which confine needs to stop being root
    else:
        words += ["--unshare-user"]
    targets = [target for _, target in (*view.binds, *view.links)] + list(DEVICES)
    for folder in sorted({str(folder) for target in targets for folder in Path(target).parents}):
        words += ["--dir", folder]  # readable by everybody, unlike folders that are created implicitly
    for source, target in view.binds:
        words += ["--ro-bind", source, target]
    for target in view.masks:
        words += ["--tmpfs", target, "--remount-ro", target]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    for text, target in view.links:
        words += ["--symlink", text, target]
    words += ["--dir", SCRATCH, "--remount-ro", "/"]
    return [*words, "--setenv", "LD_LIBRARY_PATH", f"{PREFIX}/lib", "--"]
