"""Hostile pickles, in every kind of file that may hold one, read in a process that is watched."""

from __future__ import annotations

import gzip
import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from crafted import npy_with
from hostile import CANARY, hostile_pickles

WATCHED = """
import resource, sys, warnings
from pathlib import Path
from handgrad.data import load_data
from handgrad.errors import HandgradError

warnings.simplefilter("error")
paths = sorted(Path(sys.argv[1]).iterdir())

def read(path):
    try:
        load_data(path)
    except HandgradError as error:
        assert len(str(error)) < 2500, path
        return True
    return False

for path in sorted(Path(sys.argv[2]).iterdir()):  # everything is imported before the watch begins
    read(path)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 10**9, used + 10**9))
seen = []
FORBIDDEN = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "marshal.", "pickle.", "compile", "exec", "import")
HARMLESS = ("os.listdir", "os.scandir", "os.walk")

def watch(event, arguments):
    writes = event == "open" and (str(arguments[1] or "r")[:1] not in "r" or (arguments[2] or 0) & 3)
    if writes or (event.startswith(FORBIDDEN) and event not in HARMLESS):
        seen.append((event, str(arguments)[:100]))

sys.addaudithook(watch)
refused = sum(map(read, paths))
seen, harm = [], seen
print(len(paths), refused, sorted(set(harm))[:20])
"""


def watched(folder: Path, harmless: Path, place: Path) -> str:
    """Read all files of a folder in a process of their own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder), str(harmless)],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory of a process is limited only on Linux")
def test_hostile_pickles_execute_nothing(tmp_path: Path) -> None:
    """Hundreds of them, alone, packed, and in NumPy's files: nothing is called, imported or written."""
    folder, harmless = tmp_path / "files", tmp_path / "harmless"
    folder.mkdir()
    harmless.mkdir()
    pair = pickle.dumps((np.eye(4), np.arange(4) % 2))
    (harmless / "a.csv").write_bytes(b"a,label\n1,x\n2,y\n" * 5)
    (harmless / "b.csv").write_bytes(b"\x80\xff.")
    (harmless / "c.pkl").write_bytes(pair)
    (harmless / "text.pkl").write_bytes(b"\x80\2Vtext\n.")  # for which pickletools needs a module of encodings
    (harmless / "d.pkl.gz").write_bytes(gzip.compress(pair))
    np.savez(harmless / "e.npz", x=np.eye(4), y=np.arange(4) % 2)
    contents = hostile_pickles()
    assert len(contents) > 500
    for number, content in enumerate(contents):
        start = content if content[:1] == b"\x80" else b"\x80\x02" + content  # by which a pickle is recognised
        (folder / f"{number}.pkl").write_bytes(start)
        match number % 4:
            case 0:
                (folder / f"{number}.npy").write_bytes(npy_with(content))
            case 1:
                (folder / f"{number}.pkl.gz").write_bytes(gzip.compress(start, 1))
            case 2:
                (folder / f"{number}.boxed.npy").write_bytes(npy_with(content, shape=()))
            case _:
                with zipfile.ZipFile(folder / f"{number}.npz", "w") as archive:
                    for name in ("x_train", "y_train", "x_test", "y_test"):
                        archive.writestr(f"{name}.npy", npy_with(content))
    count = 2 * len(contents)
    assert watched(folder, harmless, tmp_path) == f"{count} {count} []"
    assert not (tmp_path / CANARY).exists()


def test_they_would_do_harm_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above is worth something: Python's own reader does what such files say."""
    monkeypatch.chdir(tmp_path)
    for content in hostile_pickles()[:4]:  # the calls of os.system
        pickle.load(io.BytesIO(content))
        assert (tmp_path / CANARY).exists()
        (tmp_path / CANARY).unlink()
