"""Damaged files of every kind: read, or refused with an error of our own, and nothing else.

``FUZZ_SECONDS`` sets how long the slow search takes; ``python tests/fuzzing.py 3600`` searches without pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import WAYS, Change, damaged, fault
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import Kind, kinds, surroundings

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
KINDS = kinds()
PLACES = st.integers(0, 2**24)
CHANGES = st.lists(st.tuples(st.sampled_from(list(WAYS)), PLACES, PLACES), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every kind of file has its neighbours."""
    folder = tmp_path_factory.mktemp("fuzz")
    surroundings(folder)
    return folder


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, place: Path) -> Iterator[Kind]:
    """Return every kind of file in turn; afterwards, there is a whole file of it again."""
    found = KINDS[request.param]
    yield found
    found.write(place, found.content)


def test_a_whole_file_is_read(kind: Kind, place: Path) -> None:
    """The files that are damaged below are good ones."""
    kind.read(kind.write(place, kind.content))


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_a_damaged_file_raises_nothing_but_our_errors(kind: Kind, place: Path, changes: list[Change]) -> None:
    """Bits flipped, bytes left out, doubled and moved, numbers and words replaced, within what is packed as well."""
    assert fault(kind, kind.write(place, damaged(kind.content, changes))) is None


def lengths(kind: Kind, most: int) -> list[int]:
    """Return the lengths to which a file is cut: every length, or ``most`` of them, evenly spaced."""
    size = len(kind.pack(kind.content))
    return sorted({size * part // most for part in range(most)}) if size > most else list(range(size))


def faults_of_cut_files(kind: Kind, place: Path, most: int) -> list[str]:
    """Read beginnings of a file, and return the faults."""
    path, content = place / kind.place, kind.pack(kind.content)
    found = []
    for length in lengths(kind, most):
        path.write_bytes(content[:length])
        found.append(fault(kind, path))
    return [one for one in found if one]


def test_some_beginnings_of_a_file(kind: Kind, place: Path) -> None:
    """A file that is cut off is read, or refused."""
    assert faults_of_cut_files(kind, place, 7) == []


@pytest.mark.slow
def test_all_beginnings_of_a_file(kind: Kind, place: Path) -> None:
    """At every length of a small file, and at 2,000 of a larger one."""
    assert faults_of_cut_files(kind, place, 2_000) == []


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory of a process is limited only on Linux")
def test_many_damaged_files() -> None:
    """With little memory and within seconds each, in a process of its own, which must not crash either."""
    program = Path(__file__).with_name("fuzzing.py")
    seconds = os.environ.get("FUZZ_SECONDS", "600")
    done = subprocess.run([sys.executable, str(program), seconds], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
